/* The kinds udp and unix-dgram: each entry is a datagram. */
#include "sink/remote.h"

enum { SEND_BUFFER_BYTES = 256 * 1024 };

static void prepare(int fd, const struct conf_sink *conf)
{
    int bytes = SEND_BUFFER_BYTES;

    (void)conf;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

static const char *datagram_target(const struct conf_sink *conf)
{
    return conf->address;
}

/* Whoever is to be heard of again by chance is asked every second. */
static const struct remote_kind remote_udp = {
    .form = NET_HOST_PORT,
    .socket_type = SOCK_DGRAM,
    .is_deaf = true,
    .retry_ms_max = 1000,
    .prepare = prepare,
    .engine = &engine_datagram,
};

static const struct remote_kind remote_unix_dgram = {
    .form = NET_PATH,
    .socket_type = SOCK_DGRAM,
    .retry_ms_max = 30000,
    .prepare = prepare,
    .engine = &engine_datagram,
};

const struct sink_kind sink_kind_udp = {.target = datagram_target, .remote = &remote_udp};
const struct sink_kind sink_kind_unix_dgram = {.target = datagram_target,
                                               .remote = &remote_unix_dgram};
