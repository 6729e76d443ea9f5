/* micro - what each technique is worth: a naive way and ours, side by side.
 *
 * Prints Go's benchmark format, so that benchstat reads it. Each benchmark runs for
 * about BENCH_MS (400) milliseconds; allocations are those of our own code, counted by
 * --wrap of the allocator (bench/wrap_malloc.c). An argument picks by name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/micro.h"
#include "bench/wrap_malloc.h"

enum { SLICES = 40 };

static double now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double time_runs(void (*run)(void), unsigned long runs)
{
    double began = now_ns();

    for (unsigned long i = 0; i < runs; i++)
        run();
    return now_ns() - began;
}

/* How many runs fill a slice of this length. */
static unsigned long runs_in(void (*run)(void), double slice_ns)
{
    unsigned long runs = 1;

    while (time_runs(run, runs) < slice_ns)
        runs *= 2;
    return runs;
}

/* The fastest of many short slices: on a shared machine, what disturbs only adds. */
static void measure(const struct micro *micro, double bench_ns)
{
    unsigned long runs, all_runs;
    double best = 0;
    struct wrap_count before, after;

    micro->run();
    runs = runs_in(micro->run, bench_ns / SLICES);
    all_runs = runs * SLICES;
    before = wrap_malloc_count();
    for (unsigned i = 0; i < SLICES; i++) {
        double took = time_runs(micro->run, runs);

        if (i == 0 || took < best)
            best = took;
    }
    after = wrap_malloc_count();
    best /= (double)runs;
    printf("Benchmark%s-2 %lu %.1f ns/op %lu B/op %lu allocs/op %.2f ns/entry\n", micro->name,
           all_runs, best, (after.bytes - before.bytes) / all_runs,
           (after.calls - before.calls) / all_runs, best / micro->entries);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static const struct micro *const tables[] = {micro_build, micro_memory, micro_route,
                                                 micro_decode};
    const char *ms = getenv("BENCH_MS");
    double bench_ns = (ms ? atof(ms) : 400) * 1e6;

    micro_make_world();
    for (unsigned i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        for (const struct micro *micro = tables[i]; micro->name; micro++) {
            if (argc < 2 || strstr(micro->name, argv[1]))
                measure(micro, bench_ns);
        }
    }
    return 0;
}
