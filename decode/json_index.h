/* json_index.h - simdjson's first stage behind a C door: where the tokens begin.
 *
 * One pass over a whole message finds the position of every bracket, colon, comma,
 * opening quote and first byte of a number or word, outside of strings, and checks
 * that strings are closed, hold no control bytes, and that all is UTF-8. Sharing
 * that pass among the documents of a batch is what makes batches fast. The grammar
 * on top of it is the caller's (decode/decode_json.c). One thread at a time. */
#ifndef DECODE_JSON_INDEX_H
#define DECODE_JSON_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct json_index;

/* For texts of up to max_len bytes. NULL: no memory. */
struct json_index *json_index_new(size_t max_len);
void json_index_free(struct json_index **index);

/* What json_index_new takes, for the budget. */
size_t json_index_bytes(size_t max_len);

/* False: a string is not closed, holds a control byte, something is not UTF-8, or
 * there is nothing but white space. On true the tokens last until the next build, and
 * one more stands behind them: len. */
bool json_index_build(struct json_index *index, const char *text, size_t len);
const uint32_t *json_index_tokens(const struct json_index *index, uint32_t *count_out);

/* Unescapes the string whose first byte after the opening quote is at `string`, and
 * which is known to be closed. Returns the end of what was written at `to`, never
 * longer than the string, or NULL where an escape is not RFC 8259's. Up to 64 bytes
 * past either may be read or written. */
char *json_unescape(const struct json_index *index, const char *string, char *to);

#ifdef __cplusplus
}
#endif

#endif
