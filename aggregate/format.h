/* format.h - how entries look in a sink: compiled once, then sums and copies.
 *
 * `text`, `line`, `json`, `raw`, or a template such as '{time} {app}: {message}'
 * with {time} {host} {app} {level} {topic} {message} {fields} and {fields.NAME}, and with
 * {received} {seq} {peer} {uid} {key}, which no client can set; `{{` and `}}` stand for braces.
 * docs/semantics.md, Text, says what each looks like. Rendering is in two steps, length and bytes,
 * so that all sinks can be asked for room before any is given bytes. Loop thread only. */
#ifndef AGGREGATE_FORMAT_H
#define AGGREGATE_FORMAT_H

#include "aggregate/entry.h"
#include "aggregate/timestamp.h"

struct format;

struct format_options {
    bool local_time;      /* for text, line and templates; json is always UTC */
    bool indent_newlines; /* inner lines after the entry, indented, instead of \n */
    bool origin;          /* json, rfc5424: what the entry's seq, peer, uid and key are, too */
};

/* NULL and a sentence when the text is neither a known format nor a right template. */
struct format *format_new(const char *text, const struct format_options *options, struct err *err);

/* The same for a topic, which is always a template, and one without {message} and {fields}. It
 * is rendered like any other, its newline included. */
struct format *format_new_topic(const char *text, const struct format_options *options,
                                struct err *err);
void format_free(struct format **format);

/* Whether it shows seq, peer, uid or key of entries, so that somebody must find them out. */
bool format_asks_origin(const struct format *format);

/* Bytes that format_write will write, the final newline included. `base` is the
 * message's bytes, of which 16 past any span must be readable. */
size_t format_len(struct format *format, const struct entry *entry, const char *base);

/* Writes exactly format_len bytes and returns their end; up to FORMAT_SPARE bytes
 * after it may be overwritten with anything. */
enum { FORMAT_SPARE = 64 };
char *format_write(struct format *format, const struct entry *entry, const char *base, char *to);

/* Where json and logfmt count entries with bytes that are not UTF-8, for which U+FFFD stands. The
 * counter is borrowed for as long as the format is used. */
void format_count_not_utf8(struct format *format, uint64_t *counter);

/* For an entry that renders longer than room: a shorter one in cut_out, marked, whose
 * columns end early, whose fields are gone, and whose text goes as far as fits.
 * Room must be at least FORMAT_ROOM_MIN. */
enum { FORMAT_ROOM_MIN = 48 * 1024 };
void format_cut(struct format *format, const struct entry *entry, const char *base, size_t room,
                struct entry *cut_out);

#endif
