/* control.h - the control socket: who asks how the daemon is, and who tells it what to do.
 *
 * A unix socket with JSON lines (words.h, docs/control.md). Whoever connects is known by the
 * kernel's word (SO_PEERCRED): root and our own user may do everything, members of the group may
 * look, others are refused. Connections, what they may send and what is kept for them are bounded;
 * who says nothing, or takes nothing, is closed; nobody holds up the loop. Loop thread only. */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include <uv.h>

#include "conf/conf.h"
#include "control/tail.h"
#include "ingest/census.h"
#include "status/losses.h"
#include "status/status.h"

struct control;
struct control_later;

/* What the daemon does when it is asked to. NULL where it cannot. */
struct control_actions {
    void *context;
    struct tail *tail; /* NULL: nothing is kept for it */
    void (*gather)(void *context, struct status *status);
    const struct losses *(*losses)(void *context);
    struct census *(*census)(void *context);
    void (*reopen)(void *context);

    /* 0, or -1 and a sentence: there is no such sink. */
    int (*set_drops_all)(void *context, const char *sink, bool drops_all, struct err *err);

    /* These take their time, and call control_finish once, then or later. */
    void (*reload)(void *context, const struct control_later *later);
    void (*check)(void *context, const struct control_later *later);
};

/* Whose answer is still to come; copied freely. That the connection is gone by then does not
 * matter; that the control is gone does. */
struct control_later {
    struct control *control;
    unsigned place;
    uint64_t number;
};

/* The error is NULL if all went well. The text is for the person who asked, in lines; both are
 * borrowed until it returns, and cut at some KiB. */
void control_finish(const struct control_later *later, const struct err *error, const char *text);

/* Borrows the actions. NULL and a sentence: somebody else listens there, or we may not. */
struct control *control_open(const struct conf_control *conf, uv_loop_t *loop,
                             const struct control_actions *actions, struct err *err);

/* So many parts there are, also after a reload: the memory of control_bytes(…) is planned. */
void control_plan_for(struct control *control, unsigned endpoints, unsigned sinks);

/* Whether it could be opened: opens it and closes it again. 0, or -1 and a sentence. */
int control_try(const struct conf_control *conf, struct err *err);

/* Nobody is served any more, and the socket file is gone. NULL is fine. The loop must run once
 * more before control_free. */
void control_close(struct control *control);
void control_free(struct control **control);

/* What all of it may take, for the plan, and how many descriptors. */
size_t control_bytes(unsigned endpoints, unsigned sinks);
enum { CONTROL_DESCRIPTORS = 1 + 16 + 1 };

#endif
