/* The YAML reader and the tables: any text gives a tree or told errors, and what the table bound
 * is freed without a leak either way. */
#include "yaml.h"

#include <assert.h>
#include <stdint.h>

struct item {
	char *name;
	int64_t wait_ms;
};

struct sample {
	char *host;
	int64_t port;
	bool fast;
	char **codes;
	char *password;
	struct item inner;
	struct config_list items;
};

static const struct config_field item_fields[] = {
	{"name",                CONFIG_STRING, offsetof(struct item, name), .required = true},
	{"wait", CONFIG_DURATION_MS, offsetof(struct item, wait_ms), .fallback = "1 s"},
	{0    }
};

static const struct config_field fields[] = {
	{"host",		  CONFIG_STRING, offsetof(struct sample, host), .required = true},
	{"port", CONFIG_INT, offsetof(struct sample, port), .fallback = "1", .most = 65535},
	{"fast",       CONFIG_BOOL, offsetof(struct sample, fast), .fallback = "true"},
	{"codes",		  CONFIG_STRINGS, offsetof(struct sample, codes), .fallback = "[a]", .most = 9},
	{"password", CONFIG_SECRET, offsetof(struct sample, password), .most = 16},
	{"inner",        CONFIG_MAP, offsetof(struct sample, inner), .sub = item_fields},
	{"items",		       CONFIG_LIST, offsetof(struct sample, items), .sub = item_fields,
         .item_size = sizeof(struct item)},
	{0     }
};

/* Secrets name files: the reader of a fuzzer must open none. */
static bool names_a_secret(const struct yaml_node *root)
{
	return root->kind == YAML_MAPPING && yaml_get(root, "password") &&
	       yaml_get(root, "password")->kind == YAML_MAPPING;
}

static void count_told(void *arg, const char *file, unsigned line, const char *text)
{
	(void)file;
	(void)line;
	assert(text[0]);
	++*(unsigned *)arg;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned told = 0;
	struct yaml_errors errors = {.told = count_told, .arg = &told, .file = "fuzz"};
	struct sample sample = {0};
	struct yaml_doc *doc = NULL;
	int err = yaml_parse((struct span){(const char *)data, size}, &errors, &doc);

	assert(!err == !told && told == errors.count);
	if (err)
		return 0;
	if (!names_a_secret(yaml_root(doc))) {
		err = config_bind(fields, yaml_root(doc), &errors, &sample);
		assert(!err == !errors.count);
		config_free(fields, &sample);
	}
	yaml_doc_free(&doc);
	return 0;
}
