/* Roles and what they may do with the catalogue, as a table. */
#include "templates_rights.h"

#include <stdio.h>

static const struct {
	enum templates_right right;
	const char *name;
} rights[] = {
	{RIGHT_READ,    "read"   },
	{RIGHT_PROPOSE, "propose"},
	{RIGHT_EDIT,    "edit"   },
	{RIGHT_PUBLISH, "publish"},
};

unsigned templates_rights_of_role(enum user_role role)
{
	static const unsigned of[ROLE_COUNT] = {
		[ROLE_AGENT] = RIGHT_READ | RIGHT_PROPOSE,
		[ROLE_MARKETER] = RIGHT_READ | RIGHT_PROPOSE,
		[ROLE_EDITOR] = RIGHT_READ | RIGHT_PROPOSE | RIGHT_EDIT,
		[ROLE_SUPERVISOR] = RIGHT_READ | RIGHT_PROPOSE | RIGHT_EDIT | RIGHT_PUBLISH,
		[ROLE_ADMINISTRATOR] = RIGHT_READ | RIGHT_PROPOSE | RIGHT_EDIT | RIGHT_PUBLISH,
	};

	return role < ROLE_COUNT ? of[role] : 0;
}

void templates_who_program(const char *key_name, unsigned given, struct templates_who *out)
{
	*out = (struct templates_who){.rights = given};
	snprintf(out->by, sizeof(out->by), "api:%s", key_name);
	for (char *at = out->by; (at = strpbrk(at, " \n"));)
		*at = '_';
}

void templates_who_person(const struct user *user, struct templates_who *out)
{
	*out = (struct templates_who){.rights = templates_rights_of_role(user->role),
	                              .person = true};
	snprintf(out->by, sizeof(out->by), "user:%s", user->id);
}

json_t *templates_rights_json(unsigned given)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_LEN(rights); i++)
		if (given & (unsigned)rights[i].right)
			json_array_append_new(list, json_string(rights[i].name));
	return list;
}

const char *templates_right_name(enum templates_right right)
{
	for (size_t i = 0; i < ARRAY_LEN(rights); i++)
		if (rights[i].right == right)
			return rights[i].name;
	return "";
}
