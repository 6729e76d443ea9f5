/* own_host.h - what this machine is called, as a column of a syslog header. Any thread. */
#ifndef AGGREGATE_OWN_HOST_H
#define AGGREGATE_OWN_HOST_H

/* uname(2)'s node name, escaped as ESCAPE_HEADER has it; `localhost` where it is empty. */
enum { OWN_HOST_ROOM = 72 };
void own_host(char to[OWN_HOST_ROOM]);

#endif
