/* sink_zmq_peers.c - who refuses a zmq sink, and whom it refuses.
 *
 * Who connects hears of it by libzmq's monitor. Its events wait in a queue without a mark, since
 * libzmq's thread would stop at a full one; they come no faster than that thread connects. After
 * a refusal libzmq forgets the address for good, and the pipe with what was in it. So it is we
 * who connect again, more and more rarely, until somebody has let us in. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "conf/log.h"
#include "conf/must.h"
#include "sink/sink_zmq.h"
#include "zeromq/admission.h"
#include "zeromq/curve.h"
#include "zeromq/gate.h"

enum { AGAIN_FIRST_MS = 250, AGAIN_MOST_MS = 5000 };
enum { TELL_REFUSED_EVERY_MS = 1000 };

/* A server that stops in the middle of a handshake may break off one; its key breaks all. */
enum { BREAKS_TO_TELL = 2 };

static const char monitor_address[] = "inproc://sink-monitor";

/* ---- opening ----------------------------------------------------------------------------------
 */

static bool is_server(const struct sink *sink)
{
    return sink->conf->bind.count > 0;
}

static bool encrypts(const struct sink *sink)
{
    return sink->conf->curve.encryption == CONF_ENCRYPTION_CURVE;
}

/* Its receivers are those on the list, which the sink's own desk takes over. */
static int serve(struct sink *sink, struct admission *admission, struct err *err)
{
    struct sink_zmq *zmq = sink->zmq;
    char domain[ZAP_DOMAIN_MAX + 1];

    gate_group_encrypt(zmq->gate);
    zmq->zap = zap_open(zmq->context, NULL, err);
    if (!zmq->zap)
        return -1;
    snprintf(domain, sizeof domain, "sink/%s", sink->conf->name);
    must(!zap_admit(zmq->zap, domain, admission->allow));
    admission->allow = NULL;
    return curve_serve_as(zmq->socket, &admission->keys[0], domain, err);
}

int sink_zmq_encrypt(struct sink *sink, struct err *err)
{
    const struct conf_curve *curve = &sink->conf->curve;
    struct admission *admission;
    const void *setting;
    int result;

    if (!encrypts(sink))
        return 0;
    if (!is_server(sink))
        return curve_connect(sink->zmq->socket, curve, &setting, err);
    admission = admission_new(curve, &sink->conf->ipc, &setting, err);
    result = admission ? serve(sink, admission, err) : -1;
    admission_free(&admission);
    return result;
}

static void make_ways(struct sink *sink)
{
    const struct conf_strings *connect = &sink->conf->connect;
    struct sink_zmq *zmq = sink->zmq;

    zmq->ways = calloc(connect->count, sizeof *zmq->ways);
    must(zmq->ways);
    zmq->way_count = connect->count;
    for (unsigned i = 0; i < connect->count; i++)
        zmq->ways[i].address = connect->items[i];
}

int sink_zmq_open_monitor(struct sink *sink, struct err *err)
{
    const int events = handshake_events() | ZMQ_EVENT_DISCONNECTED, none = 0;
    struct sink_zmq *zmq = sink->zmq;

    if (sink->conf->connect.count == 0)
        return 0;
    make_ways(sink);
    if (zmq_socket_monitor(zmq->socket, monitor_address, events) < 0 ||
        !(zmq->monitor = zmq_socket(zmq->context, ZMQ_PAIR)) ||
        zmq_setsockopt(zmq->monitor, ZMQ_RCVHWM, &none, sizeof none) < 0 ||
        zmq_setsockopt(zmq->monitor, ZMQ_LINGER, &none, sizeof none) < 0 ||
        zmq_connect(zmq->monitor, monitor_address) < 0)
        return err_set(err, "cannot watch a ZeroMQ socket: %s", zmq_strerror(errno));
    return 0;
}

/* ---- whom we connect to -----------------------------------------------------------------------
 */

/* Whether the address may be what the name of a host stood for when libzmq last looked it up. */
static bool may_be(const struct sink_zmq_way *way, const char *address)
{
    const char *host = way->address + strlen("tcp://");
    const char *port = strrchr(way->address, ':'), *other_port = strrchr(address, ':');
    bool is_name = strncmp(way->address, "tcp://", strlen("tcp://")) == 0 && *host != '[' &&
                   strspn(host, "0123456789.") != (size_t)(port - host);

    return is_name && way->due_ms == 0 && other_port && strcmp(port, other_port) == 0;
}

