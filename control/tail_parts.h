/* tail_parts.h - the inside of the stream `tail`: for the files tail*.c. */
#ifndef CONTROL_TAIL_PARTS_H
#define CONTROL_TAIL_PARTS_H

#include "aggregate/format.h"
#include "aggregate/match.h"
#include "control/allowance.h"
#include "control/control_parts.h"
#include "control/tail.h"

/* A line that is longer is cut, so that it has room in a stream. */
enum { TAIL_LINE_MAX = FORMAT_ROOM_MIN };

struct tail_reader {
    struct tail *tail;
    struct control_stream *stream; /* NULL: nobody */
    struct match *match;           /* NULL: takes everything */
    bool searches;
    bool json;

    /* Of those that match, the last so many come first. To know which these are, they are
     * counted from `begin` up to `until`, and then most are skipped. */
    uint64_t last;
    bool is_counting;
    uint64_t begin, until;
    uint64_t matches;
    uint64_t skip;

    struct recent_cursor cursor;
    uint64_t number; /* of the next entry */
    uint64_t missed; /* and not told yet */
    size_t needs;    /* bytes of the line that had no room; 0: all had */
    struct allowance allowance;
    uint64_t served_ns; /* when that began last */
};

struct tail {
    struct tail_means means;
    struct format *text, *as_json;
    struct expression_room *room;
    uv_timer_t timer; /* runs while somebody is behind */
    bool is_open;
    unsigned reader_count, search_count;
    struct allowance_clocks clocks; /* in this turn; */
    uint64_t cpu_looked_ns;         /* when the second was looked at */

    /* The entry in hand, of the record that begins with number `playing`: the one before
     * `played`. Another reader may go on from there. */
    uint64_t playing, played;
    const struct entry *entry;
    const char *base;
    struct tail_reader readers[TAIL_READERS_MAX];
    char line[TAIL_LINE_MAX + FORMAT_SPARE];
};

/* ---- tail_request.c ------------------------------------------------------------------------ */

/* What is asked for; the match belongs to the reader. -1 and a sentence. */
int tail_read_request(struct json_doc *request, struct tail_reader *reader, struct err *err);

/* ---- tail_read.c --------------------------------------------------------------------------- */

/* Whether there is something that this reader has not seen, or not been told. */
bool tail_is_behind(const struct tail_reader *reader);

/* For what had none last time. */
bool tail_has_room(struct tail_reader *reader);

/* Shows what there is for the reader, until his room or the time is used up. He may be gone
 * afterwards. */
void tail_serve_reader(struct tail_reader *reader, uint64_t until_ns);

/* ---- tail_turn.c --------------------------------------------------------------------------- */

/* A turn comes in so many milliseconds at most. */
void tail_look_soon(struct tail *tail, uint64_t ms);

/* ---- tail_show.c --------------------------------------------------------------------------- */

/* False: there is no room, and reader->needs says for how much. */
bool tail_show_entry(struct tail_reader *reader, const struct entry *entry, const char *base);
bool tail_show_missed(struct tail_reader *reader);
void tail_show_begin(struct tail_reader *reader);
void tail_show_end(struct tail_reader *reader, const char *sentence);

#endif
