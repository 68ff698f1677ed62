/*
 * A YAML document as a tree that remembers its lines, and tables that check it and bind it to a
 * struct. Every error is told with its file and line, not only the first; unknown keys, duplicate
 * keys, anchors, tags and aliases are errors, and so is a NUL in a text. Source: YAML 1.1 as
 * libyaml reads it.
 */
#ifndef PH_YAML_H
#define PH_YAML_H

#include "span.h"

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

struct yaml_node {
	enum yaml_kind kind;
	unsigned line;    /* from 1 */
	struct span text; /* scalar: valid UTF-8, owned by the tree, NUL-terminated */
	bool plain;       /* scalar without quotes: may be a number or true/false/null */
	struct span key;  /* in a mapping: its key */
	struct yaml_node *first, *next; /* children; next sibling */
};

/** Where errors go. told is called once an error; count is how many there were. */
struct yaml_errors {
	void (*told)(void *arg, const char *file, unsigned line, const char *text);
	void *arg;
	const char *file; /* for messages; borrowed */
	unsigned count;
};

/** Tells one error at a line (0: the file as a whole) and counts it. */
void yaml_error(struct yaml_errors *errors, unsigned line, const char *fmt, ...) PRINTF_LIKE(3, 4);

struct yaml_doc;

/** Reads text (at most 4 MiB, depth 16). -EINVAL after telling errors; -ENOMEM. */
int yaml_parse(struct span text, struct yaml_errors *errors, struct yaml_doc **out) MUST_CHECK;
/** Reads a file. Errors as yaml_parse(), or the errno of open or read, told too. */
int yaml_load(const char *path, struct yaml_errors *errors, struct yaml_doc **out) MUST_CHECK;
/** Accepts NULL inside and sets it NULL (yaml_free is libyaml's own). What was bound from it stays
 * valid: binds copy. */
void yaml_doc_free(struct yaml_doc **doc);
const struct yaml_node *yaml_root(const struct yaml_doc *doc);
/** The value of key in a mapping, or NULL. */
const struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key);

/*
 * A table that says which keys a mapping has; ends with {0}. It parses, checks and documents.
 *
 *	struct smpp_config { char *host; int64_t port; char *password; bool tls; };
 *	static const struct config_field fields[] = {
 *		{"host", CONFIG_STRING, offsetof(struct smpp_config, host), .required = true,
 *		 .help = "name or address of the SMSC"},
 *		{"port", CONFIG_INT, offsetof(struct smpp_config, port), .fallback = "2775",
 *		 .least = 1, .most = 65535, .help = "TCP port"},
 *		{0}};
 */
enum config_type {
	CONFIG_STRING,      /* char * */
	CONFIG_INT,         /* int64_t, between least and most */
	CONFIG_BOOL,        /* bool; true/false */
	CONFIG_DURATION_MS, /* int64_t: "500 ms", "30 s", "10 min", "48 h", "7 d" */
	CONFIG_ENUM,        /* int: index into choices */
	CONFIG_STRINGS,     /* char **, ends with NULL */
	CONFIG_SECRET,      /* char *: {file: PATH} or {env: NAME}; in plain text it is refused. A
	                       file's last newline is dropped */
	CONFIG_MAP,         /* struct fields below, by sub, in place at the offset */
	CONFIG_LIST,        /* struct config_list; each item a mapping by sub of item_size octets */
	CONFIG_NODE /* const struct yaml_node *: bound by somebody else; needs the document */
};

struct config_list {
	void *items; /* count structs of item_size */
	size_t count;
};

struct config_field {
	const char *key;
	enum config_type type;
	size_t offset;
	bool required;
	const char *fallback;       /* as it would be written (lists and mappings: in YAML's flow
	                               style); NULL: zero */
	int64_t least, most;        /* CONFIG_INT and durations (ms), both 0: any not negative; most
	                               under least: no upper bound; strings, secrets and strings of a
	                               list: octets; lists: items */
	const char *const *choices; /* CONFIG_ENUM; ends with NULL */
	const struct config_field *sub;
	size_t item_size;
	const char *help; /* one sentence, with the unit */
};

/**
 * Binds a mapping (NULL: an empty one, so that fallbacks apply) to out, which must be zeroed. In
 * a CONFIG_MAP that is left out, fallbacks apply too but what is required there is not asked for.
 * Tells every error; -EINVAL when there was one. What was bound is freed by config_free() either
 * way.
 */
int config_bind(const struct config_field *fields, const struct yaml_node *mapping,
                struct yaml_errors *errors, void *out) MUST_CHECK;
/** Frees what config_bind() allocated in out (secrets are wiped), not out. */
void config_free(const struct config_field *fields, void *out);
/** "30 s" in ms. -EINVAL. */
int config_duration_ms(struct span text, int64_t *out) MUST_CHECK;

#endif
