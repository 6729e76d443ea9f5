/* Keys that need a closer look: a part by one logger's own rules, or a field that may yet
 * become a part. */
#include "decode/record.h"

#include "conf/must.h"

void record_keep(const struct record *record, struct candidate *candidate, struct span value,
                 unsigned place)
{
    if (candidate->value.len > 0 || record_is_nameless(record, value))
        return;
    *candidate = (struct candidate){value, place};
}

/* `72,` at text: a byte, and where the next one begins. */
static const char *read_byte(const char *text, char *byte_out)
{
    unsigned value = 0;

    for (; *text != ',' && *text != ']'; text++) {
        unsigned digit = (unsigned char)*text - '0';

        if (*text == ' ')
            continue;
        if (digit > 9 || value > 25)
            return NULL;
        value = value * 10 + digit;
    }
    *byte_out = (char)value;
    return value <= 255 ? text : NULL;
}

/* [72,105]: what the journal makes of text that is not UTF-8, or has control bytes. False:
 * it is some other list. */
static bool take_bytes(struct record *record, struct span list, struct span *bytes_out)
{
    const char *text = record_bytes(record, list) + 1;
    const char *end = text + list.len - 2; /* the bracket */
    char *begin = record->message->bytes + record->scratch, *to = begin;

    if (text == end || !record_has_room(record, list.len / 2))
        return false;
    for (;; text++) {
        text = read_byte(text, to);
        if (!text)
            return false;
        to++;
        if (text == end)
            break;
    }
    *bytes_out = span_scan(record->message->bytes, record->scratch, (uint32_t)(to - begin));
    record->scratch += (uint32_t)(to - begin);
    return true;
}

/* The journal says null where the text is too long for it. */
static bool add_journal_message(struct record *record, struct span key, struct span value)
{
    char first = *record_bytes(record, value);

    if (value.literal && first == 'n')
        return record_add_field(record, key, value);
    if (value.literal && first == '[')
        take_bytes(record, value, &value);
    return record_add_part(record, PART_MESSAGE, key, value);
}

static bool add_candidate(struct record *record, struct candidate *candidate, struct span key,
                          struct span value)
{
    record_keep(record, candidate, value, record_next_place(record));
    return record_add_field(record, key, value);
}

static bool add_object(struct record *record, struct span key, struct span value)
{
    if (record_is_object(record, value))
        record_look_inside(record, key, value);
    return record_add_field(record, key, value);
}

/* Text, or an object. */
static bool add_event(struct record *record, struct span key, struct span value)
{
    return value.literal ? add_object(record, key, value)
                         : add_candidate(record, &record->company.event, key, value);
}

bool record_add_odd(struct record *record, enum part part, struct span key, struct span value)
{
    struct company *company = record_company(record);

    switch ((int)part) {
    case PART_GELF_MESSAGE:
        company->gelf = true;
        return record_add_part(record, PART_MESSAGE, key, value);
    case PART_JOURNAL_MESSAGE:
        return add_journal_message(record, key, value);
    case PART_JOURNAL_LEVEL:
        company->syslog = true;
        return record_add_part(record, PART_LEVEL, key, value);
    case PART_LEVEL_NAME:
        company->python = true;
        return record_add_part(record, PART_LEVEL, key, value);
    case PART_LEVEL_NUMBER:
        company->python = true;
        return add_candidate(record, &company->levelno, key, value);
    case PART_EVENT_TIME:
        company->event_time = true;
        return add_candidate(record, &company->created, key, value);
    case PART_CREATED:
        return add_candidate(record, &company->created, key, value);
    case PART_CHANNEL:
        company->channel = true;
        return add_candidate(record, &company->logger, key, value);
    case PART_LOGGER:
        return add_candidate(record, &company->logger, key, value);
    case PART_PID:
        company->pid = true;
        return record_add_field(record, key, value);
    case PART_NAME:
        return add_candidate(record, &company->name, key, value);
    case PART_EVENT:
        return add_event(record, key, value);
    case PART_OBJECT:
        return add_object(record, key, value);
    default:
        must(!"a key without a meaning");
        return false;
    }
}
