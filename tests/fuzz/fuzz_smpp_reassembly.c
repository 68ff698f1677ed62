/*
 * A whole channel over octets from an SMSC that means ill: bound, then anything. Parts go to a host
 * in memory and come back joined. No crash, no leak, and text is always UTF-8.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "host.h"
#include "smpp_channel.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct io_loop *loop;

static void no_log(void *arg, struct span line)
{
	(void)arg;
	(void)line;
}

static void set_up(void)
{
	setenv("SMPP_TEST_PASSWORD", "secret", 1);
	log_set_sink(no_log, NULL);
	if (io_loop_create(NULL, &loop))
		abort();
}

/* As if the SMSC had bound us and sent data; there is no socket, so answers go nowhere. */
static void feed(struct connector_host *h, const uint8_t *data, size_t size)
{
	struct smpp_channel *ch = h->self;
	struct smpp_link *l = &ch->links[0];
	size_t step = size ? 1U + data[0] : 1;

	l->role = SMPP_ROLE_TRX;
	l->state = LINK_BOUND;
	for (size_t at = 0; at < size; at += step)
		smpp_session_on_data(l, (struct span){(const char *)data + at,
		                                      size - at < step ? size - at : step});
	l->state = LINK_IDLE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct connector_host h;

	if (!loop)
		set_up();
	memset(&h, 0, sizeof(h));
	h.hold = true;
	if (host_open(&h, &smpp_connector,
	              "host: 127.0.0.1\nsystem_id: fuzz\npassword: {env: SMPP_TEST_PASSWORD}\n"
	              "default_country: \"86\"\n",
	              loop) == 0) {
		feed(&h, data, size);
		host_settle(&h, 0);
		host_expire_parts(&h);
		host_settle(&h, 0);
		for (size_t i = 0; i < h.received_count; i++)
			assert(utf8_valid(h.received[i]->text));
	}
	host_close(&h);
	io_loop_turn(loop);
	return 0;
}
