#include "sink/dial.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/must.h"

void dial_init(struct dial *dial)
{
    dial->fd = -1;
    must(uv_timer_init(dial->loop, &dial->timer) == 0);
    dial->timer_is_open = true;
}

bool dial_is_under_way(const struct dial *dial)
{
    return dial->is_dialling;
}

/* ---- the end of it ------------------------------------------------------------------------ */

static void drop_attempt(struct dial *dial)
{
    uv_timer_stop(&dial->timer);
    fd_watch_close(&dial->watch);
    if (dial->fd >= 0)
        close(dial->fd);
    dial->fd = -1;
}

static void forget_found(struct dial *dial)
{
    if (dial->found)
        uv_freeaddrinfo(dial->found);
    dial->found = NULL;
    dial->trying = NULL;
}

static void finish(struct dial *dial, int fd, int error, const char *sentence)
{
    forget_found(dial);
    dial->is_dialling = false;
    dial->on_done(dial->context, fd, error, sentence);
}

static void finish_well(struct dial *dial)
{
    int fd = dial->fd;

    dial->fd = -1;
    drop_attempt(dial);
    finish(dial, fd, 0, NULL);
}

static void fail(struct dial *dial)
{
    const struct net_address *address = dial->address;
    bool is_v6 = strchr(address->host, ':') != NULL;
    char sentence[512];

    if (address->is_path)
        snprintf(sentence, sizeof sentence, "cannot connect to '%s%s': %s",
                 address->path.sun_path[0] ? "" : "@",
                 address->path.sun_path + (address->path.sun_path[0] ? 0 : 1),
                 strerror(dial->error));
    else
        snprintf(sentence, sizeof sentence, "cannot connect to '%s%s%s:%s': %s", is_v6 ? "[" : "",
                 address->host, is_v6 ? "]" : "", address->port, strerror(dial->error));
    finish(dial, -1, dial->error, sentence);
}

bool dial_met_itself(int fd)
{
    struct sockaddr_storage own = {0}, peer = {0};
    socklen_t own_len = sizeof own, peer_len = sizeof peer;

    return getsockname(fd, (struct sockaddr *)&own, &own_len) == 0 &&
           getpeername(fd, (struct sockaddr *)&peer, &peer_len) == 0 && own_len == peer_len &&
           own.ss_family != AF_UNIX && memcmp(&own, &peer, own_len) == 0;
}

/* ---- one attempt --------------------------------------------------------------------------- */

static void try_next(struct dial *dial);

static void end_attempt(struct dial *dial, int error)
{
    if (error == 0 && dial_met_itself(dial->fd))
        error = ECONNREFUSED;
    if (error == 0) {
        finish_well(dial);
        return;
    }
    dial->error = error;
    drop_attempt(dial);
    try_next(dial);
}

static void on_connected(void *context, int events)
{
    struct dial *dial = context;
    int error = 0;
    socklen_t len = sizeof error;

    (void)events;
    if (getsockopt(dial->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        error = errno;
    end_attempt(dial, error);
}

static void on_time_is_up(uv_timer_t *timer)
{
    end_attempt(container_of(timer, struct dial, timer), ETIMEDOUT);
}

static void wait_for_connection(struct dial *dial)
{
    int error = fd_watch_open(&dial->watch, dial->loop, dial->fd, on_connected, dial);

    if (error) {
        end_attempt(dial, error);
        return;
    }
    fd_watch_for(dial->watch, UV_WRITABLE);
    uv_timer_start(&dial->timer, on_time_is_up, dial->timeout_ms, 0);
}

static void attempt(struct dial *dial, const struct sockaddr *address, socklen_t len)
{
    dial->fd = socket(address->sa_family, dial->socket_type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (dial->fd < 0) {
        end_attempt(dial, errno);
        return;
    }
    dial->prepare(dial->fd, dial->prepare_context);
    if (connect(dial->fd, address, len) == 0)
        end_attempt(dial, 0);
    else if (errno == EINPROGRESS)
        wait_for_connection(dial);
    else
        end_attempt(dial, errno);
}

static void try_next(struct dial *dial)
{
    const struct addrinfo *next = dial->trying;

    if (!next) {
        fail(dial);
        return;
    }
    dial->trying = next->ai_next;
    attempt(dial, next->ai_addr, next->ai_addrlen);
}

/* ---- looking up ---------------------------------------------------------------------------- */

static void become_closed(struct dial *dial)
{
    if (!dial->timer_is_open && !dial->is_looking_up)
        dial->on_closed(dial->context);
}

static void cannot_look_up(struct dial *dial, int status)
{
    char sentence[512];

    snprintf(sentence, sizeof sentence, "cannot look up '%s': %s", dial->address->host,
             uv_strerror(status));
    finish(dial, -1, EHOSTUNREACH, sentence);
}

static void on_looked_up(uv_getaddrinfo_t *lookup, int status, struct addrinfo *found)
{
    struct dial *dial = container_of(lookup, struct dial, lookup);

    dial->is_looking_up = false;
    dial->found = found;
    if (dial->is_closing) {
        forget_found(dial);
        become_closed(dial);
        return;
    }
    if (status < 0) {
        cannot_look_up(dial, status);
        return;
    }
    dial->trying = found;
    dial->error = EHOSTUNREACH;
    try_next(dial);
}

void dial_start(struct dial *dial)
{
    const struct net_address *address = dial->address;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = dial->socket_type};
    int status;

    must(!dial->is_dialling && !dial->is_closing);
    dial->is_dialling = true;
    if (address->is_path) {
        attempt(dial, (const struct sockaddr *)&address->path, address->path_len);
        return;
    }
    status = uv_getaddrinfo(dial->loop, &dial->lookup, on_looked_up, address->host, address->port,
                            &hints);
    if (status < 0)
        cannot_look_up(dial, status);
    else
        dial->is_looking_up = true;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct dial *dial = container_of((uv_timer_t *)handle, struct dial, timer);

    dial->timer_is_open = false;
    become_closed(dial);
}

void dial_close(struct dial *dial, void (*on_closed)(void *context))
{
    dial->is_closing = true;
    dial->is_dialling = false;
    dial->on_closed = on_closed;
    drop_attempt(dial);
    if (dial->is_looking_up)
        uv_cancel((uv_req_t *)&dial->lookup); /* unless it has begun; it calls back in any case */
    else
        forget_found(dial);
    uv_close((uv_handle_t *)&dial->timer, on_timer_closed);
}
