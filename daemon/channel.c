#include "daemon/channel.h"

#include <stdlib.h>
#include <string.h>

#include "aggregate/outbox_batch.h"
#include "conf/must.h"

/* By the order of enum conf_when_full. */
static const enum outbox_when_full policies[] = {OUTBOX_BLOCK, OUTBOX_DROP_NEWEST,
                                                 OUTBOX_DROP_OLDEST};

/* By the order of enum conf_framing. */
static const enum framing framings[] = {FRAMING_LINES, FRAMING_OCTET_COUNTED, FRAMING_NUL};

/* What a full outbox does, and whether it tells. */
static void set_policy(struct channel *channel, const struct channel_shared *shared)
{
    const struct conf_sink *conf = channel->conf;
    bool tells = conf_tells_drops(shared->conf, conf);

    outbox_set_policy(channel->outbox, policies[conf->when_full]);
    outbox_set_notices(channel->outbox, tells ? notice_style_of(conf->format) : NOTICE_NONE,
                       conf->name, shared->sink.local_time);
    if (tells && conf->type == CONF_SINK_ZMQ && conf->topic)
        outbox_head_notices(channel->outbox);
}

static void make_outbox(struct channel *channel, const struct channel_shared *shared,
                        unsigned quota)
{
    const struct conf_sink *conf = channel->conf;

    channel->outbox = outbox_new(shared->blocks, shared->block_cap, quota);
    outbox_set_framing(channel->outbox, framings[conf->framing]);
    set_policy(channel, shared);
}

/* Where the path is made from entries, each carries its own. */
static int make_paths(struct channel *channel, const struct channel_shared *shared, struct err *err)
{
    const struct conf_sink *conf = channel->conf;

    if (conf->type != CONF_SINK_FILE || !path_template_is_one(conf->path))
        return 0;
    channel->paths = path_template_new(conf->path, shared->sink.local_time, err);
    if (!channel->paths)
        return -1;
    outbox_label_entries(channel->outbox, path_template_longest(channel->paths));
    return 0;
}

static struct format_options options_of(const struct conf_sink *conf,
                                        const struct channel_shared *shared)
{
    return (struct format_options){
        .local_time = shared->sink.local_time,
        .indent_newlines = conf->newlines == CONF_NEWLINES_INDENT,
        .origin = conf->origin == CONF_ORIGIN_ON,
    };
}

static int make_topic(struct channel *channel, const struct channel_shared *shared, struct err *err)
{
    struct format_options options = options_of(channel->conf, shared);

    if (channel->conf->type != CONF_SINK_ZMQ || !channel->conf->topic)
        return 0;
    channel->topic = format_new_topic(channel->conf->topic, &options, err);
    return channel->topic ? 0 : -1;
}

int channel_prepare(struct channel *channel, const struct conf_sink *conf,
                    const struct channel_shared *shared, struct err *err)
{
    struct format_options options = options_of(conf, shared);
    const void *setting;

    channel->next_format = format_new(conf->format, &options, err);
    if (!channel->next_format)
        return -1;
    channel->next_match = match_new(&conf->match, &setting, err);
    return channel->next_match ? 0 : -1; /* said before, by the judge */
}

void channel_forget(struct channel *channel)
{
    format_free(&channel->next_format);
    match_free(&channel->next_match);
}

static void take_next(struct channel *channel)
{
    format_free(&channel->format);
    match_free(&channel->match);
    channel->format = channel->next_format;
    channel->match = channel->next_match;
    channel->next_format = NULL;
    channel->next_match = NULL;
}

void channel_renew(struct channel *channel, const struct conf_sink *conf,
                   const struct channel_shared *shared)
{
    struct conf *before = channel->home;

    take_next(channel);
    channel->conf = conf;
    channel->home = conf_ref(shared->conf);
    set_policy(channel, shared);
    sink_configure(channel->sink, conf);
    conf_free(&before);
}

/* ---- opening and closing ------------------------------------------------------------------- */

static struct sink *open_sink(struct channel *channel, const struct channel_shared *shared,
                              bool is_held, struct err *err)
{
    return is_held ? sink_hold(channel->conf, shared->sink.loop, channel->outbox)
                   : sink_open(channel->conf, &shared->sink, channel->outbox, err);
}

struct channel *channel_open(const struct conf_sink *conf, const struct channel_shared *shared,
                             unsigned quota, bool is_held, struct err *err)
{
    struct channel *channel = calloc(1, sizeof *channel);

    must(channel);
    channel->conf = conf;
    channel->home = conf_ref(shared->conf);
    channel->opened_with = conf_ref(shared->conf);
    make_outbox(channel, shared, quota);
    if (make_paths(channel, shared, err) == 0 && make_topic(channel, shared, err) == 0 &&
        channel_prepare(channel, conf, shared, err) == 0)
        channel->sink = open_sink(channel, shared, is_held, err);
    take_next(channel);
    if (!channel->sink)
        channel_free(&channel);
    return channel;
}

static void on_held_closed(void *context)
{
    (void)context;
}

int channel_open_held(struct channel *channel, const struct channel_shared *shared, struct err *err)
{
    struct sink *sink = sink_open(channel->conf, &shared->sink, channel->outbox, err);

    if (!sink)
        return -1;
    sink_hand_over(channel->sink);
    sink_close(channel->sink, on_held_closed, NULL);
    sink_free(&channel->sink);
    channel->sink = sink;
    conf_free(&channel->opened_with);
    channel->opened_with = conf_ref(channel->home);
    return 0;
}

struct channel *channel_hand_over(struct channel *channel, uv_loop_t *loop)
{
    struct channel *old = calloc(1, sizeof *old);

    must(old);
    old->conf = channel->conf;
    old->home = conf_ref(channel->home);
    old->opened_with = channel->opened_with;
    old->sink = channel->sink;
    channel->sink = sink_hold(channel->conf, loop, channel->outbox);
    channel->opened_with = conf_ref(channel->home);
    return old;
}

void channel_free(struct channel **channel_address)
{
    struct channel *channel = *channel_address;

    *channel_address = NULL;
    if (!channel)
        return;
    sink_free(&channel->sink);
    outbox_free(&channel->outbox);
    format_free(&channel->format);
    format_free(&channel->topic);
    match_free(&channel->match);
    path_template_free(&channel->paths);
    channel_forget(channel);
    conf_free(&channel->home);
    conf_free(&channel->opened_with);
    free(channel);
}

struct channel **channel_find(struct channel **channels, unsigned count, const char *name)
{
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(channels[i]->conf->name, name) == 0)
            return &channels[i];
    }
    return NULL;
}

void channel_join(struct channel *channel, struct aggregate *aggregate,
                  struct expression_room *match_room)
{
    aggregate_add_route(aggregate, channel->outbox, channel->format);
    if (!match_is_everything(channel->match))
        aggregate_narrow_route(aggregate, channel->match, match_room);
    if (channel->topic)
        aggregate_head_route(aggregate, channel->topic);
    if (channel->paths)
        aggregate_label_route(aggregate, channel->paths);
}
