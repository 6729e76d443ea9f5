#include "bench/wrap_malloc.h"

#include <stddef.h>
#include <string.h>

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *old, size_t bytes);

void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);
char *__wrap_strndup(const char *string, size_t len);

static struct wrap_count count;

static void add(size_t bytes)
{
    count.calls++;
    count.bytes += bytes;
}

struct wrap_count wrap_malloc_count(void)
{
    return count;
}

void *__wrap_malloc(size_t bytes)
{
    add(bytes);
    return __real_malloc(bytes);
}

void *__wrap_calloc(size_t number, size_t bytes)
{
    add(number * bytes);
    return __real_calloc(number, bytes);
}

void *__wrap_realloc(void *old, size_t bytes)
{
    add(bytes);
    return __real_realloc(old, bytes);
}

/* libc's own would call a malloc that is not wrapped. */
char *__wrap_strndup(const char *string, size_t len)
{
    char *copy = __wrap_malloc(len + 1);

    memcpy(copy, string, len);
    copy[len] = '\0';
    return copy;
}
