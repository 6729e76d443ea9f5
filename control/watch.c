/* watch.c - the stream `watch`: the status once a second, of which `top` makes its picture.
 *
 * It is gathered once for all who watch; each has a line of his own, as he may have missed some. */
#include <string.h>

#include "conf/must.h"
#include "control/control_parts.h"
#include "status/status_json.h"

enum { EVERY_MS = 1000 };

/* Of who sends most: a name may be escaped, six bytes for one. */
enum { HEAVIEST_SHOWN = 32, HEAVIEST_BYTES = HEAVIEST_SHOWN * (6 * HEAVY_NAME_MAX + 100) };

static const char *const by_names[CENSUS_KINDS] = {
    [CENSUS_CLIENT] = CONTROL_BY_CLIENT,
    [CENSUS_APP] = CONTROL_BY_APP,
    [CENSUS_HOST] = CONTROL_BY_HOST,
};

static size_t line_bytes(const struct control *control)
{
    return status_json_bytes(control->status.endpoint_count, control->status.sink_count) +
           HEAVIEST_BYTES + 64;
}

static struct census *census_of(const struct control *control)
{
    return control->actions->census(control->actions->context);
}

/* ---- one second --------------------------------------------------------------------------- */

static void write_heaviest(const struct control *control, enum census_by by, struct json_out *out)
{
    const struct heavy_counter *top[HEAVIEST_SHOWN];
    unsigned count = heavy_top(census_look(census_of(control), by), top, HEAVIEST_SHOWN);

    json_text(out, CONTROL_BY, by_names[by]);
    json_array(out, CONTROL_HEAVIEST);
    for (unsigned i = 0; i < count; i++) {
        json_object(out, NULL);
        json_bytes(out, "name", top[i]->name, top[i]->len);
        json_number(out, "entries", top[i]->entries);
        json_number(out, "bytes", top[i]->bytes);
        json_number(out, "entries_error", top[i]->entries_error);
        json_number(out, "bytes_error", top[i]->bytes_error);
        json_end_object(out);
    }
    json_end_array(out);
}

static void show(struct control *control, const struct watcher *watcher)
{
    struct control_stream *stream = watcher->stream;
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
    if (watcher->by != CENSUS_KINDS)
        write_heaviest(control, watcher->by, &out);
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
    struct watcher all[CONTROL_STREAMS_MAX];
    unsigned count = control->watcher_count;

    control->actions->gather(control->actions->context, &control->status);
    memcpy(all, control->watchers, sizeof all); /* whoever has left is taken out meanwhile */
    for (unsigned i = 0; i < count; i++)
        show(control, &all[i]);
}

/* ---- who watches -------------------------------------------------------------------------- */

static void on_closed(void *context)
{
    struct connection *connection = context;
    struct control *control = connection->control;

    for (unsigned i = 0; i < control->watcher_count; i++) {
        if (control->watchers[i].stream != &connection->stream)
            continue;
        if (control->watchers[i].by != CENSUS_KINDS)
            census_unwatch(census_of(control), control->watchers[i].by);
        control->watchers[i] = control->watchers[--control->watcher_count];
        break;
    }
    if (control->watcher_count == 0)
        uv_timer_stop(&control->watching);
}

/* What it also wants to know; false: there is no such thing. */
static bool read_by(struct control_call *call, enum census_by *by_out)
{
    uint32_t value = json_doc_member(call->request, JSON_ROOT, CONTROL_BY);
    char name[16];

    *by_out = CENSUS_KINDS;
    if (value == JSON_NOTHING)
        return true;
    if (!json_doc_text(call->request, value, name, sizeof name))
        return false;
    for (unsigned i = 0; i < CENSUS_KINDS; i++) {
        if (strcmp(name, by_names[i]) == 0)
            *by_out = i;
    }
    return *by_out != CENSUS_KINDS;
}

static void begin(struct control_call *call, enum census_by by)
{
    struct control *control = call->control;
    struct watcher watcher = {.by = by};

    watcher.stream = control_stream_begin(call, on_closed, call->connection);
    if (!watcher.stream) {
        if (by != CENSUS_KINDS)
            census_unwatch(census_of(control), by);
        return;
    }
    control->watchers[control->watcher_count++] = watcher;
    if (control->watcher_count == 1)
        uv_timer_start(&control->watching, on_second, EVERY_MS, EVERY_MS);
    control->actions->gather(control->actions->context, &control->status);
    show(control, &watcher);
}

void control_on_watch(struct control_call *call)
{
    enum census_by by;
    struct err err;

    if (!read_by(call, &by))
        connection_refuse(call->connection, "'by' is client, app or host");
    else if (by != CENSUS_KINDS && census_watch(census_of(call->control), by, &err) < 0)
        connection_refuse(call->connection, "%s", err.text);
    else
        begin(call, by);
}
