#include "daemon/channel.h"

#include <stdlib.h>

#include "aggregate/outbox_batch.h"
#include "conf/must.h"

/* By the order of enum conf_when_full. */
static const enum outbox_when_full policies[] = {OUTBOX_BLOCK, OUTBOX_DROP_NEWEST,
                                                 OUTBOX_DROP_OLDEST};

/* By the order of enum conf_framing. */
static const enum framing framings[] = {FRAMING_LINES, FRAMING_OCTET_COUNTED, FRAMING_NUL};

static void make_outbox(struct channel *channel, const struct channel_shared *shared,
                        unsigned quota)
{
    const struct conf_sink *conf = channel->conf;

    channel->outbox = outbox_new(shared->blocks, shared->block_cap, quota);
    outbox_set_policy(channel->outbox, policies[conf->when_full]);
    outbox_set_framing(channel->outbox, framings[conf->framing]);
    if (conf_tells_drops(shared->conf, conf))
        outbox_set_notices(channel->outbox, notice_style_of(conf->format), conf->name,
                           shared->sink.local_time);
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

static int make_topic(struct channel *channel, const struct channel_shared *shared,
                      const struct format_options *options, struct err *err)
{
    const struct conf_sink *conf = channel->conf;

    if (conf->type != CONF_SINK_ZMQ || !conf->topic)
        return 0;
    channel->topic = format_new_topic(conf->topic, options, err);
    if (!channel->topic)
        return -1;
    if (conf_tells_drops(shared->conf, conf))
        outbox_head_notices(channel->outbox);
    return 0;
}

static int make_lines(struct channel *channel, const struct channel_shared *shared, struct err *err)
{
    const struct conf_sink *conf = channel->conf;
    struct format_options options = {
        .local_time = shared->sink.local_time,
        .indent_newlines = conf->newlines == CONF_NEWLINES_INDENT,
        .origin = conf->origin == CONF_ORIGIN_ON,
    };
    const void *setting;

    channel->format = format_new(conf->format, &options, err);
    if (!channel->format)
        return -1;
    channel->match = match_new(&conf->match, &setting, err);
    if (!channel->match)
        return -1; /* said before, by the judge */
    return make_topic(channel, shared, &options, err);
}

struct channel *channel_open(const struct conf_sink *conf, const struct channel_shared *shared,
                             unsigned quota, struct err *err)
{
    struct channel *channel = calloc(1, sizeof *channel);

    must(channel);
    channel->conf = conf;
    make_outbox(channel, shared, quota);
    if (make_paths(channel, shared, err) == 0 && make_lines(channel, shared, err) == 0)
        channel->sink = sink_open(conf, &shared->sink, channel->outbox, err);
    if (!channel->sink)
        channel_free(&channel);
    return channel;
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
    free(channel);
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
