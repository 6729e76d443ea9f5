#include "daemon/daemon.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/log.h"
#include "conf/must.h"
#include "conf/nanoseconds.h"
#include "daemon/daemon_parts.h"
#include "zeromq/gate.h"

/* ---- each turn ------------------------------------------------------------------------- */

static void on_turn_begin(struct zmq_watch *watch)
{
    struct daemon *daemon = container_of(watch, struct daemon, watch);

    if (daemon->state > DAEMON_DRAINING)
        return;
    for (unsigned i = 0; i < daemon->endpoint_count; i++)
        endpoint_retry(daemon->endpoints[i]);
}

static void on_turn_end(struct zmq_watch *watch)
{
    struct daemon *daemon = container_of(watch, struct daemon, watch);

    if (daemon->state == DAEMON_CLOSING)
        return;
    for (unsigned i = 0; i < daemon->channel_count; i++)
        sink_flush(daemon->channels[i]->sink);
    for (unsigned i = 0; i < daemon->leaving_count; i++)
        sink_flush(daemon->leaving[i]->sink);
    daemon_watch_drops(daemon);
    daemon_watch_matches(daemon);
    daemon_watch_newcomers(daemon);
    daemon_watch_losses(daemon);
    gate_turn();
    if (daemon->state <= DAEMON_DRAINING)
        daemon_watch_stall(daemon);
    daemon_watch_memory(daemon);
    if (daemon->tail)
        tail_turn(daemon->tail);
    daemon_watch_status(daemon);
    daemon_watch_voice(daemon);
}

/* ---- signals --------------------------------------------------------------------------- */

void daemon_reopen_sinks(struct daemon *daemon)
{
    if (daemon->state != DAEMON_RUNNING)
        return;
    for (unsigned i = 0; i < daemon->channel_count; i++)
        sink_reopen(daemon->channels[i]->sink);
}

static void interrupt(struct daemon *daemon)
{
    if (++daemon->interrupts > 1) {
        log_line(LOG_LEVEL_WARNING,
                 "interrupted twice: leaving at once; what clients have sent and "
                 "we have not received is lost, uncounted");
        daemon->cut_short = true;
        uv_stop(&daemon->loop);
        return;
    }
    daemon_stop(daemon);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct daemon *daemon = handle->data;

    switch (number) {
    case SIGINT:
        interrupt(daemon);
        break;
    case SIGTERM:
        daemon_stop(daemon);
        break;
    case SIGHUP:
        daemon_reload(daemon, NULL);
        daemon_reopen_sinks(daemon); /* whatever became of the configuration */
        break;
    case SIGUSR1:
        daemon_reopen_sinks(daemon);
        break;
    case SIGUSR2:
        daemon_report_ledger(daemon);
        break;
    default:
        break;
    }
}

static const int signal_numbers[DAEMON_SIGNALS] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};

/* Also those that came while we started, or that whoever started us had blocked. */
static void watch_signals(struct daemon *daemon)
{
    sigset_t watched;

    sigemptyset(&watched);
    for (unsigned i = 0; i < DAEMON_SIGNALS; i++) {
        must(uv_signal_init(&daemon->loop, &daemon->signals[i]) == 0);
        daemon->signals[i].data = daemon;
        must(uv_signal_start(&daemon->signals[i], on_signal, signal_numbers[i]) == 0);
        daemon->signal_count++;
        sigaddset(&watched, signal_numbers[i]);
    }
    must(pthread_sigmask(SIG_UNBLOCK, &watched, NULL) == 0);
}

/* ---- from start to end ------------------------------------------------------------------- */

void daemon_open_handles(struct daemon *daemon)
{
    watch_signals(daemon);
    must(uv_timer_init(&daemon->loop, &daemon->stop_timer) == 0);
    must(uv_timer_init(&daemon->loop, &daemon->stall_timer) == 0);
    must(uv_timer_init(&daemon->loop, &daemon->giveback.timer) == 0);
    must(uv_timer_init(&daemon->loop, &daemon->block_timer) == 0);
    must(uv_timer_init(&daemon->loop, &daemon->drops_timer) == 0);
    must(uv_timer_init(&daemon->loop, &daemon->leave_timer) == 0);
    daemon_open_gatekeeper(daemon);
    daemon_open_service(daemon);
    must(uv_timer_init(&daemon->loop, &daemon->voice_timer) == 0);
    daemon->timers_open = true;
    zmq_watch_init(&daemon->watch, &daemon->loop, on_turn_begin, on_turn_end);
    daemon->watch_open = true;
}

