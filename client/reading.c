#include "client/reading.h"

#include <stdlib.h>
#include <string.h>

#include "aggregate/format.h"
#include "conf/must.h"
#include "conf/nanoseconds.h"
#include "conf/settings.h"
#include "decode/decode.h"

/* One payload in work; two at a time, to compare them. An entry is large: taken once. */
enum { ATTEMPTS = 2 };
struct attempt {
    struct decode_rules rules;
    struct decode_cursor cursor;
    struct message *message;
    struct entry *entry;
};

struct reading {
    struct budget budget;
    struct message_pool *messages;
    struct entry_pool *entries;
    struct decoder *decoder;
    struct format *json;
    struct attempt attempts[ATTEMPTS];
    char *rendered; /* the entry in hand */
    size_t rendered_cap;
};

/* ---- life ------------------------------------------------------------------------ */

static int reading_open(struct reading *reading, struct err *err)
{
    const struct format_options options = {.local_time = false};

    budget_init(&reading->budget, SIZE_MAX);
    reading->messages = message_pool_new(&reading->budget, READING_MAX, ATTEMPTS, err);
    reading->entries =
        entry_pool_new(&reading->budget, decode_fields_max(READING_MAX_ENTRY), ATTEMPTS, err);
    reading->json = format_new("json", &options, err);
    if (!reading->messages || !reading->entries || !reading->json)
        return -1;
    for (unsigned i = 0; i < ATTEMPTS; i++)
        reading->attempts[i].entry = entry_take(reading->entries);
    reading->decoder = decoder_new(&reading->budget, READING_MAX, err);
    return reading->decoder ? 0 : -1;
}

struct reading *reading_new(struct err *err)
{
    struct reading *reading = calloc(1, sizeof *reading);

    if (!reading)
        err_set(err, "no memory for the decoder");
    else if (reading_open(reading, err) < 0)
        reading_free(&reading);
    return reading;
}

static void end_attempts(struct reading *reading)
{
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        if (reading->attempts[i].message)
            message_return(reading->attempts[i].message);
        reading->attempts[i].message = NULL;
    }
}

static void free_entries(struct reading *reading)
{
    for (unsigned i = 0; i < ATTEMPTS; i++)
        if (reading->attempts[i].entry)
            entry_return(reading->entries, reading->attempts[i].entry);
    entry_pool_free(&reading->entries);
}

void reading_free(struct reading **reading_at)
{
    struct reading *reading = *reading_at;

    *reading_at = NULL;
    if (!reading)
        return;
    end_attempts(reading);
    if (reading->decoder)
        decoder_free(&reading->decoder);
    if (reading->json)
        format_free(&reading->json);
    if (reading->entries)
        free_entries(reading);
    if (reading->messages)
        message_pool_free(&reading->messages);
    budget_fini(&reading->budget);
    free(reading->rendered);
    free(reading);
}

/* ---- one payload ------------------------------------------------------------------ */

static struct attempt *begin(struct reading *reading, unsigned which,
                             const struct message_parts *parts, enum conf_decode decode)
{
    struct attempt *attempt = &reading->attempts[which];

    must(parts->payload.len <= READING_MAX);
    attempt->rules = (struct decode_rules){
        .decode = decode, .split = CONF_SPLIT_NONE, .max_entry = READING_MAX_ENTRY};
    attempt->cursor = (struct decode_cursor){0};
    attempt->message = message_take(reading->messages, parts);
    must(attempt->message);
    return attempt;
}

static bool next(struct reading *reading, struct attempt *attempt)
{
    return decode_next(reading->decoder, &attempt->rules, &attempt->cursor, attempt->message,
                       attempt->entry);
}

/* Grows with the longest entry that there was, which has a bound. */
static size_t render(struct reading *reading, const struct attempt *attempt)
{
    const char *base = attempt->message->bytes;
    size_t len = format_len(reading->json, attempt->entry, base);

    if (len + FORMAT_SPARE > reading->rendered_cap) {
        reading->rendered_cap = len + FORMAT_SPARE;
        reading->rendered = realloc(reading->rendered, reading->rendered_cap);
        must(reading->rendered);
    }
    format_write(reading->json, attempt->entry, base, reading->rendered);
    return len;
}

void reading_begin(struct reading *reading, const struct message_parts *parts,
                   enum conf_decode decode)
{
    end_attempts(reading);
    begin(reading, 0, parts, decode)->message->received_ns = clock_nanoseconds(CLOCK_REALTIME);
}

bool reading_next(struct reading *reading, struct read_entry *entry_out)
{
    struct attempt *attempt = &reading->attempts[0];
    const struct entry *entry = attempt->entry;

    if (!next(reading, attempt))
        return false;
    *entry_out = (struct read_entry){
        .json_len = render(reading, attempt) - 1,
        .malformed = entry->malformed,
        .cut = entry->cut,
        .is_text = entry->text.offset == entry->source.offset &&
                   entry->text.len == entry->source.len && entry->field_count == 0,
        .has_line = memchr(attempt->message->bytes + entry->text.offset, '\n', entry->text.len),
    };
    entry_out->json = reading->rendered;
    return true;
}

/* ---- which decoder ---------------------------------------------------------------- */

static bool says_the_same(struct reading *reading, const struct attempt *a, const struct attempt *b)
{
    size_t len = render(reading, a);
    char *first = malloc(len);
    bool answer;

    must(first);
    memcpy(first, reading->rendered, len);
    answer = a->entry->malformed == b->entry->malformed && render(reading, b) == len &&
             memcmp(first, reading->rendered, len) == 0;
    free(first);
    return answer;
}

static bool is_decoder(struct reading *reading, const struct message_parts *parts,
                       enum conf_decode decode)
{
    struct attempt *automatic, *named;

    end_attempts(reading);
    automatic = begin(reading, 0, parts, CONF_DECODE_AUTO);
    named = begin(reading, 1, parts, decode);
    return next(reading, automatic) && next(reading, named) &&
           says_the_same(reading, automatic, named);
}

/* `text` takes everything, so it is asked last. */
const char *reading_decoder(struct reading *reading, const struct message_parts *parts)
{
    const struct setting *ingest = settings_find(&settings_root, "ingest");
    const char *const *words = settings_find(ingest->section, "decode")->words;

    for (unsigned i = 0; words[i]; i++)
        if (i != CONF_DECODE_AUTO && i != CONF_DECODE_TEXT &&
            is_decoder(reading, parts, (enum conf_decode)i))
            return words[i];
    return is_decoder(reading, parts, CONF_DECODE_TEXT) ? words[CONF_DECODE_TEXT] : NULL;
}
