/* Files from memory: what is there, what is not, and how it is sent. */
#include "http_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/posthouse-static-XXXXXX";

static void put(const char *name, const char *text, size_t times)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	while (times--)
		fputs(text, file);
	ck_assert_int_eq(fclose(file), 0);
}

static void serve_files(void)
{
	const struct http_header_out headers[] = {
		{"Cache-Control", "no-cache"}
        };
	char path[128];

	memcpy(directory + sizeof(directory) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/sub", directory);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	put("index.html", "<!doctype html>", 1);
	put("sub/app.js", "let a = 1;\n", 1000);
	snprintf(path, sizeof(path), "%s/link", directory);
	ck_assert_int_eq(symlink("/etc/passwd", path), 0);
	ck_assert_int_eq(http_static(server, "/console/", directory, headers, 1), 0);
	snprintf(path, sizeof(path), "rm -rf '%s'", directory);
	ck_assert_int_eq(system(path), 0); /* it is all in memory */
}

START_TEST(files_from_memory)
{
	char etag[64], fields[128];
	const char *got, *at;

	serve_files();
	got = ask("GET /console/", "");
	ck_assert_int_eq(status_of(got), 200);
	ck_assert_str_eq(body_of(got), "<!doctype html>");
	ck_assert_ptr_nonnull(strstr(got, "Content-Type: text/html; charset=utf-8\r\n"));
	ck_assert_ptr_nonnull(strstr(got, "Cache-Control: no-cache\r\n"));
	at = strstr(got, "ETag: ");
	ck_assert_ptr_nonnull(at);
	ck_assert_int_eq(sscanf(at, "ETag: %63s", etag), 1);
	snprintf(fields, sizeof(fields), "If-None-Match: \"other\", W/%s\r\n", etag);
	got = ask("GET /console/index.html", fields);
	ck_assert_int_eq(status_of(got), 304);
	ck_assert_str_eq(body_of(got), "");
	ck_assert_ptr_nonnull(strstr(got, "Cache-Control: no-cache\r\n"));
	got = ask("GET /console", "");
	ck_assert_int_eq(status_of(got), 308);
	ck_assert_ptr_nonnull(strstr(got, "Location: /console/\r\n"));
}
END_TEST

static const char *const not_there[] = {"GET /console/link",
                                        "GET /console/sub",
                                        "GET /console/sub/",
                                        "GET /console/../console/index.html",
                                        "GET /console/sub/../index.html",
                                        "GET /console/..%2f..%2fetc/passwd",
                                        "GET /console/index.html%00",
                                        "GET /console//index.html"};

START_TEST(only_what_is_in_the_directory)
{
	serve_files();
	ck_assert_int_eq(status_of(ask(not_there[_i], "")), 404);
}
END_TEST

static const struct {
	const char *accept;
	bool gzip;
} codings[] = {
	{"Accept-Encoding: gzip\r\n",           true },
        {"Accept-Encoding: br, gzip;q=0.5\r\n", true },
	{"Accept-Encoding: gzip;q=0\r\n",       false},
        {"Accept-Encoding: gzip; q=0.000\r\n",  false},
	{"Accept-Encoding: xgzip\r\n",          false},
        {"",                                    false},
};

START_TEST(compressed_for_who_takes_it)
{
	const char *got;

	serve_files();
	got = ask("GET /console/sub/app.js", codings[_i].accept);
	ck_assert_int_eq(status_of(got), 200);
	ck_assert_ptr_nonnull(strstr(got, "Vary: Accept-Encoding\r\n"));
	ck_assert_int_eq(strstr(got, "Content-Encoding: gzip\r\n") != NULL, codings[_i].gzip);
	ck_assert_int_eq(strstr(got, "Content-Length: 11000\r\n") == NULL, codings[_i].gzip);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("http_static");

	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, http_fixture_setup, http_fixture_teardown);
	tcase_add_test(tc, files_from_memory);
	tcase_add_loop_test(tc, only_what_is_in_the_directory, 0, ARRAY_LEN(not_there));
	tcase_add_loop_test(tc, compressed_for_who_takes_it, 0, ARRAY_LEN(codings));
	return unit_run("http_static", &tc, 1);
}
