/* What the files of io share of the loop: its buffers, and the log of what must not happen. */
#ifndef PH_LOOP_INTERNAL_H
#define PH_LOOP_INTERNAL_H

#include "buf.h"
#include "loop.h"

enum { IO_READ_SIZE = 65536 };

/**
 * The loop's one buffer for what is read from sockets. Its content lasts for the callback that got
 * it: two reads never happen at once on one loop. IO_READ_SIZE octets.
 */
char *io_read_buffer(struct io_loop *loop);
/** A second one, for what a read turns into (TLS). */
char *io_plain_buffer(struct io_loop *loop);

/** Where goes what is written to a stream that takes no more. */
struct buf *io_waste_buffer(struct io_loop *loop);

/** What on_data() lends lies in a buffer of ours, which its borrower may write over meanwhile. */
static inline char *io_read_memory(struct span data)
{
	return (char *)(uintptr_t)data.ptr;
}

/** Gives an empty b the memory of a spare buffer, where there is one. */
void io_buffer_borrow(struct io_loop *loop, struct buf *b);
/** Empties b; its memory becomes a spare buffer or is freed. b keeps its limit. */
void io_buffer_return(struct io_loop *loop, struct buf *b);

#endif
