/* budget.h - the one door through which memory is claimed, by name.
 *
 * The cap is split into shares. Whoever wants to hold memory that traffic could
 * make grow claims its bytes from a share first and releases them afterwards; a
 * claim that would pass the share's limit, or the cap, is refused and counted.
 * All bytes. Loop thread only. */
#ifndef AGGREGATE_BUDGET_H
#define AGGREGATE_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/err.h"

enum budget_share {
    BUDGET_BASE,      /* the process itself: code, libraries, stacks */
    BUDGET_CLIENTS,   /* what libzmq needs for each connection */
    BUDGET_RECEIVE,   /* what libzmq holds of their messages; the gate bounds it */
    BUDGET_MESSAGES,  /* copies of ZeroMQ payloads */
    BUDGET_ENTRIES,   /* entry objects with their fields */
    BUDGET_PARSER,    /* the index of the message being decoded */
    BUDGET_BLOCKS,    /* what the sinks have queued */
    BUDGET_CARGO,     /* what libzmq holds of what zmq sinks send */
    BUDGET_PATHS,     /* which paths there are, of sinks whose path is made from entries */
    BUDGET_TLS,       /* OpenSSL, and what each sink needs that uses it */
    BUDGET_CARETAKER, /* of rotated files: looking through them, and compressing */
    BUDGET_CONTROL,   /* the control socket: requests and answers, and what it remembers */
    BUDGET_METRICS,   /* the library that serves them, its connections and their pages */
    BUDGET_TABLES,    /* the gate's slots, and what each endpoint and sink is */
    BUDGET_RECENT,    /* the last messages, and what `logboom tail` needs to show them */
    BUDGET_SHARES
};

struct budget_use {
    size_t used_bytes;
    size_t peak_bytes;
    size_t limit_bytes;
    unsigned long refused;
};

struct budget {
    size_t cap_bytes;
    size_t used_bytes;
    size_t peak_bytes;
    struct budget_use shares[BUDGET_SHARES];
};

/* Every share may use the whole cap until it is given a limit of its own. */
void budget_init(struct budget *budget, size_t cap_bytes);

/* Nothing may still be claimed: whoever claims, releases. */
void budget_fini(struct budget *budget);

void budget_limit(struct budget *budget, enum budget_share share, size_t limit_bytes);

/* False: the share or the cap has no room, and nothing has changed but `refused`. */
bool budget_claim(struct budget *budget, enum budget_share share, size_t bytes);
void budget_release(struct budget *budget, enum budget_share share, size_t bytes);

/* What could still be claimed for this share. */
size_t budget_free(const struct budget *budget, enum budget_share share);

const char *budget_share_name(enum budget_share share);

#endif
