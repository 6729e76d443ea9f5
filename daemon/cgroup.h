/* cgroup.h - how much memory the service manager allows this process, with its page cache. */
#ifndef DAEMON_CGROUP_H
#define DAEMON_CGROUP_H

#include <stddef.h>

/* MemoryMax= of the control group that `membership` (proc(5), cgroup) names below `root`; 0 when
 * there is no limit, or none can be seen: before version 2 there is no such thing. */
size_t cgroup_memory_max(const char *membership, const char *root);

#endif
