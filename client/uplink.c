/* How a loss is kept from going unseen:
 *
 *   uplink_send     ZeroMQ's queue, at most QUEUE_MESSAGES   -> chunks know what is there
 *   I/O thread      its write buffer of 8 KiB
 *   kernel, ours    not yet acknowledged (tcp), not yet read (ipc)   -> SIOCOUTQ
 *   the daemon
 *
 * A socket that is closed with linger ends as soon as the kernel took the bytes, and
 * an ipc peer that had stopped reading then throws them away. So before closing we
 * ask the kernel until nothing is under way. The descriptor is ZeroMQ's, told by its
 * monitor; we only ask it that one question. */
#include "client/uplink.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "client/say.h"
#include "conf/must.h"
#include "conf/units.h"

enum {
    QUEUE_MESSAGES = 1000, /* more is not faster */
    STALL_TOLD_AFTER_MS = 2000,
    OUTQ_LOOK_MS = 1,
    OUTQ_EMPTY_LOOKS = 3,
};

static const char MONITOR[] = "inproc://uplink-monitor";

enum link {
    LINK_NONE,
    LINK_MUTE, /* accepted, but no ZeroMQ handshake so far */
    LINK_UP,
};

struct uplink {
    struct uplink_conf conf;
    struct chunks *chunks;
    void *context;
    void *socket;
    void *monitor;
    enum link link;
    int link_fd; /* ZeroMQ's; valid while LINK_UP */
    int64_t down_since_ms;
    unsigned up_count;
    unsigned break_count;
    bool monitor_stopped;
    int signal;
    bool leave_now;
    int64_t signal_ms;
    uint64_t sent_count;
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- open and close -------------------------------------------------------- */

static int set_option(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof(value));
}

static int open_sockets(struct uplink *uplink)
{
    int events = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED |
                 ZMQ_EVENT_MONITOR_STOPPED;

    uplink->context = zmq_ctx_new();
    if (!uplink->context)
        return -1;
    uplink->socket = zmq_socket(uplink->context, ZMQ_PUSH);
    if (!uplink->socket || set_option(uplink->socket, ZMQ_LINGER, 0) < 0 ||
        set_option(uplink->socket, ZMQ_SNDHWM, QUEUE_MESSAGES) < 0 ||
        set_option(uplink->socket, ZMQ_IPV6, strchr(uplink->conf.address, '[') != NULL) < 0 ||
        zmq_socket_monitor(uplink->socket, MONITOR, events) < 0)
        return -1;
    uplink->monitor = zmq_socket(uplink->context, ZMQ_PAIR);
    if (!uplink->monitor || set_option(uplink->monitor, ZMQ_LINGER, 0) < 0 ||
        zmq_connect(uplink->monitor, MONITOR) < 0)
        return -1;
    return 0;
}

struct uplink *uplink_new(const struct uplink_conf *conf, struct chunks *chunks, struct err *err)
{
    struct uplink *uplink = calloc(1, sizeof(*uplink));

    if (!uplink) {
        err_set(err, "no memory for a connection");
        return NULL;
    }
    uplink->conf = *conf;
    uplink->chunks = chunks;
    uplink->link_fd = -1;
    if (open_sockets(uplink) < 0) {
        err_set(err, "cannot open a ZeroMQ socket: %s", zmq_strerror(zmq_errno()));
        uplink_free(&uplink);
    }
    return uplink;
}

static bool is_address(const char *text)
{
    return strncmp(text, "tcp://", 6) == 0 || strncmp(text, "ipc://", 6) == 0;
}

int uplink_connect(struct uplink *uplink, struct err *err)
{
    const char *address = uplink->conf.address;

    if (!is_address(address) || zmq_connect(uplink->socket, address) < 0)
        return err_set(err, "'%s' is not an address to push to: give tcp://HOST:PORT or ipc://PATH",
                       address);
    uplink->down_since_ms = now_ms();
    return 0;
}

