/* decode_parts.h - what decode.c, decode_text.c and decode_json.c share. */
#ifndef INGEST_DECODE_PARTS_H
#define INGEST_DECODE_PARTS_H

#include "aggregate/timestamp.h"
#include "ingest/decode.h"
#include "ingest/json_index.h"

struct decoder {
    struct json_index *index;
    uint64_t build; /* counts the indexes that were built */
    struct timestamp_parser times;
    struct budget *budget;
    size_t index_bytes;
};

/* The bytes from begin to end as one text entry, cut at max_entry. */
void decode_text(const struct decode_rules *rules, const struct message *message, uint32_t begin,
                 uint32_t end, struct entry *entry);

/* The document whose first token is token `*token` of the decoder's index, which was
 * built from byte `base` on, ends before `end`, and is followed by nothing but white
 * space until there. *token then is the first one behind it. False: it is no such
 * document, and the entry is in no good state. */
bool decode_document(struct decoder *decoder, struct message *message, uint32_t base,
                     uint32_t *token, uint32_t end, struct entry *entry);

/* Whether there is any such document, whatever its size. */
bool decode_is_document(const struct decoder *decoder, struct message *message, uint32_t base,
                        uint32_t token, uint32_t end);

#endif
