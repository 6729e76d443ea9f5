/* wrap_malloc.h - counts what the benchmark and our own objects allocate (ld --wrap). */
#ifndef BENCH_WRAP_MALLOC_H
#define BENCH_WRAP_MALLOC_H

struct wrap_count {
    unsigned long calls;
    unsigned long bytes;
};

struct wrap_count wrap_malloc_count(void);

#endif
