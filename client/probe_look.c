#include "client/probe_look.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "client/command.h"
#include "client/say.h"
#include "client/signals.h"
#include "conf/nanoseconds.h"

enum { MUTE_MS = 1000 }; /* how long one may keep others out without a handshake */

static bool is_done(const struct probe_look *look)
{
    return look->signal != 0 || look->useless || look->show.found.messages >= look->conf->count ||
           monotonic_ms() >= look->until_ms;
}

/* ---- those that are there ---------------------------------------------------------------- */

/* A client comes again ten times a second, each time from another port. */
static void say_of(struct probe_look *look, const struct probe_peer *peer, const struct err *what)
{
    if (strcmp(look->said.text, what->text) == 0)
        return;
    look->said = *what;
    say("%s %s", peer->name, what->text);
}

static struct probe_peer **free_place(struct probe_look *look)
{
    for (unsigned i = 0; i < PROBE_PEERS_MAX; i++)
        if (!look->peers[i])
            return &look->peers[i];
    return NULL;
}

/* Nobody keeps others out who has not said what he is. */
static void make_place(struct probe_look *look)
{
    struct err why;

    err_set(&why, "said too little to be a ZeroMQ client");
    for (unsigned i = 0; i < PROBE_PEERS_MAX; i++) {
        struct probe_peer *peer = look->peers[i];

        if (probe_peer_is_ready(peer) || monotonic_ms() - peer->since_ms < MUTE_MS)
            continue;
        say_of(look, peer, &why);
        probe_peer_free(&look->peers[i]);
        return;
    }
}

static bool encrypts(const struct probe_look *look)
{
    return look->conf->encryption.key != NULL;
}

/* Who is a client of CURVE has to say first what it is; publishers are what listens most. */
static bool guesses(const struct probe_look *look)
{
    return encrypts(look) && !look->self.is_server && look->conf->socket == PROBE_AUTO;
}

static enum probe_socket socket_to_be(const struct probe_look *look)
{
    static const enum probe_socket guessed[] = {PROBE_SUB, PROBE_PULL, PROBE_ROUTER, PROBE_REP,
                                                PROBE_PAIR};

    return guesses(look) ? guessed[look->guess % (sizeof guessed / sizeof guessed[0])]
                         : look->conf->socket;
}

static void welcome(struct probe_look *look)
{
    struct probe_peer **peer = free_place(look);
    char name[PROBE_PEER_NAME_MAX];
    struct err err;
    int fd = peer ? probe_place_turn(look->place, name, sizeof name) : -1;

    if (!peer)
        make_place(look);
    if (fd < 0)
        return;
    *peer = probe_peer_new(fd, name, socket_to_be(look), encrypts(look) ? &look->self : NULL, &err);
    if (!*peer) {
        say("%s", err.text);
        probe_place_again(look->place);
    }
}

static bool on_message(void *context, struct probe_peer *peer)
{
    struct probe_look *look = context;

    probe_show_message(&look->show, peer);
    return !is_done(look);
}

/* Where we connected, there is no other one to wait for. */
static void part_from(struct probe_look *look, struct probe_peer **peer, enum probe_peer_fate fate,
                      const struct err *why)
{
    bool binds = probe_place_way(look->place) == PROBE_BIND;

    if (fate == PROBE_PEER_LEFT && (*peer)->told_type && !probe_peer_is_ready(*peer) &&
        guesses(look))
        look->guess++; /* we were no socket for it */
    else
        say_of(look, *peer, why);
    look->useless = fate == PROBE_PEER_USELESS && !binds;
    probe_peer_free(peer);
    probe_place_again(look->place);
}

/* The key is what 'allow' would have to have. */
static void introduce(const struct probe_look *look, const struct probe_peer *peer)
{
    char key[CURVE_KEY_CHARS + 1];

    if (encrypts(look) && look->self.is_server)
        say("%s is a %s, with the key %s", peer->name, peer->in.type,
            curve_key_show(&peer->talk.peer, key));
    else
        say("%s is a %s", peer->name, peer->in.type);
}

