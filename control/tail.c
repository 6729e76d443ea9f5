#include "control/tail.h"

#include <stdlib.h>
#include <string.h>

#include "conf/must.h"
#include "control/tail_parts.h"

/* Time is given to readers as a share of what passes, and saved up to some of it; whoever is
 * behind is looked after soon, and whoever takes nothing now and then. */
enum {
    TIME_SHARE = 8,
    ALLOWANCE_MAX_NS = 2 * 1000 * 1000,
    GOODBYE_NS = 10 * 1000 * 1000, /* for each reader, at the stop */
    ENTRIES_A_LOOK = 16,           /* at the clock */
    BEHIND_MS = 1,
    STUCK_MS = 20,
};

static void on_timer(uv_timer_t *timer);

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
    uv_timer_start(&tail->timer, on_timer, 0, 0);
}

/* ---- reading along --------------------------------------------------------------------------- */

/* So many entries passed before this reader saw them. */
static void miss(struct tail_reader *reader, uint64_t count)
{
    uint64_t old = count < reader->skip ? count : reader->skip;

    reader->number += count;
    if (reader->is_counting)
        return;
    reader->skip -= old;
    reader->missed += count - old;
}

/* All that there was at the beginning is counted: once more from there, for the last ones. */
static void begin_showing(struct tail_reader *reader)
{
    reader->is_counting = false;
    reader->skip = reader->matches > reader->last ? reader->matches - reader->last : 0;
    reader->cursor = recent_oldest(reader->tail->means.recent);
    reader->number = reader->begin;
}

static bool takes(const struct tail_reader *reader, const struct entry *entry, const char *base)
{
    return !reader->match ||
           (match_ask(reader->match, reader->tail->room, entry, base) & MATCH_TAKES);
}

/* False: there is no room to show it. */
static bool pass(struct tail_reader *reader, const struct entry *entry, const char *base)
{
    if (!takes(reader, entry, base))
        return true;
    if (reader->is_counting) {
        reader->matches++;
        return true;
    }
    if (reader->skip > 0) {
        reader->skip--;
        return true;
    }
    return (reader->missed == 0 || tail_show_missed(reader)) &&
           tail_show_entry(reader, entry, base);
}

static bool time_is_up(uint64_t until_ns, unsigned *count)
{
    return ++*count % ENTRIES_A_LOOK == 0 && uv_hrtime() >= until_ns;
}

/* Takes the entry of this number in hand, decoding what is before it only if it must. */
static void play(struct tail *tail, const struct recent_record *record, uint64_t number)
{
    if (!tail->entry || tail->playing != record->first || tail->played > number + 1) {
        replay_begin(tail->means.replay, record);
        tail->playing = tail->played = record->first;
    }
    for (; tail->played <= number; tail->played++)
        tail->entry = replay_next(tail->means.replay, &tail->base);
    must(tail->entry);
}

/* Nobody can read it any more. Of what there was before this reader came, that is no news. */
static void pass_over(struct tail_reader *reader, const struct recent_record *record)
{
    uint64_t end = record->first + record->count;

    if (end <= reader->until)
        reader->number = end;
    else
        miss(reader, end - reader->number);
}

/* The entries of a record from reader->number on. False: not all of them; it goes on there. */
static bool read_record(struct tail_reader *reader, const struct recent_record *record,
                        uint64_t until_ns)
{
    struct tail *tail = reader->tail;
    unsigned count = 0;

    if (!record->source) {
        pass_over(reader, record);
        return true;
    }
    while (reader->number < record->first + record->count) {
        play(tail, record, reader->number);
        if (!pass(reader, tail->entry, tail->base))
            return false;
        reader->number++;
        if (time_is_up(until_ns, &count))
            break;
    }
    return reader->number == record->first + record->count;
}

