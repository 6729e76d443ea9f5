/* pusher - sends N entries of 212 bytes of JSON to an address, as fast as it is let.
 *
 *     pusher ADDRESS ENTRIES [BATCH_BYTES [HOSTS [CLIENTS]]]
 *
 * With BATCH_BYTES, whole lines are packed into messages of about that size; with HOSTS,
 * each is from one of so many hosts, at random; with CLIENTS, so many connections take turns.
 * Encrypts where the environment has keys (curve_env.h).
 * Every entry carries its number. Prints the number of messages sent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "bench/curve_env.h"

enum { ENTRY_LEN = 212 };

static const char pattern[] =
    "{\"time\":\"2026-11-23T03:34:12.000000Z\",\"level\":\"info\",\"host\":\"web-01\","
    "\"app\":\"checkout\",\"message\":\"order 0000000000 was paid by card in 35 ms and "
    "handed to the warehouse at once, as always\",\"user\":\"u-4821\",\"ms\":35}";

/* The entry, padded inside its message to ENTRY_LEN, its number in place. */
static void make_entry(char *to, unsigned long number)
{
    static size_t order_at, time_at;
    char digits[32];

    if (!order_at) {
        order_at = (size_t)(strstr(pattern, "order ") - pattern) + 6;
        time_at = (size_t)(strstr(pattern, ".000000Z") - pattern) + 1;
    }
    memcpy(to, pattern, ENTRY_LEN);
    snprintf(digits, sizeof digits, "%010lu", number);
    memcpy(to + order_at, digits, 10);
    snprintf(digits, sizeof digits, "%06lu", number % 1000000);
    memcpy(to + time_at, digits, 6);
}

/* One of h00000, h00001 …, as long as the host in the pattern. */
static void choose_host(char *entry, unsigned long hosts)
{
    static unsigned long long state = 88172645463325252ull;
    static size_t host_at;
    char name[32];

    if (!host_at)
        host_at = (size_t)(strstr(pattern, "web-01") - pattern);
    state ^= state << 13; /* xorshift64 */
    state ^= state >> 7;
    state ^= state << 17;
    snprintf(name, sizeof name, "h%05lu", (unsigned long)(state >> 33) % hosts);
    memcpy(entry + host_at, name, 6);
}

static void *connect_to(void *context, const char *address)
{
    void *socket = zmq_socket(context, ZMQ_PUSH);
    int forever = -1;

    zmq_setsockopt(socket, ZMQ_LINGER, &forever, sizeof forever);
    curve_env_apply(socket);
    if (zmq_connect(socket, address) < 0) {
        perror(address);
        exit(1);
    }
    return socket;
}

int main(int argc, char **argv)
{
    unsigned long entries = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    size_t batch_bytes = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
    unsigned long hosts = argc > 4 ? strtoul(argv[4], NULL, 10) : 0;
    unsigned long messages = 0;
    size_t len = 0;
    unsigned long clients = argc > 5 ? strtoul(argv[5], NULL, 10) : 1;
    void *context, **sockets;
    char *buffer;

    if (!entries || !clients || sizeof pattern - 1 != ENTRY_LEN) {
        fprintf(stderr,
                "usage: pusher ADDRESS ENTRIES [BATCH_BYTES [HOSTS [CLIENTS]]] (pattern has %zu "
                "bytes)\n",
                sizeof pattern - 1);
        return 64;
    }
    context = zmq_ctx_new();
    sockets = calloc(clients, sizeof *sockets);
    buffer = malloc(batch_bytes + 2 * ENTRY_LEN);
    if (!buffer || !sockets)
        exit(71);
    for (unsigned long i = 0; i < clients; i++)
        sockets[i] = connect_to(context, argv[1]);
    for (unsigned long i = 0; i < entries; i++) {
        make_entry(buffer + len, i);
        if (hosts)
            choose_host(buffer + len, hosts);
        len += ENTRY_LEN;
        if (batch_bytes && len + 1 + ENTRY_LEN <= batch_bytes && i + 1 < entries) {
            buffer[len++] = '\n';
            continue;
        }
        if (zmq_send(sockets[messages % clients], buffer, len, 0) < 0) {
            perror("zmq_send");
            exit(1);
        }
        messages++;
        len = 0;
    }
    for (unsigned long i = 0; i < clients; i++)
        zmq_close(sockets[i]);
    zmq_ctx_term(context);
    free(sockets);
    free(buffer);
    printf("%lu\n", messages);
    return 0;
}
