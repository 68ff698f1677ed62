/* Secrets are named by the configuration, never written into it. */
#include "secret.h"

#include "file.h"

#include <stdlib.h>

enum { SECRET_MAX = 16384 };

static int from_octets(const struct yaml_node *node, struct yaml_errors *errors, struct span value,
                       char **out)
{
	if (value.len && value.ptr[value.len - 1] == '\n')
		value.len--;
	if (value.len && value.ptr[value.len - 1] == '\r')
		value.len--;
	if (!value.len || memchr(value.ptr, 0, value.len)) {
		yaml_error(errors, node->line, "the secret of \"%s\" is %s", node->key.ptr,
		           value.len ? "not text: it has a NUL in it" : "empty");
		return -EINVAL;
	}
	*out = span_dup(value);
	return *out ? 0 : -ENOMEM;
}

static int from_file(const struct yaml_node *node, const char *path, struct yaml_errors *errors,
                     char **out)
{
	char *text = NULL;
	size_t len = 0;
	int err = file_read(path, SECRET_MAX, &text, &len);

	if (err) {
		yaml_error(errors, node->line, "the file \"%.200s\" of \"%s\" cannot be read: %s",
		           path, node->key.ptr, strerror(-err));
		return -EINVAL;
	}
	if (len > SECRET_MAX) {
		yaml_error(errors, node->line, "the file \"%.200s\" is larger than %d octets", path,
		           SECRET_MAX);
		err = -EINVAL;
	} else {
		err = from_octets(node, errors, (struct span){text, len}, out);
	}
	explicit_bzero(text, len);
	free(text);
	return err;
}

static int from_environment(const struct yaml_node *node, const char *name,
                            struct yaml_errors *errors, char **out)
{
	const char *value = getenv(name);

	if (!value) {
		yaml_error(errors, node->line, "the environment has no %.100s, which \"%s\" names",
		           name, node->key.ptr);
		return -EINVAL;
	}
	return from_octets(node, errors, span_of(value), out);
}

int secret_read(const struct yaml_node *node, struct yaml_errors *errors, char **out)
{
	const struct yaml_node *source = node->kind == YAML_MAPPING ? node->first : NULL;

	if (source && !source->next && source->kind == YAML_SCALAR && source->text.len) {
		if (span_is(source->key, "file"))
			return from_file(node, source->text.ptr, errors, out);
		if (span_is(source->key, "env"))
			return from_environment(node, source->text.ptr, errors, out);
	}
	yaml_error(errors, node->line,
	           "\"%s\" must be {file: PATH} or {env: NAME}: no secret stands in this file",
	           node->key.ptr ? node->key.ptr : "");
	return -EINVAL;
}

void secret_free(char **secret)
{
	if (!*secret)
		return;
	explicit_bzero(*secret, strlen(*secret));
	free(*secret);
	*secret = NULL;
}
