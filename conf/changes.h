/* changes.h - what is different between two configurations, setting by setting.
 *
 * Endpoints and sinks are the same ones if they have the same names; where they stand in the
 * file is of no account. One thread at a time. */
#ifndef CONF_CHANGES_H
#define CONF_CHANGES_H

#include "conf/conf.h"
#include "conf/settings.h"

enum conf_change_kind { CONF_CHANGED, CONF_ADDED, CONF_REMOVED };

enum { CONF_CHANGE_TEXT_MAX = 256 };

struct conf_change {
    enum conf_change_kind kind;
    enum setting_change effect;
    bool of_sink;        /* else an endpoint's, or nobody's: then name is NULL */
    const char *name;    /* of the sink or endpoint; the newer configuration's, if it is there */
    unsigned index;      /* of it in the newer configuration; REMOVED: in the older */
    const void *setting; /* the newer one's, where a problem is shown; REMOVED: the list */

    /* "sink all", or "endpoint apps", or "" */
    char whose[CONF_CHANGE_TEXT_MAX];
    /* "match.app is [web-*, db-*], was none", "added", "removed" */
    char what[CONF_CHANGE_TEXT_MAX];
};

typedef void conf_change_cb(const struct conf_change *change, void *context);

/* Calls on_change for each difference, endpoints and sinks that are gone after all others. The
 * change, and what it points to, lasts until the call returns. */
void conf_compare(const struct conf *older, const struct conf *newer, conf_change_cb *on_change,
                  void *context);

#endif
