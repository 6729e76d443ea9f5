/* line_reader.h - cuts what was read into lines, in the caller's memory, without input of its own.
 *
 *      bytes        begin          scanned    filled          capacity
 *        | lines given out | begun line  |  new  |  room to read  |
 *
 * The caller reads into the room and says how much came; every whole line then
 * is a view into that memory. When the room gets small, the reader moves to
 * another buffer of the same capacity and takes only the begun line along, so
 * lines given out stay where they are. Two lines in a row that share a buffer are
 * parted by exactly their newline.
 *
 * A line ends at '\n' or at the end of a file; '\r', NUL and every other byte are
 * part of it. Of a line longer than max_line_bytes the head is kept and the rest is
 * counted, so memory does not depend on the input. */
#ifndef CLIENT_LINE_READER_H
#define CLIENT_LINE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct line {
    char *bytes; /* in the reader's buffer */
    size_t len;  /* without the newline; may be 0 */
    uint64_t cut_bytes;
    uint64_t number; /* in its file, from 1 */
};

struct line_reader {
    char *bytes;
    size_t capacity_bytes;
    size_t max_line_bytes;
    size_t begin;
    size_t scanned;
    size_t filled;
    uint64_t cut_bytes; /* of the begun line */
    uint64_t line_count;
};

/* Borrows the buffer until line_reader_move. It must hold more than max_line_bytes. */
void line_reader_init(struct line_reader *reader, char *bytes, size_t capacity_bytes,
                      size_t max_line_bytes);

/* Where to read to, and how much may come. */
char *line_reader_room(const struct line_reader *reader);
size_t line_reader_room_bytes(const struct line_reader *reader);
void line_reader_filled(struct line_reader *reader, size_t bytes_read);

/* The next whole line; false when more must be read first. */
bool line_reader_next(struct line_reader *reader, struct line *line_out);

/* At the end of a file: the last line, if it had no newline; false when there is none.
 * Whatever the answer, the next line is line 1 of another file. */
bool line_reader_end(struct line_reader *reader, struct line *line_out);

/* Goes on in another buffer, or from the beginning of this one, where nobody needs the lines
 * given out any more; the begun line is copied there. Call it when line_reader_next has just
 * answered false. */
void line_reader_move(struct line_reader *reader, char *bytes);

/* What was read of a line whose file has no more of it yet. Begins as {0}; its bytes are the
 * caller's to free. */
struct begun_line {
    char *bytes;
    size_t len;
    size_t capacity_bytes; /* at most the longest line */
    uint64_t cut_bytes;
    uint64_t line_count;
};

/* Leaves a file for another in the middle of a line, when line_reader_next has just answered
 * false. */
void line_reader_put_aside(struct line_reader *reader, struct begun_line *line);

/* And goes on with it, from between two files. There must be room for it. */
void line_reader_take_up(struct line_reader *reader, const struct begun_line *line);

#endif
