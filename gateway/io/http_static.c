/*
 * A directory's files, read once and answered from memory: what a path says is looked up in a
 * table and never in the file system.
 */
#include "http_internal.h"

#include <fcntl.h>
#include <fts.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { FILE_MAX = 32 << 20, ETAG_OCTETS = 12, HEADERS_MAX = 16, GZIP_MIN = 256, PREFIX_MAX = 200 };

struct file {
	char *path; /* under the prefix */
	const char *type;
	struct span body, gzip; /* gzip empty: it does not help */
	char etag[2 * ETAG_OCTETS + 3];
	UT_hash_handle hh;
};

struct directory {
	struct file *files;
	char *names[HEADERS_MAX], *values[HEADERS_MAX]; /* of the headers on each */
	size_t header_count;
};

static const struct {
	const char *suffix, *type;
} types[] = {
	{".html",        "text/html; charset=utf-8"       },
	{".css",         "text/css; charset=utf-8"        },
	{".js",          "text/javascript; charset=utf-8" },
	{".mjs",         "text/javascript; charset=utf-8" },
	{".json",        "application/json"               },
	{".map",         "application/json"               },
	{".svg",         "image/svg+xml"                  },
	{".png",         "image/png"                      },
	{".ico",         "image/x-icon"                   },
	{".woff2",       "font/woff2"                     },
	{".txt",         "text/plain; charset=utf-8"      },
	{".yaml",        "application/yaml; charset=utf-8"},
	{".webmanifest", "application/manifest+json"      },
};

static const char *type_of(const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		size_t suffix = strlen(types[i].suffix);

		if (len > suffix && strcmp(path + len - suffix, types[i].suffix) == 0)
			return types[i].type;
	}
	return "application/octet-stream";
}

static void free_span(struct span *s)
{
	free(io_read_memory(*s));
	*s = SPAN_NONE;
}

static void file_free(struct file *f)
{
	free(f->path);
	free_span(&f->body);
	free_span(&f->gzip);
	free(f);
}

static void directory_free(void *arg)
{
	struct directory *d = arg;
	struct file *f = d->files, *next;

	HASH_CLEAR(hh, d->files); /* the links between the files stay */
	for (; f; f = next) {
		next = f->hh.next;
		file_free(f);
	}
	for (size_t i = 0; i < d->header_count; i++) {
		free(d->names[i]);
		free(d->values[i]);
	}
	free(d);
}

static int read_all(int fd, size_t len, struct span *out)
{
	char *data = malloc(len + 1);
	size_t at = 0;

	if (!data)
		return -ENOMEM;
	while (at < len) {
		ssize_t got = read(fd, data + at, len - at);

		if (got <= 0) {
			int err = got < 0 ? -errno : -EIO;

			free(data);
			return err;
		}
		at += (size_t)got;
	}
	*out = (struct span){data, len};
	return 0;
}

static int read_file(const char *name, size_t len, struct span *out)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = len > FILE_MAX ? -EFBIG : read_all(fd, len, out);
	close(fd);
	return err;
}

static bool deflate_into(struct span in, unsigned char *out, size_t size, size_t *len)
{
	enum { WINDOW_GZIP = 15 + 16 };
	z_stream z = {.next_in = (unsigned char *)io_read_memory(in),
	              .avail_in = (unsigned)in.len,
	              .next_out = out,
	              .avail_out = (unsigned)size};
	bool done;

	if (deflateInit2(&z, 9, Z_DEFLATED, WINDOW_GZIP, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	done = deflate(&z, Z_FINISH) == Z_STREAM_END; /* false: it would not have been smaller */
	*len = z.total_out;
	deflateEnd(&z);
	return done;
}

static void compress_body(struct file *f)
{
	size_t len, size = f->body.len - f->body.len / 8;
	unsigned char *out;

	if (f->body.len < GZIP_MIN || strncmp(f->type, "image/png", 9) == 0 ||
	    strncmp(f->type, "font/", 5) == 0)
		return;
	out = malloc(size);
	if (out && deflate_into(f->body, out, size, &len))
		f->gzip = (struct span){(char *)out, len};
	else
		free(out);
}

static int make_etag(struct file *f)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char *at = f->etag;

	if (EVP_Digest(f->body.ptr, f->body.len, digest, NULL, EVP_sha256(), NULL) != 1)
		return -EIO;
	*at++ = '"';
	for (unsigned i = 0; i < ETAG_OCTETS; i++)
		at += sprintf(at, "%02x", digest[i]);
	*at++ = '"';
	*at = '\0';
	return 0;
}

static int add_file(struct directory *d, const char *name, const char *path, size_t len)
{
	struct file *f = calloc(1, sizeof(*f));
	int err;

	if (!f || !(f->path = strdup(path))) {
		free(f);
		return -ENOMEM;
	}
	f->type = type_of(path);
	err = read_file(name, len, &f->body);
	if (!err)
		err = make_etag(f);
	if (err) {
		file_free(f);
		return err;
	}
	compress_body(f);
	HASH_ADD_KEYPTR(hh, d->files, f->path, strlen(f->path), f);
	return 0;
}

static int read_tree(struct directory *d, const char *directory)
{
	char *root = strdup(directory), *const roots[] = {root, NULL};
	size_t skip = strlen(directory);
	FTS *tree = root ? fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL) : NULL;
	FTSENT *entry;
	int err = tree ? 0 : -ENOMEM;

	while (!err && (entry = fts_read(tree))) {
		const char *path = entry->fts_path + skip;

		if (entry->fts_info == FTS_F)
			err = add_file(d, entry->fts_path, path + (*path == '/'),
			               (size_t)entry->fts_statp->st_size);
		else if (entry->fts_info == FTS_ERR || entry->fts_info == FTS_DNR ||
		         entry->fts_info == FTS_NS)
			err = -entry->fts_errno;
	}
	if (tree)
		fts_close(tree);
	free(root);
	return err;
}

