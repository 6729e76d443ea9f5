#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "conf/log.h"
#include "conf/must.h"
#include "daemon/activation.h"
#include "daemon/daemon_parts.h"
#include "daemon/open_files.h"
#include "judge/judge.h"
#include "status/state_file.h"
#include "zeromq/curve.h"
#include "zeromq/gate.h"

/* ZeroMQ's context options by number: the first has no public name, the second's is
 * newer than the oldest header. Zero-copy receive would pin 8 KiB for each small
 * message; the prefix names the I/O threads in top and gdb. */
enum { CONTEXT_ZERO_COPY_RECEIVE = 10, CONTEXT_THREAD_NAME_PREFIX = 9 };

/* How long the end waits for what is done to rotated files: a few system calls. */
enum { CARETAKER_PATIENCE_MS = 500 };

/* Of all sinks, and of those that a reload has taken out. */
enum { WARDS_MAX = AGGREGATE_ROUTES_MAX + DAEMON_LEAVING_MAX };

static int open_pools(struct daemon *daemon, struct err *err)
{
    const struct plan *plan = &daemon->plan;
    unsigned endpoints = daemon->conf->ingest_count;

    if (daemon_open_shares(daemon, err) < 0)
        return -1;
    daemon->messages = message_pool_new(&daemon->budget, plan->max_message, endpoints, err);
    if (!daemon->messages)
        return -1;
    daemon->entries = entry_pool_new(&daemon->budget, plan->entry_fields, endpoints, err);
    if (!daemon->entries)
        return -1;
    daemon->decoder = decoder_new(&daemon->budget, plan->max_message, err);
    return daemon->decoder ? 0 : -1;
}

/* One thread a file sink, so that a hung disk stops no other file, and a few for libuv's own needs
 * and for sinks that a reload adds. Read by libuv at its first job. */
enum { THREADS_SPARE = 4 + 4 };

static void size_thread_pool(const struct conf *conf)
{
    char text[16];

    snprintf(text, sizeof text, "%u", conf->sink_count + THREADS_SPARE);
    setenv("UV_THREADPOOL_SIZE", text, 1);
}

static void on_nothing(uv_work_t *job)
{
    (void)job;
}

/* Makes the pool's threads now, with every signal blocked, as libzmq's are: signals then
 * reach nobody but the loop thread, which can refuse them when it ends. */
