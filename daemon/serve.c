/* serve.c - what the daemon does when it is asked to, over the control socket. */
#include <stdlib.h>

#include "conf/log.h"
#include "conf/must.h"
#include "daemon/daemon_parts.h"

static void gather(void *context, struct status *status)
{
    daemon_gather_status(context, status);
}

static const struct losses *losses(void *context)
{
    const struct daemon *daemon = context;

    return &daemon->losses;
}

static struct census *census(void *context)
{
    struct daemon *daemon = context;

    return &daemon->census;
}

static void reopen(void *context)
{
    log_line(LOG_LEVEL_INFO, "control socket: files are reopened");
    daemon_reopen_sinks(context);
}

static void reload(void *context, const struct control_later *later)
{
    char *told = NULL;
    struct err refused;
    bool holds;

    err_set(&refused, "the configuration of before holds");
    holds = daemon_reload(context, &told);
    control_finish(later, holds ? NULL : &refused, told);
    free(told);
}

static int set_drops_all(void *context, const char *name, bool drops_all, struct err *err)
{
    struct daemon *daemon = context;
    struct channel **channel = channel_find(daemon->channels, daemon->channel_count, name);
    struct outbox *outbox = channel ? (*channel)->outbox : NULL;

    if (!outbox)
        return err_set(err, "there is no sink '%s'; see 'logboom stat'", name);
    if (outbox_drops_all(outbox) == drops_all)
        return err_set(err, "sink %s %s", name,
                       drops_all ? "drops everything already" : "takes entries already");
    if (drops_all)
        log_line(LOG_LEVEL_WARNING,
                 "sink %s: what is queued and what arrives is dropped (operator), until 'logboom "
                 "sink %s resume'",
                 name, name);
    outbox_set_drops_all(outbox, drops_all);
    if (!drops_all)
        log_line(LOG_LEVEL_NOTICE,
                 "sink %s: takes entries again; %llu were dropped (operator) since the start", name,
                 (unsigned long long)outbox_ledger(outbox)->dropped[DROP_OPERATOR]);
    return 0;
}

/* Nobody asked for the one at the default place: a daemon that cannot have it goes on. */
static enum exit_status do_without(const struct daemon *daemon, const struct err *why)
{
    if (conf_names_control(daemon->conf)) {
        log_line(LOG_LEVEL_ERROR, "%s", why->text);
        return EXIT_SYSTEM;
    }
    log_line(LOG_LEVEL_NOTICE,
             "%s; going on without it ('control' in the configuration names "
             "another path, or none)",
             why->text);
    return EXIT_FINE;
}

enum exit_status daemon_open_control(struct daemon *daemon)
{
    struct err err;

    daemon->control_actions = (struct control_actions){
        .context = daemon,
        .tail = daemon->tail,
        .gather = gather,
        .losses = losses,
        .census = census,
        .reopen = reopen,
        .set_drops_all = set_drops_all,
        .reload = reload,
        .check = daemon_check,
    };
    if (!conf_has_control(daemon->conf))
        return EXIT_FINE;
    daemon->control =
        control_open(&daemon->conf->control, &daemon->loop, &daemon->control_actions, &err);
    if (!daemon->control) {
        if (daemon->recent)
            recent_stop(daemon->recent);
        return do_without(daemon, &err);
    }
    control_plan_for(daemon->control, daemon->conf->ingest_count, daemon->conf->sink_count);
    return EXIT_FINE;
}
