/* control.h - asking a running logboomd over its control socket (docs/control.md).
 *
 * An answer is one line of JSON, read whole; a stream is one line after the other. Whoever is not
 * there, or does not answer in time, is an error with a sentence that names the path. */
#ifndef CLIENT_CONTROL_H
#define CLIENT_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include "aggregate/json_out.h"
#include "conf/err.h"
#include "control/words.h"
#include "decode/json_doc.h"

/* What commands that ask end with; stat and the like add what 1 means. */
enum { CONTROL_DONE = 0, CONTROL_REFUSED = 1, CONTROL_UNREACHABLE = 2 };

/* How long an answer is waited for. The daemon answers at once, but for a reload or a check. */
enum { CONTROL_ANSWER_MS = 60 * 1000 };

/* A request being written: begun with what to do, and then ended by one of the calls below. */
struct control_request {
    char text[CONTROL_REQUEST_MAX];
    struct json_out json;
};
void control_request_begin(struct control_request *request, const char *what);

/* What was answered. The document is NULL where nothing came; `ok` is its "ok". */
struct control_answer {
    struct json_doc *doc;
    bool ok;
    char *line; /* as it came, without its end */
    size_t len;
};

/* Asks, and waits for the answer, in all at most so long for each of both. 0, or -1 and a
 * sentence: nobody is there, or no answer came. */
int control_ask(const char *path, struct control_request *request, int wait_ms,
                struct control_answer *answer, struct err *err);
void control_answer_fini(struct control_answer *answer);

/* The sentence of a refusal. */
const char *control_error(struct control_answer *answer, char *text, size_t size);

/* ---- streams --------------------------------------------------------------------------------- */

struct control_reader;

/* Asks for a stream; a daemon that takes nobody is waited for at most so long. NULL and a
 * sentence. */
struct control_reader *control_reader_open(const char *path, struct control_request *request,
                                           int wait_ms, struct err *err);
void control_reader_free(struct control_reader **reader);

/* For poll(2): there may be lines to be read when it can be read. */
int control_reader_fd(const struct control_reader *reader);

/* The next line, without its end, which lasts until the next call. Waits for it at most so long;
 * 0: not at all, -1: for ever. */
enum control_read { CONTROL_LINE, CONTROL_NOT_YET, CONTROL_END, CONTROL_BROKEN };
enum control_read control_reader_next(struct control_reader *reader, int wait_ms,
                                      const char **line_out, size_t *len_out);

#endif
