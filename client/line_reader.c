#include "client/line_reader.h"

#include <stdlib.h>
#include <string.h>

#include "conf/must.h"

void line_reader_init(struct line_reader *reader, char *bytes, size_t capacity_bytes,
                      size_t max_line_bytes)
{
    must(capacity_bytes > max_line_bytes);
    *reader = (struct line_reader){
        .bytes = bytes, .capacity_bytes = capacity_bytes, .max_line_bytes = max_line_bytes};
}

char *line_reader_room(const struct line_reader *reader)
{
    return reader->bytes + reader->filled;
}

size_t line_reader_room_bytes(const struct line_reader *reader)
{
    return reader->capacity_bytes - reader->filled;
}

void line_reader_filled(struct line_reader *reader, size_t bytes_read)
{
    must(bytes_read <= line_reader_room_bytes(reader));
    reader->filled += bytes_read;
}

/* Gives out the begun line up to `end`, less what is too much of it. */
static void take_line(struct line_reader *reader, size_t end, struct line *line_out)
{
    size_t len = end - reader->begin;
    size_t kept = len < reader->max_line_bytes ? len : reader->max_line_bytes;

    *line_out = (struct line){.bytes = reader->bytes + reader->begin,
                              .len = kept,
                              .cut_bytes = reader->cut_bytes + (len - kept),
                              .number = ++reader->line_count};
    reader->cut_bytes = 0;
}

/* Counts what the begun line has too much, and makes room of it. */
static void cut_begun_line(struct line_reader *reader)
{
    size_t end = reader->begin + reader->max_line_bytes;

    if (reader->filled <= end)
        return;
    reader->cut_bytes += reader->filled - end;
    reader->filled = end;
}

bool line_reader_next(struct line_reader *reader, struct line *line_out)
{
    const char *new_bytes = reader->bytes + reader->scanned;
    const char *newline = memchr(new_bytes, '\n', reader->filled - reader->scanned);

    if (!newline) {
        cut_begun_line(reader);
        reader->scanned = reader->filled;
        return false;
    }
    size_t end = (size_t)(newline - reader->bytes);
    take_line(reader, end, line_out);
    reader->begin = reader->scanned = end + 1;
    return true;
}

bool line_reader_end(struct line_reader *reader, struct line *line_out)
{
    bool has_line = reader->filled > reader->begin;

    must(reader->scanned == reader->filled);
    if (has_line)
        take_line(reader, reader->filled, line_out);
    reader->begin = reader->filled;
    reader->line_count = 0;
    return has_line;
}

void line_reader_move(struct line_reader *reader, char *bytes)
{
    size_t begun_bytes = reader->filled - reader->begin;

    must(reader->scanned == reader->filled);
    memmove(bytes, reader->bytes + reader->begin, begun_bytes);
    reader->bytes = bytes;
    reader->begin = 0;
    reader->scanned = reader->filled = begun_bytes;
}

void line_reader_put_aside(struct line_reader *reader, struct begun_line *line)
{
    size_t len = reader->filled - reader->begin;

    must(reader->scanned == reader->filled);
    if (len > line->capacity_bytes) {
        line->capacity_bytes = len < reader->max_line_bytes / 2 ? 2 * len : reader->max_line_bytes;
        line->bytes = realloc(line->bytes, line->capacity_bytes);
        must(line->bytes);
    }
    if (len > 0)
        memcpy(line->bytes, reader->bytes + reader->begin, len);
    line->len = len;
    line->cut_bytes = reader->cut_bytes;
    line->line_count = reader->line_count;
    reader->scanned = reader->filled = reader->begin;
    reader->cut_bytes = reader->line_count = 0;
}

void line_reader_take_up(struct line_reader *reader, const struct begun_line *line)
{
    must(reader->filled == reader->begin && line->len <= line_reader_room_bytes(reader));
    if (line->len > 0)
        memcpy(line_reader_room(reader), line->bytes, line->len);
    reader->scanned = reader->filled = reader->begin + line->len;
    reader->cut_bytes = line->cut_bytes;
    reader->line_count = line->line_count;
}
