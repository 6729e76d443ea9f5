/* metrics.c - libmicrohttpd on our loop.
 *
 * It has no thread. All its descriptors are in an epoll set of its own, which the loop watches as
 * one; when there is anything, or time is up, MHD_run does what can be done without waiting. It
 * is as good as its limits: connections and what each may send are set, the time that a request
 * may take in all is not among its options, so a timer of ours shuts down whoever is late. What
 * is sent is not copied: each connection has a page of its own until it is closed. */
#include "metrics/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf/must.h"
#include "conf/nanoseconds.h"
#include "metrics/listen.h"
#include "metrics/microhttpd.h"
#include "metrics/status_page.h"
#include "sink/fd_watch.h"

#define KIB ((size_t)1024)

/* Measured: the library and those that it needs are 3.0 MiB resident when they are loaded, and a
 * connection is 2 KiB beside its pool. */
#define LIBRARY_BYTES (4 * 1024 * KIB)
enum { POOL_BYTES = 8 * 1024, CONNECTION_BYTES = POOL_BYTES + 4 * 1024 };

/* While somebody is connected: how often we look whether time is up, and how soon the library
 * goes on if it could. */
enum { LOOK_MS = 250, GO_ON_MS = 1 };

struct place {
    bool in_use;
    int fd;
    uint64_t until_ms; /* loop time */
};

struct slip {
    bool in_use;
    char *text;
    size_t size;
};

struct metrics {
    struct listener listener;
    char url[ADDRESS_TEXT_MAX];
    struct MHD_Daemon *server;
    struct fd_watch *watch; /* of its epoll set */
    uv_loop_t *loop;
    uv_timer_t timer;
    bool timer_open;
    metrics_gather_cb *gather;
    void *context;
    int64_t started_ns; /* since 1970 */
    struct status status;
    unsigned in_use;
    unsigned long moves; /* connections that came or left so far */
    bool left;           /* a connection has, so another one may come in */
    struct place places[METRICS_CONNECTIONS];
    struct slip slips[METRICS_CONNECTIONS];
};

size_t metrics_bytes(unsigned endpoints, unsigned sinks)
{
    size_t each = CONNECTION_BYTES + status_page_bytes(endpoints, sinks);

    return LIBRARY_BYTES + status_bytes(endpoints, sinks) + METRICS_CONNECTIONS * each;
}

/* ---- pages ------------------------------------------------------------------------------- */

static void make_room(struct slip *slip, size_t size)
{
    if (slip->in_use || slip->size == size)
        return;
    free(slip->text);
    slip->text = malloc(size);
    must(slip->text);
    slip->size = size;
}

/* After a reload it is another size: also a smaller one, since the plan has no more for us. */
static void make_rooms(struct metrics *metrics, unsigned endpoints, unsigned sinks)
{
    for (unsigned i = 0; i < METRICS_CONNECTIONS; i++)
        make_room(&metrics->slips[i], status_page_bytes(endpoints, sinks));
}

/* NULL: all are being sent. */
static struct slip *take_slip(struct metrics *metrics)
{
    for (unsigned i = 0; i < METRICS_CONNECTIONS; i++) {
        if (!metrics->slips[i].in_use)
            return &metrics->slips[i];
    }
    return NULL;
}

static void on_slip_sent(void *context)
{
    struct slip *slip = context;

    slip->in_use = false;
}

/* ---- answers ----------------------------------------------------------------------------- */

/* One request a connection: then one that idles takes nobody's place. */
static enum MHD_Result answer(struct MHD_Connection *connection, unsigned code, const char *type,
                              struct MHD_Response *response)
{
    enum MHD_Result result;

    if (!response)
        return MHD_NO; /* no memory: the connection is closed */
    microhttpd.MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    microhttpd.MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    if (code == MHD_HTTP_METHOD_NOT_ALLOWED)
        microhttpd.MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    result = microhttpd.MHD_queue_response(connection, code, response);
    microhttpd.MHD_destroy_response(response);
    return result;
}

static enum MHD_Result say(struct MHD_Connection *connection, unsigned code, const char *text)
{
    return answer(connection, code, "text/plain; charset=utf-8",
                  microhttpd.MHD_create_response_from_buffer_with_free_callback_cls(
                      strlen(text), (void *)(uintptr_t)text, NULL, NULL));
}

