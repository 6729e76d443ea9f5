/* watch.c - the stream `watch`: the status once a second, of which `top` makes its picture.
 *
 * It is gathered once for all who watch; each has a line of his own, as he may have missed some. */
#include <string.h>

#include "conf/must.h"
#include "control/control_parts.h"
#include "status/status_json.h"

enum { EVERY_MS = 1000 };

static size_t line_bytes(const struct control *control)
{
    return status_json_bytes(control->status.endpoint_count, control->status.sink_count) + 64;
}

static void show(struct control *control, struct control_stream *stream)
{
    size_t bytes = line_bytes(control);
    uint64_t missed = control_stream_missed(stream);
    struct json_out out;
    char *line;

    control_stream_widen(stream, bytes); /* there may be more sinks than there were */
    line = control_stream_room(stream, bytes);
    stream->missed += missed;
    if (!line)
        return;
    json_begin(&out, line, bytes);
    json_object(&out, NULL);
    json_truth(&out, CONTROL_OK, true);
    json_number(&out, CONTROL_MISSED, missed);
    status_write_json(&control->status, &out);
    json_end_object(&out);
    must(json_end(&out));
    line[out.len] = '\n';
    control_stream_add(stream, out.len + 1);
    stream->missed -= missed;
    control_stream_flush(stream);
}

static void on_second(uv_timer_t *timer)
{
    struct control *control = container_of(timer, struct control, watching);
    struct control_stream *all[CONTROL_STREAMS_MAX];
    unsigned count = control->watcher_count;

    control->actions->gather(control->actions->context, &control->status);
    memcpy(all, control->watchers, sizeof all); /* whoever has left is taken out meanwhile */
    for (unsigned i = 0; i < count; i++)
        show(control, all[i]);
}

static void on_closed(void *context)
{
    struct connection *connection = context;
    struct control *control = connection->control;

    for (unsigned i = 0; i < control->watcher_count; i++) {
        if (control->watchers[i] == &connection->stream) {
            control->watchers[i] = control->watchers[--control->watcher_count];
            break;
        }
    }
    if (control->watcher_count == 0)
        uv_timer_stop(&control->watching);
}

void control_on_watch(struct control_call *call)
{
    struct control *control = call->control;
    struct control_stream *stream = control_stream_begin(call, on_closed, call->connection);

    if (!stream)
        return;
    control->watchers[control->watcher_count++] = stream;
    if (control->watcher_count == 1)
        uv_timer_start(&control->watching, on_second, EVERY_MS, EVERY_MS);
    control->actions->gather(control->actions->context, &control->status);
    show(control, stream);
}
