/* watchdog.h - whether the daemon gets on, as far as itself can judge.
 *
 * The service manager hears that we live (WATCHDOG=1) only while that is so. A loop that
 * hangs says nothing by itself. One that turns and yet takes nothing from clients that wait is
 * as dead to them, unless a sink is why: that one waits for a disk or a receiver, and a
 * restart would bring neither back. Loop thread only. */
#ifndef DAEMON_WATCHDOG_H
#define DAEMON_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

/* As of now. */
struct watchdog_look {
    uint64_t moved; /* grows with whatever is taken or written */
    bool waiting;   /* a client is held back, or what it sent is parked */
    bool explained; /* and a sink that waits for somebody else is why */
};

struct watchdog {
    uint64_t moved;          /* at the last look */
    uint64_t stuck_since_ms; /* loop time; 0: not stuck */
};

/* Clients that wait for so long, and nobody knows why: then it is no chance. */
enum { WATCHDOG_PATIENCE_MS = 45 * 1000 };

/* Looks again. False: do not say that we live. */
bool watchdog_sees_life(struct watchdog *watchdog, const struct watchdog_look *look,
                        uint64_t now_ms);

/* How often to say it, three times in what $WATCHDOG_USEC allows; 0: nobody asks us, which is
 * so, too, when $WATCHDOG_PID is another process. */
uint64_t watchdog_interval_ms(void);

#endif
