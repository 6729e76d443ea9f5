/* The second look at a document: what its candidates are, now that all is known. A field
 * that became a part goes; what would stand beside our own key of its name becomes `key.2`. */
#include "aggregate/level_dialects.h"
#include "decode/record.h"

#include <string.h>

static struct field *field_of(const struct record *record, const struct candidate *candidate)
{
    return candidate->place ? &record->entry->fields[candidate->place - 1] : NULL;
}

/* No key begins where the message does: there is a brace. */
static void mark_gone(const struct record *record, const struct candidate *candidate)
{
    struct field *field = field_of(record, candidate);

    if (field)
        field->key.word = 0;
}

static void remove_gone(struct entry *entry)
{
    unsigned count = 0;

    for (unsigned i = 0; i < entry->field_count; i++) {
        if (entry->fields[i].key.word != 0)
            entry->fields[count++] = entry->fields[i];
    }
    entry->field_count = count;
}

static bool rename_second(struct record *record, const struct candidate *candidate)
{
    struct field *field = field_of(record, candidate);
    struct span key;

    if (!field)
        return true;
    key = field->key;
    if (!record_has_room(record, key.len + 2u))
        return false;
    field->key = record_to_scratch(record, record_bytes(record, key), key.len);
    record_to_scratch(record, ".2", 2);
    field->key = span_make(field->key.offset, key.len + 2u, 0);
    return true;
}

/* Makes the candidate the part, if it fits. */
static bool promote(struct record *record, enum part part, const struct candidate *candidate)
{
    if (candidate->value.len == 0 || !record_set_part(record, part, candidate->value))
        return false;
    mark_gone(record, candidate);
    return true;
}

/* ---- the level ------------------------------------------------------------------------ */

static enum level_scale scale_of(const struct record *record, unsigned number)
{
    if (record->company.syslog || record->company.gelf)
        return LEVEL_SCALE_SYSLOG;
    if (record->company.python)
        return LEVEL_SCALE_PYTHON;
    if (record->company.channel && number >= 9 && number <= 15)
        return LEVEL_SCALE_LOGBOOK;
    return number < 10 ? LEVEL_SCALE_SYSLOG : LEVEL_SCALE_PINO;
}

static bool read_number(const struct record *record, const struct candidate *candidate,
                        unsigned *number_out)
{
    return level_read_number(record_bytes(record, candidate->value), candidate->value.len,
                             number_out);
}

static enum level level_of(const struct record *record, bool *exact_out)
{
    unsigned number;

    if (!read_number(record, &record->company.number, &number))
        return LEVEL_NONE;
    return level_from_number(scale_of(record, number), number, exact_out);
}

/* `levelno` is Python's, whatever else there is. */
static enum level level_of_python(const struct record *record)
{
    unsigned number;
    bool exact;

    if (!read_number(record, &record->company.levelno, &number))
        return LEVEL_NONE;
    return level_from_number(LEVEL_SCALE_PYTHON, number, &exact);
}

/* Whether others would take for a level what in this company is none. */
static bool is_level_elsewhere(const struct record *record)
{
    const struct company *company = &record->company;

    return company->gelf || company->python || company->channel;
}

/* A number stays where a word said it better, where it lies between two levels, and where it is
 * none. */
static bool finish_level(struct record *record)
{
    struct entry *entry = record->entry;
    bool exact = false;

    if (record->company.number.value.len > 0) {
        if (entry->level == LEVEL_NONE)
            entry->level = (uint8_t)level_of(record, &exact);
        if (entry->level == LEVEL_NONE && !is_level_elsewhere(record))
            return true;
        if (entry->level == LEVEL_NONE || !exact)
            return rename_second(record, &record->company.number);
        mark_gone(record, &record->company.number);
    } else if (record->company.levelno.value.len > 0 && entry->level == LEVEL_NONE &&
               !decode_has_field(record->message, entry, "level", 5)) {
        entry->level = (uint8_t)level_of_python(record);
    }
    return true;
}

/* ---- the other parts -------------------------------------------------------------------- */

static void finish_time(struct record *record)
{
    if (record->seen[PART_TIME] == 0 && (record->company.python || record->company.event_time))
        promote(record, PART_TIME, &record->company.created);
}

/* `name` is an app where a logger's own keys stand beside it. */
static void finish_app(struct record *record)
{
    bool in_company =
        record->company.python || record->company.pid || record->company.number.value.len > 0;

    if (record->seen[PART_APP] == 0 && !promote(record, PART_APP, &record->company.logger) &&
        in_company)
        promote(record, PART_APP, &record->company.name);
}

/* Python's `message`, and logbook's, is `msg` with its arguments filled in, and comes behind it.
 * Its name was made by us, in the scratch area: one in the payload is the client's own. */
static void prefer_message(struct record *record)
{
    static const char second[] = "message.2";
    struct entry *entry = record->entry;

    for (unsigned i = 0; i < entry->field_count; i++) {
        struct field *field = &entry->fields[i];
        struct span text = entry->text;
        char *name = record->message->bytes + field->key.offset;

        if (field->key.offset < record->message->scratch_offset ||
            field->key.len != sizeof second - 1 || memcmp(name, second, sizeof second - 1) != 0)
            continue;
        memcpy(name, "msg.2", 5);
        field->key = span_make(field->key.offset, 5, 0);
        entry->text = field->value;
        entry->text.word &= ~SPAN_LITERAL;
        field->value = span_scan(record->message->bytes, text.offset, text.len);
        return;
    }
}

static void finish_message(struct record *record)
{
    if (record->seen[PART_MESSAGE] == 0)
        promote(record, PART_MESSAGE, &record->company.event);
    else if ((record->company.python || record->company.channel) && record->seen[PART_MESSAGE] == 2)
        prefer_message(record);
}

/* GELF's own fields begin with an underscore that is not theirs. It stays where the name
 * without it would be one of ours. */
static void strip_underscores(struct record *record)
{
    struct entry *entry = record->entry;

    for (unsigned i = 0; i < entry->field_count; i++) {
        struct span *key = &entry->fields[i].key;
        const char *name = record_bytes(record, *key);

        if (key->len > 1 && name[0] == '_' && json_name_part(name + 1, key->len - 1u) == PART_NONE)
            *key = span_make(key->offset + 1, key->len - 1u,
                             key->word & (SPAN_CLEAN | SPAN_SOLID | SPAN_QUOTELESS));
    }
}

bool record_finish(struct record *record)
{
    if (!finish_level(record))
        return false;
    finish_time(record);
    finish_app(record);
    finish_message(record);
    if (record->company.gelf)
        strip_underscores(record);
    remove_gone(record->entry);
    return true;
}
