/* sources.c - what the daemon knows, as status/ wants it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/must.h"
#include "conf/nanoseconds.h"
#include "daemon/daemon_parts.h"
#include "daemon/resident.h"

static void fill_sink(const struct channel *channel, struct status_source_sink *source)
{
    const struct trouble *trouble = &channel->trouble;

    *source = (struct status_source_sink){
        .sink = channel->sink,
        .outbox = channel->outbox,
        .blocked_since_ms = trouble->blocked_since_ms,
        .blocked_total_ms = trouble->blocked_total_ms,
        .expired_since_ms = trouble->expired_since_ms,
        .dropping_since_ms = trouble->dropping_since_ms,
    };
}

static void fill_sinks(struct daemon *daemon)
{
    if (daemon->channel_count > daemon->source_room) {
        daemon->source_room = daemon->channel_count;
        free(daemon->source_sinks);
        daemon->source_sinks = calloc(daemon->source_room, sizeof *daemon->source_sinks);
        must(daemon->source_sinks);
    }
    for (unsigned i = 0; i < daemon->channel_count; i++)
        fill_sink(daemon->channels[i], &daemon->source_sinks[i]);
}

static void fill_leaving(const struct daemon *daemon, struct status_parted *leaving)
{
    *leaving = (struct status_parted){.sinks = 0};
    for (unsigned i = 0; i < daemon->leaving_count; i++) {
        const struct channel *channel = daemon->leaving[i];

        if (channel->outbox && !channel->is_undone)
            status_part(leaving, channel->conf->name, outbox_ledger(channel->outbox));
    }
}

void daemon_gather_status(struct daemon *daemon, struct status *status)
{
    struct status_parted leaving;
    struct status_sources sources = {
        .now_ms = uv_now(&daemon->loop),
        .ready_ms = daemon->ready_ms,
        .phase = daemon->state == DAEMON_RUNNING ? STATUS_RUNNING : STATUS_STOPPING,
        .endpoints = daemon->endpoints,
        .endpoint_count = daemon->endpoint_count,
        .sink_count = daemon->channel_count,
        .budget = &daemon->budget,
        .resident_bytes = resident_bytes(),
        .resident_peak_bytes = resident_peak_bytes(),
        .gate_is_on = daemon->gate_is_on,
        .zap = daemon->zap,
        .aggregate = daemon->aggregate,
        .watch = &daemon->watch,
        .stalled_since_ms = daemon->stalled_since_ms,
        .config = &daemon->config_status,
        .last_stop = &daemon->last_stop,
        .leaving = &leaving,
        .left = &daemon->left,
    };

    fill_leaving(daemon, &leaving);
    fill_sinks(daemon);
    sources.sinks = daemon->source_sinks;
    status_gather(&sources, status);
}

void daemon_note_reload(struct daemon *daemon, bool holds, const char *told)
{
    struct status_config *config = &daemon->config_status;

    config->is_refused = !holds;
    snprintf(config->error, sizeof config->error, "%.*s", holds ? 0 : (int)strcspn(told, "\n"),
             told);
    if (!holds)
        return;
    config->loaded_ns = clock_nanoseconds(CLOCK_REALTIME);
    if (daemon->control)
        control_plan_for(daemon->control, daemon->endpoint_count, daemon->channel_count);
}

void daemon_fini_sources(struct daemon *daemon)
{
    free(daemon->source_sinks);
    daemon->source_sinks = NULL;
}