static void start_thread_pool(struct daemon *daemon)
{
    sigset_t all, before;

    sigfillset(&all);
    must(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    must(uv_queue_work(&daemon->loop, &daemon->first_job, on_nothing, NULL) == 0);
    must(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
}

struct channel_shared daemon_channel_shared(struct daemon *daemon, struct conf *conf)
{
    return (struct channel_shared){
        .conf = conf,
        .blocks = daemon->blocks,
        .block_cap = daemon->plan.block_cap,
        .sink = {.loop = &daemon->loop,
                 .local_time = conf->timezone == CONF_TIMEZONE_LOCAL,
                 .caretaker = daemon->caretaker,
                 .watch = &daemon->watch,
                 .cargo = daemon->cargo,
                 .inherited = daemon->inherited,
                 .cargo_hold_bytes = daemon->plan.block_cap,
                 .cargo_holds = daemon->plan.cargo_holds,
                 .gate_is_on = daemon->gate_is_on},
    };
}

static int refuse_shared_file(const struct daemon *daemon, const struct channel *channel,
                              struct err *err)
{
    for (unsigned i = 0; i < daemon->channel_count; i++) {
        const struct sink *other = daemon->channels[i]->sink;

        if (other != channel->sink && sink_same_file(channel->sink, other))
            return err_set(err, "sink %s already writes to that file", sink_name(other));
    }
    return 0;
}

static int open_channel(struct daemon *daemon, unsigned i, struct err *err)
{
    struct channel_shared shared = daemon_channel_shared(daemon, daemon->conf);
    struct channel *channel =
        channel_open(&daemon->conf->sinks[i], &shared, daemon->plan.sink_blocks[i], false, err);

    if (!channel)
        return -1;
    daemon->channels[daemon->channel_count++] = channel;
    daemon->sinks_open++;
    channel_join(channel, daemon->aggregate, daemon->match_room);
    return refuse_shared_file(daemon, channel, err);
}

int daemon_open_rest(struct daemon *daemon, const struct plan *plan, struct err *err)
{
    if (plan->searches && !daemon->match_room)
        daemon->match_room = expression_room_new(plan->max_entry);
    if (plan->has_caretaker && !daemon->caretaker) {
        daemon->caretaker = caretaker_new(WARDS_MAX, plan->compress_set, err);
        if (!daemon->caretaker)
            return -1;
    }
    if (plan->asks_origin && !daemon->peers) {
        daemon->peers = peers_new(plan->descriptors, err);
        if (!daemon->peers)
            return -1;
    }
    return 0;
}

static enum exit_status open_sinks(struct daemon *daemon)
{
    const struct conf *conf = daemon->conf;
    struct err err;

    daemon->channels = calloc(conf->sink_count, sizeof *daemon->channels);
    daemon->aggregate = aggregate_new();
    must(daemon->channels);
    for (unsigned i = 0; i < conf->sink_count; i++) {
        if (open_channel(daemon, i, &err) < 0) {
            conf_problem(conf, daemon->problems,
                         conf->sinks[i].path ? (const void *)&conf->sinks[i].path
                                             : (const void *)&conf->sinks[i].type,
                         "%s", err.text);
            return EXIT_CONFIGURATION;
        }
    }
    return EXIT_FINE;
}

static int open_zmq(struct daemon *daemon, struct err *err)
{
    daemon->zmq = zmq_ctx_new();
    if (!daemon->zmq)
        return err_set(err, "cannot start ZeroMQ: %s", zmq_strerror(errno));
    if (zmq_ctx_set(daemon->zmq, CONTEXT_ZERO_COPY_RECEIVE, 0) < 0 ||
        zmq_ctx_set(daemon->zmq, CONTEXT_THREAD_NAME_PREFIX, GATE_THREAD_NAME_PREFIX) < 0)
        return err_set(err, "this libzmq lacks a context option that we need: %s",
                       zmq_strerror(errno));
    return 0;
}

/* Without it, hooks pass everything through, and ZeroMQ's own marks must do. */
static int open_gate(struct daemon *daemon, struct err *err)
{
    daemon->gate_is_on = daemon->conf->memory.gate == CONF_GATE_ON;
    if (!daemon->gate_is_on)
        return 0;
    if (gate_init(daemon->plan.receive_bytes, daemon->plan.clients_served, err) < 0 ||
        gate_self_test(err) < 0)
        return -1;
    gate_watch_connects(daemon->plan.max_message);
    return 0;
}

static bool conf_encrypts(const struct conf *conf)
{
    for (unsigned i = 0; i < conf->ingest_count; i++) {
        if (conf->ingest[i].curve.encryption != CONF_ENCRYPTION_NONE)
            return true;
    }
    for (unsigned i = 0; i < conf->sink_count; i++) {
        if (conf->sinks[i].curve.encryption != CONF_ENCRYPTION_NONE)
            return true;
    }
    return false;
}

int daemon_test_encryption(struct daemon *daemon, const struct conf *conf, struct err *err)
{
    if (daemon->encryption_is_tested || !conf_encrypts(conf))
        return 0;
    daemon->encryption_is_tested = curve_self_test(err) == 0;
    return daemon->encryption_is_tested ? 0 : -1;
}

/* The same. What does not encrypt does not come here; sinks have desks of their own. */
static int open_zap(struct daemon *daemon, struct err *err)
{
    if (!conf_encrypts(daemon->conf))
        return 0;
    daemon->zap = zap_open(daemon->zmq, &daemon->watch, err);
    return daemon->zap ? 0 : -1;
}

static enum exit_status open_endpoints(struct daemon *daemon)
{
    const struct conf *conf = daemon->conf;
    struct endpoint_shared shared = {
        .zmq = daemon->zmq,
        .watch = &daemon->watch,
        .aggregate = daemon->aggregate,
        .messages = daemon->messages,
        .entries = daemon->entries,
        .decoder = daemon->decoder,
        .peers = daemon->peers,
        .recent = daemon->recent,
        .census = &daemon->census,
        .zap = daemon->zap,
        .inherited = daemon->inherited,
        .gate_is_on = daemon->gate_is_on,
        .receive_bytes = daemon->plan.receive_bytes,
    };
    const void *setting;
    struct err err;

    daemon->endpoints = calloc(conf->ingest_count, sizeof(struct endpoint *));
    must(daemon->endpoints);
    for (unsigned i = 0; i < conf->ingest_count; i++) {
        daemon->endpoints[i] = endpoint_open(&conf->ingest[i], &shared, &setting, &err);
        if (!daemon->endpoints[i]) {
            conf_problem(conf, daemon->problems, setting, "%s", err.text);
            return EXIT_SYSTEM;
        }
        daemon->endpoint_count++;
    }
    return EXIT_FINE;
}

enum exit_status daemon_open(struct daemon *daemon, struct err *err)
{
    enum exit_status status;

    plan_init(&daemon->plan, daemon->conf, daemon->problems);
    if (conf_problems_count(daemon->problems) > 0)
        return EXIT_CONFIGURATION;
    if (open_pools(daemon, err) < 0)
        return EXIT_CONFIGURATION;
    daemon->inherited = activation_take();
    daemon->plan.own_descriptors += inherited_count(daemon->inherited); /* of those to spare */
    judge_listening(daemon->conf, daemon->inherited, daemon->problems);
    if (conf_problems_count(daemon->problems) > 0)
        return EXIT_SYSTEM;
    status = daemon_open_state(daemon);
    if (status != EXIT_FINE)
        return status;
    if (open_files_prepare(&daemon->plan, err) < 0)
        return EXIT_SYSTEM;
    size_thread_pool(daemon->conf);
    if (uv_loop_init(&daemon->loop) != 0) {
        err_set(err, "cannot make an event loop: %s", strerror(errno));
        return EXIT_SYSTEM;
    }
    daemon->loop_open = true;
    start_thread_pool(daemon);
    daemon_open_handles(daemon);
    if (daemon_open_rest(daemon, &daemon->plan, err) < 0)
        return EXIT_SYSTEM;
    if (open_gate(daemon, err) < 0) /* before the first context, be it a sink's */
        return EXIT_SYSTEM;
    if (daemon_test_encryption(daemon, daemon->conf, err) < 0)
        return EXIT_SYSTEM;
    status = open_sinks(daemon);
    if (status != EXIT_FINE)
        return status;
    if (daemon_open_metrics(daemon, err) < 0 || open_zmq(daemon, err) < 0 ||
        open_zap(daemon, err) < 0)
        return EXIT_SYSTEM;
    if (daemon_open_tail(daemon, err) < 0)
        return EXIT_SYSTEM;
    census_init(&daemon->census, daemon->plan.descriptors);
    status = daemon_open_control(daemon);
    if (status == EXIT_FINE)
        status = open_endpoints(daemon);
    if (status == EXIT_FINE)
        activation_close_rest(daemon->inherited);
    return status;
}

/* A disk that hangs is not waited for: all it holds up is our end. */
static void leave_caretaker(struct daemon *daemon)
{
    if (!caretaker_free(&daemon->caretaker, CARETAKER_PATIENCE_MS))
        log_line(LOG_LEVEL_WARNING, "a disk does not return from what is done to rotated files; "
                                    "leaving without it");
}

void daemon_free(struct daemon *daemon)
{
    leave_caretaker(daemon);
    state_file_close(&daemon->state_file);
    control_free(&daemon->control);
    metrics_free(&daemon->metrics);
    for (unsigned i = 0; i < daemon->endpoint_count; i++)
        endpoint_free(&daemon->endpoints[i]);
    free(daemon->endpoints);
    daemon_free_tail(daemon);
    zap_free(&daemon->zap);
    if (daemon->zmq)
        zmq_ctx_term(daemon->zmq);
    gate_end();
    inherited_free(&daemon->inherited);
    for (unsigned i = 0; i < daemon->channel_count; i++)
        channel_free(&daemon->channels[i]);
    free(daemon->channels);
    for (unsigned i = 0; i < daemon->leaving_count; i++)
        channel_free(&daemon->leaving[i]);
    free(daemon->leaving);
    expression_room_free(&daemon->match_room);
    aggregate_free(&daemon->aggregate);
    if (daemon->loop_open)
        must(uv_loop_close(&daemon->loop) == 0);
    decoder_free(&daemon->decoder);
    peers_free(&daemon->peers);
    census_fini(&daemon->census);
    entry_pool_free(&daemon->entries);
    message_pool_free(&daemon->messages);
    daemon_close_shares(daemon);
    if (daemon->budget_open)
        budget_fini(&daemon->budget);
    daemon_fini_sources(daemon);
    plan_fini(&daemon->plan);
    conf_free(&daemon->conf);
}