/* libzmq says an address as it was given or, when it connects there once more, with the number
 * of the host. Of two names with one port the wrong one may be found, and be connected anew for
 * nothing; then the next refusal finds the other. */
static struct sink_zmq_way *find_way(struct sink_zmq *zmq, const char *address)
{
    for (unsigned i = 0; i < zmq->way_count; i++) {
        if (zmq->way_count == 1 || strcmp(zmq->ways[i].address, address) == 0)
            return &zmq->ways[i];
    }
    for (unsigned i = 0; i < zmq->way_count; i++) {
        if (may_be(&zmq->ways[i], address))
            return &zmq->ways[i];
    }
    return NULL;
}

static void tell_end(struct sink *sink, const struct sink_zmq_way *way)
{
    struct handshake_self self = {.address = way->address,
                                  .to_encrypt = "'encryption: curve' with 'key' and 'server_key'",
                                  .server_key = "'server_key'"};
    struct sink_zmq *zmq = sink->zmq;
    struct curve_key key;
    size_t key_bytes = sizeof key;

    if (encrypts(sink) &&
        zmq_getsockopt(zmq->socket, ZMQ_CURVE_PUBLICKEY, key.bytes, &key_bytes) == 0)
        self.key = &key;
    handshake_tell(way->end, &self, &zmq->refusal);
    log_line(LOG_LEVEL_WARNING, "sink %s: %s; trying again, at least every %d s", sink->conf->name,
             zmq->refusal.text, AGAIN_MOST_MS / 1000);
}

/* With one address, ZeroMQ had kept the pipe for the peer's return. */
static void count_stranded(struct sink *sink)
{
    struct sink_zmq *zmq = sink->zmq;

    if (zmq->stranded > 0)
        log_line(LOG_LEVEL_ERROR,
                 "sink %s: %" PRIu64 " messages that ZeroMQ had taken are lost: it throws them "
                 "away when it is refused",
                 sink->conf->name, zmq->stranded);
    zmq->lost += zmq->stranded;
    zmq->stranded = 0;
}

static void wait_to_redial(struct sink *sink, struct sink_zmq_way *way)
{
    way->wait_ms = way->wait_ms == 0 ? AGAIN_FIRST_MS : 2 * way->wait_ms;
    if (way->wait_ms > AGAIN_MOST_MS)
        way->wait_ms = AGAIN_MOST_MS;
    way->due_ms = uv_now(sink->loop) + way->wait_ms;
    sink_zmq_tick_after(sink, way->wait_ms);
}

static void on_failure(struct sink *sink, struct sink_zmq_way *way, enum handshake_end end)
{
    bool is_final = handshake_is_final(end);

    way->times = way->end == end ? way->times + 1 : 1;
    way->end = end;
    if (way->times == (is_final ? 1 : BREAKS_TO_TELL) && (is_final || encrypts(sink)))
        tell_end(sink, way);
    if (!is_final)
        return;
    count_stranded(sink);
    wait_to_redial(sink, way);
}

static void on_success(struct sink_zmq *zmq, struct sink_zmq_way *way)
{
    *way = (struct sink_zmq_way){.address = way->address};
    zmq->refusal.text[0] = '\0';
    zmq->stranded = 0;
}

/* With several addresses there is no pipe to which nobody is connected. */
static void on_disconnect(struct sink *sink)
{
    struct sink_zmq *zmq = sink->zmq;

    if (!sink_zmq_is_pub(sink) && zmq->way_count == 1 && zmq->ways->due_ms == 0)
        zmq->stranded = cargo_lent(&zmq->cargo);
}

static void on_event(struct sink *sink, uint16_t event, uint32_t value, const char *address)
{
    enum handshake_end end = handshake_end_of(event, value);
    struct sink_zmq_way *way = find_way(sink->zmq, address);

    if (event == ZMQ_EVENT_DISCONNECTED)
        on_disconnect(sink);
    else if (way && end == HANDSHAKE_DONE)
        on_success(sink->zmq, way);
    else if (way && end != HANDSHAKE_NONE)
        on_failure(sink, way, end);
}

