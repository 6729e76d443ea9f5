/* reload.h - one reload, from the file to the daemon: for reload.c and reload_*.c.
 *
 *     read ──► judge ──► compare ──► plan ──► open what is new ──► change
 *       └─────────┴──────────┴─────────┴─────────────┴──► refused: all is as before
 *
 * Everything that can fail comes before the first thing that changes. Loop thread only. */
#ifndef DAEMON_RELOAD_H
#define DAEMON_RELOAD_H

#include "conf/changes.h"
#include "daemon/daemon_parts.h"

/* What becomes of a sink of the new configuration. */
enum fate {
    FATE_KEPT,  /* its settings change in place, if any do */
    FATE_ANEW,  /* its target is closed and opened; what waits is handed on */
    FATE_OTHER, /* it has another target: the old sink leaves, and a new one comes */
    FATE_NEW
};

struct reload {
    struct daemon *daemon;
    struct conf *conf; /* the new one; NULL: there was none to read */
    struct conf_problems *problems;
    struct plan plan;
    bool is_planned;
    bool is_shifted; /* memory is as the plan says */

    unsigned sink_count;       /* of the new conf */
    struct channel **channels; /* for each: one that is there, or opened; NULL: not yet */
    enum fate *fates;
    bool *stays; /* for each channel that is there: some new sink is it, or is made of it */

    FILE *told; /* sentences, one a line */
    char *told_text;
    size_t told_len;
    unsigned change_count;
    bool needs_restart; /* something that has changed does */
};

/* Whether this sink of the new conf is one that is there. */
static inline bool reload_is_there_already(const struct reload *reload, unsigned i)
{
    return reload->fates[i] == FATE_KEPT || reload->fates[i] == FATE_ANEW;
}

/* A sentence for the log, and for whoever asked. */
void reload_tell(struct reload *reload, int level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- reload_judge.c: what is asked for, and whether it can be had ------------------------- */

void reload_judge(struct reload *reload);

/* ---- reload_plan.c: what memory it needs --------------------------------------------------- */

/* Beside what is there and stays, and what is there and leaves. */
void reload_plan(struct reload *reload);

/* ---- reload_change.c: the change itself --------------------------------------------------- */

/* Makes and opens what is new, beside what is there. Adds a problem where that fails. */
void reload_open(struct reload *reload);

/* Closes it again. */
void reload_undo(struct reload *reload);

/* Cannot fail. */
void reload_change(struct reload *reload);

/* ---- reload_admission.c: who may come in --------------------------------------------------- */

/* As reload_open, reload_undo and reload_change, which call them. */
void reload_prepare_admissions(struct reload *reload);
void reload_forget_admissions(struct reload *reload);
void reload_admit(struct reload *reload);

#endif
