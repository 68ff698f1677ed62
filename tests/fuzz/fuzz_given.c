/* Any octets: what is taken from them is of its variable's type, and never a name. */
#include "given.h"

#include <stdlib.h>

#define LIT(s)                     \
	{                          \
		(s), sizeof(s) - 1 \
	}

static const struct template_variable variables[] = {
	{.name = LIT("a"), .type = VARIABLE_TAIL,   .max = 4,  .about = LIT("尾号 tail")},
	{.name = LIT("b"), .type = VARIABLE_CODE,   .max = 20, .about = LIT("单号 case")},
	{.name = LIT("c"), .type = VARIABLE_AMOUNT, .max = 16, .about = LIT("sum")        },
	{.name = LIT("d"), .type = VARIABLE_NUMBER, .max = 10, .about = LIT("期 days")   },
	{.name = LIT("e"), .type = VARIABLE_DATE,   .max = 10, .about = LIT("day")        },
	{.name = LIT("f"), .type = VARIABLE_TIME,   .max = 5,  .about = LIT("hour")       },
	{.name = LIT("g"), .type = VARIABLE_PHONE,  .max = 20, .about = LIT("")           },
	{.name = LIT("h"), .type = VARIABLE_LINK,   .max = 60, .about = LIT("")           },
	{.name = LIT("i"), .type = VARIABLE_NAME,   .max = 20, .about = LIT("name")       },
};

static void require(bool holds)
{
	if (!holds)
		abort();
}

static const struct template_variable *variable_of(struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(variables); i++)
		if (span_eq(variables[i].name, name))
			return &variables[i];
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct tm today = {.tm_year = 126, .tm_mon = 10, .tm_mday = 22};
	const struct template t = {.variables = variables, .variable_count = ARRAY_LEN(variables)};
	struct given out[CATALOGUE_VARIABLES_MAX];
	size_t count;

	count = given_read(&t, (struct span){(const char *)data, size}, &today, NULL, 0, out);
	require(count < ARRAY_LEN(variables)); /* never the name */
	for (size_t i = 0; i < count; i++) {
		const struct template_variable *v = variable_of(out[i].name);

		require(v && v->type != VARIABLE_NAME);
		require(!variable_refuse(v, span_of(out[i].value)));
	}
	return 0;
}
