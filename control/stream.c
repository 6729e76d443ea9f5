#include "control/stream.h"

#include <string.h>

#include "conf/must.h"
#include "control/control_parts.h"

static struct connection *connection_of(struct control_stream *stream)
{
    return container_of(stream, struct connection, stream);
}

struct control_stream *control_stream_begin(struct control_call *call,
                                            control_stream_closed_cb *on_closed, void *context)
{
    struct connection *connection = call->connection;

    if (call->control->streams == CONTROL_STREAMS_MAX ||
        !connection_reserve(connection, CONTROL_STREAM_BYTES)) {
        connection_refuse(connection,
                          "%u programs watch already, and there is no room for one more",
                          call->control->streams);
        return NULL;
    }
    call->control->streams++;
    connection->state = CONNECTION_STREAMING;
    connection->stream = (struct control_stream){
        .on_closed = on_closed, .context = context, .limit_bytes = CONTROL_STREAM_BYTES};
    fd_watch_for(connection->watch, UV_READABLE);
    return &connection->stream;
}

void control_stream_widen(struct control_stream *stream, size_t bytes)
{
    if (bytes > stream->limit_bytes && connection_reserve(connection_of(stream), bytes))
        stream->limit_bytes = bytes;
}

char *control_stream_room(struct control_stream *stream, size_t len)
{
    struct connection *connection = connection_of(stream);

    must(connection->state == CONNECTION_STREAMING);
    if (connection->out_len - connection->out_sent + len > stream->limit_bytes) {
        stream->missed++;
        return NULL;
    }
    if (connection->out_size - connection->out_len < len)
        must(connection_reserve(connection, len)); /* it only moves what waits */
    return connection->out + connection->out_len;
}

void control_stream_add(struct control_stream *stream, size_t len)
{
    struct connection *connection = connection_of(stream);

    must(connection->out_size - connection->out_len >= len);
    connection->out_len += len;
}

bool control_stream_put(struct control_stream *stream, const char *line, size_t len)
{
    char *room = control_stream_room(stream, len);

    if (!room)
        return false;
    memcpy(room, line, len);
    control_stream_add(stream, len);
    return true;
}

uint64_t control_stream_missed(struct control_stream *stream)
{
    uint64_t missed = stream->missed;

    stream->missed = 0;
    return missed;
}

/* While its kernel is known to be full, sending is the event's. */
void control_stream_flush(struct control_stream *stream)
{
    struct connection *connection = connection_of(stream);

    if (!connection->is_full)
        connection_send(connection);
}

void control_stream_end(struct control_stream *stream)
{
    stream->on_closed = NULL;
    connection_close(connection_of(stream));
}
