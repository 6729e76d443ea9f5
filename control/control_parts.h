/* control_parts.h - the inside of the control socket: for the files of this folder. */
#ifndef CONTROL_CONTROL_PARTS_H
#define CONTROL_CONTROL_PARTS_H

#include <sys/socket.h>

#include "aggregate/json_out.h"
#include "control/control.h"
#include "control/stream.h"
#include "control/words.h"
#include "decode/json_doc.h"
#include "ingest/census.h"
#include "sink/fd_watch.h"
#include "zeromq/listener.h"

/* The last places are for those who may act: so nobody else can keep them out. */
enum {
    CONTROL_PLACES = 16,
    CONTROL_PLACES_FOR_ALL = 12,
    CONTROL_STREAMS_MAX = 12,
    CONTROL_PATIENCE_MS = 3000, /* for a request, and for taking the answer */
    CONTROL_TEXT_MAX = 16 * 1024,
};

enum control_right { CONTROL_NOBODY, CONTROL_LOOKS, CONTROL_ACTS };

enum connection_state {
    CONNECTION_FREE,
    CONNECTION_ASKED,     /* its request is being read */
    CONNECTION_WORKING,   /* control_finish is still to come */
    CONNECTION_ANSWERING, /* what is in `out`, then it is closed */
    CONNECTION_STREAMING
};

struct control_stream {
    control_stream_closed_cb *on_closed;
    void *context;
    uint64_t missed;
    size_t limit_bytes; /* that may wait */
};

/* One who watches, and what it also wants to know of: enum census_by; CENSUS_KINDS: nothing. */
struct watcher {
    struct control_stream *stream;
    enum census_by by;
};

struct connection {
    struct control *control;
    enum connection_state state;
    uint64_t number; /* no two are the same */
    int fd;
    struct fd_watch *watch;
    enum control_right right;
    uint64_t until_ms; /* loop time: it is closed then; 0: never */
    size_t in_len;
    char in[CONTROL_REQUEST_MAX];
    char *out; /* between sent and len it waits */
    size_t out_size, out_len, out_sent;
    bool is_full; /* its kernel takes no more for now */
    struct control_stream stream;
};

struct control {
    const struct control_actions *actions;
    uv_loop_t *loop;
    struct listener listener;
    bool is_open;
    struct fd_watch *door;
    gid_t group; /* or -1 */
    struct json_doc *request;
    struct status status;
    uint64_t numbers; /* given to connections so far */
    unsigned in_use, streams;
    size_t out_bytes, out_bytes_max; /* of all `out` */
    uv_timer_t deadlines;            /* runs while somebody is waited for */
    uv_timer_t watching;             /* watch.c: runs while somebody watches */
    struct watcher watchers[CONTROL_STREAMS_MAX];
    unsigned watcher_count;
    struct connection places[CONTROL_PLACES];
};

/* A request at work. */
struct control_call {
    struct control *control;
    struct connection *connection;
    struct json_doc *request;
};

/* ---- control.c ----------------------------------------------------------------------------- */

void control_on_look(uv_timer_t *timer);

/* A place is free: whoever waits in the backlog may come in. */
void control_place_is_free(struct control *control);

/* ---- rights.c ------------------------------------------------------------------------------ */

/* What whoever is at the other end may do. */
enum control_right control_right_of(int fd, gid_t group);

/* ---- connection.c -------------------------------------------------------------------------- */

/* Takes the descriptor over, in a place that is free. */
void connection_open(struct connection *connection, struct control *control, int fd,
                     enum control_right right);

/* A place is free then; streams are told. */
void connection_close(struct connection *connection);

/* It has used up our patience. */
bool connection_is_overdue(const struct connection *connection, uint64_t now_ms);

/* Sees to it that `out` has room for so many bytes behind what waits there. False: there is no
 * memory planned for it. */
bool connection_reserve(struct connection *connection, size_t bytes);

/* Begins the answer {"ok":…, for at most so many bytes more. False: there are too many at once,
 * and it was refused. */
bool connection_answer(struct connection *connection, bool ok, size_t bytes, struct json_out *out);

/* Ends it, sends it, then closes. */
void connection_answered(struct connection *connection, struct json_out *out);

/* The answer {"ok":false,"error":"…"}. */
void connection_refuse(struct connection *connection, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Sends what waits, without waiting; may close the connection. */
void connection_send(struct connection *connection);

/* ---- requests.c ---------------------------------------------------------------------------- */

/* A whole line has come, without its end. */
void control_serve(struct connection *connection, const char *line, size_t len);

/* ---- stream.c ------------------------------------------------------------------------------ */

/* From now on so much may wait in it, as far as there is room for that. */
void control_stream_widen(struct control_stream *stream, size_t bytes);

/* ---- watch.c ------------------------------------------------------------------------------- */

void control_on_watch(struct control_call *call);

#endif
