#include "control/tail.h"

#include <stdlib.h>

#include "conf/must.h"
#include "control/tail_parts.h"

enum { GOODBYE_NS = 10 * 1000 * 1000 }; /* for each reader, at the stop */

/* ---- life ------------------------------------------------------------------------------------ */

size_t tail_bytes(size_t max_entry)
{
    return sizeof(struct tail) + TAIL_SEARCHES_MAX * (size_t)EXPRESSION_BYTES_MAX +
           expression_room_bytes(max_entry);
}

struct tail *tail_new(const struct tail_means *means, struct err *err)
{
    const struct format_options options = {.local_time = means->local_time};
    struct tail *tail = calloc(1, sizeof *tail);

    must(tail);
    tail->means = *means;
    tail->text = format_new("text", &options, err);
    tail->as_json = format_new("json", &options, err);
    if (!tail->text || !tail->as_json) {
        tail_free(&tail);
        return NULL;
    }
    must(uv_timer_init(means->loop, &tail->timer) == 0);
    uv_unref((uv_handle_t *)&tail->timer);
    tail->is_open = true;
    return tail;
}

void tail_free(struct tail **tail_at)
{
    struct tail *tail = *tail_at;

    *tail_at = NULL;
    if (!tail)
        return;
    must(tail->reader_count == 0);
    if (tail->text)
        format_free(&tail->text);
    if (tail->as_json)
        format_free(&tail->as_json);
    expression_room_free(&tail->room);
    free(tail);
}

/* ---- readers come and go --------------------------------------------------------------------- */

static void reader_end(struct tail_reader *reader)
{
    struct tail *tail = reader->tail;

    tail->reader_count--;
    tail->search_count -= reader->searches;
    match_free(&reader->match);
    *reader = (struct tail_reader){.stream = NULL};
    if (tail->reader_count == 0 && tail->is_open)
        uv_timer_stop(&tail->timer);
}

static void on_closed(void *context)
{
    reader_end(context);
}

static struct tail_reader *free_reader(struct tail *tail)
{
    for (unsigned i = 0; i < TAIL_READERS_MAX; i++) {
        if (!tail->readers[i].tail)
            return &tail->readers[i];
    }
    return NULL;
}

/* Where the numbers of what is kept begin. */
static uint64_t oldest_number(const struct recent *recent)
{
    struct recent_cursor cursor = recent_oldest(recent);
    const struct recent_record *record = recent_look(recent, &cursor);

    return record ? record->first : recent_count(recent);
}

static void begin_reading(struct tail_reader *reader)
{
    const struct recent *recent = reader->tail->means.recent;

    reader->until = recent_count(recent);
    reader->is_counting = reader->last > 0;
    reader->cursor = reader->is_counting ? recent_oldest(recent) : recent_newest(recent);
    reader->begin = reader->number =
        reader->is_counting ? oldest_number(recent) : recent_count(recent);
}

static bool make_search_room(struct tail *tail)
{
    if (tail->search_count == TAIL_SEARCHES_MAX)
        return false;
    if (!tail->room)
        tail->room = expression_room_new(tail->means.max_entry);
    tail->search_count++;
    return true;
}

static void serve(struct tail *tail, struct tail_reader *reader, struct control_call *call)
{
    struct err err;

    if (tail_read_request(call->request, reader, &err) < 0) {
        reader->searches = false;
        connection_refuse(call->connection, "%s", err.text);
    } else if (reader->searches && !make_search_room(tail)) {
        reader->searches = false;
        connection_refuse(call->connection,
                          "%d readers search messages already, and there is no "
                          "room for one more",
                          TAIL_SEARCHES_MAX);
    } else {
        reader->stream = control_stream_begin(call, on_closed, reader);
    }
}

void tail_serve(struct tail *tail, struct control_call *call)
{
    struct tail_reader *reader = free_reader(tail);

    if (!reader) {
        connection_refuse(call->connection,
                          "%d readers are there already, and there is no room "
                          "for one more",
                          TAIL_READERS_MAX);
        return;
    }
    reader->tail = tail;
    tail->reader_count++;
    serve(tail, reader, call);
    if (!reader->stream) {
        reader_end(reader);
        return;
    }
    tail_show_begin(reader);
    begin_reading(reader);
    tail_look_soon(tail, 0);
}

/* ---- the end --------------------------------------------------------------------------------- */

/* What was taken last is still to be shown. */
static void say_goodbye(struct tail_reader *reader)
{
    tail_serve_reader(reader, uv_hrtime() + GOODBYE_NS);
    if (!reader->stream)
        return;
    tail_show_end(reader, "logboomd stops");
    control_stream_flush(reader->stream);
}

void tail_close(struct tail *tail)
{
    if (!tail || !tail->is_open)
        return;
    for (unsigned i = 0; i < TAIL_READERS_MAX; i++) {
        if (tail->readers[i].stream)
            say_goodbye(&tail->readers[i]);
    }
    tail->is_open = false;
    uv_close((uv_handle_t *)&tail->timer, NULL);
}