void uplink_free(struct uplink **uplink_at)
{
    struct uplink *uplink = *uplink_at;

    if (!uplink)
        return;
    /* A socket closed for good that could not drain would hold zmq_ctx_term for ever;
     * the end of the process is near and takes it along. */
    bool stuck = uplink->context && !uplink->socket && uplink->monitor && !uplink->monitor_stopped;
    if (uplink->socket)
        zmq_close(uplink->socket);
    if (uplink->monitor)
        zmq_close(uplink->monitor);
    if (uplink->context && !stuck)
        zmq_ctx_term(uplink->context);
    free(uplink);
    *uplink_at = NULL;
}

/* ---- what the monitor tells ------------------------------------------------- */

static void on_up(struct uplink *uplink)
{
    if (uplink->up_count > 0)
        say("connected to %s again after %" PRId64 " ms", uplink->conf.address,
            now_ms() - uplink->down_since_ms);
    uplink->link = LINK_UP;
    uplink->up_count++;
}

static void on_down(struct uplink *uplink)
{
    char patience[UNITS_TEXT_MAX];
    bool was_up = uplink->link == LINK_UP;

    uplink->link = LINK_NONE;
    uplink->link_fd = -1;
    if (!was_up || !uplink->socket) /* never there, or it left after all was drained */
        return;
    uplink->break_count++;
    uplink->down_since_ms = now_ms();
    say("lost %s after %" PRIu64 " messages; what was under way may not have arrived; "
        "waiting up to %s for its return",
        uplink->conf.address, uplink_handed_over_count(uplink),
        units_show_ms((struct conf_ms){(uint64_t)uplink->conf.timeout_ms}, patience));
}

static void on_monitor_event(struct uplink *uplink, uint16_t event, uint32_t value)
{
    switch (event) {
    case ZMQ_EVENT_CONNECTED:
        uplink->link = LINK_MUTE;
        uplink->link_fd = (int)value;
        break;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        on_up(uplink);
        break;
    case ZMQ_EVENT_DISCONNECTED:
        on_down(uplink);
        break;
    case ZMQ_EVENT_MONITOR_STOPPED:
        uplink->monitor_stopped = true;
        break;
    default:
        break;
    }
}

/* An event is two frames: u16 event and u32 value, packed; then the address. */
static void hear_monitor(struct uplink *uplink)
{
    unsigned char frame[6];
    uint16_t event;
    uint32_t value;

    while (zmq_recv(uplink->monitor, frame, sizeof(frame), ZMQ_DONTWAIT) == (int)sizeof(frame)) {
        zmq_recv(uplink->monitor, NULL, 0, 0);
        memcpy(&event, frame, sizeof(event));
        memcpy(&value, frame + sizeof(event), sizeof(value));
        on_monitor_event(uplink, event, value);
    }
}

/* ---- waiting ---------------------------------------------------------------- */

