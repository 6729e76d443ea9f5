#include "ingest/peer.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "conf/must.h"
#include "zeromq/gate.h"

struct peers {
    unsigned count;
    uint64_t clients; /* seen so far */
    struct peer *rows;
};

struct peers *peers_new(unsigned descriptors, struct err *err)
{
    struct peers *peers = calloc(1, sizeof *peers);

    must(peers);
    peers->count = descriptors;
    /* Zeroed by the kernel, page by page as they are used: descriptors are low numbers. */
    peers->rows = mmap(NULL, descriptors * sizeof(struct peer), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (peers->rows != MAP_FAILED)
        return peers;
    free(peers);
    err_set(err, "no memory for a table of the peers of %u descriptors", descriptors);
    return NULL;
}

void peers_free(struct peers **peers_address)
{
    struct peers *peers = *peers_address;

    *peers_address = NULL;
    if (!peers)
        return;
    munmap(peers->rows, peers->count * sizeof(struct peer));
    free(peers);
}

size_t peer_bytes(void)
{
    return sizeof(struct peer);
}

/* ---- names ------------------------------------------------------------------------------- */

static bool is_safe(char byte)
{
    return byte > ' ' && byte < 0x7f && byte != '"' && byte != '\\' && byte != '=';
}

static void append(struct peer *peer, const char *text, size_t len)
{
    for (size_t i = 0; i < len && peer->len < PEER_TEXT_MAX; i++)
        peer->text[peer->len++] = is_safe(text[i]) ? text[i] : '_';
}

/* `localhost:UID:GID:PID` is how ZeroMQ calls the other end of a socket file. */
static bool name_by_credentials(struct peer *peer, const char *address)
{
    static const char local[] = "localhost:";
    const char *uid = address + sizeof local - 1, *gid, *pid;

    if (strncmp(address, local, sizeof local - 1) != 0)
        return false;
    gid = strchr(uid, ':');
    pid = gid ? strchr(gid + 1, ':') : NULL;
    if (!pid)
        return false;
    append(peer, "uid:", 4);
    peer->uid_at = peer->len;
    peer->uid_len = (uint8_t)strspn(uid, "0123456789");
    append(peer, uid, (size_t)(gid - uid));
    append(peer, ",pid:", 5);
    append(peer, pid + 1, strlen(pid + 1));
    return true;
}

void peer_name(struct peer *peer, const char *address)
{
    static const char mapped[] = "::ffff:"; /* an IPv4 address at a socket for both */

    peer->len = peer->uid_len = peer->uid_at = 0;
    if (name_by_credentials(peer, address))
        return;
    if (strncmp(address, mapped, sizeof mapped - 1) == 0 && strchr(address, '.'))
        address += sizeof mapped - 1;
    append(peer, address, strlen(address));
}

/* `KEY NAME`, as our desk says it (zap.h). */
static void name_by_key(struct peer *peer, const char *user)
{
    if (strlen(user) > PEER_KEY_LEN && user[PEER_KEY_LEN] == ' ') {
        memcpy(peer->key, user, PEER_KEY_LEN);
        peer->key_len = PEER_KEY_LEN;
        user += PEER_KEY_LEN + 1;
    }
    append(peer, user, strlen(user));
}

/* ---- who sent it --------------------------------------------------------------------------- */

/* The number of a connection that was accepted says all. */
static bool is_surely_of(const struct peer *peer, uint64_t connection)
{
    return connection != 0 && connection % 2 == 0 && connection == peer->connection;
}

/* ZeroMQ's word decides: it looks up a property by its name, which costs a tenth of a
 * message, and where a row is begun so does nobody again. */
static __attribute__((noinline)) struct peer *ask(struct peers *peers, struct peer *peer,
                                                  uint64_t connection, zmq_msg_t *frame,
                                                  bool is_named)
{
    const char *name = zmq_msg_gets(frame, is_named ? "User-Id" : "Peer-Address");
    struct peer now = {.connection = connection};

    (is_named ? name_by_key : peer_name)(&now, name ? name : "");
    if (peer->client != 0 && peer->connection == connection && peer->len == now.len &&
        memcmp(peer->text, now.text, now.len) == 0 &&
        memcmp(peer->key, now.key, sizeof now.key) == 0)
        return peer;
    now.client = ++peers->clients;
    *peer = now;
    return peer;
}

struct peer *peers_find(struct peers *peers, zmq_msg_t *frame, bool is_named)
{
    int fd = gate_source_of(frame);
    uint64_t connection;
    struct peer *peer;

    if (fd < 0 || (unsigned)fd >= peers->count)
        return NULL;
    peer = &peers->rows[fd];
    connection = gate_connection(fd);
    return is_surely_of(peer, connection) ? peer : ask(peers, peer, connection, frame, is_named);
}
