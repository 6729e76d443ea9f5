/* What is ours to say of an entry, whatever its client sent: the same in all formats. */
#include <string.h>

#include "aggregate/format_pieces.h"

char *arrival_write(struct format *format, const struct entry *entry, char *to)
{
    return timestamp_write(&format->arrivals, to, entry->received_ns, ARRIVAL_DIGITS);
}

size_t seq_len(const struct entry *entry)
{
    size_t len = 1;

    for (uint64_t rest = entry->origin.seq; rest >= 10; rest /= 10)
        len++;
    return len;
}

char *seq_write(const struct entry *entry, char *to)
{
    char *end = to + seq_len(entry);
    uint64_t rest = entry->origin.seq;

    for (char *at = end; at > to; rest /= 10)
        *--at = (char)('0' + rest % 10);
    if (entry->origin.seq == 0)
        *to = '-';
    return end;
}
