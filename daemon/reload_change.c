/* The change itself: first all that can fail, beside what is there, then all that cannot. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "conf/log.h"
#include "conf/must.h"
#include "daemon/reload.h"
#include "judge/judge.h"

/* ---- opening --------------------------------------------------------------------------- */

/* Where a problem of opening is shown. */
static const void *target_of(const struct conf_sink *conf)
{
    return conf->path ? (const void *)&conf->path : (const void *)&conf->type;
}

/* Whether a sink that leaves, or will, has the target of this one. */
static bool is_taken(const struct reload *reload, const struct conf_sink *conf)
{
    const struct daemon *daemon = reload->daemon;

    for (unsigned i = 0; i < daemon->leaving_count; i++) {
        if (judge_share_target(daemon->leaving[i]->conf, conf))
            return true;
    }
    for (unsigned i = 0; i < daemon->channel_count; i++) {
        if (!reload->stays[i] && judge_share_target(daemon->channels[i]->conf, conf))
            return true;
    }
    return false;
}

/* By another name, such as a link. */
static const struct channel *who_has_file(const struct reload *reload, const struct sink *sink)
{
    const struct daemon *daemon = reload->daemon;

    for (unsigned i = 0; i < daemon->channel_count; i++) {
        if (sink_same_file(sink, daemon->channels[i]->sink))
            return daemon->channels[i];
    }
    for (unsigned i = 0; i < daemon->leaving_count; i++) {
        if (sink_same_file(sink, daemon->leaving[i]->sink))
            return daemon->leaving[i];
    }
    for (unsigned i = 0; i < reload->sink_count; i++) {
        const struct channel *other = reload->channels[i];

        if (other && other->sink != sink && sink_same_file(sink, other->sink))
            return other;
    }
    return NULL;
}

static void open_new(struct reload *reload, unsigned i)
{
    struct daemon *daemon = reload->daemon;
    const struct conf_sink *conf = &reload->conf->sinks[i];
    struct channel_shared shared = daemon_channel_shared(daemon, reload->conf);
    const struct channel *other;
    struct err err;

    reload->channels[i] =
        channel_open(conf, &shared, reload->plan.sink_blocks[i], is_taken(reload, conf), &err);
    if (!reload->channels[i]) {
        conf_problem(reload->conf, reload->problems, target_of(conf), "%s", err.text);
        return;
    }
    daemon->sinks_open++;
    other = who_has_file(reload, reload->channels[i]->sink);
    if (other)
        conf_problem(reload->conf, reload->problems, target_of(conf),
                     "sink %s already writes to that file", other->conf->name);
}

static void prepare_kept(struct reload *reload, unsigned i)
{
    const struct conf_sink *conf = &reload->conf->sinks[i];
    struct channel_shared shared = daemon_channel_shared(reload->daemon, reload->conf);
    struct err err;

    if (channel_prepare(reload->channels[i], conf, &shared, &err) < 0)
        conf_problem(reload->conf, reload->problems, &conf->format, "%s", err.text);
}

void reload_open(struct reload *reload)
{
    struct err err;

    reload->is_shifted = true;
    if (daemon_shift_shares(reload->daemon, &reload->plan, &err) < 0 ||
        daemon_open_rest(reload->daemon, &reload->plan, &err) < 0) {
        conf_problem(reload->conf, reload->problems, &reload->conf->memory.cap, "%s", err.text);
        return;
    }
    for (unsigned i = 0; i < reload->sink_count; i++) {
        if (reload_is_there_already(reload, i))
            prepare_kept(reload, i);
        else
            open_new(reload, i);
    }
    reload_prepare_admissions(reload);
}

void reload_undo(struct reload *reload)
{
    struct err err;

    if (!reload->is_shifted)
        return;
    reload_forget_admissions(reload);
    for (unsigned i = 0; i < reload->sink_count; i++) {
        if (!reload->channels[i])
            continue;
        if (reload_is_there_already(reload, i))
            channel_forget(reload->channels[i]);
        else
            daemon_undo_channel(reload->daemon, reload->channels[i]);
    }
    must(daemon_shift_shares(reload->daemon, &reload->daemon->plan, &err) == 0);
}

/* ---- changing ---------------------------------------------------------------------------- */

/* Of a sink that gets another target: who said 'drop' meant the sink. */
static void keep_operators_word(struct reload *reload)
{
    struct daemon *daemon = reload->daemon;

    for (unsigned i = 0; i < reload->sink_count; i++) {
        const char *name = reload->conf->sinks[i].name;
        struct channel **old = channel_find(daemon->channels, daemon->channel_count, name);

        if (reload_is_there_already(reload, i) || !old || !outbox_drops_all((*old)->outbox))
            continue;
        outbox_set_drops_all(reload->channels[i]->outbox, true);
        reload_tell(reload, LOG_LEVEL_WARNING,
                    "sink %s: what arrives is dropped (operator), as before, until 'logboom sink "
                    "%s resume'",
                    name, name);
    }
}