static enum MHD_Result say_ready(struct metrics *metrics, struct MHD_Connection *connection)
{
    metrics->gather(metrics->context, &metrics->status);
    if (metrics->status.phase == STATUS_STOPPING)
        return say(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "stopping\n");
    return say(connection, MHD_HTTP_OK, "ready\n");
}

static enum MHD_Result show_metrics(struct metrics *metrics, struct MHD_Connection *connection)
{
    struct status *status = &metrics->status;
    struct slip *slip = take_slip(metrics);
    struct page page;

    if (!slip)
        return say(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "too many at once\n");
    metrics->gather(metrics->context, status);
    make_rooms(metrics, status->endpoint_count, status->sink_count);
    page_begin(&page, slip->text, slip->size);
    status_write_page(status, metrics->started_ns, &page);
    if (!page_end(&page))
        return say(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "the page has no room\n");
    slip->in_use = true;
    return answer(connection, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8",
                  microhttpd.MHD_create_response_from_buffer_with_free_callback_cls(
                      page.len, page.text, on_slip_sent, slip));
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *body, size_t *body_len, void **request)
{
    struct metrics *metrics = context;

    (void)version;
    (void)body;
    (void)body_len;
    (void)request;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return say(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET or HEAD\n");
    if (strcmp(path, "/metrics") == 0)
        return show_metrics(metrics, connection);
    if (strcmp(path, "/healthz") == 0)
        return say(connection, MHD_HTTP_OK, "ok\n");
    if (strcmp(path, "/readyz") == 0)
        return say_ready(metrics, connection);
    return say(connection, MHD_HTTP_NOT_FOUND, "there are /metrics, /healthz and /readyz\n");
}

/* ---- connections ------------------------------------------------------------------------- */

static void come_in(struct metrics *metrics, struct MHD_Connection *connection, void **place_out)
{
    for (unsigned i = 0; i < METRICS_CONNECTIONS; i++) {
        struct place *place = &metrics->places[i];

        if (place->in_use)
            continue;
        *place = (struct place){
            .in_use = true,
            .fd = microhttpd.MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
                      ->connect_fd,
            .until_ms = uv_now(metrics->loop) + METRICS_PATIENCE_MS,
        };
        metrics->in_use++;
        *place_out = place;
        return;
    }
}

static void on_connection(void *context, struct MHD_Connection *connection, void **place_address,
                          enum MHD_ConnectionNotificationCode what)
{
    struct metrics *metrics = context;
    struct place *place = *place_address;

    metrics->moves++;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        come_in(metrics, connection, place_address);
    } else if (place) {
        place->in_use = false;
        metrics->in_use--;
        metrics->left = true;
    }
}

/* The library sees that and closes them. */
static void shut_down_who_is_late(struct metrics *metrics)
{
    for (unsigned i = 0; i < METRICS_CONNECTIONS; i++) {
        struct place *place = &metrics->places[i];

        if (place->in_use && place->until_ms <= uv_now(metrics->loop))
            shutdown(place->fd, SHUT_RDWR);
    }
}

/* ---- the loop ---------------------------------------------------------------------------- */

static void on_time(uv_timer_t *timer);

/* Newcomers who were not let in for want of a place make no event of their own: so it goes on
 * once after somebody has left. */
static bool could_go_on(struct metrics *metrics)
{
    MHD_UNSIGNED_LONG_LONG wait_ms;
    bool left = metrics->left;

    metrics->left = false;
    return left ||
           (microhttpd.MHD_get_timeout(metrics->server, &wait_ms) == MHD_YES && wait_ms == 0);
}

static void serve(struct metrics *metrics)
{
    microhttpd.MHD_run(metrics->server);
    if (could_go_on(metrics))
        uv_timer_start(&metrics->timer, on_time, GO_ON_MS, 0);
    else if (metrics->in_use > 0)
        uv_timer_start(&metrics->timer, on_time, LOOK_MS, 0);
    else
        uv_timer_stop(&metrics->timer);
}

