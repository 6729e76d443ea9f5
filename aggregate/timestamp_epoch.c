#include "aggregate/timestamp_parts.h"

bool timestamp_parse_epoch(const char *text, size_t len, int64_t *time_ns_out, uint8_t *digits_out)
{
    /* Each unit up to the year 2261 in the next coarser one. */
    static const struct {
        uint64_t below;
        int64_t unit_ns;
    } units[] = {
        {10000000000ULL, NS_PER_S}, {10000000000000ULL, 1000000}, {10000000000000000ULL, 1000}};
    uint64_t whole = 0;
    int64_t unit_ns = 1, fraction_ns = 0;
    uint8_t digits = 6;
    size_t i = 0;

    for (; i < len && (unsigned char)(text[i] - '0') <= 9; i++) {
        if (i == 19)
            return false;
        whole = whole * 10 + (unsigned char)(text[i] - '0');
    }
    if (i == 0)
        return false;
    for (unsigned u = 0; u < sizeof units / sizeof units[0]; u++) {
        if (whole < units[u].below) {
            unit_ns = units[u].unit_ns;
            break;
        }
    }
    if (whole > (uint64_t)(INT64_MAX / unit_ns) - 1)
        return false;
    if (i < len && text[i] == '.')
        i += timestamp_fraction(text + i, len - i, &fraction_ns, &digits);
    if (i != len || text[i - 1] == '.')
        return false;
    *time_ns_out = (int64_t)whole * unit_ns + fraction_ns / (NS_PER_S / unit_ns);
    *digits_out = *time_ns_out % 1000 ? 9 : 6;
    return true;
}
