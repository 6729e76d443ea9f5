/* tail_read.c - a reader goes on in the recent messages: from his place, as far as he has time and
 * room. */
#include "conf/must.h"
#include "control/tail_parts.h"

enum { ENTRIES_A_LOOK = 16 }; /* at the clock */

/* So many entries passed before this reader saw them. */
static void miss(struct tail_reader *reader, uint64_t count)
{
    uint64_t old = count < reader->skip ? count : reader->skip;

    reader->number += count;
    if (reader->is_counting)
        return;
    reader->skip -= old;
    reader->missed += count - old;
    allowance_missed(&reader->allowance, count - old);
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
        allowance_saw(&reader->allowance, 1);
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

bool tail_is_behind(const struct tail_reader *reader)
{
    return reader->is_counting || reader->missed > 0 ||
           reader->number < recent_count(reader->tail->means.recent);
}

/* It takes as much as the line that had no room. */
bool tail_has_room(struct tail_reader *reader)
{
    return reader->needs == 0 || control_stream_room(reader->stream, reader->needs);
}

void tail_serve_reader(struct tail_reader *reader, uint64_t until_ns)
{
    if (!tail_is_behind(reader) || !tail_has_room(reader))
        return;
    reader->needs = 0;
    while (read_on(reader, until_ns) && uv_hrtime() < until_ns)
        ;
    if (reader->missed > 0 && reader->needs == 0 &&
        reader->number == recent_count(reader->tail->means.recent))
        tail_show_missed(reader);
    control_stream_flush(reader->stream);
}
