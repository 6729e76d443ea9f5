/* connection.c - one who has connected: a line in, a line or a stream of them out.
 *
 *     ASKED ──line──► served ──► ANSWERING ──sent──► closed
 *                        ├─────► WORKING ──control_finish──► ANSWERING
 *                        └─────► STREAMING ──either side closes──► closed
 *
 * Nothing here waits: what cannot be sent now is kept, and goes when the kernel has room. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/must.h"
#include "control/control_parts.h"

/* Of a refusal: as text, and in an answer. */
enum { SENTENCE_MAX = 1024, SENTENCE_BYTES = 6 * SENTENCE_MAX + 256 };

static void on_events(void *context, int events);

/* ---- coming and going ----------------------------------------------------------------------- */

static void be_patient(struct connection *connection)
{
    connection->until_ms = uv_now(connection->control->loop) + CONTROL_PATIENCE_MS;
}

void connection_open(struct connection *connection, struct control *control, int fd,
                     enum control_right right)
{
    must(connection->state == CONNECTION_FREE);
    if (fd_watch_open(&connection->watch, control->loop, fd, on_events, connection) != 0) {
        close(fd);
        return;
    }
    connection->control = control;
    connection->number = ++control->numbers;
    connection->fd = fd;
    connection->right = right;
    connection->is_full = false;
    connection->in_len = connection->out_len = connection->out_sent = 0;
    connection->state = CONNECTION_ASKED;
    control->in_use++;
    be_patient(connection);
    fd_watch_for(connection->watch, UV_READABLE);
}

void connection_close(struct connection *connection)
{
    struct control *control = connection->control;
    bool streamed = connection->state == CONNECTION_STREAMING;

    if (connection->state == CONNECTION_FREE)
        return;
    connection->state = CONNECTION_FREE;
    fd_watch_close(&connection->watch);
    close(connection->fd);
    free(connection->out);
    connection->out = NULL;
    control->out_bytes -= connection->out_size;
    connection->out_size = 0;
    control->in_use--;
    control->streams -= streamed;
    if (streamed && connection->stream.on_closed)
        connection->stream.on_closed(connection->stream.context);
    control_place_is_free(control);
}

bool connection_is_overdue(const struct connection *connection, uint64_t now_ms)
{
    return connection->until_ms > 0 && now_ms >= connection->until_ms;
}

/* ---- out ------------------------------------------------------------------------------------ */

static void grow(struct connection *connection, size_t size)
{
    struct control *control = connection->control;

    control->out_bytes += size - connection->out_size;
    connection->out = realloc(connection->out, size);
    must(connection->out);
    connection->out_size = size;
}

/* A sentence always has room. */
static bool may_grow(const struct connection *connection, size_t size)
{
    const struct control *control = connection->control;

    return size <= SENTENCE_BYTES ||
           control->out_bytes + size - connection->out_size <= control->out_bytes_max;
}

bool connection_reserve(struct connection *connection, size_t bytes)
{
    size_t waiting = connection->out_len - connection->out_sent;

    if (connection->out_sent > 0)
        memmove(connection->out, connection->out + connection->out_sent, waiting);
    connection->out_sent = 0;
    connection->out_len = waiting;
    if (connection->out_size - waiting >= bytes)
        return true;
    if (!may_grow(connection, waiting + bytes))
        return false;
    grow(connection, waiting + bytes);
    return true;
}

/* Only a stream is listened to: it ends when its reader hangs up. Of others that shows when we
 * send. */
static void wait_for_room(struct connection *connection)
{
    bool waits = connection->out_sent < connection->out_len;
    bool listens = connection->state == CONNECTION_STREAMING;

    fd_watch_for(connection->watch, (listens ? UV_READABLE : 0) | (waits ? UV_WRITABLE : 0));
}

void connection_send(struct connection *connection)
{
    while (connection->out_sent < connection->out_len) {
        ssize_t sent =
            send(connection->fd, connection->out + connection->out_sent,
                 connection->out_len - connection->out_sent, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno != EAGAIN) {
            connection_close(connection);
            return;
        }
        connection->is_full = sent <= 0;
        if (connection->is_full)
            break;
        connection->out_sent += (size_t)sent;
        if (connection->state == CONNECTION_ANSWERING)
            be_patient(connection);
    }
    if (connection->state == CONNECTION_ANSWERING && connection->out_sent == connection->out_len)
        connection_close(connection);
    else
        wait_for_room(connection);
}

bool connection_answer(struct connection *connection, bool ok, size_t bytes, struct json_out *out)
{
    bytes += 64;
    if (!connection_reserve(connection, bytes)) {
        connection_refuse(connection, "too many answers are under way; ask again");
        return false;
    }
    json_begin(out, connection->out, bytes);
    json_object(out, NULL);
    json_truth(out, CONTROL_OK, ok);
    return true;
}

void connection_answered(struct connection *connection, struct json_out *out)
{
    json_end_object(out);
    must(json_end(out));              /* whoever asked for room knew how much */
    connection->out[out->len] = '\n'; /* where the NUL was */
    connection->out_len = out->len + 1;
    connection->state = CONNECTION_ANSWERING;
    be_patient(connection);
    connection_send(connection);
}

void connection_refuse(struct connection *connection, const char *format, ...)
{
    char sentence[SENTENCE_MAX];
    struct json_out out;
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    must(connection_answer(connection, false, 6 * strlen(sentence), &out));
    json_text(&out, CONTROL_ERROR, sentence);
    connection_answered(connection, &out);
}

/* ---- in ------------------------------------------------------------------------------------- */

static void serve_line(struct connection *connection, size_t len)
{
    connection->until_ms = 0; /* from now on it waits for us */
    fd_watch_for(connection->watch, 0);
    control_serve(connection, connection->in, len);
}

/* What came so far ends in a line, or is too long for one, or goes on. */
static void look_for_line(struct connection *connection, bool ended)
{
    const char *newline = memchr(connection->in, '\n', connection->in_len);

    if (newline)
        serve_line(connection, (size_t)(newline - connection->in));
    else if (connection->in_len == CONTROL_REQUEST_MAX)
        connection_refuse(connection, "the request is longer than %d bytes", CONTROL_REQUEST_MAX);
    else if (ended && connection->in_len > 0)
        serve_line(connection, connection->in_len);
    else if (ended)
        connection_close(connection);
}

static void read_request(struct connection *connection)
{
    ssize_t got = recv(connection->fd, connection->in + connection->in_len,
                       CONTROL_REQUEST_MAX - connection->in_len, MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got < 0) {
        connection_close(connection);
        return;
    }
    connection->in_len += (size_t)got;
    look_for_line(connection, got == 0);
}

/* Whoever reads a stream has nothing more to say: this is its end, or a mistake. */
static void read_end(struct connection *connection)
{
    char byte;
    ssize_t got = recv(connection->fd, &byte, 1, MSG_DONTWAIT);

    if (got >= 0 || (errno != EAGAIN && errno != EINTR))
        connection_close(connection);
}

static void on_events(void *context, int events)
{
    struct connection *connection = context;

    if (connection->state == CONNECTION_ASKED) {
        read_request(connection);
        return;
    }
    if ((events & UV_READABLE) && connection->state == CONNECTION_STREAMING)
        read_end(connection);
    if ((events & UV_WRITABLE) && connection->state >= CONNECTION_ANSWERING)
        connection_send(connection);
}