/* What no sink could write is dropped, told and counted. */
static void drop_rest_of(struct channel *channel)
{
    const struct sink_ledger *ledger = channel->outbox ? outbox_ledger(channel->outbox) : NULL;

    if (!ledger)
        return;
    if (!outbox_is_writing(channel->outbox))
        outbox_drop_all(channel->outbox, DROP_SHUTDOWN);
    if (ledger->dropped[DROP_SHUTDOWN] > 0)
        log_line(LOG_LEVEL_ERROR, "sink %s: dropped %" PRIu64 " entries (%s)", channel->conf->name,
                 ledger->dropped[DROP_SHUTDOWN], drop_reason_name(DROP_SHUTDOWN));
}

static void drop_rest(struct daemon *daemon)
{
    for (unsigned i = 0; i < daemon->channel_count; i++)
        drop_rest_of(daemon->channels[i]);
    for (unsigned i = 0; i < daemon->leaving_count; i++)
        drop_rest_of(daemon->leaving[i]);
}

static enum exit_status run(struct daemon *daemon)
{
    daemon->ready_ms = uv_now(&daemon->loop);
    daemon_begin_state(daemon);
    daemon_memory_at_rest(daemon);
    daemon_report_ready(daemon);
    daemon_begin_service(daemon);
    uv_run(&daemon->loop, UV_RUN_DEFAULT);
    for (unsigned i = 0; i < daemon->endpoint_count; i++)
        endpoint_stop(daemon->endpoints[i]);
    zap_stop(daemon->zap);
    uv_run(&daemon->loop, UV_RUN_NOWAIT); /* socket files go with their endpoints */
    daemon_end_drops(daemon);
    drop_rest(daemon);
    daemon_report_ledger(daemon);
    daemon_end_state(daemon);
    return daemon_has_losses(daemon) ? EXIT_LOSSES : EXIT_FINE;
}

/* What was opened before something failed is closed again. */
static void give_up(struct daemon *daemon, const struct err *err)
{
    if (err->text[0])
        log_line(LOG_LEVEL_ERROR, "%s", err->text);
    if (!daemon->loop_open)
        return;
    daemon_close(daemon);
    uv_run(&daemon->loop, UV_RUN_DEFAULT);
}

/* From here on signals that come late change nothing: no thread takes any. Closing the
 * handles alone would give the signals their deadly default back. */
static void close_signals(struct daemon *daemon)
{
    sigset_t all;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    for (unsigned i = 0; i < daemon->signal_count; i++) {
        uv_close((uv_handle_t *)&daemon->signals[i], NULL);
        signal(signal_numbers[i], SIG_IGN);
    }
    if (daemon->loop_open)
        uv_run(&daemon->loop, UV_RUN_NOWAIT);
}

enum exit_status daemon_run(struct conf *conf, const char *path, struct conf_problems *problems)
{
    struct daemon *daemon = calloc(1, sizeof *daemon);
    struct err err = {.text = ""};
    enum exit_status status;

    must(daemon);
    daemon->conf = conf_ref(conf);
    daemon->conf_path = path;
    daemon->problems = problems;
    snprintf(daemon->config_status.path, sizeof daemon->config_status.path, "%s", path);
    daemon->config_status.loaded_ns = clock_nanoseconds(CLOCK_REALTIME);
    status = daemon_open(daemon, &err);
    if (status == EXIT_FINE)
        status = run(daemon);
    else
        give_up(daemon, &err);
    close_signals(daemon);
    if (daemon->loop_open && uv_loop_alive(&daemon->loop))
        return status; /* a write hangs in another thread, which still uses all this */
    daemon_free(daemon);
    free(daemon);
    return status;
}
