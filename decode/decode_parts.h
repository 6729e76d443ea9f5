/* decode_parts.h - what decode.c and the decoders share. */
#ifndef DECODE_DECODE_PARTS_H
#define DECODE_DECODE_PARTS_H

#include "aggregate/timestamp.h"
#include "decode/decode.h"
#include "decode/json_index.h"
#include "decode/local_time.h"

struct decoder {
    struct json_index *index;
    uint64_t build; /* counts the indexes that were built */
    struct timestamp_parser times;
    struct local_time local;
    struct budget *budget;
    size_t index_bytes;
};

/* The bytes from begin to end as one text entry, cut at max_entry. */
void decode_text(const struct decode_rules *rules, const struct message *message, uint32_t begin,
                 uint32_t end, struct entry *entry);

/* The same where it is not plain (see text_is_plain): as what it looks like, as far as the
 * rules allow. What they name and it is not makes it malformed. */
void decode_text_line(struct decoder *decoder, const struct decode_rules *rules,
                      const struct decode_cursor *cursor, struct message *message, uint32_t begin,
                      uint32_t end, struct entry *entry);

/* What the topic frame says of all entries of the message; goes into the cursor. */
void decode_topic(struct decode_cursor *cursor, const struct message *message);

/* Whether the client sent a field of this name. */
bool decode_has_field(const struct message *message, const struct entry *entry, const char *name,
                      size_t len);

/* Sets the level of an entry that has none, unless it has a word of its own for one, as a field:
 * then there would be two. */
void decode_add_level(const struct message *message, struct entry *entry, uint8_t level);

/* The document that begins with the cursor's token, ends before `end`, and is followed by
 * nothing but white space until there. The cursor's token then is the first one behind it.
 * `plain`: so are all its bytes (see span_plain_len); `gelf`: it is GELF for sure. False: it is no
 * such document, and the entry is in no good state. */
bool decode_document(struct decoder *decoder, struct decode_cursor *cursor, struct message *message,
                     uint32_t end, bool plain, bool gelf, struct entry *entry);

/* Whether there is any such document, whatever its size. */
bool decode_is_document(const struct decoder *decoder, const struct decode_cursor *cursor,
                        struct message *message, uint32_t end);

/* Where the whole payload ends without one trailing newline. */
uint32_t decode_payload_end(const struct message *message);

/* Whether the payload is events in MessagePack, in a form that is known; the cursor then is at
 * the first, and in the state in which the next function may be called. */
bool decode_msgpack(struct decode_cursor *cursor, const struct message *message);
void decode_msgpack_next(struct decoder *decoder, const struct decode_rules *rules,
                         struct decode_cursor *cursor, struct message *message,
                         struct entry *entry);

/* The one entry of a message that has a header. */
void decode_cmdp(struct decoder *decoder, const struct decode_rules *rules,
                 struct decode_cursor *cursor, struct message *message, struct entry *entry);

#endif
