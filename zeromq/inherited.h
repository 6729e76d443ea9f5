/* inherited.h - descriptors that listen already, from whoever started us.
 *
 * They outlive us: who holds them, such as systemd, hands them to our successor, and clients
 * that connect meanwhile wait in their backlogs. So a socket file among them is never removed
 * by us. Each is known by its address, which must be the one of a `bind:` to be used; ports
 * and paths are compared as they are, and 0.0.0.0 is not [::]. One thread at a time. */
#ifndef ZEROMQ_INHERITED_H
#define ZEROMQ_INHERITED_H

#include "conf/err.h"
#include "zeromq/address.h"

enum { INHERITED_MAX = 256 };

struct inherited;

struct inherited *inherited_new(void);

/* Closes them all; what was taken is its taker's. */
void inherited_free(struct inherited **inherited);

/* Takes the descriptor over, also on failure. 0, or -1 and a sentence if it is not one that
 * listens on tcp or a unix stream, or is one too many. */
int inherited_add(struct inherited *inherited, int fd, struct err *err);

unsigned inherited_count(const struct inherited *inherited);
bool inherited_has(const struct inherited *inherited, const struct address *address);

/* A duplicate that is the caller's, non-blocking; it may be taken again after that was closed.
 * -1 with errno, ENOENT if there is none. */
int inherited_take(struct inherited *inherited, const struct address *address);

/* Closes one that nobody has taken so far, and writes its address; false: there is none. */
bool inherited_close_untaken(struct inherited *inherited, char text[ADDRESS_TEXT_MAX]);

#endif
