/* json_doc.h - one small JSON document, to be asked for what is in it.
 *
 * For requests and answers of the control socket, not for entries: it is copied, its grammar is
 * judged once (decode/json_walk.h), and each question walks through it anew. A value is the number
 * of the token that it begins with; JSON_NOTHING is what is not there, and to ask it is fine.
 * One thread at a time. */
#ifndef DECODE_JSON_DOC_H
#define DECODE_JSON_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_doc;

enum { JSON_ROOT = 0 };
#define JSON_NOTHING UINT32_MAX

/* For documents of up to max_len bytes. NULL: no memory. */
struct json_doc *json_doc_new(size_t max_len);
void json_doc_free(struct json_doc **doc);

/* What json_doc_new takes, for the budget. */
size_t json_doc_bytes(size_t max_len);

/* False: not one JSON value, or too long. Then nothing may be asked. */
bool json_doc_read(struct json_doc *doc, const char *text, size_t len);

/* The first member of this name, as it is written; JSON_NOTHING: there is none, or this is no
 * object. */
uint32_t json_doc_member(struct json_doc *doc, uint32_t object, const char *name);

/* One after the other, the items of an array or the members of an object. Begins with one that
 * is zeroed; false: there are no more. */
struct json_each {
    uint32_t next;
    uint32_t name; /* of a member */
    uint32_t value;
};
bool json_doc_each(struct json_doc *doc, uint32_t container, struct json_each *each);

bool json_doc_is_object(const struct json_doc *doc, uint32_t value);

/* False: it is no string, holds a NUL, or is longer than size - 1; the text is then empty. */
bool json_doc_text(struct json_doc *doc, uint32_t value, char *text, size_t size);

/* A whole number without a sign. False: it is none, or too large; *number_out is then 0. */
bool json_doc_number(struct json_doc *doc, uint32_t value, uint64_t *number_out);

/* Whether it is `true`. */
bool json_doc_truth(const struct json_doc *doc, uint32_t value);

#endif
