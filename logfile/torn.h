/* torn.h - the unfinished last line that a crash or a full disk left. It is ended with a mark,
 * never cut off: `tail -F` prints a file that shrinks all over again. Any thread. */
#ifndef LOGFILE_TORN_H
#define LOGFILE_TORN_H

#include <stdint.h>

/* 1: the file of so many bytes ended in the middle of a line, and no longer does; 0: it did
 * not, or nobody can tell; -1 with errno: the mark could not be written whole. */
int torn_end(int fd, uint64_t size_bytes);

/* What torn_end adds, as text and length. */
#define TORN_MARK " \\[torn]\n"
enum { TORN_MARK_LEN = sizeof TORN_MARK - 1 };

#endif
