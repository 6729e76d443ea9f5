/* wrap.h - a line of text as an entry of JSON, beside what is known of all lines of an input.
 *
 *     {"level":"warning","app":"nginx","host":"web1","message":"the line"}
 *
 * JSON cannot carry bytes that are no UTF-8: U+FFFD stands for each of them. */
#ifndef CLIENT_WRAP_H
#define CLIENT_WRAP_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/err.h"

/* Each NULL where it is not known. */
struct wrap_conf {
    const char *level;
    const char *app;
    const char *host;
};

static inline bool wrap_is_asked_for(const struct wrap_conf *conf)
{
    return conf->level || conf->app || conf->host;
}

enum { WRAP_NAME_MAX = 255, WRAP_HEAD_MAX = 4096 };

struct wrap {
    char head[WRAP_HEAD_MAX]; /* what stands before each line */
    size_t head_len;
};

/* 0, or -1 and a sentence when there is no such level, a name is too long, or entries of at most
 * max_line_bytes have no room for a line. */
int wrap_judge(const struct wrap_conf *conf, size_t max_line_bytes, struct err *err);

/* Copies the conf, which was judged. */
void wrap_init(struct wrap *wrap, const struct wrap_conf *conf);

struct wrapped {
    size_t len;       /* of the entry */
    size_t cut_bytes; /* of the line's end, for which there was no room */
    bool replaced;    /* it had bytes that are no UTF-8 */
};

/* Writes the entry, of at most `room` bytes, to `to`; the room was judged. */
struct wrapped wrap_line(const struct wrap *wrap, const char *line, size_t len, char *to,
                         size_t room);

#endif
