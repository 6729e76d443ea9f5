/* The kinds tcp, tls and unix: connections over which entries go one behind the other. */
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "sink/remote.h"
#include "sink/transport.h"

/* So much of each connection is the kernel's at most. */
enum { SEND_BUFFER_BYTES = 256 * 1024 };

/* A peer that is gone without a word is noticed after a minute, also when nothing is sent. */
enum { KEEP_IDLE_S = 30, KEEP_EACH_S = 10, KEEP_COUNT = 3 };

static void set(int fd, int level, int option, int value)
{
    setsockopt(fd, level, option, &value, sizeof value);
}

static void prepare_tcp(int fd, const struct conf_sink *conf)
{
    set(fd, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES);
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE_S);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEP_EACH_S);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEP_COUNT);
    set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)conf->timeout.ms);
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1); /* blocks are large when there is much to send */
}

static void prepare_unix(int fd, const struct conf_sink *conf)
{
    (void)conf;
    set(fd, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES);
}

static const char *stream_target(const struct conf_sink *conf)
{
    return conf->address;
}

static const struct remote_kind remote_tcp = {
    .form = NET_HOST_PORT,
    .socket_type = SOCK_STREAM,
    .acks = true,
    .retry_ms_max = 30000,
    .prepare = prepare_tcp,
    .engine = &engine_stream,
    .transport = &transport_plain,
};

static const struct remote_kind remote_tls = {
    .form = NET_HOST_PORT,
    .socket_type = SOCK_STREAM,
    .acks = true,
    .retry_ms_max = 30000,
    .prepare = prepare_tcp,
    .engine = &engine_stream,
    .transport = &transport_tls,
};

static const struct remote_kind remote_unix = {
    .form = NET_PATH,
    .socket_type = SOCK_STREAM,
    .retry_ms_max = 30000,
    .prepare = prepare_unix,
    .engine = &engine_stream,
    .transport = &transport_plain,
};

const struct sink_kind sink_kind_tcp = {.target = stream_target, .remote = &remote_tcp};
const struct sink_kind sink_kind_tls = {.target = stream_target, .remote = &remote_tls};
const struct sink_kind sink_kind_unix = {.target = stream_target, .remote = &remote_unix};
