/* zmq_watch.c - the one safe way to wait for ZeroMQ sockets in a foreign loop.
 *
 * Problem. A socket's ZMQ_FD does not say "there is a message". It is the bell of
 * the socket's mailbox for commands: it rings when the sleeping reader should
 * look again, and whatever looks, be it ZMQ_EVENTS, a receive or a send on the
 * same socket, stops the ringing. So
 *   A  a zmq_send between two sleeps eats the bell of a message that came in;
 *   B  a reader that stops before it has seen "nothing left" is believed to be
 *      awake, and no later message rings for it;
 *   C  a bell that nobody answers keeps ringing, and the loop spins.
 *
 * Trick. Never trust the bell to say anything but "wake up". Ask ZMQ_EVENTS of
 * every socket right before each sleep, unless its owner has just seen "nothing
 * left" and has not touched it since: then the bell is sure to ring.
 *
 *     ┌► timers, idle ──► before_sleep ──► sleep in epoll ──► after_poll ─┐
 *     │                   anything to      doorbell wakes,    serve what  │
 *     │                   read? then       its callback       is readable │
 *     │                   stay_awake: no   notes the ring     or rang     │
 *     └────────────────── sleep ◄─────────────────────────────────────────┘
 *
 * An active idle handle makes the very same iteration poll with timeout zero.
 *
 * Invariant. The loop sleeps only if no wanted socket had POLLIN after the last
 * call that could have answered its bell. Paused sockets are asked too, and the
 * answer ignored: that alone makes libzmq work off their commands. */
#include "zeromq/zmq_watch.h"

#include <errno.h>
#include <utlist.h>
#include <zmq.h>

#include "conf/must.h"

/* Also works off the socket's commands, and thus silences its bell. */
static bool is_ready(struct zmq_watched *watched)
{
    int events = 0;
    size_t events_bytes = sizeof events;

    while (zmq_getsockopt(watched->zmq_socket, ZMQ_EVENTS, &events, &events_bytes) < 0) {
        if (zmq_errno() == ETERM)
            return false; /* its context is going away; the owner will close it */
        must(zmq_errno() == EINTR);
    }
    return events & watched->waits_for;
}

static void on_awake(uv_idle_t *idle)
{
    (void)idle;
}

static void on_doorbell(uv_poll_t *poll, int status, int events)
{
    struct zmq_watched *watched = container_of(poll, struct zmq_watched, doorbell);

    (void)status, (void)events;
    watched->rang = true;
    watched->emptied = false;
}

/* One that is paused is asked all the same. */
static bool has_surely_more(const struct zmq_watched *watched)
{
    return watched->has_more && watched->wanted;
}

static void on_before_sleep(uv_prepare_t *prepare)
{
    struct zmq_watch *watch = container_of(prepare, struct zmq_watch, before_sleep);
    struct zmq_watched *watched;
    bool awake = false;

    DL_FOREACH (watch->sockets, watched) {
        watched->rang = false;
        watched->readable = has_surely_more(watched) || (!watched->emptied && is_ready(watched));
        awake |= watched->readable && watched->wanted;
    }
    if (awake)
        uv_idle_start(&watch->stay_awake, on_awake);
    else
        uv_idle_stop(&watch->stay_awake);
}

static void rotate(struct zmq_watch *watch)
{
    struct zmq_watched *first = watch->sockets;

    if (!first)
        return;
    DL_DELETE(watch->sockets, first);
    DL_APPEND(watch->sockets, first);
}

/* `next_served` stands in the watch, so that removing just that one moves it on. */
static bool serve_sockets(struct zmq_watch *watch)
{
    struct zmq_watched *watched;
    bool busy = false;

    for (watch->next_served = watch->sockets; (watched = watch->next_served);) {
        watch->next_served = watched->next;
        if (watched->wanted && (watched->readable || watched->rang || watched->has_more)) {
            busy = true;
            watched->on_turn(watched);
        }
    }
    return busy;
}

