/* gate_rig.h - the gate with peers whose every byte a test decides, and a clock that it turns.
 *
 * The test stands where libzmq does: it accepts, reads, closes and watches with an epoll set
 * of its own, always through the hooks. Its peers are the other ends, plain sockets that the
 * gate does not know. Budget and table are those of the whole program, so that a test ends
 * with rig_close, which wants everything given back. */
#ifndef TESTS_ZEROMQ_GATE_RIG_H
#define TESTS_ZEROMQ_GATE_RIG_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/zeromq/zmtp_stream.h"
#include "zeromq/gate_parts.h"

/* SMALL frames are charged 64 bytes, so that the budget holds UNITS of them. */
enum { UNITS = 1024, UNIT = 64, BUDGET_BYTES = UNITS * UNIT };
enum { MAX_MESSAGE = 16 * 1024, MAX_CLIENTS = 8, SMALL = 1, ONE_READ = 8192 };

static struct err err;
static struct gate_group *group;
static int listener, epoll_fd;
static struct sockaddr_un listener_name;
static socklen_t listener_name_len;
static atomic_int_fast64_t rig_ms; /* what the gate's clock shows */
static atomic_uint wakes;          /* how often the gate has asked for ticks */

struct peer {
    int far;  /* the client's end */
    int here; /* ours, which the gate watches */
};

/* ---- opening and closing ---------------------------------------------------------------- */

static inline int64_t rig_now_ms(void)
{
    return rig_ms;
}

static inline void on_wake(void *context)
{
    (void)context;
    wakes++;
}

/* A listening abstract socket with a name of the kernel's choice. */
static inline int open_listener(struct sockaddr_un *name, socklen_t *name_len)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    *name = (struct sockaddr_un){.sun_family = AF_UNIX};
    *name_len = sizeof *name;
    assert_int_equal(bind(fd, (struct sockaddr *)name, sizeof name->sun_family), 0);
    assert_int_equal(listen(fd, 64), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)name, name_len), 0);
    return fd;
}

static inline void watch(int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};

    assert_int_equal(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event), 0);
}

static inline void unwatch(int fd)
{
    assert_int_equal(epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, NULL), 0);
}

static int rig_init(void **state)
{
    (void)state;
    gate_now_ms = rig_now_ms;
    return gate_init(BUDGET_BYTES, 1000, &err);
}

static inline int rig_open(void **state)
{
    (void)state;
    rig_ms += 1000 * 1000;
    wakes = 0;
    gate.connections_max = 1000;
    group = gate_group_new("apps", MAX_MESSAGE, MAX_CLIENTS);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    listener = open_listener(&listener_name, &listener_name_len);
    assert_true(gate_watch_listener(group, listener));
    watch(listener, EPOLLIN);
    gate_tick();
    gate_on_attention(on_wake, NULL);
    return 0;
}

/* libzmq takes a descriptor out of its set before it closes it. */
static inline void close_here(struct peer *peer)
{
    unwatch(peer->here);
    close(peer->here);
    peer->here = -1;
}

static inline void close_peer(struct peer *peer)
{
    if (peer->here >= 0)
        close_here(peer);
    if (peer->far >= 0)
        close(peer->far);
    peer->far = -1;
}

/* What a test that failed has left open. */
static inline void close_what_is_left(void)
{
    for (unsigned fd = 0; fd < gate.high; fd++) {
        if (gate_state_of(gate_slot_of((int)fd)) != GATE_FREE &&
            gate_state_of(gate_slot_of((int)fd)) != GATE_CLOSED)
            close((int)fd);
    }
}

static inline int rig_close(void **state)
{
    struct gate_cut cut;

    (void)state;
    gate_on_attention(NULL, NULL);
    close(epoll_fd);
    close_what_is_left();
    gate_end();
    gate_group_free(&group);
    while (gate_next_cut(&cut))
        ;
    assert_int_equal(gate_charge(), 0);
    assert_int_equal(gate_stats().slots_in_use, 0);
    assert_int_equal(gate_stats().held_peers, 0);
    assert_int_equal(gate_stats().doors_closed, 0);
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, rig_open, rig_close)

/* ---- peers --------------------------------------------------------------------------------- */

