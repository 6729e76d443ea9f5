#include "client/probe_place.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/command.h"
#include "client/say.h"
#include "conf/nanoseconds.h"
#include "sink/dial.h"
#include "zeromq/listener.h"

enum { REST_MS = 100 };

enum state { DIALLING, GIVEN, RESTING, LISTENING };

struct probe_place {
    const char *text;
    bool may_listen; /* nobody said which way; it is decided by the first answer */
    struct address address;
    enum state state;
    int fd;                       /* that is dialling, or -1 */
    struct addrinfo *found;       /* tcp: what the host stands for */
    const struct addrinfo *next;  /* to be tried */
    struct sockaddr_storage path; /* ipc */
    socklen_t path_len;
    int64_t due_ms; /* while RESTING */
    int error;
    struct listener listener;
};

/* ---- open and close --------------------------------------------------------------- */

static int look_up(struct probe_place *place, struct err *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    char port[16];
    int error;

    if (place->address.transport == ADDRESS_IPC) {
        place->path_len = address_to_sockaddr(&place->address, &place->path);
        return 0;
    }
    snprintf(port, sizeof port, "%u", place->address.port);
    error = getaddrinfo(place->address.host, port, &hints, &place->found);
    if (error != 0)
        return err_set(err, "cannot find '%s': %s", place->address.host, gai_strerror(error));
    place->next = place->found;
    return 0;
}

static int listen_there(struct probe_place *place, const struct address *address, struct err *err)
{
    const struct conf_ipc ipc = {.mode = {0660}}; /* as logboomd's own sockets */

    if (listener_open(&place->listener, address, &ipc, err) < 0)
        return -1;
    place->state = LISTENING;
    return 0;
}

/* An address that can only be listened on. */
static bool is_any_host(const char *text)
{
    struct address address;

    return address_parse(text, ADDRESS_TO_BIND, &address, NULL) == 0 &&
           address.transport == ADDRESS_TCP &&
           (address.port == 0 || strcmp(address.host, "0.0.0.0") == 0 ||
            strcmp(address.host, "::") == 0);
}

static int place_open(struct probe_place *place, enum probe_way way, int *status_out,
                      struct err *err)
{
    bool binds = way == PROBE_BIND || (way == PROBE_EITHER && is_any_host(place->text));

    *status_out = EXIT_USAGE;
    if (address_parse(place->text, binds ? ADDRESS_TO_BIND : ADDRESS_TO_CONNECT, &place->address,
                      err) < 0)
        return -1;
    *status_out = binds ? EXIT_SYSTEM : EXIT_UNAVAILABLE;
    place->may_listen = way == PROBE_EITHER && address_is_loopback(&place->address);
    return binds ? listen_there(place, &place->address, err) : look_up(place, err);
}

struct probe_place *probe_place_new(const char *address, enum probe_way way, int *status_out,
                                    struct err *err)
{
    struct probe_place *place = calloc(1, sizeof *place);

    *status_out = EXIT_SYSTEM;
    if (!place) {
        err_set(err, "no memory for an address");
        return NULL;
    }
    place->text = address;
    place->fd = place->listener.fd = -1;
    place->state = RESTING; /* until now */
    if (place_open(place, way, status_out, err) < 0)
        probe_place_free(&place);
    return place;
}

void probe_place_free(struct probe_place **place_at)
{
    struct probe_place *place = *place_at;

    *place_at = NULL;
    if (!place)
        return;
    listener_close(&place->listener);
    if (place->fd >= 0)
        close(place->fd);
    if (place->found)
        freeaddrinfo(place->found);
    free(place);
}

/* ---- what it is ------------------------------------------------------------------- */

enum probe_way probe_place_way(const struct probe_place *place)
{
    return place->state == LISTENING ? PROBE_BIND : PROBE_CONNECT;
}

const char *probe_place_address(const struct probe_place *place)
{
    return place->state == LISTENING ? listener_address(&place->listener) : place->text;
}

bool probe_place_is_loopback(const struct probe_place *place)
{
    return address_is_loopback(&place->address);
}

int probe_place_error(const struct probe_place *place)
{
    return place->error;
}

