#include "conf/units.h"

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "conf/count_of.h"

struct unit {
    const char *name;
    uint64_t factor;
};

#define DIGITS "0123456789"
#define BLANKS " \t"

/* In an order that lets the binary unit win where two texts are equally short. */
static const struct unit byte_units[] = {
    {"GiB", 1ull << 30},
    {"MiB", 1ull << 20},
    {"KiB", 1ull << 10},
    {"GB", 1000000000},
    {"MB", 1000000},
    {"KB", 1000},
    {"B", 1},
};
static const struct unit time_units[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1},
};

/* What one measure is called, and how a number without a unit could be meant. */
struct measure {
    const char *what;
    const struct unit *units;
    unsigned count;
    const char *names;
    const char *likely[2];
    const char *example;
};

static const struct measure bytes_measure = {
    "size",         byte_units, COUNT_OF(byte_units), "B, KiB, MiB, GiB, KB, MB or GB",
    {"KiB", "MiB"}, "64MiB"};
static const struct measure ms_measure = {
    "time", time_units, COUNT_OF(time_units), "ms, s, m, h or d", {"ms", "s"}, "1500ms"};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const struct unit *find_unit(const struct measure *measure, const char *name)
{
    for (unsigned i = 0; i < measure->count; i++)
        if (strcmp(measure->units[i].name, name) == 0)
            return &measure->units[i];
    return NULL;
}

static const char *show(const struct measure *measure, uint64_t value, char *text)
{
    size_t shortest = UNITS_TEXT_MAX;

    if (value == 0)
        return strcpy(text, "0");
    for (unsigned i = 0; i < measure->count; i++) {
        const struct unit *unit = &measure->units[i];
        char candidate[UNITS_TEXT_MAX];

        if (value % unit->factor != 0)
            continue;
        snprintf(candidate, sizeof candidate, "%" PRIu64 "%s", value / unit->factor, unit->name);
        if (strlen(candidate) < shortest) {
            shortest = strlen(candidate);
            strcpy(text, candidate);
        }
    }
    return text;
}

/* Where a space stands before a unit that we know. */
static int refuse_space(const struct measure *measure, const char *text, size_t digits,
                        const struct unit *unit, struct err *err)
{
    return err_set(err, "'%s' is not a %s; write it without a space: %.*s%s", text, measure->what,
                   (int)digits, text, unit->name);
}

/* The number that so many digits make. False: it is beyond 64 bits. */
static bool read_digits(const char *text, size_t digits, uint64_t *value_out)
{
    uint64_t value = 0;

    for (size_t i = 0; i < digits; i++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
            return false;
    *value_out = value;
    return true;
}

/* The whole of it and six places, in whole smaller units; 0: none to propose. */
static uint64_t without_point(const char *text, size_t digits, uint64_t factor)
{
    uint64_t whole, millionths = 0, place = 100000, value;

    if (!read_digits(text, digits, &whole))
        return 0;
    for (const char *at = text + digits + 1; is_digit(*at) && place > 0; at++, place /= 10)
        millionths += place * (uint64_t)(*at - '0');
    if (__builtin_mul_overflow(whole, factor, &value) ||
        __builtin_add_overflow(value, millionths * factor / 1000000, &value))
        return 0;
    return value;
}

static int refuse_point(const struct measure *measure, const char *text, size_t digits,
                        struct err *err)
{
    const char *behind = text + digits + 1;
    const struct unit *unit;
    char proposal[UNITS_TEXT_MAX];
    uint64_t value;

    behind += strspn(behind, DIGITS);
    unit = find_unit(measure, behind + strspn(behind, BLANKS));
    value = unit ? without_point(text, digits, unit->factor) : 0;
    return err_set(err, "'%s' is not a %s; write whole numbers, such as %s", text, measure->what,
                   value > 0 ? show(measure, value, proposal) : measure->example);
}

static int refuse_unit(const struct measure *measure, const char *text, size_t digits,
                       struct err *err)
{
    const struct unit *behind_space =
        find_unit(measure, text + digits + strspn(text + digits, BLANKS));

    if (text[digits] == '.' && is_digit(text[digits + 1]))
        return refuse_point(measure, text, digits, err);
    if (behind_space)
        return refuse_space(measure, text, digits, behind_space, err);
    if (text[digits] == '\0')
        return err_set(err, "'%s' has no unit; write %s%s or %s%s (units are %s)", text, text,
                       measure->likely[0], text, measure->likely[1], measure->names);
    return err_set(err, "'%s' has an unknown unit '%s'; write %s after the number", text,
                   text + digits, measure->names);
}

static int parse(const struct measure *measure, const char *text, uint64_t *value_out,
                 struct err *err)
{
    size_t digits = strspn(text, DIGITS);
    const struct unit *unit = find_unit(measure, text + digits);
    uint64_t value = 0;

    if (digits == 0)
        return err_set(err, "'%s' is not a %s; write a whole number and %s", text, measure->what,
                       measure->names);
    if (!read_digits(text, digits, &value))
        return err_set(err, "'%s' is too large a %s", text, measure->what);
    if (!unit && !(value == 0 && text[digits] == '\0'))
        return refuse_unit(measure, text, digits, err);
    if (unit && __builtin_mul_overflow(value, unit->factor, &value))
        return err_set(err, "'%s' is too large a %s", text, measure->what);
    *value_out = value;
    return 0;
}

int units_parse_bytes(const char *text, struct conf_bytes *size_out, struct err *err)
{
    return parse(&bytes_measure, text, &size_out->bytes, err);
}

int units_parse_ms(const char *text, struct conf_ms *time_out, struct err *err)
{
    return parse(&ms_measure, text, &time_out->ms, err);
}

int units_parse_count(const char *text, struct conf_count *count_out, struct err *err)
{
    size_t digits = strspn(text, DIGITS);
    uint64_t value;

    if (digits == 0 || text[digits] != '\0')
        return err_set(err, "'%s' is not a count; write a whole number alone", text);
    if (!read_digits(text, digits, &value) || value > UINT_MAX)
        return err_set(err, "'%s' is too large a count", text);
    count_out->count = (unsigned)value;
    return 0;
}

const char *units_show_bytes(struct conf_bytes size, char text[UNITS_TEXT_MAX])
{
    return show(&bytes_measure, size.bytes, text);
}

const char *units_show_ms(struct conf_ms time, char text[UNITS_TEXT_MAX])
{
    return show(&ms_measure, time.ms, text);
}