static void on_time(uv_timer_t *timer)
{
    struct metrics *metrics = container_of(timer, struct metrics, timer);

    fd_watch_for(metrics->watch, UV_READABLE);
    shut_down_who_is_late(metrics);
    serve(metrics);
}

/* If nobody is there and nobody could come in, such as for want of a descriptor, the bell would go
 * on ringing: it is not listened to for a while. */
static void on_doorbell(void *context, int events)
{
    struct metrics *metrics = context;
    unsigned long moves = metrics->moves;

    (void)events;
    serve(metrics);
    if (metrics->in_use > 0 || metrics->moves != moves)
        return;
    fd_watch_for(metrics->watch, 0);
    uv_timer_start(&metrics->timer, on_time, LOOK_MS, 0);
}

/* ---- life -------------------------------------------------------------------------------- */

/* It gets a descriptor of its own, which it closes. */
static int start_server(struct metrics *metrics, struct err *err)
{
    const union MHD_DaemonInfo *info;
    int error, fd = fcntl(metrics->listener.fd, F_DUPFD_CLOEXEC, 0);

    if (fd < 0)
        return err_set(err, "metrics: no descriptor: %s", strerror(errno));
    metrics->server = microhttpd.MHD_start_daemon(
        MHD_USE_EPOLL, 0, NULL, NULL, on_request, metrics, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)METRICS_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)METRICS_PATIENCE_MS / 1000, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)POOL_BYTES, MHD_OPTION_NOTIFY_CONNECTION, on_connection, metrics, MHD_OPTION_END);
    if (!metrics->server) {
        close(fd);
        return err_set(err, "metrics: libmicrohttpd does not start at %s", metrics->url);
    }
    info = microhttpd.MHD_get_daemon_info(metrics->server, MHD_DAEMON_INFO_EPOLL_FD);
    if (!info)
        return err_set(err, "metrics: this libmicrohttpd was built without epoll");
    error = fd_watch_open(&metrics->watch, metrics->loop, info->epoll_fd, on_doorbell, metrics);
    if (error)
        return err_set(err, "metrics: cannot watch: %s", strerror(error));
    fd_watch_for(metrics->watch, UV_READABLE);
    return 0;
}

static int start(struct metrics *metrics, const char *listen, struct err *err)
{
    if (microhttpd_load(err) < 0 || metrics_listen(listen, &metrics->listener, err) < 0)
        return -1;
    snprintf(metrics->url, sizeof metrics->url, "http%s",
             listener_address(&metrics->listener) + strlen("tcp"));
    if (start_server(metrics, err) < 0) {
        if (metrics->server)
            microhttpd.MHD_stop_daemon(metrics->server);
        listener_close(&metrics->listener);
        return -1;
    }
    must(uv_timer_init(metrics->loop, &metrics->timer) == 0);
    metrics->timer_open = true;
    return 0;
}

struct metrics *metrics_open(const char *listen, uv_loop_t *loop, unsigned endpoints,
                             unsigned sinks, metrics_gather_cb *gather, void *context,
                             struct err *err)
{
    struct metrics *metrics = calloc(1, sizeof *metrics);

    must(metrics);
    metrics->loop = loop;
    metrics->gather = gather;
    metrics->context = context;
    metrics->started_ns = clock_nanoseconds(CLOCK_REALTIME);
    make_rooms(metrics, endpoints, sinks);
    if (start(metrics, listen, err) < 0)
        metrics_free(&metrics);
    return metrics;
}

const char *metrics_url(const struct metrics *metrics)
{
    return metrics->url;
}

void metrics_close(struct metrics *metrics)
{
    if (!metrics || !metrics->timer_open)
        return;
    metrics->timer_open = false;
    fd_watch_close(&metrics->watch);
    microhttpd.MHD_stop_daemon(metrics->server);
    metrics->server = NULL;
    listener_close(&metrics->listener);
    uv_close((uv_handle_t *)&metrics->timer, NULL);
}

void metrics_free(struct metrics **metrics_address)
{
    struct metrics *metrics = *metrics_address;

    *metrics_address = NULL;
    if (!metrics)
        return;
    must(!metrics->timer_open);
    for (unsigned i = 0; i < METRICS_CONNECTIONS; i++)
        free(metrics->slips[i].text);
    status_fini(&metrics->status);
    free(metrics);
}
