#include "client/shipment.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "client/say.h"
#include "conf/must.h"
#include "conf/units.h"

enum {
    READ_BYTES = 256 * 1024,     /* what a chunk has beyond one longest line or batch */
    READ_ROOM_BYTES = 16 * 1024, /* with less room, go on in the next chunk */
    CUTS_TOLD = 5,               /* a file; the others are counted */
};

/* ---- life -------------------------------------------------------------------- */

size_t shipment_chunk_bytes(const struct shipment_conf *conf)
{
    size_t longest =
        conf->batch_bytes > conf->max_line_bytes ? conf->batch_bytes : conf->max_line_bytes;

    return longest + READ_BYTES;
}

static int open_wrap(struct shipment *shipment, struct err *err)
{
    wrap_init(&shipment->wrap, &shipment->conf.wrap);
    shipment->wrap_buffer = malloc(shipment_chunk_bytes(&shipment->conf));
    return shipment->wrap_buffer ? 0 : err_set(err, "no memory for lines");
}

int shipment_init(struct shipment *shipment, const struct shipment_conf *conf,
                  struct chunks *chunks, struct uplink *uplink, struct err *err)
{
    *shipment = (struct shipment){.conf = *conf, .chunks = chunks, .uplink = uplink};
    if (wrap_is_asked_for(&conf->wrap) && open_wrap(shipment, err) < 0)
        return -1;
    line_reader_init(&shipment->reader,
                     shipment->wrap_buffer ? shipment->wrap_buffer : chunks_bytes(chunks),
                     shipment_chunk_bytes(conf), conf->max_line_bytes);
    return 0;
}

void shipment_fini(struct shipment *shipment)
{
    free(shipment->wrap_buffer);
    shipment->wrap_buffer = NULL;
}

/* ---- entries to messages ------------------------------------------------------ */

bool shipment_has_batch(const struct shipment *shipment)
{
    return shipment->batch != NULL;
}

int shipment_send_batch(struct shipment *shipment, struct err *err)
{
    char *bytes = shipment->batch;
    size_t len = shipment->batch_used_bytes;

    if (!bytes)
        return 0;
    /* The daemon takes one newline off the end; it must not be the only sign of an empty line. */
    if (len > 0 && bytes[len - 1] == '\n')
        len++;
    shipment->batch = NULL;
    return uplink_send(shipment->uplink, bytes, len, err);
}

/* Only lines that lie next to each other, parted by their newline, make a batch. */
static bool fits_batch(const struct shipment *shipment, const char *bytes, size_t len)
{
    const char *batch_end = shipment->batch + shipment->batch_used_bytes;

    return bytes == batch_end + 1 &&
           shipment->batch_used_bytes + 1 + len + 1 <= shipment->conf.batch_bytes;
}

static int add_to_batch(struct shipment *shipment, char *bytes, size_t len, struct err *err)
{
    if (shipment->batch && fits_batch(shipment, bytes, len)) {
        shipment->batch_used_bytes += 1 + len;
        return 0;
    }
    if (shipment_send_batch(shipment, err) < 0)
        return -1;
    shipment->batch = bytes;
    shipment->batch_used_bytes = len;
    return 0;
}

/* An entry in the current chunk, with its newline behind it. */
static int ship_entry(struct shipment *shipment, char *bytes, size_t len, struct err *err)
{
    if (shipment->conf.batch_bytes > 0)
        return add_to_batch(shipment, bytes, len, err);
    return uplink_send(shipment->uplink, bytes, len, err);
}

/* ---- lines to entries --------------------------------------------------------- */

static void tell_cut(struct shipment *shipment, const struct line *line, const char *name)
{
    char max_line[UNITS_TEXT_MAX];

    shipment->incomplete = true;
    if (++shipment->cut_lines > CUTS_TOLD)
        return;
    units_show_bytes((struct conf_bytes){shipment->conf.max_line_bytes}, max_line);
    say("%s:%" PRIu64 ": the line is longer than %s; its last %" PRIu64 " bytes were cut off", name,
        line->number, max_line, line->cut_bytes);
}

static int next_chunk(struct shipment *shipment, struct err *err)
{
    if (shipment_send_batch(shipment, err) < 0 || uplink_await_chunk(shipment->uplink, err) < 0)
        return -1;
    chunks_turn(shipment->chunks);
    shipment->wrapped_bytes = 0;
    return 0;
}

static int ship_wrapped(struct shipment *shipment, struct line *line, const char *name,
                        struct err *err)
{
    size_t longest = shipment->conf.max_line_bytes;
    size_t chunk_bytes = chunks_chunk_bytes(shipment->chunks);
    struct wrapped wrapped;
    char *to;

    if (chunk_bytes - shipment->wrapped_bytes < longest + 1 && next_chunk(shipment, err) < 0)
        return -1;
    to = chunks_bytes(shipment->chunks) + shipment->wrapped_bytes;
    wrapped = wrap_line(&shipment->wrap, line->bytes, line->len, to, longest);
    to[wrapped.len] = '\n';
    shipment->wrapped_bytes += wrapped.len + 1;
    shipment->replaced_count += wrapped.replaced;
    shipment->incomplete = shipment->incomplete || wrapped.replaced;
    line->cut_bytes += wrapped.cut_bytes;
    if (line->cut_bytes > 0)
        tell_cut(shipment, line, name);
    return ship_entry(shipment, to, wrapped.len, err);
}

static int ship_line(struct shipment *shipment, struct line *line, const char *name,
                     struct err *err)
{
    shipment->line_count++;
    if (shipment->wrap_buffer)
        return ship_wrapped(shipment, line, name, err);
    if (line->cut_bytes > 0)
        tell_cut(shipment, line, name);
    return ship_entry(shipment, line->bytes, line->len, err);
}

/* ---- input to lines ----------------------------------------------------------- */

static int make_room_for(struct shipment *shipment, size_t bytes, struct err *err)
{
    if (line_reader_room_bytes(&shipment->reader) >= bytes)
        return 0;
    if (shipment->wrap_buffer) {
        line_reader_move(&shipment->reader, shipment->wrap_buffer);
        return 0;
    }
    if (next_chunk(shipment, err) < 0)
        return -1;
    line_reader_move(&shipment->reader, chunks_bytes(shipment->chunks));
    return 0;
}

int shipment_make_room(struct shipment *shipment, struct err *err)
{
    return make_room_for(shipment, READ_ROOM_BYTES, err);
}

int shipment_take(struct shipment *shipment, size_t bytes_read, const char *name, struct err *err)
{
    struct line line;

    line_reader_filled(&shipment->reader, bytes_read);
    while (line_reader_next(&shipment->reader, &line))
        if (ship_line(shipment, &line, name, err) < 0)
            return -1;
    return 0;
}

int shipment_end_input(struct shipment *shipment, const char *name, bool is_whole, struct err *err)
{
    struct line line;

    if (line_reader_end(&shipment->reader, &line) && is_whole &&
        ship_line(shipment, &line, name, err) < 0)
        return -1;
    if (shipment->cut_lines > CUTS_TOLD)
        say("%s: %" PRIu64 " more lines were cut", name, shipment->cut_lines - CUTS_TOLD);
    shipment->cut_lines = 0;
    return 0;
}

void shipment_put_aside(struct shipment *shipment, struct begun_line *line)
{
    line_reader_put_aside(&shipment->reader, line);
}

int shipment_take_up(struct shipment *shipment, const struct begun_line *line, struct err *err)
{
    if (make_room_for(shipment, line->len + READ_ROOM_BYTES, err) < 0)
        return -1;
    line_reader_take_up(&shipment->reader, line);
    return 0;
}
