#include "client/link.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "client/greeting.h"
#include "client/say.h"
#include "conf/must.h"
#include "conf/nanoseconds.h"
#include "conf/units.h"
#include "zeromq/handshake.h"

enum { STALL_TOLD_AFTER_MS = 2000, GREETING_MS = 500 };

static const char MONITOR[] = "inproc://link-monitor";

enum link_state {
    LINK_NONE,
    LINK_MUTE, /* accepted, but no ZeroMQ handshake so far */
    LINK_UP,
};

struct link {
    struct link_conf conf;
    void *monitor;
    enum link_state state;
    int fd; /* ZeroMQ's; valid while LINK_UP */
    int64_t down_since_ms;
    bool encrypts;
    struct curve_key key;   /* our public one, if we do */
    enum handshake_end end; /* how the last one ended, since the link was up */
    bool looked;            /* at the greeting, since then */
    unsigned up_count;
    unsigned break_count;
    bool closing;
    bool monitor_stopped;
    int signal;
    bool leave_now;
    int64_t signal_ms;
};

/* ---- open and close -------------------------------------------------------- */

static int open_monitor(struct link *link, void *zmq, void *socket)
{
    const int events = ZMQ_EVENT_CONNECTED | handshake_events() | ZMQ_EVENT_DISCONNECTED |
                       ZMQ_EVENT_MONITOR_STOPPED;
    const int linger_ms = 0;

    if (zmq_socket_monitor(socket, MONITOR, events) < 0)
        return -1;
    link->monitor = zmq_socket(zmq, ZMQ_PAIR);
    if (!link->monitor ||
        zmq_setsockopt(link->monitor, ZMQ_LINGER, &linger_ms, sizeof(linger_ms)) < 0)
        return -1;
    return zmq_connect(link->monitor, MONITOR);
}

static void note_encryption(struct link *link, void *socket)
{
    size_t mechanism_bytes = sizeof(int), key_bytes = sizeof(link->key.bytes);
    int mechanism = ZMQ_NULL;

    link->encrypts = zmq_getsockopt(socket, ZMQ_MECHANISM, &mechanism, &mechanism_bytes) == 0 &&
                     mechanism == ZMQ_CURVE &&
                     zmq_getsockopt(socket, ZMQ_CURVE_PUBLICKEY, link->key.bytes, &key_bytes) == 0;
}

struct link *link_new(const struct link_conf *conf, void *zmq, void *socket, struct err *err)
{
    struct link *link = calloc(1, sizeof(*link));

    if (!link) {
        err_set(err, "no memory for a connection");
        return NULL;
    }
    link->conf = *conf;
    link->fd = -1;
    note_encryption(link, socket);
    if (open_monitor(link, zmq, socket) < 0) {
        err_set(err, "cannot watch a ZeroMQ socket: %s", zmq_strerror(zmq_errno()));
        link_free(&link);
    }
    return link;
}

void link_free(struct link **link)
{
    if (!*link)
        return;
    if ((*link)->monitor)
        zmq_close((*link)->monitor);
    free(*link);
    *link = NULL;
}

void link_begin(struct link *link)
{
    link->down_since_ms = monotonic_ms();
}

void link_close(struct link *link)
{
    link->closing = true;
}

bool link_is_closing(const struct link *link)
{
    return link->closing && !link->monitor_stopped;
}

bool link_is_up(const struct link *link)
{
    return link->state == LINK_UP;
}

int link_fd(const struct link *link)
{
    must(link->state == LINK_UP);
    return link->fd;
}

unsigned link_break_count(const struct link *link)
{
    return link->break_count;
}

int link_signal(const struct link *link)
{
    return link->signal;
}

/* ---- what the monitor tells ------------------------------------------------- */

static void on_up(struct link *link)
{
    if (link->up_count > 0)
        say("connected to %s again after %" PRId64 " ms", link->conf.address,
            monotonic_ms() - link->down_since_ms);
    link->state = LINK_UP;
    link->end = HANDSHAKE_NONE;
    link->looked = false;
    link->up_count++;
}

static void on_down(struct link *link)
{
    bool was_up = link->state == LINK_UP;

    link->state = LINK_NONE;
    link->fd = -1;
    if (!was_up || link->closing) /* never there, or it left after all was drained */
        return;
    link->break_count++;
    link->down_since_ms = monotonic_ms();
    link->conf.on_lost(link->conf.context);
}

/* Whoever has hung up on us without a word may have done so because of our mechanism. */
static void on_handshake_end(struct link *link, enum handshake_end end)
{
    char mechanism[ZMTP_IN_NAME_MAX + 1];

    link->end = end;
    if (end != HANDSHAKE_BROKEN || link->looked ||
        !greeting_look(link->conf.address, GREETING_MS, mechanism))
        return;
    link->looked = true;
    if (strcmp(mechanism, link->encrypts ? "CURVE" : "NULL") != 0)
        link->end = HANDSHAKE_MISMATCHED;
}

static void on_monitor_event(struct link *link, uint16_t event, uint32_t value)
{
    enum handshake_end end = handshake_end_of(event, value);

    if (end > HANDSHAKE_DONE)
        on_handshake_end(link, end);
    switch (event) {
    case ZMQ_EVENT_CONNECTED:
        link->state = LINK_MUTE;
        link->fd = (int)value;
        break;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        on_up(link);
        break;
    case ZMQ_EVENT_DISCONNECTED:
        on_down(link);
        break;
    case ZMQ_EVENT_MONITOR_STOPPED:
        link->monitor_stopped = true;
        break;
    default:
        break;
    }
}

