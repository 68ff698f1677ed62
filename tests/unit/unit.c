/* Main of a suite, and hex. */
#include "unit.h"

#include <stdlib.h>

int unit_run(const char *name, TCase *const *cases, size_t count)
{
	Suite *suite = suite_create(name);
	SRunner *runner;
	int failed;

	for (size_t i = 0; i < count; i++)
		suite_add_tcase(suite, cases[i]);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, c | 0x20) : NULL;

	return at ? (int)(at - digits) : -1;
}

struct span unit_hex(const char *hex)
{
	static char ring[16][4096];
	static unsigned next;
	char *out = ring[next++ % 16];
	size_t nibbles = 0;

	for (; *hex; hex++) {
		int value = digit(*hex);

		if (value < 0) {
			ck_assert_msg(*hex == ' ' || *hex == '\n', "hex: '%c'", *hex);
			continue;
		}
		ck_assert(nibbles / 2 < sizeof(ring[0]));
		out[nibbles / 2] = (char)(nibbles % 2 ? out[nibbles / 2] | value : value << 4);
		nibbles++;
	}
	ck_assert_msg(nibbles % 2 == 0, "hex: odd number of digits");
	return (struct span){out, nibbles / 2};
}