static inline int knock(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(connect(fd, (struct sockaddr *)&listener_name, listener_name_len), 0);
    return fd;
}

static inline int take_newcomer(void)
{
    return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

static inline struct peer connect_peer(void)
{
    struct peer peer = {.far = knock()};

    peer.here = take_newcomer();
    assert_true(peer.here >= 0);
    watch(peer.here, EPOLLIN);
    return peer;
}

static inline void send_stream(const struct peer *peer, const struct stream *stream)
{
    assert_int_equal(send(peer->far, stream->bytes, stream->len, MSG_DONTWAIT | MSG_NOSIGNAL),
                     stream->len);
}

/* As libzmq does at each event: one read of at most this. */
static inline ssize_t read_once(const struct peer *peer)
{
    static _Thread_local char bytes[ONE_READ];

    return recv(peer->here, bytes, sizeof bytes, 0);
}

/* Until there is nothing, or the gate says so. */
static inline size_t read_all(const struct peer *peer)
{
    size_t sum = 0;
    ssize_t got;

    while ((got = read_once(peer)) > 0)
        sum += (size_t)got;
    return sum;
}

static inline void send_and_read(const struct peer *peer, const struct stream *stream)
{
    send_stream(peer, stream);
    assert_int_equal(read_all(peer), stream->len);
}

static inline struct peer connect_and_greet(void)
{
    struct peer peer = connect_peer();
    struct stream stream = stream_after_handshake();

    send_and_read(&peer, &stream);
    return peer;
}

static inline void *watch_as_libzmq_does(void *argument)
{
    prctl(PR_SET_NAME, "7/ZMQbg/IO/0", 0, 0, 0);
    watch(((struct peer *)argument)->here, EPOLLIN);
    return NULL;
}

/* A connection that libzmq has opened, to a peer that has not said anything. */
static inline struct peer connect_out(void)
{
    struct peer peer;
    pthread_t thread;
    int pair[2];

    gate_watch_connects(MAX_MESSAGE);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    peer = (struct peer){.far = pair[0], .here = pair[1]};
    pthread_create(&thread, NULL, watch_as_libzmq_does, &peer);
    pthread_join(thread, NULL);
    assert_true(gate_slot_of(peer.here)->outgoing);
    return peer;
}

/* So many frames of SMALL bytes, each a message. */
static inline struct stream small_messages(unsigned count)
{
    struct stream stream = {.len = 0};

    for (unsigned i = 0; i < count; i++)
        stream_frame(&stream, 0, SMALL);
    return stream;
}

static inline struct stream one_frame(unsigned flags, size_t len)
{
    struct stream stream = {.len = 0};

    stream_frame(&stream, flags, len);
    return stream;
}

/* A frame of which the last bytes have not come. */
static inline struct stream begun_frame(size_t len, size_t missing)
{
    struct stream stream = one_frame(0, len);

    stream.len -= missing;
    return stream;
}

static inline void give_back(const struct peer *peer, unsigned count, size_t frame_bytes)
{
    for (unsigned i = 0; i < count; i++)
        gate_give_back(peer->here, frame_bytes);
}

static inline void pass_ms(int64_t ms)
{
    rig_ms += ms;
    gate_tick();
    gate_tick(); /* it takes two to cut */
}

/* ---- looking -------------------------------------------------------------------------------- */

static inline bool is_refused(const struct peer *peer, int error)
{
    errno = 0;
    return read_once(peer) < 0 && errno == error;
}

static inline bool is_cut(const struct peer *peer)
{
    return is_refused(peer, ECONNRESET);
}

/* What the kernel has, whatever the gate told the test. */
static inline bool is_in_epoll(int fd)
{
    char path[64], line[256];
    FILE *info;
    int found, any = 0;

    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", epoll_fd);
    info = fopen(path, "re");
    assert_non_null(info);
    while (fgets(line, sizeof line, info))
        any |= sscanf(line, "tfd: %d", &found) == 1 && found == fd;
    fclose(info);
    return any;
}

static inline bool is_held(const struct peer *peer)
{
    return !is_in_epoll(peer->here);
}

static inline uint64_t cut_for(enum gate_cut_reason reason)
{
    return gate_stats().cut[reason];
}

#endif
