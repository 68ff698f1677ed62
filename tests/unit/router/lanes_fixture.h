/*
 * What the tests of the lanes share: texts that go out by the API, what became of them, dead
 * letters, and calls of functions as another node would make them.
 */
#ifndef PH_LANES_FIXTURE_H
#define PH_LANES_FIXTURE_H

#include "router_fixture.h"

enum { SOON_MS = 10000 };

/* --- Texts ----------------------------------------------------------------------------------- */

struct sent_call {
	bool done;
	uint64_t seq;
	enum message_status status;
	int err;
};

/** A router_sent_fn; arg is a sent_call. */
void on_sent(void *arg, const struct router_sent *sent);
/** A text of a campaign whose cid it is, too. */
struct router_send text_to(unsigned customer, const char *cid);
struct sent_call post(const struct router_send *what);
/** Its number. */
uint64_t send_text(unsigned customer, const char *cid);
/** The text of what was sent as the i-th; until the next call. */
const char *text_of(size_t i);
void link_up(bool up);
uint64_t now_ms(void);

/* --- What became of them --------------------------------------------------------------------- */

/** The peer refuses what was sent as the i-th. */
void refuse(size_t i, const char *code);
/** An outcome of a part; code NULL: it was taken. */
void tell_part(size_t i, uint16_t part, uint16_t parts, const char *id, const char *code);
/** What was said of message seq, "STATUS CODE PARTS;" each; until the next call. */
const char *steps_of(unsigned customer, uint64_t seq);

/* --- Dead letters ---------------------------------------------------------------------------- */

struct dead_result {
	bool done;
	size_t count;
	char codes[16][40], texts[16][40], conversations[16][40];
	uint64_t seqs[16];
	unsigned attempts[16];
	char next[120];
};

/** A router_dead_fn; arg is a dead_result. */
void on_dead(void *arg, const struct router_error *error, const struct router_dead_letter *letters,
             size_t count, const char *next);
/** A page of channel "ch". */
struct dead_result dead(const char *cursor, unsigned limit);
uint64_t dead_count(void);
/** The code of the refusal, or "". */
const char *dead_do(unsigned customer, uint64_t seq, enum router_dead_act act);

/* --- Redis ----------------------------------------------------------------------------------- */

/** What redis_do() or function_do() was answered last. */
extern char answered[64];
void redis_do(int argc, const struct span *argv);
/** As another node would call it, in Alice's partition. */
void function_do(const char *name, const struct span *argv, size_t argc);
/** Another node, given up for dead, is heard of the first of so many parts. */
void another_says(uint64_t seq, const char *letter, unsigned parts);

/* --- The cases of other files ---------------------------------------------------------------- */

TCase *dead_cases(void);
TCase *lost_cases(void);

#endif
