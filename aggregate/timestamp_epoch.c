#include "aggregate/timestamp_parts.h"

/* Digits that 64 bits hold for sure. */
enum { DIGITS_MAX = 19, EPOCH_DIGITS_MIN = 9 };

static size_t count_digits(const char *text, size_t len)
{
    size_t count = 0;

    while (count < len && (unsigned char)(text[count] - '0') <= 9)
        count++;
    return count;
}

bool timestamp_read_digits(const char *text, size_t len, uint64_t most, uint64_t *value_out)
{
    uint64_t value = 0;

    if (len < 1 || len > DIGITS_MAX || count_digits(text, len) != len)
        return false;
    for (size_t i = 0; i < len; i++)
        value = value * 10 + (unsigned char)(text[i] - '0');
    if (value > most)
        return false;
    *value_out = value;
    return true;
}

bool timestamp_looks_like_epoch(const char *text, size_t len)
{
    size_t digits = count_digits(text, len);

    return digits >= EPOCH_DIGITS_MIN && (digits == len || text[digits] == '.');
}

/* What one of a number of this size is worth: each unit up to the year 2261 in the next
 * coarser one. */
static int64_t unit_of(uint64_t whole)
{
    static const struct {
        uint64_t below;
        int64_t unit_ns;
    } units[] = {
        {10000000000ULL, NS_PER_S}, {10000000000000ULL, 1000000}, {10000000000000000ULL, 1000}};

    for (unsigned u = 0; u < sizeof units / sizeof units[0]; u++) {
        if (whole < units[u].below)
            return units[u].unit_ns;
    }
    return 1;
}

bool timestamp_parse_epoch(const char *text, size_t len, int64_t *time_ns_out, uint8_t *digits_out)
{
    size_t at = count_digits(text, len);
    int64_t unit_ns, fraction_ns = 0;
    uint8_t digits;
    uint64_t whole;

    if (!timestamp_read_digits(text, at, UINT64_MAX, &whole))
        return false;
    unit_ns = unit_of(whole);
    if (whole > (uint64_t)(INT64_MAX / unit_ns) - 1)
        return false;
    if (at < len && text[at] == '.')
        at += timestamp_fraction(text + at, len - at, &fraction_ns, &digits);
    if (at != len || text[at - 1] == '.')
        return false;
    *time_ns_out = (int64_t)whole * unit_ns + fraction_ns / (NS_PER_S / unit_ns);
    *digits_out = *time_ns_out % 1000 ? 9 : 6;
    return true;
}
