/* gate.c - libzmq's calls to the C library, seen on their way.
 *
 * Problem. No option of libzmq bounds how many connections it takes, nor how much
 * of an unfinished message it keeps. So somebody must stand between it and the kernel.
 *
 * Trick. The dynamic linker binds the undefined symbols of libzmq.so to the first
 * definition it finds, and it searches the executable before libc. So we define
 * four functions ourselves:
 *
 *     libzmq.so          this file                        kernel
 *     accept4()    ────► marks what it returns      ────► SYS_accept4
 *     recv()       ────► counts what it returns     ────► SYS_recvfrom
 *     epoll_ctl()  ────► counts who is polled       ────► SYS_epoll_ctl
 *     close()      ────► takes the mark away        ────► SYS_close
 *                              │        ┌───┬───┬──────────┬────────────┬───┬─
 *                slots, one a descriptor│ - │ - │ listener │ connection │ - │ …
 *                                       └───┴───┴──────────┴────────────┴───┴─
 *
 * Everybody else in the process comes here too; what is not marked passes
 * untouched. The libc functions are never looked up: dlsym(3) may allocate and,
 * under the sanitizers, finds yet other wrappers.
 *
 * Invariant. A slot says `connection` from the accept4 that returned its number
 * until just before the close that frees it: later, another thread may have it.
 * In between only libzmq uses the descriptor, and the kernel's lock on the table of
 * descriptors orders one owner before the next, so relaxed atomics are enough.
 *
 * All rests on the dynamic linker seeing the four symbols, which a build flag can
 * undo without a word. Hence HOOK, and gate_self_test. */

/* Its inline recv() would come before ours, and clang then ignores HOOK. */
#undef _FORTIFY_SOURCE

#include "ingest/gate.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>

#include "conf/must.h"

#define HOOK __attribute__((visibility("default"), used))

enum { SLOTS_MAX = 1 << 20 }; /* where RLIMIT_NOFILE is without bound */
enum role { ROLE_NONE, ROLE_LISTENER, ROLE_CONNECTION };

struct slot {
    _Atomic(unsigned char) role;
};

static struct {
    _Atomic(struct slot *) slots; /* NULL until gate_init: nobody is watched */
    unsigned slot_count;
    atomic_uint_fast64_t accepted, closed, received_bytes, heard_bytes, polls;
} gate;

int gate_init(struct err *err)
{
    struct rlimit files;
    struct slot *slots;

    must(!gate.slots);
    must(getrlimit(RLIMIT_NOFILE, &files) == 0);
    gate.slot_count = files.rlim_cur < SLOTS_MAX ? (unsigned)files.rlim_cur : SLOTS_MAX;
    slots = calloc(gate.slot_count, sizeof *slots);
    if (!slots)
        return err_set(err, "no memory for the gate's table of %u descriptors", gate.slot_count);
    atomic_store_explicit(&gate.slots, slots, memory_order_release);
    return 0;
}

static struct slot *slot_of(int fd)
{
    struct slot *slots = atomic_load_explicit(&gate.slots, memory_order_acquire);

    return slots && fd >= 0 && (unsigned)fd < gate.slot_count ? &slots[fd] : NULL;
}

static enum role role_of(int fd)
{
    struct slot *slot = slot_of(fd);
    return slot ? (enum role)atomic_load_explicit(&slot->role, memory_order_relaxed) : ROLE_NONE;
}

static void count(atomic_uint_fast64_t *counter, uint64_t amount)
{
    atomic_fetch_add_explicit(counter, amount, memory_order_relaxed);
}

static bool mark(int fd, enum role role)
{
    struct slot *slot = slot_of(fd);

    if (slot)
        atomic_store_explicit(&slot->role, (unsigned char)role, memory_order_relaxed);
    return slot != NULL;
}

bool gate_watch_listener(int fd)
{
    must(fd >= 0 && gate.slots);
    return mark(fd, ROLE_LISTENER);
}

/* glibc declares the second parameter as a union of all kinds of sockaddr. */
HOOK int accept4(int listener, __SOCKADDR_ARG address, socklen_t *restrict address_len, int flags)
{
    int fd = (int)syscall(SYS_accept4, listener, address.__sockaddr__, address_len, flags);

    if (fd >= 0 && role_of(listener) == ROLE_LISTENER && mark(fd, ROLE_CONNECTION))
        count(&gate.accepted, 1);
    return fd;
}

HOOK ssize_t recv(int fd, void *buffer, size_t buffer_bytes, int flags)
{
    ssize_t received = recvfrom(fd, buffer, buffer_bytes, flags, NULL, NULL);

    if (received <= 0)
        return received;
    count(&gate.heard_bytes, (uint64_t)received); /* nobody but libzmq calls recv here */
    if (role_of(fd) == ROLE_CONNECTION)
        count(&gate.received_bytes, (uint64_t)received);
    return received;
}

