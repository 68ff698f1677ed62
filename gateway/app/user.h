/*
 * Somebody who logs in: what is kept of them in Redis, as JSON in the hash ph:{desk}:users, and
 * what the console is told. Plain data, no I/O.
 */
#ifndef PH_USER_H
#define PH_USER_H

#include "buf.h"
#include "password.h"
#include "strict_json.h"

enum user_role {
	ROLE_AGENT,
	ROLE_SUPERVISOR,
	ROLE_MARKETER,
	ROLE_ADMINISTRATOR,
	ROLE_EDITOR, /* writes answers, serves nobody */
	ROLE_COUNT
};

enum {
	USER_ID_MAX = 32,
	USER_NAME_MAX = 120,
	USER_SKILL_MAX = 32,
	USER_SKILLS = 16,
	USER_CAPACITY_MAX = 100
};

#define USER_KEY "ph:{desk}:users"

struct user {
	char id[USER_ID_MAX + 1];
	char name[USER_NAME_MAX + 1];
	enum user_role role;
	unsigned capacity; /* 0: the desk's */
	char skills[USER_SKILLS][USER_SKILL_MAX + 1];
	size_t skill_count; /* 0: the default queue */
	char lang[3];       /* "zh", "en" */
	bool disabled;
	char password[PASSWORD_STORED_SIZE];
};

/** Letters a-z, digits, ".", "_" and "-"; begins with a letter or digit. */
bool user_id_valid(struct span id);
const char *user_role_name(enum user_role role);
/** -EINVAL: no such role. */
int user_role_parse(struct span name, enum user_role *out) MUST_CHECK;
/** Adds skills from "general,cards". -EINVAL: a name that is none; -E2BIG: more than USER_SKILLS.
 */
int user_skills_parse(struct span list, struct user *out) MUST_CHECK;

/** As it is kept, on the heap; NULL when out of memory. */
char *user_encode(const struct user *user);
/** -EBADMSG: not what user_encode() wrote. */
int user_decode(struct span id, struct span text, struct user *out) MUST_CHECK;

/** What the console is told of a user; nothing of the password. */
json_t *user_public(const struct user *user);
/** Changes with the password: what a log-in is tied to. out has 17 octets. */
void user_generation(const struct user *user, char out[17]);

#endif
