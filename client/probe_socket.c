#include "client/probe_socket.h"

#include <stddef.h>
#include <string.h>

#include "conf/must.h"

enum { CLIENTS_MAX = 2 };

/* logboomd's router is a DEALER to ZeroMQ, which a REQ does not talk to. */
static const struct {
    enum probe_socket socket;
    const char *word;
    const char *name;
    const char *clients[CLIENTS_MAX]; /* that it is made for */
    const char *others[CLIENTS_MAX];  /* that can talk to it, too */
} rows[PROBE_SOCKETS] = {
    {PROBE_PULL, "pull", "PULL", {"PUSH"}, {NULL}},
    {PROBE_SUB, "sub", "SUB", {"PUB", "XPUB"}, {NULL}},
    {PROBE_ROUTER, "router", "DEALER", {"DEALER"}, {"ROUTER"}},
    {PROBE_REP, "rep", "REP", {"REQ"}, {"DEALER"}},
    {PROBE_PAIR, "pair", "PAIR", {"PAIR"}, {NULL}},
};

const char *probe_socket_word(enum probe_socket socket)
{
    must(socket < PROBE_SOCKETS && rows[socket].socket == socket);
    return rows[socket].word;
}

const char *probe_socket_name(enum probe_socket socket)
{
    must(socket < PROBE_SOCKETS);
    return rows[socket].name;
}

enum probe_socket probe_socket_called(const char *word)
{
    for (unsigned i = 0; i < PROBE_SOCKETS; i++)
        if (strcmp(rows[i].word, word) == 0)
            return rows[i].socket;
    return strcmp(word, "auto") == 0 ? PROBE_AUTO : PROBE_NONE;
}

const char *probe_socket_words(void)
{
    return "pull, sub, router, rep, pair";
}

static bool is_among(const char *const types[CLIENTS_MAX], const char *type)
{
    for (unsigned i = 0; i < CLIENTS_MAX && types[i]; i++)
        if (strcmp(types[i], type) == 0)
            return true;
    return false;
}

bool probe_socket_suits(enum probe_socket socket, const char *type)
{
    must(socket < PROBE_SOCKETS);
    return is_among(rows[socket].clients, type) || is_among(rows[socket].others, type);
}

enum probe_socket probe_socket_for(const char *type)
{
    for (unsigned i = 0; i < PROBE_SOCKETS; i++)
        if (is_among(rows[i].clients, type))
            return rows[i].socket;
    return PROBE_NONE;
}

enum frames_envelope probe_socket_envelope(enum probe_socket socket)
{
    return socket == PROBE_ROUTER ? FRAMES_DELIMITED
           : socket == PROBE_REP  ? FRAMES_ASKED
                                  : FRAMES_BARE;
}