static void leave_old(struct reload *reload)
{
    struct daemon *daemon = reload->daemon;

    for (unsigned i = 0; i < daemon->channel_count; i++) {
        if (!reload->stays[i])
            daemon_leave(daemon, daemon->channels[i]);
    }
}

static void renew_kept(struct reload *reload)
{
    struct daemon *daemon = reload->daemon;
    struct channel_shared shared = daemon_channel_shared(daemon, reload->conf);

    for (unsigned i = 0; i < reload->sink_count; i++) {
        struct channel *channel = reload->channels[i];

        if (!reload_is_there_already(reload, i))
            continue;
        channel_renew(channel, &reload->conf->sinks[i], &shared);
        if (reload->fates[i] != FATE_ANEW || sink_is_held(channel->sink))
            continue;
        sink_hand_over(channel->sink);
        daemon_leave(daemon, channel_hand_over(channel, &daemon->loop));
        daemon->sinks_open++;
    }
}

static void join_all(struct daemon *daemon)
{
    aggregate_forget_routes(daemon->aggregate);
    for (unsigned i = 0; i < daemon->channel_count; i++)
        channel_join(daemon->channels[i], daemon->aggregate, daemon->match_room);
}

static struct endpoint *find_endpoint(const struct daemon *daemon, const char *name)
{
    for (unsigned i = 0; i < daemon->endpoint_count; i++) {
        if (strcmp(endpoint_name(daemon->endpoints[i]), name) == 0)
            return daemon->endpoints[i];
    }
    must(!"an endpoint came or went");
    return NULL;
}

/* They stand in the order of the conf. */
static void configure_endpoints(struct daemon *daemon)
{
    struct endpoint **sorted = calloc(daemon->endpoint_count, sizeof *sorted);

    must(sorted);
    for (unsigned i = 0; i < daemon->endpoint_count; i++)
        sorted[i] = find_endpoint(daemon, daemon->conf->ingest[i].name);
    for (unsigned i = 0; i < daemon->endpoint_count; i++)
        endpoint_configure(sorted[i], &daemon->conf->ingest[i], daemon->peers);
    free(daemon->endpoints);
    daemon->endpoints = sorted;
}

/* What waits is asked for anew at once, so that whoever still holds it back has done so without a
 * break. */
static void retry_parked(struct daemon *daemon)
{
    for (unsigned i = 0; i < daemon->endpoint_count; i++)
        endpoint_retry(daemon->endpoints[i]);
}

static void tell_change(const struct conf_change *change, void *context)
{
    static const char *const then[] = {
        [SETTING_IN_PLACE] = "",
        [SETTING_ANEW] = "",
        [SETTING_OTHER_TARGET] = "; what waits is still written to the old one",
        [SETTING_NEEDS_A_RESTART] = "",
    };
    struct reload *reload = context;
    bool leaves = change->kind == CONF_REMOVED;

    reload_tell(reload, LOG_LEVEL_NOTICE, "reloaded: %s%s%s%s", change->whose,
                *change->whose ? ": " : "", change->what,
                leaves ? "; what waits is still written" : then[change->effect]);
}

void reload_change(struct reload *reload)
{
    struct daemon *daemon = reload->daemon;
    struct conf *before = daemon->conf;

    daemon->conf = reload->conf;
    aggregate_forget_routes(daemon->aggregate);
    keep_operators_word(reload);
    leave_old(reload);
    renew_kept(reload);
    free(daemon->channels);
    daemon->channels = reload->channels;
    daemon->channel_count = reload->sink_count;
    reload->channels = NULL;
    daemon_adopt_plan(daemon, &reload->plan);
    join_all(daemon);
    configure_endpoints(daemon);
    conf_compare(before, daemon->conf, tell_change, reload);
    reload_admit(reload);
    if (reload->change_count == 0)
        reload_tell(reload, LOG_LEVEL_NOTICE, "reloaded: nothing changed");
    if (!judge_takes_everything(daemon->conf))
        reload_tell(reload, LOG_LEVEL_WARNING, "%s", judge_not_everything);
    conf_forget_places(before);
    reload->conf = NULL;
    conf_free(&before);
    retry_parked(daemon);
    daemon_arm_block_timer(daemon);
    daemon_watch_leaving(daemon);
}