/* False: there is nothing more for this reader now. */
static bool read_on(struct tail_reader *reader, uint64_t until_ns)
{
    struct recent *recent = reader->tail->means.recent;
    const struct recent_record *record = recent_look(recent, &reader->cursor);
    uint64_t first = record ? record->first : recent_count(recent);

    if (first > reader->number)
        miss(reader, first - reader->number);
    if (reader->is_counting && reader->number >= reader->until) {
        begin_showing(reader);
        return true;
    }
    if (!record || !read_record(reader, record, until_ns))
        return false;
    recent_step(recent, &reader->cursor);
    return true;
}

static bool is_behind(const struct tail_reader *reader)
{
    return reader->is_counting || reader->missed > 0 ||
           reader->number < recent_count(reader->tail->means.recent);
}

/* It takes as much as the line that had no room. */
static bool has_room(struct tail_reader *reader)
{
    return reader->needs == 0 || control_stream_room(reader->stream, reader->needs);
}

static void serve_reader(struct tail_reader *reader, uint64_t until_ns)
{
    if (!is_behind(reader) || !has_room(reader))
        return;
    reader->needs = 0;
    while (read_on(reader, until_ns) && uv_hrtime() < until_ns)
        ;
    if (reader->missed > 0 && reader->needs == 0 &&
        reader->number == recent_count(reader->tail->means.recent))
        tail_show_missed(reader);
    control_stream_flush(reader->stream);
}

/* ---- the end --------------------------------------------------------------------------------- */

/* What was taken last is still to be shown. */
static void say_goodbye(struct tail_reader *reader)
{
    serve_reader(reader, uv_hrtime() + GOODBYE_NS);
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

/* ---- each turn ------------------------------------------------------------------------------- */

static void give_time(struct tail *tail, uint64_t now_ns)
{
    tail->allowance_ns += (int64_t)(now_ns - tail->turn_ns) / TIME_SHARE;
    if (tail->allowance_ns > ALLOWANCE_MAX_NS)
        tail->allowance_ns = ALLOWANCE_MAX_NS;
    tail->turn_ns = now_ns;
}

static void take_time(struct tail *tail)
{
    uint64_t used_ns = uv_hrtime() - tail->turn_ns;

    tail->allowance_ns -= (int64_t)used_ns;
    tail->turn_ns += used_ns;
}

/* Of readers that are behind, those that take something matter more. */
static uint64_t next_look_ms(const struct tail *tail)
{
    uint64_t look_ms = 0;

    for (unsigned i = 0; i < TAIL_READERS_MAX; i++) {
        const struct tail_reader *reader = &tail->readers[i];

        if (!reader->stream || !is_behind(reader))
            continue;
        if (reader->needs == 0)
            return BEHIND_MS;
        look_ms = STUCK_MS;
    }
    return look_ms;
}

/* Each gets its part of the time; what one leaves is for those after it. */
static void serve_readers(struct tail *tail)
{
    unsigned left = tail->reader_count;

    for (unsigned i = 0; i < TAIL_READERS_MAX && left > 0; i++) {
        uint64_t now_ns = uv_hrtime();
        int64_t left_ns = tail->allowance_ns - (int64_t)(now_ns - tail->turn_ns);

        if (!tail->readers[i].stream)
            continue;
        if (left_ns > 0)
            serve_reader(&tail->readers[i], now_ns + (uint64_t)left_ns / left);
        left--;
    }
}

void tail_turn(struct tail *tail)
{
    uint64_t look_ms;

    if (tail->reader_count == 0 || !tail->is_open)
        return;
    give_time(tail, uv_hrtime());
    serve_readers(tail);
    take_time(tail);
    look_ms = next_look_ms(tail);
    if (look_ms > 0 && !uv_is_active((uv_handle_t *)&tail->timer))
        uv_timer_start(&tail->timer, on_timer, look_ms, 0);
}

/* The turn that follows does the work. */
static void on_timer(uv_timer_t *timer)
{
    (void)timer;
}
