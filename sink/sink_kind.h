/* sink_kind.h - for those who write a new kind of sink.
 *
 * A kind knows how to open its target and nothing else: queueing, retrying, telling
 * and counting are in sink.c, moving bytes in one of the engines, chosen by what the
 * descriptor is:
 *
 *     engine_poll   FIFOs, terminals, sockets: writev on the loop, EAGAIN waits
 *     engine_job    other descriptors: writev in libuv's thread pool, one job a sink
 *     engine_log    log files, which are opened, rotated and written by such a job; of the
 *                   kind file only
 *
 * A kind whose target is a connection, which is made and lost, says so instead of opening
 * (sink/remote.h).
 */
#ifndef SINK_SINK_KIND_H
#define SINK_SINK_KIND_H

#include <sys/stat.h>

#include "sink/sink.h"

struct remote_kind;

struct sink_kind {
    /* A descriptor of our own, or -1 with errno and a sentence. */
    int (*open)(const struct conf_sink *conf, struct err *err);
    const char *(*target)(const struct conf_sink *conf);
    const struct remote_kind *remote; /* NULL: it is opened */
    bool is_zmq;                      /* a ZeroMQ socket (sink/sink_zmq.h) */
};

extern const struct sink_kind sink_kind_file;
extern const struct sink_kind sink_kind_stdout;
extern const struct sink_kind sink_kind_tcp;
extern const struct sink_kind sink_kind_tls;
extern const struct sink_kind sink_kind_unix;
extern const struct sink_kind sink_kind_udp;
extern const struct sink_kind sink_kind_unix_dgram;
extern const struct sink_kind sink_kind_zmq;

#endif