static void on_after_poll(uv_check_t *check)
{
    struct zmq_watch *watch = container_of(check, struct zmq_watch, after_poll);

    watch->turn_count++;
    if (watch->on_turn_begin)
        watch->on_turn_begin(watch);
    watch->busy_turn_count += serve_sockets(watch);
    rotate(watch);
    if (watch->on_turn_end)
        watch->on_turn_end(watch);
}

void zmq_watch_init(struct zmq_watch *watch, uv_loop_t *loop, zmq_watch_cb *on_turn_begin,
                    zmq_watch_cb *on_turn_end)
{
    *watch = (struct zmq_watch){.on_turn_begin = on_turn_begin, .on_turn_end = on_turn_end};
    uv_prepare_init(loop, &watch->before_sleep);
    uv_check_init(loop, &watch->after_poll);
    uv_idle_init(loop, &watch->stay_awake);
    watch->handles_open = 3;
    uv_prepare_start(&watch->before_sleep, on_before_sleep);
    uv_check_start(&watch->after_poll, on_after_poll);
}

int zmq_watch_add(struct zmq_watch *watch, struct zmq_watched *watched, void *zmq_socket,
                  zmq_watched_cb *on_turn, struct err *err)
{
    int bell_fd, error;
    size_t bell_bytes = sizeof bell_fd;

    if (zmq_getsockopt(zmq_socket, ZMQ_FD, &bell_fd, &bell_bytes) < 0)
        return err_set(err, "cannot watch a ZeroMQ socket: %s", zmq_strerror(zmq_errno()));
    *watched = (struct zmq_watched){.wanted = true,
                                    .waits_for = ZMQ_POLLIN,
                                    .watch = watch,
                                    .zmq_socket = zmq_socket,
                                    .on_turn = on_turn};
    error = uv_poll_init(watch->before_sleep.loop, &watched->doorbell, bell_fd);
    if (error)
        return err_set(err, "cannot watch a ZeroMQ socket: %s", uv_strerror(error));
    uv_poll_start(&watched->doorbell, UV_READABLE, on_doorbell);
    watch->handles_open++;
    DL_APPEND(watch->sockets, watched);
    return 0;
}

static void handle_gone(struct zmq_watch *watch)
{
    must(watch->handles_open > 0);
    if (--watch->handles_open == 0 && watch->on_closed)
        watch->on_closed(watch);
}

static void on_doorbell_closed(uv_handle_t *handle)
{
    struct zmq_watched *watched = container_of(handle, struct zmq_watched, doorbell);
    struct zmq_watch *watch = watched->watch;

    watched->watch = NULL;
    if (watched->on_removed)
        watched->on_removed(watched);
    handle_gone(watch);
}

void zmq_watch_remove(struct zmq_watched *watched, zmq_watched_cb *on_removed)
{
    struct zmq_watch *watch = watched->watch;

    must(!uv_is_closing((uv_handle_t *)&watched->doorbell));
    if (watch->next_served == watched)
        watch->next_served = watched->next;
    DL_DELETE(watch->sockets, watched);
    watched->on_removed = on_removed;
    uv_close((uv_handle_t *)&watched->doorbell, on_doorbell_closed);
}

static void on_handle_closed(uv_handle_t *handle)
{
    handle_gone(handle->data);
}

static void close_handle(struct zmq_watch *watch, uv_handle_t *handle)
{
    handle->data = watch;
    uv_close(handle, on_handle_closed);
}

void zmq_watch_close(struct zmq_watch *watch, zmq_watch_cb *on_closed)
{
    must(!watch->sockets);
    watch->on_closed = on_closed;
    close_handle(watch, (uv_handle_t *)&watch->before_sleep);
    close_handle(watch, (uv_handle_t *)&watch->after_poll);
    close_handle(watch, (uv_handle_t *)&watch->stay_awake);
}