static void hear_signal(struct uplink *uplink)
{
    struct signalfd_siginfo info;

    if (read(uplink->conf.signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return;
    if (uplink->signal != 0) {
        uplink->leave_now = true;
        return;
    }
    uplink->signal = (int)info.ssi_signo;
    uplink->signal_ms = now_ms();
}

static int judge_link(const struct uplink *uplink, struct err *err)
{
    const char *address = uplink->conf.address;
    char patience[UNITS_TEXT_MAX];

    if (uplink->link == LINK_UP || !uplink->socket ||
        now_ms() - uplink->down_since_ms < uplink->conf.timeout_ms)
        return 0;
    units_show_ms((struct conf_ms){(uint64_t)uplink->conf.timeout_ms}, patience);
    if (uplink->link == LINK_MUTE)
        return err_set(err,
                       "%s accepts connections, but nobody there answered as logboomd within %s; "
                       "is it another program, or has logboomd no client slot left?",
                       address, patience);
    if (uplink->up_count > 0)
        return err_set(err, "%s did not return within %s", address, patience);
    return err_set(err, "nobody answers at %s within %s; is logboomd running there?", address,
                   patience);
}

static int judge_signal(const struct uplink *uplink, struct err *err)
{
    if (uplink->leave_now)
        return err_set(err, "left at the second signal");
    if (uplink->signal != 0 && now_ms() - uplink->signal_ms >= uplink->conf.timeout_ms)
        return err_set(err, "interrupted, and %s took nothing more", uplink->conf.address);
    return 0;
}

static long sooner(long nap_ms, int64_t due_ms)
{
    int64_t left_ms = due_ms - now_ms();

    if (left_ms < 0)
        left_ms = 0;
    return nap_ms < 0 || left_ms < nap_ms ? (long)left_ms : nap_ms;
}

/* Sleeps once: until `item` is ready (true in *ready_out), something was heard, or nap_ms
 * passed (-1: for ever). Looks at `item`, which may be NULL, only while the daemon is there. */
static int sleep_once(struct uplink *uplink, const zmq_pollitem_t *item, long nap_ms,
                      bool *ready_out, struct err *err)
{
    zmq_pollitem_t items[3] = {
        {.socket = uplink->monitor, .events = ZMQ_POLLIN},
        {.fd = uplink->conf.signal_fd, .events = ZMQ_POLLIN},
    };
    int item_count = 2;

    if (item && uplink->link == LINK_UP)
        items[item_count++] = *item;
    if (uplink->link != LINK_UP && uplink->socket)
        nap_ms = sooner(nap_ms, uplink->down_since_ms + uplink->conf.timeout_ms);
    if (uplink->signal != 0)
        nap_ms = sooner(nap_ms, uplink->signal_ms + uplink->conf.timeout_ms);
    if (zmq_poll(items, item_count, nap_ms) < 0 && zmq_errno() != EINTR)
        return err_set(err, "cannot wait for %s: %s", uplink->conf.address,
                       zmq_strerror(zmq_errno()));
    if (items[0].revents)
        hear_monitor(uplink);
    if (items[1].revents)
        hear_signal(uplink);
    *ready_out = uplink->link == LINK_UP && items[2].revents != 0;
    return judge_signal(uplink, err) < 0 || judge_link(uplink, err) < 0 ? -1 : 0;
}

/* A wait for the daemon to take something; long ones are told, once each. */
struct stall {
    int64_t since_ms;
    bool told;
};

static void stall_tell(struct stall *stall, const struct uplink *uplink)
{
    if (stall->told || uplink->link != LINK_UP || now_ms() - stall->since_ms < STALL_TOLD_AFTER_MS)
        return;
    stall->told = true;
    say("%s is connected but takes nothing; waiting", uplink->conf.address);
}

static void stall_end(const struct stall *stall, const struct uplink *uplink)
{
    if (stall->told)
        say("%s goes on after %" PRId64 " s", uplink->conf.address,
            (now_ms() - stall->since_ms) / 1000);
}

static int stall_sleep(struct stall *stall, struct uplink *uplink, const zmq_pollitem_t *item,
                       long nap_ms, struct err *err)
{
    bool ready;

    /* A lost connection is no stall; it has its own sentences and its own end. */
    if (stall->since_ms == 0 || (uplink->link != LINK_UP && !stall->told))
        stall->since_ms = now_ms();
    if (uplink->link == LINK_UP && !stall->told)
        nap_ms = sooner(nap_ms, stall->since_ms + STALL_TOLD_AFTER_MS);
    if (sleep_once(uplink, item, nap_ms, &ready, err) < 0)
        return -1;
    stall_tell(stall, uplink);
    return 0;
}

int uplink_await_daemon(struct uplink *uplink, struct err *err)
{
    bool ready;

    while (uplink->link != LINK_UP && uplink->signal == 0)
        if (sleep_once(uplink, NULL, -1, &ready, err) < 0)
            return -1;
    return 0;
}

int uplink_await_input(struct uplink *uplink, int fd, struct err *err)
{
    zmq_pollitem_t item = {.fd = fd, .events = ZMQ_POLLIN};
    bool ready = false;

    while (!ready && uplink->signal == 0)
        if (sleep_once(uplink, &item, -1, &ready, err) < 0)
            return -1;
    return 0;
}

int uplink_await_chunk(struct uplink *uplink, struct err *err)
{
    zmq_pollitem_t item = {.fd = chunks_doorbell(uplink->chunks), .events = ZMQ_POLLIN};
    struct stall stall = {0};

    while (!chunks_may_turn(uplink->chunks)) {
        if (stall_sleep(&stall, uplink, &item, -1, err) < 0)
            return -1;
        chunks_quiet_doorbell(uplink->chunks);
    }
    stall_end(&stall, uplink);
    return 0;
}

/* ---- sending ---------------------------------------------------------------- */

static int send_when_room(struct uplink *uplink, zmq_msg_t *message, struct err *err)
{
    zmq_pollitem_t item = {.socket = uplink->socket, .events = ZMQ_POLLOUT};
    struct stall stall = {0};

    while (zmq_msg_send(message, uplink->socket, ZMQ_DONTWAIT) < 0) {
        if (zmq_errno() != EAGAIN && zmq_errno() != EINTR)
            return err_set(err, "cannot send to %s: %s", uplink->conf.address,
                           zmq_strerror(zmq_errno()));
        if (stall_sleep(&stall, uplink, &item, -1, err) < 0)
            return -1;
    }
    stall_end(&stall, uplink);
    return 0;
}

int uplink_send(struct uplink *uplink, char *bytes, size_t len, struct err *err)
{
    zmq_msg_t message;
    struct chunk *chunk = chunks_lend(uplink->chunks);

    if (zmq_msg_init_data(&message, bytes, len, chunks_give_back, chunk) < 0) {
        chunks_give_back(bytes, chunk);
        return err_set(err, "no memory for a message");
    }
    if (zmq_msg_send(&message, uplink->socket, ZMQ_DONTWAIT) < 0 &&
        send_when_room(uplink, &message, err) < 0) {
        zmq_msg_close(&message);
        return -1;
    }
    uplink->sent_count++;
    return 0;
}

/* ---- the end ---------------------------------------------------------------- */

/* ZeroMQ has let go of every message. */
static int await_empty_queue(struct uplink *uplink, struct stall *stall, struct err *err)
{
    zmq_pollitem_t item = {.fd = chunks_doorbell(uplink->chunks), .events = ZMQ_POLLIN};

    if (uplink_await_chunk(uplink, err) < 0)
        return -1;
    chunks_turn(uplink->chunks); /* from now on the last chunk rings, too */
    while (chunks_lent_count(uplink->chunks) > 0) {
        if (stall_sleep(stall, uplink, &item, -1, err) < 0)
            return -1;
        chunks_quiet_doorbell(uplink->chunks);
    }
    return 0;
}

static bool kernel_holds_bytes(const struct uplink *uplink)
{
    int bytes = 0;

    return ioctl(uplink->link_fd, SIOCOUTQ, &bytes) == 0 && bytes > 0;
}

/* Nothing is under way in our kernel. Between two looks the I/O thread may write what it
 * had buffered, hence more than one. */
static int await_empty_kernel(struct uplink *uplink, struct stall *stall, struct err *err)
{
    for (unsigned empty_looks = 0; empty_looks < OUTQ_EMPTY_LOOKS;) {
        if (stall_sleep(stall, uplink, NULL, OUTQ_LOOK_MS, err) < 0)
            return -1;
        empty_looks = uplink->link != LINK_UP || kernel_holds_bytes(uplink) ? 0 : empty_looks + 1;
    }
    return 0;
}

int uplink_drain(struct uplink *uplink, struct err *err)
{
    struct stall stall = {0};

    if (uplink->sent_count == 0)
        return 0; /* nobody needs to be there */
    if (await_empty_queue(uplink, &stall, err) < 0 || await_empty_kernel(uplink, &stall, err) < 0)
        return -1;

    /* Linger now ends by itself: the queue is empty, so also when the connection breaks. */
    set_option(uplink->socket, ZMQ_LINGER, -1);
    zmq_close(uplink->socket);
    uplink->socket = NULL;
    while (!uplink->monitor_stopped)
        if (stall_sleep(&stall, uplink, NULL, -1, err) < 0)
            return -1;
    stall_end(&stall, uplink);
    return 0;
}

int uplink_signal(const struct uplink *uplink)
{
    return uplink->signal;
}

uint64_t uplink_held_count(const struct uplink *uplink)
{
    return chunks_lent_count(uplink->chunks);
}

uint64_t uplink_handed_over_count(const struct uplink *uplink)
{
    uint64_t held = uplink_held_count(uplink);

    return uplink->sent_count > held ? uplink->sent_count - held : 0;
}

unsigned uplink_break_count(const struct uplink *uplink)
{
    return uplink->break_count;
}