/* "q=0", "q=0.000". */
static bool is_zero(struct span weight)
{
	if (!span_starts(weight, SPAN_LIT("q=0")))
		return false;
	for (size_t i = 3; i < weight.len; i++)
		if (weight.ptr[i] >= '1' && weight.ptr[i] <= '9')
			return false;
	return true;
}

/* Accept-Encoding: is gzip in it, and not with q=0? */
static bool takes_gzip(const struct http_request *r)
{
	struct span rest = http_header(r, "accept-encoding");

	while (rest.len) {
		struct span weight, coding = span_split(rest, ',', &rest);

		if (!span_is(span_trim(span_split(coding, ';', &weight)), "gzip"))
			continue;
		return !is_zero(span_trim(weight));
	}
	return false;
}

static bool is_known(const struct http_request *r, const char *etag)
{
	struct span rest = http_header(r, "if-none-match");

	while (rest.len) {
		struct span tag = span_trim(span_split(rest, ',', &rest));

		if (span_starts(tag, SPAN_LIT("W/")))
			tag = (struct span){tag.ptr + 2, tag.len - 2};
		if (span_is(tag, etag) || span_is(tag, "*"))
			return true;
	}
	return false;
}

static void send_file(const struct directory *d, struct http_request *r, const struct file *f)
{
	struct http_header_out headers[HEADERS_MAX + 3];
	size_t count = d->header_count;
	bool gzip = f->gzip.len && takes_gzip(r);

	for (size_t i = 0; i < count; i++)
		headers[i] = (struct http_header_out){d->names[i], d->values[i]};
	headers[count++] = (struct http_header_out){"ETag", f->etag};
	if (f->gzip.len)
		headers[count++] = (struct http_header_out){"Vary", "Accept-Encoding"};
	if (is_known(r, f->etag)) {
		http_respond_with(r, 304, NULL, SPAN_NONE, headers, count, NULL, NULL);
		return;
	}
	if (gzip)
		headers[count++] = (struct http_header_out){"Content-Encoding", "gzip"};
	http_respond_with(r, 200, f->type, gzip ? f->gzip : f->body, headers, count, NULL, NULL);
}

static void on_file(void *arg, struct http_request *r)
{
	const struct directory *d = arg;
	struct span path = http_part(r, 0);
	struct file *f;

	if (!path.len)
		path = SPAN_LIT("index.html");
	HASH_FIND(hh, d->files, path.ptr, path.len, f);
	if (f)
		send_file(d, r, f);
	else
		http_problem(r, 404, "not_found", "There is no such file.", NULL);
}

/* The path is the prefix without its last slash: the route is a literal one. */
static void on_prefix(void *arg, struct http_request *r)
{
	struct span path = http_path(r);
	struct http_header_out location = {"Location", "/"};
	char text[PREFIX_MAX + 2];

	(void)arg;
	if (path.len <= PREFIX_MAX) {
		snprintf(text, sizeof(text), "%.*s/", SPAN_FMT(path));
		location.value = text;
	}
	http_respond_with(r, 308, NULL, SPAN_NONE, &location, 1, NULL, NULL);
}

static int copy_headers(struct directory *d, const struct http_header_out *headers, size_t count)
{
	if (count > HEADERS_MAX)
		return -EINVAL;
	for (size_t i = 0; i < count; i++) {
		d->header_count++;
		d->names[i] = strdup(headers[i].name);
		d->values[i] = strdup(headers[i].value);
		if (!d->names[i] || !d->values[i])
			return -ENOMEM;
	}
	return 0;
}

/* "/console/" gives the tree "/console/" + "*", and "/console" leads there. */
static int add_routes(struct http_server *server, const char *prefix, struct directory *d)
{
	struct http_route route = {
		.methods = HTTP_M_GET, .fn = on_file, .arg = d, .free_arg = directory_free};
	size_t len = strlen(prefix);
	char pattern[PREFIX_MAX + 2];
	int err = 0;

	if (len > PREFIX_MAX || !len || prefix[len - 1] != '/')
		return -EINVAL;
	snprintf(pattern, sizeof(pattern), "%.*s", (int)len - 1, prefix);
	if (len > 1)
		err = http_route(server, HTTP_M_GET, pattern, on_prefix, NULL);
	if (err && err != -EEXIST)
		return err;
	snprintf(pattern, sizeof(pattern), "%s*", prefix);
	return http_route_add(server, pattern, &route);
}

int http_static(struct http_server *server, const char *prefix, const char *directory,
                const struct http_header_out *headers, size_t count)
{
	struct directory *d = calloc(1, sizeof(*d));
	int err = d ? 0 : -ENOMEM;

	if (!err)
		err = copy_headers(d, headers, count);
	if (!err)
		err = read_tree(d, directory);
	if (!err)
		err = add_routes(server, prefix, d);
	if (err && d)
		directory_free(d);
	return err;
}
