/* The record of a user and its JSON. */
#include "user.h"

#include "digest.h"

#include <ctype.h>
#include <stdio.h>

static const char *const role_names[ROLE_COUNT] = {"agent", "supervisor", "marketer",
                                                   "administrator", "editor"};

static bool is_name(struct span name, size_t most)
{
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.ptr[i];

		if (!islower(c) && !isdigit(c) && (i == 0 || (c != '.' && c != '_' && c != '-')))
			return false;
	}
	return name.len > 0 && name.len <= most;
}

bool user_id_valid(struct span id)
{
	return is_name(id, USER_ID_MAX);
}

const char *user_role_name(enum user_role role)
{
	return role_names[role];
}

int user_role_parse(struct span name, enum user_role *out)
{
	for (int i = 0; i < ROLE_COUNT; i++)
		if (span_is(name, role_names[i])) {
			*out = (enum user_role)i;
			return 0;
		}
	return -EINVAL;
}

static int add_skill(struct span name, struct user *out)
{
	if (!is_name(name, USER_SKILL_MAX))
		return -EINVAL;
	if (out->skill_count == USER_SKILLS)
		return -E2BIG;
	snprintf(out->skills[out->skill_count++], USER_SKILL_MAX + 1, "%.*s", SPAN_FMT(name));
	return 0;
}

int user_skills_parse(struct span list, struct user *out)
{
	int err = 0;

	while (!err && list.len) {
		struct span name = span_trim(span_split(list, ',', &list));

		err = name.len ? add_skill(name, out) : 0;
	}
	return err;
}

static json_t *skills_json(const struct user *user)
{
	json_t *skills = json_array();

	for (size_t i = 0; i < user->skill_count; i++)
		json_array_append_new(skills, json_string(user->skills[i]));
	return skills;
}

json_t *user_public(const struct user *user)
{
	return json_pack("{s:s, s:s, s:s, s:i, s:o, s:s}", "id", user->id, "name", user->name,
	                 "role", role_names[user->role], "capacity", (int)user->capacity, "skills",
	                 skills_json(user), "lang", user->lang);
}

char *user_encode(const struct user *user)
{
	json_t *object = user_public(user);

	if (!object)
		return NULL;
	json_object_del(object, "id");
	json_object_set_new(object, "disabled", json_boolean(user->disabled));
	json_object_set_new(object, "password", json_string(user->password));
	return strict_json_dump(object);
}

/* As it was read; spans are borrowed from the JSON. */
struct record {
	struct span name, role, lang, password;
	uint64_t capacity;
	bool disabled;
};

static const struct json_field record_fields[] = {
	{"name",		  JSON_KIND_TEXT, offsetof(struct record, name), true, 1, USER_NAME_MAX},
	{"role", JSON_KIND_TEXT, offsetof(struct record, role), true, 1, 20},
	{"lang",		   JSON_KIND_TEXT, offsetof(struct record, lang), true, 2, 2},
	{"password",          JSON_KIND_TEXT, offsetof(struct record, password), true, 1,
         PASSWORD_STORED_SIZE - 1},
	{"capacity",                  JSON_KIND_NUMBER, offsetof(struct record, capacity), true, 0,
         USER_CAPACITY_MAX},
	{"disabled", JSON_KIND_BOOL, offsetof(struct record, disabled), true, 0, 0},
	{0		  }
};

static int take_skills(json_t *object, struct user *out)
{
	json_t *skills = json_object_get(object, "skills");
	int err = json_is_array(skills) ? 0 : -EBADMSG;
	json_t *skill;
	size_t i;

	json_array_foreach(skills, i, skill)
	{
		if (!json_is_string(skill) || add_skill(span_of(json_string_value(skill)), out))
			err = -EBADMSG;
	}
	json_object_del(object, "skills");
	return err;
}

static void copy(char *out, size_t size, struct span text)
{
	snprintf(out, size, "%.*s", SPAN_FMT(text));
}

static int from_json(json_t *object, struct user *out)
{
	struct record r = {0};
	struct json_fault fault;

	if (take_skills(object, out) || strict_json_bind(record_fields, object, &r, &fault) ||
	    user_role_parse(r.role, &out->role))
		return -EBADMSG;
	copy(out->name, sizeof(out->name), r.name);
	copy(out->lang, sizeof(out->lang), r.lang);
	copy(out->password, sizeof(out->password), r.password);
	out->capacity = (unsigned)r.capacity;
	out->disabled = r.disabled;
	return 0;
}

int user_decode(struct span id, struct span text, struct user *out)
{
	struct user user = {0};
	struct json_fault fault;
	json_t *object = NULL;
	int err = user_id_valid(id) ? strict_json_parse(text, &object, &fault) : -EBADMSG;

	if (!err)
		err = from_json(object, &user);
	json_decref(object);
	if (err)
		return err;
	copy(user.id, sizeof(user.id), id);
	*out = user;
	return 0;
}

void user_generation(const struct user *user, char out[17])
{
	struct span stored = span_of(user->password);
	char hex[DIGEST_HEX_SIZE];

	digest_sha256_hex(&stored, 1, hex);
	snprintf(out, 17, "%.16s", hex);
}