static void turn_peer(struct probe_look *look, struct probe_peer **peer)
{
    bool was_ready = probe_peer_is_ready(*peer);
    enum probe_peer_fate fate;
    struct err err;

    fate = probe_peer_turn(*peer, on_message, look, &err);
    if (fate != PROBE_PEER_USELESS && probe_peer_is_ready(*peer)) {
        look->somebody_was_there = true;
        if (!was_ready)
            introduce(look, *peer);
    }
    if (fate != PROBE_PEER_STAYS)
        part_from(look, peer, fate, &err);
}

/* ---- waiting ------------------------------------------------------------------------------- */

/* -1 stands for ever. */
static int64_t sooner(int64_t a, int64_t b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

static int nap_ms(struct probe_look *look)
{
    int64_t left_ms = look->until_ms - monotonic_ms();

    left_ms = sooner(left_ms > 0 ? left_ms : 0, probe_place_nap_ms(look->place));
    if (!free_place(look))
        left_ms = sooner(left_ms, MUTE_MS);
    for (unsigned i = 0; i < PROBE_PEERS_MAX; i++)
        if (look->peers[i])
            left_ms = sooner(left_ms, probe_peer_nap_ms(look->peers[i]));
    return left_ms < INT32_MAX ? (int)left_ms : INT32_MAX;
}

static void hear_signal(struct probe_look *look)
{
    struct signalfd_siginfo info;

    if (read(look->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
        look->signal = (int)info.ssi_signo;
}

/* Sleeps until something is there. The first item is the signals', the second the place's. */
static int wait_for_any(struct probe_look *look, struct pollfd items[2 + PROBE_PEERS_MAX],
                        struct err *err)
{
    items[0] = (struct pollfd){.fd = look->signal_fd, .events = POLLIN};
    items[1].fd = probe_place_fd(look->place, &items[1].events);
    if (!free_place(look))
        items[1].fd = -1;
    for (unsigned i = 0; i < PROBE_PEERS_MAX; i++) {
        const struct probe_peer *peer = look->peers[i];

        items[2 + i].fd = peer ? peer->fd : -1;
        items[2 + i].events = peer ? probe_peer_events(peer) : 0;
        items[2 + i].revents = 0;
    }
    if (poll(items, 2 + PROBE_PEERS_MAX, nap_ms(look)) < 0 && errno != EINTR)
        return err_set(err, "cannot wait: %s", strerror(errno));
    return 0;
}

int probe_look(struct probe_look *look, struct err *err)
{
    struct pollfd items[2 + PROBE_PEERS_MAX];

    while (!is_done(look)) {
        if (wait_for_any(look, items, err) < 0)
            return -1;
        if (items[0].revents)
            hear_signal(look);
        for (unsigned i = 0; i < PROBE_PEERS_MAX && !is_done(look); i++)
            if (look->peers[i] && (items[2 + i].revents || probe_peer_nap_ms(look->peers[i]) == 0))
                turn_peer(look, &look->peers[i]);
        welcome(look);
    }
    return 0;
}

/* ---- open and close -------------------------------------------------------------------- */

int probe_look_open(struct probe_look *look, const struct probe_conf *conf, int *status_out,
                    struct err *err)
{
    *look = (struct probe_look){.conf = conf, .signal_fd = -1};
    *status_out = EXIT_SYSTEM;
    look->show.out = conf->only_yaml ? NULL : stdout;
    look->until_ms = monotonic_ms() + (int64_t)conf->timeout_ms;
    look->signal_fd = signals_open(err);
    if (look->signal_fd < 0)
        return -1;
    if (encrypts(look) && encryption_read(&conf->encryption, &look->self, err) < 0)
        return -1;
    look->show.reading = reading_new(err);
    if (!look->show.reading)
        return -1;
    look->place = probe_place_new(conf->address, conf->way, status_out, err);
    if (!look->place)
        return -1;
    if (probe_place_way(look->place) == PROBE_BIND)
        say("listening at %s", probe_place_address(look->place));
    return 0;
}

void probe_look_close(struct probe_look *look)
{
    for (unsigned i = 0; i < PROBE_PEERS_MAX; i++)
        probe_peer_free(&look->peers[i]);
    probe_place_free(&look->place);
    reading_free(&look->show.reading);
    curve_pair_wipe(&look->self.pair);
    if (look->signal_fd >= 0)
        close(look->signal_fd);
}
