/* shipment.h - what was read becomes lines, and the lines become messages.
 *
 * Lines are sent from the chunk into which they were read, and a batch is the stretch of it from
 * the first of its lines to the last: nothing is copied but the begun line at the end of a
 * chunk. Where lines are wrapped, they are read into a buffer of their own, and the chunk gets
 * the entries that are made of them. Nothing grows with the input. */
#ifndef CLIENT_SHIPMENT_H
#define CLIENT_SHIPMENT_H

#include "client/chunks.h"
#include "client/line_reader.h"
#include "client/uplink.h"
#include "client/wrap.h"

struct shipment_conf {
    size_t batch_bytes; /* 0: a message a line */
    size_t max_line_bytes;
    struct wrap_conf wrap;
};

struct shipment {
    struct shipment_conf conf;
    struct chunks *chunks;
    struct uplink *uplink;
    struct line_reader reader;
    struct wrap wrap;
    char *wrap_buffer;       /* where lines are read that will be wrapped; NULL: none will */
    size_t wrapped_bytes;    /* of the current chunk, taken by wrapped lines */
    char *batch;             /* begins here, in the current chunk */
    size_t batch_used_bytes; /* less than all that was added is a batch that has none */
    uint64_t line_count;
    uint64_t replaced_count; /* wrapped lines that had bytes which are no UTF-8 */
    uint64_t cut_lines;      /* of this file */
    bool incomplete;         /* a line was cut, or bytes of it replaced */
};

/* The size of chunks for it. */
size_t shipment_chunk_bytes(const struct shipment_conf *conf);

/* Borrows chunks and uplink until shipment_fini. -1 and a sentence. */
int shipment_init(struct shipment *shipment, const struct shipment_conf *conf,
                  struct chunks *chunks, struct uplink *uplink, struct err *err);
void shipment_fini(struct shipment *shipment);

/* Makes room to read into, which may mean to wait for the daemon. The room is the reader's. */
int shipment_make_room(struct shipment *shipment, struct err *err);

/* So many bytes of this input were read into the room: sends the whole lines among them. */
int shipment_take(struct shipment *shipment, size_t bytes_read, const char *name, struct err *err);

/* The input ends here; what it had of a line is sent, too, unless it may be torn. */
int shipment_end_input(struct shipment *shipment, const char *name, bool is_whole, struct err *err);

/* Leaves an input in the middle of its line, and goes on with it. */
void shipment_put_aside(struct shipment *shipment, struct begun_line *line);
int shipment_take_up(struct shipment *shipment, const struct begun_line *line, struct err *err);

/* A batch begun is kept until it is full, or somebody says that nothing more comes for now. */
bool shipment_has_batch(const struct shipment *shipment);
int shipment_send_batch(struct shipment *shipment, struct err *err);

#endif
