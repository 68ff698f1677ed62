/* The record of a user: there and back, and what is not one. */
#include "unit.h"
#include "user.h"

#include <stdlib.h>

static struct user sample(void)
{
	struct user u = {.id = "mei",
	                 .name = "林梅",
	                 .role = ROLE_SUPERVISOR,
	                 .capacity = 3,
	                 .lang = "zh",
	                 .password = "scrypt:x"};

	ck_assert_int_eq(user_skills_parse(SPAN_LIT("general, cards,"), &u), 0);
	return u;
}

START_TEST(is_kept_and_read_again)
{
	struct user u = sample(), v;
	char *text = user_encode(&u);

	ck_assert_int_eq(user_decode(SPAN_LIT("mei"), span_of(text), &v), 0);
	ck_assert_str_eq(v.id, "mei");
	ck_assert_str_eq(v.name, "林梅");
	ck_assert(v.role == ROLE_SUPERVISOR && v.capacity == 3 && !v.disabled);
	ck_assert_uint_eq(v.skill_count, 2);
	ck_assert_str_eq(v.skills[1], "cards");
	ck_assert_str_eq(v.password, "scrypt:x");
	free(text);
}
END_TEST

START_TEST(the_console_is_told_nothing_of_the_password)
{
	struct user u = sample();
	char *text = strict_json_dump(user_public(&u));

	ck_assert_ptr_null(strstr(text, "scrypt"));
	ck_assert_ptr_null(strstr(text, "password"));
	free(text);
}
END_TEST

START_TEST(a_new_password_is_a_new_generation)
{
	struct user u = sample();
	char before[17], after[17];

	user_generation(&u, before);
	u.password[7] = 'y';
	user_generation(&u, after);
	ck_assert_str_ne(before, after);
}
END_TEST

static const struct {
	const char *id;
	bool valid;
} ids[] = {
	{"mei",			       true },
        {"m.e-i_2",                           true },
	{"2mei",			      true },
        {"",				  false},
	{".mei",			      false},
        {"Mei",                               false},
	{"mei lin",			   false},
        {"mei:x",                             false},
	{"梅",			       false},
        {"123456789012345678901234567890123", false},
};

START_TEST(knows_an_id)
{
	ck_assert(user_id_valid(span_of(ids[_i].id)) == ids[_i].valid);
}
END_TEST

START_TEST(refuses_what_is_no_record)
{
	struct user v;

	ck_assert_int_eq(user_decode(SPAN_LIT("mei"), SPAN_LIT("{}"), &v), -EBADMSG);
	ck_assert_int_eq(user_decode(SPAN_LIT("mei"), SPAN_LIT("x"), &v), -EBADMSG);
	ck_assert_int_eq(user_decode(SPAN_LIT("Mei"), SPAN_LIT("{}"), &v), -EBADMSG);
}
END_TEST

START_TEST(refuses_skills_that_are_none)
{
	struct user u = {0};

	ck_assert_int_eq(user_skills_parse(SPAN_LIT("ok,not ok"), &u), -EINVAL);
	u.skill_count = 0;
	ck_assert_int_eq(user_skills_parse(SPAN_LIT("a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q"), &u),
	                 -E2BIG);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("user");

	tcase_add_test(tc, is_kept_and_read_again);
	tcase_add_test(tc, the_console_is_told_nothing_of_the_password);
	tcase_add_test(tc, a_new_password_is_a_new_generation);
	tcase_add_loop_test(tc, knows_an_id, 0, ARRAY_LEN(ids));
	tcase_add_test(tc, refuses_what_is_no_record);
	tcase_add_test(tc, refuses_skills_that_are_none);
	return unit_run("user", &tc, 1);
}
