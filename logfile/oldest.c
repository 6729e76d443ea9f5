#include "logfile/oldest.h"

#include <stdlib.h>

#include "conf/must.h"

void oldest_init(struct oldest *oldest, struct dated *items, unsigned room)
{
    must(room > 0);
    *oldest = (struct oldest){.items = items, .room = room};
}

static void swap(struct dated *a, struct dated *b)
{
    struct dated kept = *a;

    *a = *b;
    *b = kept;
}

static void rise(struct dated *items, unsigned at)
{
    while (at > 0 && items[(at - 1) / 2].time_us < items[at].time_us) {
        swap(&items[(at - 1) / 2], &items[at]);
        at = (at - 1) / 2;
    }
}

static void sink_down(struct dated *items, unsigned count, unsigned at)
{
    for (;;) {
        unsigned child = 2 * at + 1;

        if (child >= count)
            return;
        if (child + 1 < count && items[child + 1].time_us > items[child].time_us)
            child++;
        if (items[at].time_us >= items[child].time_us)
            return;
        swap(&items[at], &items[child]);
        at = child;
    }
}

void oldest_add(struct oldest *oldest, struct dated file)
{
    if (oldest->count < oldest->room) {
        oldest->items[oldest->count++] = file;
        rise(oldest->items, oldest->count - 1);
    } else if (file.time_us < oldest->items[0].time_us) {
        oldest->items[0] = file;
        sink_down(oldest->items, oldest->count, 0);
    }
}

static int by_time(const void *a, const void *b)
{
    const struct dated *one = a, *other = b;

    return (one->time_us > other->time_us) - (one->time_us < other->time_us);
}

void oldest_sort(struct oldest *oldest)
{
    qsort(oldest->items, oldest->count, sizeof *oldest->items, by_time);
}
