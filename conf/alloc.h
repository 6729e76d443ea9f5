/* alloc.h - memory for the configuration: given, or the program stops.
 *
 * A configuration is read when nothing has been promised yet and its files are
 * bounded, so running out of memory here is answered at once, by must(). What is
 * given belongs to the caller and goes back by free(3). */
#ifndef CONF_ALLOC_H
#define CONF_ALLOC_H

#include <stddef.h>

void *alloc_zeroed(size_t count, size_t size);

/* A copy of len bytes with a NUL behind them. */
char *alloc_text(const char *text, size_t len);

/* Room for one more behind `count` items of `size` bytes; takes items over. */
void *alloc_room(void *items, size_t count, size_t size);

#endif
