/* Messages that wait here, in their order. */
#include "router_private.h"

void held_init(struct held_list *list)
{
	*list = (struct held_list){0};
	list->end = &list->first;
}

void held_add(struct held_list *list, struct held *h)
{
	h->next = NULL;
	*list->end = h;
	list->end = &h->next;
	list->count++;
}

void held_add_first(struct held_list *list, struct held *h)
{
	h->next = list->first;
	list->first = h;
	if (!h->next)
		list->end = &h->next;
	list->count++;
}

struct held *held_take(struct held_list *list)
{
	struct held *h = list->first;

	if (!h)
		return NULL;
	list->first = h->next;
	if (!list->first)
		list->end = &list->first;
	list->count--;
	return h;
}
