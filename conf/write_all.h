/* write_all.h - write(2) until all is written. Any thread. */
#ifndef CONF_WRITE_ALL_H
#define CONF_WRITE_ALL_H

#include <stddef.h>

/* 0, or -1 and errno: then a part of it may be written. A signal interrupts nothing. */
int write_all(int fd, const void *bytes, size_t len);

#endif
