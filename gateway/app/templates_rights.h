/*
 * Who may do what with the catalogue: rights, and the roles and scopes that give them. Plain data.
 * docs/decisions/0016 says why they are so.
 */
#ifndef PH_TEMPLATES_RIGHTS_H
#define PH_TEMPLATES_RIGHTS_H

#include "user.h"

enum templates_right {
	RIGHT_READ = 1,
	RIGHT_PROPOSE = 2, /* drafts of one's own */
	RIGHT_EDIT = 4,    /* anybody's drafts, and what customers asked in vain */
	RIGHT_PUBLISH = 8  /* publish, roll back, import */
};

enum { TEMPLATES_BY_MAX = 64 };

/* Somebody who does it: as versions and drafts name them, "api:crm" or "user:mei". */
struct templates_who {
	char by[TEMPLATES_BY_MAX];
	unsigned rights;
	bool person; /* logged in, not a program with a key */
};

/** The rights of somebody who logged in. */
unsigned templates_rights_of_role(enum user_role role);
/** Names a program; what would split a record of its name becomes "_". */
void templates_who_program(const char *key_name, unsigned rights, struct templates_who *out);
/** Names somebody who logged in. */
void templates_who_person(const struct user *user, struct templates_who *out);
/** ["read","propose",...] */
json_t *templates_rights_json(unsigned rights);
/** "publish"; of one right. */
const char *templates_right_name(enum templates_right right);

#endif
