#include "conf/alloc.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "conf/must.h"

void *alloc_zeroed(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);

    must(memory != NULL);
    return memory;
}

char *alloc_text(const char *text, size_t len)
{
    char *copy = alloc_zeroed(len + 1, 1);

    if (len > 0)
        memcpy(copy, text, len);
    return copy;
}

void *alloc_room(void *items, size_t count, size_t size)
{
    bool full = (count & (count - 1)) == 0; /* room doubles at each power of two */

    if (!full)
        return items;
    items = reallocarray(items, count ? 2 * count : 1, size);
    must(items != NULL);
    return items;
}
