#include "mailbox.h"

#include <stddef.h>

bool mailbox_add(mailbox *box, mailbox_item *item)
{
	if (atomic_exchange(&item->waiting, true))
		return false;
	item->next = atomic_load(&box->newest);
	while (!atomic_compare_exchange_weak(&box->newest, &item->next, item))
		;
	return true;
}

bool mailbox_must_post(mailbox *box)
{
	return !atomic_exchange(&box->posted, true);
}

void mailbox_not_posted(mailbox *box)
{
	atomic_store(&box->posted, false);
}

mailbox_item *mailbox_take(mailbox *box)
{
	mailbox_item *ordered = NULL;

	/* Before the items are taken: who adds one that we miss posts again. */
	atomic_store(&box->posted, false);
	mailbox_item *item = atomic_exchange(&box->newest, NULL);
	while (item) {
		mailbox_item *next = item->next;
		item->next = ordered;
		ordered = item;
		item = next;
	}
	return ordered;
}

void mailbox_see(mailbox_item *item)
{
	atomic_store(&item->waiting, false);
}
