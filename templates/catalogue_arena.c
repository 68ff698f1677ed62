/* Blocks that are filled from the front and freed together. */
#include "catalogue_parts.h"

#include <stdalign.h>
#include <stdlib.h>

#define BLOCK_SIZE ((size_t)64 << 10)

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	max_align_t octets[];
};

static struct arena_block *add_block(struct arena *a, size_t least)
{
	size_t size = least > BLOCK_SIZE ? least : BLOCK_SIZE;
	struct arena_block *b = calloc(1, sizeof(*b) + size);

	if (!b)
		return NULL;
	b->size = size;
	b->next = a->blocks;
	a->blocks = b;
	return b;
}

void *arena_take(struct arena *a, size_t size)
{
	struct arena_block *b = a->blocks;
	char *place;

	size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (!b || b->size - b->used < size)
		b = add_block(a, size);
	if (!b)
		return NULL;
	place = (char *)b->octets + b->used;
	b->used += size;
	return place;
}

struct span arena_copy(struct arena *a, struct span text)
{
	char *copy = arena_take(a, text.len + 1);

	if (!copy)
		return SPAN_NONE;
	if (text.len)
		memcpy(copy, text.ptr, text.len);
	return (struct span){copy, text.len};
}

void arena_fini(struct arena *a)
{
	struct arena_block *next;

	for (struct arena_block *b = a->blocks; b; b = next) {
		next = b->next;
		free(b);
	}
	a->blocks = NULL;
}
