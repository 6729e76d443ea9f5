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

#include <inttypes.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <zmq.h>

#include "client/link.h"
#include "client/say.h"
#include "conf/units.h"

enum {
    QUEUE_MESSAGES = 1000, /* more is not faster */
    OUTQ_LOOK_MS = 1,
    OUTQ_EMPTY_LOOKS = 3,
};

struct uplink {
    struct uplink_conf conf;
    struct chunks *chunks;
    void *zmq;
    void *socket;
    struct link *link;
    uint64_t sent_count;
};

/* ---- open and close -------------------------------------------------------- */

static int set_option(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof(value));
}

static void on_lost(void *context)
{
    const struct uplink *uplink = context;
    struct conf_ms timeout = {(uint64_t)uplink->conf.timeout_ms};
    char patience[UNITS_TEXT_MAX];

    say("lost %s after %" PRIu64 " messages; what was under way may not have arrived; "
        "waiting up to %s for its return",
        uplink->conf.address, uplink_handed_over_count(uplink), units_show_ms(timeout, patience));
}

static int open_socket(struct uplink *uplink, struct err *err)
{
    uplink->zmq = zmq_ctx_new();
    if (uplink->zmq)
        uplink->socket = zmq_socket(uplink->zmq, ZMQ_PUSH);
    if (!uplink->socket || set_option(uplink->socket, ZMQ_LINGER, 0) < 0 ||
        set_option(uplink->socket, ZMQ_SNDHWM, QUEUE_MESSAGES) < 0 ||
        set_option(uplink->socket, ZMQ_IPV6, strchr(uplink->conf.address, '[') != NULL) < 0)
        return err_set(err, "cannot open a ZeroMQ socket: %s", zmq_strerror(zmq_errno()));
    return encryption_apply(&uplink->conf.encryption, uplink->socket, err);
}

static int watch_socket(struct uplink *uplink, struct err *err)
{
    const struct link_conf conf = {.address = uplink->conf.address,
                                   .timeout_ms = uplink->conf.timeout_ms,
                                   .signal_fd = uplink->conf.signal_fd,
                                   .on_lost = on_lost,
                                   .context = uplink};

    uplink->link = link_new(&conf, uplink->zmq, uplink->socket, err);
    return uplink->link ? 0 : -1;
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
    if (open_socket(uplink, err) < 0 || watch_socket(uplink, err) < 0)
        uplink_free(&uplink);
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
    link_begin(uplink->link);
    return 0;
}

void uplink_free(struct uplink **uplink_at)
{
    struct uplink *uplink = *uplink_at;

    if (!uplink)
        return;
    /* A socket closed for good that could not drain would hold zmq_ctx_term for ever;
     * the end of the process is near and takes it along. */
    bool stuck = uplink->link && link_is_closing(uplink->link);
    if (uplink->socket)
        zmq_close(uplink->socket);
    link_free(&uplink->link);
    if (uplink->zmq && !stuck)
        zmq_ctx_term(uplink->zmq);
    free(uplink);
    *uplink_at = NULL;
}

/* ---- waiting ---------------------------------------------------------------- */

int uplink_await_daemon(struct uplink *uplink, struct err *err)
{
    bool ready;

    while (!link_is_up(uplink->link) && link_signal(uplink->link) == 0)
        if (link_sleep(uplink->link, NULL, -1, &ready, err) < 0)
            return -1;
    return 0;
}

int uplink_await_input(struct uplink *uplink, int fd, struct err *err)
{
    zmq_pollitem_t item = {.fd = fd, .events = ZMQ_POLLIN};
    bool ready = false;

    while (!ready && link_signal(uplink->link) == 0)
        if (link_sleep(uplink->link, &item, -1, &ready, err) < 0)
            return -1;
    return 0;
}

int uplink_nap(struct uplink *uplink, int fd, long nap_ms, struct err *err)
{
    zmq_pollitem_t item = {.fd = fd, .events = ZMQ_POLLIN};
    bool ready;

    return link_sleep(uplink->link, fd >= 0 ? &item : NULL, nap_ms, &ready, err);
}

int uplink_await_chunk(struct uplink *uplink, struct err *err)
{
    zmq_pollitem_t item = {.fd = chunks_doorbell(uplink->chunks), .events = ZMQ_POLLIN};
    struct stall stall = {0};

    while (!chunks_may_turn(uplink->chunks)) {
        if (stall_sleep(&stall, uplink->link, &item, -1, err) < 0)
            return -1;
        chunks_quiet_doorbell(uplink->chunks);
    }
    stall_end(&stall, uplink->link);
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
        if (stall_sleep(&stall, uplink->link, &item, -1, err) < 0)
            return -1;
    }
    stall_end(&stall, uplink->link);
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
        if (stall_sleep(stall, uplink->link, &item, -1, err) < 0)
            return -1;
        chunks_quiet_doorbell(uplink->chunks);
    }
    return 0;
}

static bool kernel_holds_bytes(const struct uplink *uplink)
{
    int bytes = 0;

    return ioctl(link_fd(uplink->link), SIOCOUTQ, &bytes) == 0 && bytes > 0;
}

/* Nothing is under way in our kernel. Between two looks the I/O thread may write what it
 * had buffered, hence more than one. */
static int await_empty_kernel(struct uplink *uplink, struct stall *stall, struct err *err)
{
    for (unsigned empty_looks = 0; empty_looks < OUTQ_EMPTY_LOOKS;) {
        if (stall_sleep(stall, uplink->link, NULL, OUTQ_LOOK_MS, err) < 0)
            return -1;
        empty_looks = !link_is_up(uplink->link) || kernel_holds_bytes(uplink) ? 0 : empty_looks + 1;
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
    link_close(uplink->link);
    while (link_is_closing(uplink->link))
        if (stall_sleep(&stall, uplink->link, NULL, -1, err) < 0)
            return -1;
    stall_end(&stall, uplink->link);
    return 0;
}

int uplink_signal(const struct uplink *uplink)
{
    return link_signal(uplink->link);
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
    return link_break_count(uplink->link);
}