/* An event is two frames: u16 event and u32 value, packed; then the address. */
static void hear_monitor(struct link *link)
{
    unsigned char frame[6];
    uint16_t event;
    uint32_t value;

    while (zmq_recv(link->monitor, frame, sizeof(frame), ZMQ_DONTWAIT) == (int)sizeof(frame)) {
        zmq_recv(link->monitor, NULL, 0, 0);
        memcpy(&event, frame, sizeof(event));
        memcpy(&value, frame + sizeof(event), sizeof(value));
        on_monitor_event(link, event, value);
    }
}

/* ---- waiting ---------------------------------------------------------------- */

static void hear_signal(struct link *link)
{
    struct signalfd_siginfo info;

    if (read(link->conf.signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return;
    if (link->signal != 0) {
        link->leave_now = true;
        return;
    }
    link->signal = (int)info.ssi_signo;
    link->signal_ms = monotonic_ms();
}

/* Of somebody who is there, and does not let us in. */
static int tell_handshake(const struct link *link, struct err *err)
{
    const struct handshake_self self = {.address = link->conf.address,
                                        .key = link->encrypts ? &link->key : NULL,
                                        .to_encrypt = "--key and --server-key",
                                        .server_key = "--server-key"};

    handshake_tell(link->end, &self, err);
    return -1;
}

/* ZeroMQ tries again and again, and does not say why that is in vain. */
static int tell_nobody(const char *address, const char *patience, struct err *err)
{
    struct err why;

    if (greeting_reach(address, GREETING_MS, &why) == 0)
        strcpy(why.text, "somebody listens there now");
    return err_set(err, "nobody answers at %s within %s: %s; is logboomd running there?", address,
                   patience, why.text);
}

static int judge_link(const struct link *link, struct err *err)
{
    const char *address = link->conf.address;
    char patience[UNITS_TEXT_MAX];

    if (link->state == LINK_UP || link->closing)
        return 0;
    if (handshake_is_final(link->end))
        return tell_handshake(link, err);
    if (monotonic_ms() - link->down_since_ms < link->conf.timeout_ms)
        return 0;
    if (link->end == HANDSHAKE_BROKEN && link->looked && link->encrypts)
        return tell_handshake(link, err);
    units_show_ms((struct conf_ms){(uint64_t)link->conf.timeout_ms}, patience);
    if (link->state == LINK_MUTE)
        return err_set(err,
                       "%s accepts connections, but nobody there answered as logboomd within %s; "
                       "is it another program, or has logboomd no client slot left?",
                       address, patience);
    if (link->up_count > 0)
        return err_set(err, "%s did not return within %s", address, patience);
    return tell_nobody(address, patience, err);
}

static int judge_signal(const struct link *link, struct err *err)
{
    if (link->leave_now)
        return err_set(err, "left at the second signal");
    if (link->signal != 0 && monotonic_ms() - link->signal_ms >= link->conf.timeout_ms)
        return err_set(err, "interrupted, and %s took nothing more", link->conf.address);
    return 0;
}

static long sooner(long nap_ms, int64_t due_ms)
{
    int64_t left_ms = due_ms - monotonic_ms();

    if (left_ms < 0)
        left_ms = 0;
    return nap_ms < 0 || left_ms < nap_ms ? (long)left_ms : nap_ms;
}

int link_sleep(struct link *link, const zmq_pollitem_t *item, long nap_ms, bool *ready_out,
               struct err *err)
{
    zmq_pollitem_t items[3] = {
        {.socket = link->monitor, .events = ZMQ_POLLIN},
        {.fd = link->conf.signal_fd, .events = ZMQ_POLLIN},
    };
    int item_count = 2;

    if (item && link->state == LINK_UP)
        items[item_count++] = *item;
    if (link->state != LINK_UP && !link->closing)
        nap_ms = sooner(nap_ms, link->down_since_ms + link->conf.timeout_ms);
    if (link->signal != 0)
        nap_ms = sooner(nap_ms, link->signal_ms + link->conf.timeout_ms);
    if (zmq_poll(items, item_count, nap_ms) < 0 && zmq_errno() != EINTR)
        return err_set(err, "cannot wait for %s: %s", link->conf.address,
                       zmq_strerror(zmq_errno()));
    if (items[0].revents)
        hear_monitor(link);
    if (items[1].revents)
        hear_signal(link);
    *ready_out = link->state == LINK_UP && items[2].revents != 0;
    return judge_signal(link, err) < 0 || judge_link(link, err) < 0 ? -1 : 0;
}

static void stall_tell(struct stall *stall, const struct link *link)
{
    if (stall->told || link->state != LINK_UP ||
        monotonic_ms() - stall->since_ms < STALL_TOLD_AFTER_MS)
        return;
    stall->told = true;
    say("%s is connected but takes nothing; waiting", link->conf.address);
}

void stall_end(const struct stall *stall, const struct link *link)
{
    if (stall->told)
        say("%s goes on after %" PRId64 " s", link->conf.address,
            (monotonic_ms() - stall->since_ms) / 1000);
}

int stall_sleep(struct stall *stall, struct link *link, const zmq_pollitem_t *item, long nap_ms,
                struct err *err)
{
    bool ready;

    /* A lost connection is no stall; it has its own sentences and its own end. */
    if (stall->since_ms == 0 || (link->state != LINK_UP && !stall->told))
        stall->since_ms = monotonic_ms();
    if (link->state == LINK_UP && !stall->told)
        nap_ms = sooner(nap_ms, stall->since_ms + STALL_TOLD_AFTER_MS);
    if (link_sleep(link, item, nap_ms, &ready, err) < 0)
        return -1;
    stall_tell(stall, link);
    return 0;
}
