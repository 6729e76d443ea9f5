/* What a new configuration asks for: judged as at the start, then compared with the one that
 * holds. What needs a restart refuses all of it: half of a configuration is nobody's wish. */
#include <stdlib.h>

#include "conf/must.h"
#include "daemon/reload.h"
#include "judge/judge.h"

static enum fate fate_of(const struct conf_change *change)
{
    if (change->kind == CONF_ADDED)
        return FATE_NEW;
    if (change->effect == SETTING_OTHER_TARGET)
        return FATE_OTHER;
    return change->effect == SETTING_ANEW ? FATE_ANEW : FATE_KEPT;
}

static void on_change(const struct conf_change *change, void *context)
{
    struct reload *reload = context;
    enum fate fate = fate_of(change);

    reload->change_count++;
    reload->needs_restart |= change->effect == SETTING_NEEDS_A_RESTART;
    if (change->effect == SETTING_NEEDS_A_RESTART)
        conf_problem(reload->conf, reload->problems, change->setting,
                     "%s%s%s; that needs a restart", change->whose, *change->whose ? ": " : "",
                     change->what);
    else if (change->of_sink && change->kind != CONF_REMOVED && fate > reload->fates[change->index])
        reload->fates[change->index] = fate;
}

static void make_lists(struct reload *reload)
{
    unsigned count = reload->daemon->channel_count;

    reload->sink_count = reload->conf->sink_count;
    reload->channels = calloc(reload->sink_count, sizeof *reload->channels);
    reload->fates = calloc(reload->sink_count, sizeof *reload->fates);
    reload->stays = calloc(count, sizeof *reload->stays);
    must(reload->channels && reload->fates && (reload->stays || count == 0));
}

/* Of those that stay, which is which. */
static void match_channels(struct reload *reload)
{
    struct daemon *daemon = reload->daemon;

    for (unsigned i = 0; i < reload->sink_count; i++) {
        struct channel **old;

        if (!reload_is_there_already(reload, i))
            continue;
        old = channel_find(daemon->channels, daemon->channel_count, reload->conf->sinks[i].name);
        must(old);
        reload->channels[i] = *old;
        reload->stays[old - daemon->channels] = true;
    }
}

static void judge_new_sinks(struct reload *reload)
{
    for (unsigned i = 0; i < reload->sink_count; i++) {
        if (reload->fates[i] > FATE_KEPT)
            judge_sink_surroundings(reload->conf, &reload->conf->sinks[i], reload->problems);
    }
}

/* The first sink that encrypts may come with a reload. */
static void test_encryption(struct reload *reload)
{
    struct err err;

    if (daemon_test_encryption(reload->daemon, reload->conf, &err) < 0)
        conf_problem(reload->conf, reload->problems, &reload->conf->sinks, "%s", err.text);
}

void reload_judge(struct reload *reload)
{
    judge_values(reload->conf, reload->problems);
    if (conf_problems_count(reload->problems) > 0)
        return;
    make_lists(reload);
    conf_compare(reload->daemon->conf, reload->conf, on_change, reload);
    if (conf_problems_count(reload->problems) > 0)
        return;
    match_channels(reload);
    judge_new_sinks(reload);
    test_encryption(reload);
}