HOOK int epoll_ctl(int epoll_fd, int operation, int fd, struct epoll_event *event)
{
    if (role_of(fd) == ROLE_CONNECTION)
        count(&gate.polls, 1);
    return (int)syscall(SYS_epoll_ctl, epoll_fd, operation, fd, event);
}

HOOK int close(int fd)
{
    enum role role = role_of(fd);

    if (role == ROLE_CONNECTION)
        count(&gate.closed, 1);
    if (role != ROLE_NONE)
        mark(fd, ROLE_NONE);
    return (int)syscall(SYS_close, fd);
}

struct gate_stats gate_stats(void)
{
    /* `closed` is read first: what is open can then look too many, never too few. */
    struct gate_stats stats = {.closed = gate.closed};

    stats.accepted = gate.accepted;
    stats.open_now = stats.accepted - stats.closed;
    stats.received_bytes = gate.received_bytes;
    stats.heard_bytes = gate.heard_bytes;
    stats.polls = gate.polls;
    return stats;
}

/* ---- the self-test ---------------------------------------------------------- */

enum { SELF_TEST_MS = 1000, ZERO_COPY_RECEIVE = 10 /* unnamed in zmq.h 4.3 */ };

static const char greeting[] = "is anybody there";

struct self_test {
    void *context, *pull, *push;
    int listener_fd; /* until libzmq owns it */
    char address[sizeof "ipc://@" + sizeof((struct sockaddr_un *)0)->sun_path];
};

/* The kernel finds a free abstract name (unix(7), "autobind"): no file, no port. */
static int open_listener(struct self_test *test)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    socklen_t name_len = sizeof name;

    test->listener_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (test->listener_fd < 0 ||
        bind(test->listener_fd, (struct sockaddr *)&name, sizeof name.sun_family) < 0 ||
        listen(test->listener_fd, 1) < 0 ||
        getsockname(test->listener_fd, (struct sockaddr *)&name, &name_len) < 0)
        return -1;
    snprintf(test->address, sizeof test->address, "ipc://@%.*s",
             (int)(name_len - offsetof(struct sockaddr_un, sun_path) - 1), name.sun_path + 1);
    gate_watch_listener(test->listener_fd);
    return 0;
}

static int send_one(struct self_test *test)
{
    const int patience_ms = SELF_TEST_MS;
    char heard[sizeof greeting];
    int heard_bytes;

    zmq_ctx_set(test->context, ZMQ_BLOCKY, 0); /* sockets close without lingering */
    zmq_ctx_set(test->context, ZERO_COPY_RECEIVE, 0);
    test->pull = zmq_socket(test->context, ZMQ_PULL);
    test->push = zmq_socket(test->context, ZMQ_PUSH);
    if (!test->pull || !test->push ||
        zmq_setsockopt(test->pull, ZMQ_RCVTIMEO, &patience_ms, sizeof patience_ms) < 0 ||
        zmq_setsockopt(test->pull, ZMQ_USE_FD, &test->listener_fd, sizeof test->listener_fd) < 0 ||
        zmq_bind(test->pull, test->address) < 0)
        return -1;
    test->listener_fd = -1;
    if (zmq_connect(test->push, test->address) < 0 ||
        zmq_send(test->push, greeting, sizeof greeting, ZMQ_DONTWAIT) < 0)
        return -1;
    while ((heard_bytes = zmq_recv(test->pull, heard, sizeof heard, 0)) < 0 && errno == EINTR)
        continue;
    return heard_bytes == sizeof heard ? 0 : -1;
}

/* Returns when libzmq's threads have ended, and thus closed all that they had.
 * What was never opened is NULL, which libzmq refuses and survives. */
static void clean_up(struct self_test *test)
{
    zmq_close(test->push);
    zmq_close(test->pull);
    while (zmq_ctx_term(test->context) < 0 && errno == EINTR)
        continue;
    if (test->listener_fd >= 0)
        close(test->listener_fd);
}

static const char *missed_hook(void)
{
    struct gate_stats seen = gate_stats();

    return !seen.accepted         ? "accept4"
           : !seen.received_bytes ? "recv"
           : !seen.polls          ? "epoll_ctl"
           : seen.open_now        ? "close"
                                  : NULL;
}

int gate_self_test(struct err *err)
{
    struct self_test test = {.context = zmq_ctx_new(), .listener_fd = -1};
    int result = -1;

    must(gate_stats().accepted == 0);
    if (test.context && open_listener(&test) == 0 && send_one(&test) == 0)
        result = 0;
    else
        err_set(err, "the gate's self-test cannot send a message to itself within 1 s: %s",
                zmq_strerror(zmq_errno()));
    clean_up(&test);
    if (result == 0 && missed_hook())
        result = err_set(err,
                         "libzmq does not call our %s(), so its memory cannot be bounded; is this "
                         "program linked without -rdynamic, or libzmq not the system's?",
                         missed_hook());
    gate.accepted = gate.closed = gate.received_bytes = gate.heard_bytes = gate.polls = 0;
    return result;
}
