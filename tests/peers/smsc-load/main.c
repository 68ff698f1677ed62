/*
 * smsc-load: an SMSC that loads the ESME which binds to it and measures the answers. Prints a line
 * {"port":N} when it listens, and one JSON object when it is over.
 */
#include "load.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
	"usage: smsc-load [options]\n"
	"  --host ADDRESS      to listen on (127.0.0.1)\n"
	"  --port N            0: any (0)\n"
	"  --system-id NAME    who may bind (posthouse)\n"
	"  --password TEXT     (secret)\n"
	"  --short-code N      whom the customers text (95500)\n"
	"  --text TEXT         what they ask; given several times, in turn\n"
	"  --rate N            questions a second; 0: as fast as the window allows (0)\n"
	"  --window N          deliver_sm without a response at once (200)\n"
	"  --numbers N         customers, each with one open question at most (20000)\n"
	"  --first N           the first of their numbers (8613800000000)\n"
	"  --seconds N         measured time (10)\n"
	"  --warmup N          seconds before it (2)\n"
	"  --linger N          seconds to wait for the last answers (5)\n"
	"  --wait N            seconds to wait for a bind (30)\n"
	"  --ask-again N       ms after which an unanswered customer asks again; 0: never (0)\n"
	"  --receipts          say DELIVRD of each submit\n";

enum option_key {
	OPT_HOST = 1,
	OPT_PORT,
	OPT_SYSTEM_ID,
	OPT_PASSWORD,
	OPT_SHORT_CODE,
	OPT_TEXT,
	OPT_RATE,
	OPT_WINDOW,
	OPT_NUMBERS,
	OPT_FIRST,
	OPT_SECONDS,
	OPT_WARMUP,
	OPT_LINGER,
	OPT_WAIT,
	OPT_ASK_AGAIN,
	OPT_RECEIPTS
};

static const struct option options[] = {
	{"host",             required_argument, NULL, OPT_HOST},
	{"port",              required_argument, NULL, OPT_PORT},
	{"system-id",                  required_argument, NULL, OPT_SYSTEM_ID},
	{"password",required_argument, NULL, OPT_PASSWORD},
	{"short-code",          required_argument, NULL, OPT_SHORT_CODE},
	{"text",        required_argument, NULL, OPT_TEXT},
	{"rate",              required_argument, NULL, OPT_RATE},
	{"window",                  required_argument, NULL, OPT_WINDOW},
	{"numbers",              required_argument, NULL, OPT_NUMBERS},
	{"first",      required_argument, NULL, OPT_FIRST},
	{"seconds",       required_argument, NULL, OPT_SECONDS},
	{"warmup",              required_argument, NULL, OPT_WARMUP},
	{"linger",                  required_argument, NULL, OPT_LINGER},
	{"wait",required_argument, NULL, OPT_WAIT},
	{"ask-again",          required_argument, NULL, OPT_ASK_AGAIN},
	{"receipts",             no_argument, NULL, OPT_RECEIPTS},
	{0	     },
};

static void add_text(struct load_options *o, const char *text)
{
	if (o->text_count < ARRAY_LEN(o->texts))
		o->texts[o->text_count++] = text;
}

/* A number option; false: it is not one. */
static bool set_number(struct load_options *o, int key, const char *arg)
{
	uint64_t n;

	if (span_u64(span_of(arg), &n) || (key != OPT_FIRST && n > 100000000))
		return false;
	if (key == OPT_FIRST) {
		o->first_number = n;
		return true;
	}
	if (key == OPT_PORT) {
		o->port = (uint16_t)n;
		return n <= UINT16_MAX;
	}
	*(key == OPT_RATE      ? &o->rate
	  : key == OPT_WINDOW  ? &o->window
	  : key == OPT_NUMBERS ? &o->numbers
	  : key == OPT_SECONDS ? &o->seconds
	  : key == OPT_WARMUP  ? &o->warmup_s
	  : key == OPT_LINGER  ? &o->linger_s
	  : key == OPT_WAIT    ? &o->wait_s
	                       : &o->ask_again_ms) = (unsigned)n;
	return true;
}

static bool set(struct load_options *o, int key, const char *arg)
{
	switch (key) {
	case OPT_HOST:
		o->host = arg;
		return true;
	case OPT_SYSTEM_ID:
		o->system_id = arg;
		return true;
	case OPT_PASSWORD:
		o->password = arg;
		return true;
	case OPT_SHORT_CODE:
		o->short_code = arg;
		return true;
	case OPT_TEXT:
		add_text(o, arg);
		return true;
	case OPT_RECEIPTS:
		o->receipts = true;
		return true;
	case '?':
		return false;
	default:
		return set_number(o, key, arg);
	}
}

static bool parse(int argc, char **argv, struct load_options *o)
{
	int key;

	while ((key = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!set(o, key, optarg))
			return false;
	if (!o->text_count)
		add_text(o, "How do I activate my new card?");
	return optind == argc && o->numbers && o->window && o->seconds;
}

int main(int argc, char **argv)
{
	struct load_options o = {
		.host = "127.0.0.1",
		.system_id = "posthouse",
		.password = "secret",
		.short_code = "95500",
		.window = 200,
		.numbers = 20000,
		.first_number = 8613800000000,
		.seconds = 10,
		.warmup_s = 2,
		.linger_s = 5,
		.wait_s = 30,
	};
	struct io_loop *loop;
	struct load *load;
	uint16_t port;

	if (!parse(argc, argv, &o)) {
		fputs(usage, stderr);
		return 2;
	}
	if (io_loop_create(NULL, &loop) || load_open(loop, &o, &load, &port)) {
		fprintf(stderr, "smsc-load: cannot listen on %s:%u\n", o.host, o.port);
		return 1;
	}
	printf("{\"port\":%u}\n", port);
	fflush(stdout);
	load_run(load);
	load_close(&load);
	io_loop_destroy(&loop);
	return 0;
}