/* Two frames: the event's number and value, packed; and the address. False: there is none. */
static bool hear(struct sink *sink)
{
    struct sink_zmq *zmq = sink->zmq;
    unsigned char frame[6];
    char address[256];
    uint16_t event;
    uint32_t value;
    int len;

    if (zmq_recv(zmq->monitor, frame, sizeof frame, ZMQ_DONTWAIT) != (int)sizeof frame)
        return false;
    len = zmq_recv(zmq->monitor, address, sizeof address - 1, ZMQ_DONTWAIT);
    address[len < 0 ? 0 : len < (int)sizeof address ? len : (int)sizeof address - 1] = '\0';
    memcpy(&event, frame, sizeof event);
    memcpy(&value, frame + sizeof event, sizeof value);
    on_event(sink, event, value, address);
    return true;
}

static void on_news(struct zmq_watched *watched)
{
    struct sink_zmq *zmq = container_of(watched, struct sink_zmq, news);

    while (hear(zmq->wake.data))
        ;
    watched->emptied = true;
}

/* ZeroMQ may still know the address, or not. */
static void redial(struct sink *sink, struct sink_zmq_way *way)
{
    way->due_ms = 0;
    zmq_disconnect(sink->zmq->socket, way->address);
    if (zmq_connect(sink->zmq->socket, way->address) < 0)
        wait_to_redial(sink, way);
}

void sink_zmq_redial(struct sink *sink)
{
    uint64_t now_ms = uv_now(sink->loop);

    for (unsigned i = 0; i < sink->zmq->way_count; i++) {
        struct sink_zmq_way *way = &sink->zmq->ways[i];

        if (way->due_ms == 0)
            continue;
        if (way->due_ms <= now_ms)
            redial(sink, way);
        else
            sink_zmq_tick_after(sink, way->due_ms - now_ms);
    }
}

/* ---- who connects to us -----------------------------------------------------------------------
 */

static void tell_refused(struct sink *sink, const struct zap_refusal *refusal, uint64_t refused)
{
    struct sink_zmq *zmq = sink->zmq;
    uint64_t others = refused - zmq->refused_told - 1;
    char key[CURVE_KEY_CHARS + 1], more[64] = "";

    if (others > 0)
        snprintf(more, sizeof more, "; %" PRIu64 " more were refused", others);
    log_line(LOG_LEVEL_WARNING,
             "sink %s: a receiver at %s was not let in: 'allow' does not have its key, %s%s",
             sink->conf->name, refusal->address, curve_key_show(&refusal->key, key), more);
    zmq->refused_told = refused;
    zmq->refused_told_ms = uv_now(sink->loop);
}

static void on_desk(struct zmq_watched *watched)
{
    struct sink_zmq *zmq = container_of(watched, struct sink_zmq, desk);
    struct sink *sink = zmq->wake.data;
    struct zap_refusal refusal;

    zap_serve(zmq->zap);
    if (zmq->refused_told_ms != 0 &&
        uv_now(sink->loop) - zmq->refused_told_ms < TELL_REFUSED_EVERY_MS)
        return;
    if (zap_next_refusal(zmq->zap, &refusal))
        tell_refused(sink, &refusal, zap_stats(zmq->zap).refused);
}

/* ---- both -------------------------------------------------------------------------------------
 */

/* Since one descriptor of ZeroMQ could be watched, others can. */
void sink_zmq_watch_peers(struct sink *sink, struct zmq_watch *watch)
{
    struct sink_zmq *zmq = sink->zmq;

    if (zmq->monitor)
        must(zmq_watch_add(watch, &zmq->news, zmq->monitor, on_news, NULL) == 0);
    if (zmq->zap)
        must(zmq_watch_add(watch, &zmq->desk, zap_socket(zmq->zap), on_desk, NULL) == 0);
}

static void on_news_removed(struct zmq_watched *watched)
{
    struct sink_zmq *zmq = container_of(watched, struct sink_zmq, news);

    zmq_close(zmq->monitor);
    zmq->monitor = NULL;
}

static void on_desk_removed(struct zmq_watched *watched)
{
    zap_free(&container_of(watched, struct sink_zmq, desk)->zap);
}

void sink_zmq_leave_peers(struct sink_zmq *zmq)
{
    if (zmq->monitor)
        zmq_watch_remove(&zmq->news, on_news_removed);
    if (zmq->zap)
        zmq_watch_remove(&zmq->desk, on_desk_removed);
}

/* What is watched still, closes itself. */
void sink_zmq_close_peers(struct sink_zmq *zmq)
{
    if (zmq->monitor && !zmq->news.watch) {
        zmq_close(zmq->monitor);
        zmq->monitor = NULL;
    }
    if (zmq->zap && !zmq->desk.watch)
        zap_free(&zmq->zap);
}
