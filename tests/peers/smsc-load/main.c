/*
 * smsc-load: operators that load the ESME which binds to them, and measure. Prints a line
 * {"port":N,"ports":[...]} when they listen, and one JSON object when it is over.
 */
#include "load.h"
#include "options.h"

#include <stdio.h>

static void print_ports(const struct load *l, unsigned count)
{
	printf("{\"port\":%u,\"ports\":[", count ? load_port(l, 0) : 0);
	for (unsigned i = 0; i < count; i++)
		printf("%s%u", i ? "," : "", load_port(l, i));
	printf("]}\n");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static struct load_options o;
	struct io_loop *loop;
	struct load *load;

	if (!options_parse(argc, argv, &o)) {
		options_usage(stderr);
		return 2;
	}
	if (io_loop_create(NULL, &loop) || load_open(loop, &o, &load)) {
		fprintf(stderr, "smsc-load: cannot listen on %s:%u\n", o.smsc.host, o.ports[0]);
		return 1;
	}
	print_ports(load, o.operators);
	load_run(load);
	load_close(&load);
	io_loop_destroy(&loop);
	return 0;
}
