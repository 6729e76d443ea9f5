/* What stands within an object: ECS's {"log":{"level":…}}, Logstash's @fields, log4j2's
 * instant. The object stays a field as a whole; here its members are only looked at, by the
 * names that they have with a dot.
 *
 * The object is JSON that was found right, so that this need not check it again. */
#include "decode/record.h"

#include <string.h>

/* One member: raw text, strings without their quotes. */
struct member {
    const char *key, *value;
    uint32_t key_len, value_len;
    bool literal;
};

static const char *skip_space(const char *at)
{
    while (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')
        at++;
    return at;
}

/* From the first byte in quotes to the quote that ends them. */
static const char *string_end(const char *at)
{
    for (; *at != '"'; at++)
        at += *at == '\\';
    return at;
}

/* From an opening bracket to behind the one that closes it. */
static const char *container_end(const char *at)
{
    unsigned depth = 0;

    do {
        if (*at == '"')
            at = string_end(at + 1);
        depth += *at == '{' || *at == '[';
        depth -= *at == '}' || *at == ']';
        at++;
    } while (depth > 0);
    return at;
}

static const char *scalar_end(const char *at)
{
    while (*at != ',' && *at != '}' && *at != ' ' && *at != '\t' && *at != '\n' && *at != '\r')
        at++;
    return at;
}

/* Returns what follows the value. */
static const char *read_value(const char *at, struct member *member)
{
    const char *end;

    member->literal = *at != '"';
    if (member->literal)
        end = *at == '{' || *at == '[' ? container_end(at) : scalar_end(at);
    else
        end = string_end(++at);
    member->value = at;
    member->value_len = (uint32_t)(end - at);
    return end + !member->literal;
}

/* The member behind `at`, which is the opening brace, a comma, or the brace that ends all.
 * NULL: there is none; else the comma or brace behind it. */
static const char *next_member(const char *at, struct member *member)
{
    if (*at == '}')
        return NULL;
    at = skip_space(at + 1);
    if (*at == '}')
        return NULL;
    member->key = at + 1;
    at = string_end(at + 1);
    member->key_len = (uint32_t)(at - member->key);
    at = skip_space(at + 1); /* the colon */
    return skip_space(read_value(skip_space(at + 1), member));
}

/* The member's value as a span, unescaped. False: a string whose escapes are wrong, which
 * has been seen before. */
static bool value_span(struct record *record, const struct member *member, struct span *span_out)
{
    char *base = record->message->bytes, *to = base + record->scratch, *end;

    *span_out = span_scan(base, (uint32_t)(member->value - base), member->value_len);
    if (member->literal)
        span_out->word |= SPAN_LITERAL;
    if (member->literal || !memchr(member->value, '\\', member->value_len))
        return true;
    end = json_unescape(record->decoder->index, member->value, to);
    if (!end)
        return false;
    *span_out = span_scan(base, record->scratch, (uint32_t)(end - to));
    record->scratch += (uint32_t)(end - to);
    return true;
}

static bool can_be_inside(enum part part)
{
    return part == PART_LEVEL || part == PART_LEVEL_NAME || part == PART_HOST || part == PART_APP ||
           part == PART_LOGGER || part == PART_EVENT_TIME;
}

static void take_inner(struct record *record, enum part part, struct span value)
{
    struct company *company = record_company(record);

    if (part == PART_LEVEL_NAME)
        part = PART_LEVEL;
    if (part < PARTS) {
        if (record->seen[part] == 0 && record_set_part(record, part, value))
            record->seen[part] = 1;
        return;
    }
    company->event_time |= part == PART_EVENT_TIME;
    record_keep(record, part == PART_LOGGER ? &company->logger : &company->created, value, 0);
}

/* The part that `outer.inner` names; what is in @fields is known by its own name. */
static enum part part_inside(const char *outer, size_t outer_len, const struct member *member)
{
    char name[JSON_LONG_MAX + JSON_SHORT_MAX];

    if (outer[0] == '@')
        return json_name_part(member->key, member->key_len);
    if (outer_len + 1 + member->key_len > JSON_LONG_MAX)
        return PART_NONE;
    memcpy(name, outer, outer_len);
    name[outer_len] = '.';
    memcpy(name + outer_len + 1, member->key, member->key_len);
    return json_name_part(name, outer_len + 1 + member->key_len);
}

/* {"epochSecond":1795404852,"nanoOfSecond":123456789}, thread-safe or not. */
static void take_instant(struct record *record, const char *at)
{
    struct entry *entry = record->entry;
    struct member member;
    uint64_t seconds = 0, nanos = 0;
    bool found = false;

    while ((at = next_member(at, &member)) != NULL) {
        if (member.key_len == 11 && memcmp(member.key, "epochSecond", 11) == 0)
            found = timestamp_read_digits(member.value, member.value_len, 9214646400, &seconds);
        else if (member.key_len == 12 && memcmp(member.key, "nanoOfSecond", 12) == 0 &&
                 !timestamp_read_digits(member.value, member.value_len, 999999999, &nanos))
            return;
    }
    if (!found || record->seen[PART_TIME] > 0)
        return;
    record->seen[PART_TIME] = 1;
    entry->time_ns = (int64_t)(seconds * 1000000000 + nanos);
    entry->time_digits = nanos % 1000 ? 9 : 6;
}

void record_look_inside(struct record *record, struct span key, struct span value)
{
    const char *outer = record_bytes(record, key), *at = record_bytes(record, value);
    struct member member;

    if (!record_has_room(record, value.len))
        return;
    if (key.len == 7 && memcmp(outer, "instant", 7) == 0) {
        take_instant(record, at);
        return;
    }
    while ((at = next_member(at, &member)) != NULL) {
        enum part part = part_inside(outer, key.len, &member);
        struct span inner;

        if (can_be_inside(part) && value_span(record, &member, &inner))
            take_inner(record, part, inner);
    }
}
