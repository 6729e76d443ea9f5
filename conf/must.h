/* must.h - the assertion for our own mistakes, always compiled in.
 *
 * For invariants only: input, peers, disks, configuration and load are never
 * asserted. Prints the condition and its place, then aborts. */
#ifndef CONF_MUST_H
#define CONF_MUST_H

#include <stddef.h>

#define must(condition)                                                                            \
    (__builtin_expect(!!(condition), 1) ? (void)0 : must_failed(#condition, __FILE__, __LINE__))

_Noreturn void must_failed(const char *condition, const char *file, int line);

#define container_of(member_address, type, member)                                                 \
    ((type *)(void *)((char *)(member_address)-offsetof(type, member)))

#endif
