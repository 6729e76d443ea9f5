/* text_beginning.h - whether a line begins like anything but plain text.
 *
 * Most lines are plain, and should not pay for what others are: two looks into tables. */
#ifndef DECODE_TEXT_BEGINNING_H
#define DECODE_TEXT_BEGINNING_H

#include "decode/decode.h"

/* What may begin with these two bytes: what both tables say of them. */
enum text_beginning {
    MAYBE_SYSLOG = 1, /* <1 */
    MAYBE_LETTER = 2, /* czmq's I: and Ruby's I, */
    MAYBE_DAY = 4,    /* uWSGI's Mon */
    MAYBE_UWSGI = 8,  /* [p */
    MAYBE_STARS = 16, /* winston-zmq's ** and *| */
    MAYBE_PATH = 32,  /* PO */
    MAYBE_TOPIC = 64  /* nginx-log-zmq: a slash, and anything */
};

extern const unsigned char text_first[256];
extern const unsigned char text_second[256];

/* Of the line that begins here; its second byte may be behind it. 0: nothing that we know. */
static inline unsigned text_beginning(const char *bytes)
{
    return text_first[(unsigned char)bytes[0]] &
           (text_second[(unsigned char)bytes[1]] | MAYBE_TOPIC);
}

/* Nobody has to be asked: it is text, and right that it is. */
static inline bool text_is_plain(const struct decode_rules *rules,
                                 const struct decode_cursor *cursor, const char *bytes)
{
    return rules->decode == CONF_DECODE_TEXT ||
           (rules->decode == CONF_DECODE_AUTO && !(cursor->is_process | text_beginning(bytes)));
}

#endif
