/* resident.h - how much memory this process occupies, by the kernel's word. */
#ifndef DAEMON_RESIDENT_H
#define DAEMON_RESIDENT_H

#include <stddef.h>

/* Resident bytes (proc(5), statm); 0 when that cannot be read. Allocates nothing and takes
 * some 10 us. */
size_t resident_bytes(void);

/* The most it ever was (VmHWM). getrusage(2) has it of whoever ran execve(2), too. */
size_t resident_peak_bytes(void);

#endif