int probe_place_fd(const struct probe_place *place, short *events_out)
{
    *events_out = place->state == LISTENING ? POLLIN : POLLOUT;
    return place->state == LISTENING ? place->listener.fd : place->fd;
}

int probe_place_nap_ms(const struct probe_place *place)
{
    int64_t left_ms = place->due_ms - monotonic_ms();

    if (place->state != RESTING)
        return -1;
    return left_ms > 0 ? (int)left_ms : 0;
}

/* ---- connecting ------------------------------------------------------------------- */

static void rest(struct probe_place *place)
{
    place->state = RESTING;
    place->due_ms = monotonic_ms() + REST_MS;
}

static void try_other_way(struct probe_place *place)
{
    struct address address;
    struct err err;

    place->may_listen = false;
    if ((place->error != ECONNREFUSED && place->error != ENOENT) ||
        address_parse(place->text, ADDRESS_TO_BIND, &address, NULL) < 0)
        return;
    if (listen_there(place, &address, &err) < 0)
        say("nobody listens at %s, and we cannot either: %s", place->text, err.text);
    else
        say("nobody listens at %s, so we do, for a client that connects; where the client "
            "listens itself, use --connect",
            place->text);
}

static void fail(struct probe_place *place, int error)
{
    place->error = error;
    if (place->fd >= 0)
        close(place->fd);
    place->fd = -1;
    place->next = place->next ? place->next->ai_next : NULL;
    rest(place);
    if (place->next) {
        place->due_ms = 0;
        return;
    }
    place->next = place->found;
    if (place->may_listen)
        try_other_way(place);
}

static int begin(const struct probe_place *place)
{
    const struct addrinfo *to = place->next;

    if (to)
        return connect(place->fd, to->ai_addr, to->ai_addrlen);
    return connect(place->fd, (const struct sockaddr *)&place->path, place->path_len);
}

static void dial_it(struct probe_place *place)
{
    int family = place->next ? place->next->ai_family : AF_UNIX;

    place->fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (place->fd < 0 || (begin(place) < 0 && errno != EINPROGRESS))
        fail(place, errno);
    else
        place->state = DIALLING;
}

static int give(struct probe_place *place, char *name, size_t name_cap)
{
    struct pollfd item = {.fd = place->fd, .events = POLLOUT};
    int error = 0, fd = place->fd;
    socklen_t len = sizeof error;

    if (poll(&item, 1, 0) <= 0)
        return -1;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        error = errno;
    if (error == 0 && dial_met_itself(fd))
        error = ECONNREFUSED;
    if (error != 0) {
        fail(place, error);
        return -1;
    }
    place->state = GIVEN;
    place->may_listen = false;
    place->fd = -1;
    place->error = 0;
    snprintf(name, name_cap, "%s", place->text);
    return fd;
}

void probe_place_again(struct probe_place *place)
{
    if (place->state == GIVEN)
        rest(place);
}

/* ---- listening -------------------------------------------------------------------- */

static void name_peer(int fd, const struct sockaddr_storage *from, char *name, size_t name_cap)
{
    char host[INET6_ADDRSTRLEN] = "?";
    struct ucred who = {0};
    socklen_t who_len = sizeof who;

    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;

        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        snprintf(name, name_cap, "the client %s:%u", host, ntohs(v4->sin_port));
    } else if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;

        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        snprintf(name, name_cap, "the client [%s]:%u", host, ntohs(v6->sin6_port));
    } else {
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &who_len);
        snprintf(name, name_cap, "the client of process %d, user %u", who.pid, who.uid);
    }
}

static int accept_one(struct probe_place *place, char *name, size_t name_cap)
{
    struct sockaddr_storage from = {0};
    socklen_t from_len = sizeof from;
    int fd = accept4(place->listener.fd, (struct sockaddr *)&from, &from_len,
                     SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd >= 0)
        name_peer(fd, &from, name, name_cap);
    return fd;
}

int probe_place_turn(struct probe_place *place, char *name, size_t name_cap)
{
    if (place->state == RESTING && monotonic_ms() >= place->due_ms)
        dial_it(place);
    if (place->state == DIALLING)
        return give(place, name, name_cap);
    return place->state == LISTENING ? accept_one(place, name, name_cap) : -1;
}
