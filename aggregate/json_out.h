/* json_out.h - writes one JSON document into a buffer that does not grow.
 *
 * The caller opens and ends what it writes; the commas come by themselves:
 *
 *     json_begin(&out, buffer, sizeof buffer);
 *     json_object(&out, NULL);
 *     json_text(&out, "name", "all");
 *     json_array(&out, "sizes");
 *     json_number(&out, NULL, 12);
 *     json_end_array(&out);
 *     json_end_object(&out);        {"name":"all","sizes":[12]}
 *
 * Names are ours and need no escapes; in an array they are NULL. What does not fit is left
 * out, and json_end then says so. Allocates nothing. Any thread. */
#ifndef AGGREGATE_JSON_OUT_H
#define AGGREGATE_JSON_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_out {
    char *text;
    size_t size, len;
    bool is_first; /* of its object or array: no comma before it */
    bool is_full;
};

void json_begin(struct json_out *out, char *text, size_t size);

/* Ends the text with a NUL. False: it did not fit, and is no document. */
bool json_end(struct json_out *out);

void json_object(struct json_out *out, const char *name);
void json_end_object(struct json_out *out);
void json_array(struct json_out *out, const char *name);
void json_end_array(struct json_out *out);

void json_text(struct json_out *out, const char *name, const char *text);
void json_bytes(struct json_out *out, const char *name, const char *bytes, size_t len);
void json_number(struct json_out *out, const char *name, uint64_t number);
void json_truth(struct json_out *out, const char *name, bool truth);

/* Nanoseconds since 1970 as RFC 3339 in UTC, to the millisecond; null for 0. */
void json_time(struct json_out *out, const char *name, int64_t time_ns);

#endif
