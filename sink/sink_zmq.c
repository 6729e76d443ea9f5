#include "sink/sink_zmq.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "conf/log.h"
#include "conf/must.h"
#include "zeromq/gate.h"

/* What the last bytes of a message may take from ZeroMQ's hands into the kernel's. */
enum { LINGER_MS = 200 };

/* ---- looking --------------------------------------------------------------------------------- */

bool sink_zmq_is_drained(const struct sink *sink)
{
    return outbox_is_empty(sink->outbox) && cargo_lent(&sink->zmq->cargo) == 0;
}

uint64_t sink_zmq_unsent(const struct sink *sink)
{
    return sink_zmq_is_pub(sink) ? 0 : sink->zmq->unsent; /* whoever subscribes may miss some */
}

const char *sink_zmq_trouble(const struct sink *sink)
{
    if (*sink->zmq->refusal.text)
        return sink->zmq->refusal.text;
    if (sink->error || sink_zmq_is_lonely(sink))
        return "nobody is connected to it";
    return sink_zmq_is_pub(sink) ? "its subscribers do not read" : "its receivers do not read";
}

static const char *zmq_target(const struct conf_sink *conf)
{
    return conf->connect.count > 0 ? conf->connect.items[0] : conf->bind.items[0];
}

const struct sink_kind sink_kind_zmq = {.target = zmq_target, .is_zmq = true};

/* ---- opening and closing --------------------------------------------------------------------- */

static void close_socket(struct sink_zmq *zmq)
{
    sink_zmq_close_peers(zmq);
    if (zmq->socket)
        zmq_close(zmq->socket);
    zmq->socket = NULL;
    while (zmq->listener_count > 0)
        listener_close(&zmq->listeners[--zmq->listener_count]);
}

static void end_context(struct sink_zmq *zmq)
{
    while (zmq->context && zmq_ctx_term(zmq->context) < 0 && errno == EINTR)
        ;
    zmq->context = NULL;
}

void sink_zmq_fini(struct sink *sink)
{
    struct sink_zmq *zmq = sink->zmq;

    close_socket(zmq);
    end_context(zmq);
    cargo_fini(&zmq->cargo);
    gate_group_free(&zmq->gate);
    free(zmq->listeners);
    free(zmq->ways);
}

static int open_all(struct sink *sink, const struct sink_shared *shared, struct err *err)
{
    struct sink_zmq *zmq = sink->zmq;

    if (sink_zmq_open_socket(sink, err) < 0 || sink_zmq_encrypt(sink, err) < 0 ||
        sink_zmq_open_monitor(sink, err) < 0 || sink_zmq_open_addresses(sink, err) < 0 ||
        zmq_watch_add(shared->watch, &zmq->watched, zmq->socket, sink_zmq_on_turn, err) < 0)
        return -1;
    zmq->watched.waits_for = ZMQ_POLLOUT;
    zmq->watched.wanted = false;
    sink_zmq_watch_peers(sink, shared->watch);
    return 0;
}

static void open_handles(struct sink *sink)
{
    struct sink_zmq *zmq = sink->zmq;

    uv_timer_init(sink->loop, &sink->alarm);
    uv_timer_init(sink->loop, &zmq->ticker);
    must(uv_async_init(sink->loop, &zmq->wake, sink_zmq_on_wake) == 0);
    zmq->ticker.data = zmq->wake.data = sink;
    sink->handles_open = 3;
}

struct sink *sink_zmq_open(const struct conf_sink *conf, const struct sink_kind *kind,
                           const struct sink_shared *shared, struct outbox *outbox, struct err *err)
{
    struct sink *sink = calloc(1, sizeof *sink);
    struct sink_zmq *zmq = calloc(1, sizeof *zmq);

    must(sink && zmq);
    *sink = (struct sink){.conf = conf,
                          .kind = kind,
                          .outbox = outbox,
                          .loop = shared->loop,
                          .fd = -1,
                          .zmq = zmq,
                          .state = SINK_IDLE};
    zmq->gate_is_on = shared->gate_is_on;
    zmq->inherited = shared->inherited;
    zmq->gate = gate_outlet_new(conf->name, conf->max_clients.count);
    cargo_init(&zmq->cargo, shared->cargo, shared->cargo_hold_bytes, shared->cargo_holds,
               &zmq->wake);
    if (open_all(sink, shared, err) < 0) {
        sink_zmq_fini(sink);
        free(zmq);
        free(sink);
        return NULL;
    }
    open_handles(sink);
    return sink;
}

static void on_alarm_closed(uv_handle_t *handle)
{
    sink_handle_closed(container_of((uv_timer_t *)handle, struct sink, alarm));
}

static void on_handle_closed(uv_handle_t *handle)
{
    sink_handle_closed(handle->data);
}

/* In a pool thread: what ZeroMQ has still in its hands goes out meanwhile. */
static void on_end(uv_work_t *job)
{
    end_context(container_of(job, struct sink_zmq, job));
}

static void on_ended(uv_work_t *job, int status)
{
    struct sink_zmq *zmq = container_of(job, struct sink_zmq, job);
    struct sink *sink = zmq->wake.data;

    (void)status;
    sink->state = SINK_CLOSING;
    uv_close((uv_handle_t *)&sink->alarm, on_alarm_closed);
    uv_close((uv_handle_t *)&zmq->ticker, on_handle_closed);
    uv_close((uv_handle_t *)&zmq->wake, on_handle_closed);
}

static void on_removed(struct zmq_watched *watched)
{
    struct sink_zmq *zmq = container_of(watched, struct sink_zmq, watched);
    struct sink *sink = zmq->wake.data;

    close_socket(zmq);
    must(uv_queue_work(sink->loop, &zmq->job, on_end, on_ended) == 0);
}

/* What ZeroMQ had taken and not sent is gone with the socket; until here nobody lost it. */
void sink_zmq_close(struct sink *sink)
{
    struct sink_zmq *zmq = sink->zmq;
    uint64_t left = cargo_lent(&zmq->cargo);
    int linger_ms;

    linger_ms = left == 0 ? LINGER_MS : 0;
    if (left > 0)
        log_line(LOG_LEVEL_ERROR,
                 "sink %s: %" PRIu64 " messages that ZeroMQ had taken were not sent to '%s'",
                 sink->conf->name, left, sink_target(sink));
    zmq->unsent = zmq->lost + left;
    zmq_setsockopt(zmq->socket, ZMQ_LINGER, &linger_ms, sizeof linger_ms);
    sink_drop_rest(sink);
    uv_timer_stop(&sink->alarm);
    uv_timer_stop(&zmq->ticker);
    sink->state = SINK_SYNCING; /* the end of its context */
    sink_zmq_leave_peers(zmq);
    zmq_watch_remove(&zmq->watched, on_removed);
}
