/* push - many PUSH clients in one process, each numbering its entries.
 *
 *     push ADDRESS [clients=1] [first=0] [entries=0] [sizes=130] [rate=0] [hold=0] [hwm=1000]
 *
 * Each of `clients` (numbered from `first`) sends `entries` messages, without end if 0, whose
 * lengths go round through `sizes`; `rate` is entries a second a client, flat out if 0. With
 * hold=1 it stays connected until it is told to leave: by SIGTERM, which also ends a sender
 * without end. Says `connected`, `queued` when all is with libzmq, `left` when all is with the
 * kernel; then for each client `sent CLIENT NUMBERED OTHERS`. */
#include <errno.h>
#include <stdbool.h>
#include <time.h>
#include <zmq.h>

#include "leaving.h"
#include "numbered.h"
#include "options.h"

/* One after the other, so that no client is far ahead; few, so that all fill at once. */
enum { BURST = 16, PAUSE_MS = 1 };

enum { STALENESS_PART = 100 }; /* of a second: what was due longer ago is forgiven */

struct client {
    void *socket;
    unsigned id, numbered, others;
    unsigned long forgiven; /* entries that were due while it could not send, and never are */
    bool done;
};

static struct {
    struct client *clients;
    unsigned client_count;
    unsigned long entries, rate;
    struct sizes sizes;
    double began;
} work;

static void say(const char *word)
{
    puts(word);
    fflush(stdout);
}

static void fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, zmq_strerror(zmq_errno()));
    exit(1);
}

/* One message, if libzmq takes it. */
static bool send_one(struct client *client)
{
    static char entry[ENTRY_LEN_MAX];
    unsigned long turn = client->numbered + client->others + client->id;
    size_t len = work.sizes.bytes[turn % work.sizes.count];
    bool numbered = numbered_make(entry, len, client->id, client->numbered);

    if (zmq_send(client->socket, entry, len, ZMQ_DONTWAIT) < 0) {
        if (zmq_errno() != EAGAIN && zmq_errno() != EINTR)
            fail("zmq_send");
        return false;
    }
    client->numbered += numbered;
    client->others += !numbered;
    return true;
}

/* Entries that are due at this rate since the beginning. */
static unsigned long due_by_now(void)
{
    return work.rate ? (unsigned long)((now() - work.began) * (double)work.rate) : ~0UL;
}

/* How many it may have sent by now. Who could not send does not catch up: that would be flat
 * out, right after somebody came back. */
static unsigned long allowance(struct client *client, unsigned long due)
{
    unsigned long sent = client->numbered + client->others;
    unsigned long most = work.rate / STALENESS_PART + 1;

    if (work.rate && due > client->forgiven + sent + most)
        client->forgiven = due - sent - most;
    return due - client->forgiven;
}

/* True if anything went. */
static bool serve(struct client *client, unsigned long due)
{
    unsigned long allowed = allowance(client, due);
    bool moved = false;

    for (unsigned i = 0; i < BURST && !client->done; i++) {
        if (client->numbered + client->others >= allowed || !send_one(client))
            return moved;
        moved = true;
        client->done = work.entries && client->numbered + client->others >= work.entries;
    }
    return moved;
}

static bool all_done(void)
{
    for (unsigned i = 0; i < work.client_count; i++)
        if (!work.clients[i].done)
            return false;
    return true;
}

static void wait_a_little(void)
{
    nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
}

static void send_all(void)
{
    while (!told_to_leave && !all_done()) {
        unsigned long due = due_by_now();
        bool moved = false;

        for (unsigned i = 0; i < work.client_count; i++)
            moved |= serve(&work.clients[i], due);
        if (!moved)
            wait_a_little();
    }
}

static void connect_all(void *context, const char *address, unsigned first, int high_water_mark)
{
    int forever = -1;

    for (unsigned i = 0; i < work.client_count; i++) {
        struct client *client = &work.clients[i];

        client->id = first + i;
        client->socket = zmq_socket(context, ZMQ_PUSH);
        if (!client->socket)
            fail("zmq_socket");
        zmq_setsockopt(client->socket, ZMQ_LINGER, &forever, sizeof forever);
        zmq_setsockopt(client->socket, ZMQ_SNDHWM, &high_water_mark, sizeof high_water_mark);
        if (zmq_connect(client->socket, address) < 0)
            fail(address);
    }
}

static void leave(void *context)
{
    for (unsigned i = 0; i < work.client_count; i++)
        zmq_close(work.clients[i].socket);
    while (zmq_ctx_term(context) < 0 && zmq_errno() == EINTR)
        continue;
}

int main(int argc, char **argv)
{
    void *context = zmq_ctx_new();
    bool hold = option_number(argc, argv, "hold", 0);

    if (argc < 2) {
        fprintf(stderr, "usage: push ADDRESS [name=value …]\n");
        return 64;
    }
    leave_on_sigterm();
    work.client_count = (unsigned)option_number(argc, argv, "clients", 1);
    work.entries = option_number(argc, argv, "entries", 0);
    work.rate = option_number(argc, argv, "rate", 0);
    work.sizes = option_sizes(argc, argv, "130");
    work.clients = calloc(work.client_count, sizeof *work.clients);
    zmq_ctx_set(context, ZMQ_MAX_SOCKETS, (int)work.client_count + 16);
    connect_all(context, argv[1], (unsigned)option_number(argc, argv, "first", 0),
                (int)option_number(argc, argv, "hwm", 1000));
    say("connected");
    work.began = now();
    send_all();
    say("queued");
    while (hold && !told_to_leave)
        wait_a_little();
    leave(context);
    say("left");
    for (unsigned i = 0; i < work.client_count; i++)
        printf("sent %u %u %u\n", work.clients[i].id, work.clients[i].numbered,
               work.clients[i].others);
    free(work.clients);
    return 0;
}
