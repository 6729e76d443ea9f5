/* notify.h - tells the service manager how we are (sd_notify(3)).
 *
 * One datagram to $NOTIFY_SOCKET; without that variable nothing happens. Never
 * waits: when systemd does not read, the message is lost. */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

#include <stdbool.h>

/* Whether there is a service manager that asks to be told. */
bool notify_is_heard(void);

/* Such as "READY=1\nSTATUS=…". */
void notify_send(const char *state);

#endif
