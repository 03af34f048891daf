/*
 * Wishes of many threads that one message to one thread serves. The receiver's queue may be short,
 * and posting to a full one may block: there is never more than one message of a mailbox in it,
 * however many items want to be seen how often.
 */
#ifndef LKXS_MAILBOX_H
#define LKXS_MAILBOX_H

#include <stdatomic.h>
#include <stdbool.h>

typedef struct mailbox_item {
	atomic_bool waiting;
	struct mailbox_item *next;
} mailbox_item;

/** All zero is an empty one. */
typedef struct {
	_Atomic(mailbox_item *) newest;
	atomic_bool posted;
} mailbox;

/** Any thread: the item wants to be seen. False when it waits already: once is enough. */
bool mailbox_add(mailbox *box, mailbox_item *item);
/** Any thread, after mailbox_add(): true for whoever has to post the message now. */
bool mailbox_must_post(mailbox *box);
/** The message could not be posted; the next who adds tries again. */
void mailbox_not_posted(mailbox *box);
/** The receiver, at the message: the items that wait, the one that waited longest first. */
mailbox_item *mailbox_take(mailbox *box);
/** The receiver, before it looks at what the item has: from here on it can be added again. */
void mailbox_see(mailbox_item *item);

#endif
