/* Who sends most is counted while somebody watches, and never otherwise. */
#include "ingest/census.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char base[] = "shop|web1|the whole payload";
static const struct census_sender sender = {.len = 8, .name = "10.1.2.3"};

static struct entry *an_entry(void)
{
    struct entry *entry = calloc(1, sizeof *entry);

    assert_non_null(entry);
    entry->app = span_make(0, 4, 0);
    entry->host = span_make(5, 4, 0);
    entry->source = span_make(10, 17, 0);
    return entry;
}

static void assert_counted(const struct census *census, enum census_by by, const char *name,
                           uint64_t entries)
{
    const struct heavy_counter *top[2];

    assert_int_equal(heavy_top(census_look(census, by), top, 2), 1);
    assert_int_equal(top[0]->len, strlen(name));
    assert_memory_equal(top[0]->name, name, top[0]->len);
    assert_int_equal(top[0]->entries, entries);
    assert_int_equal(top[0]->bytes, 17 * entries);
}

static void only_what_is_watched_is_counted(void **state)
{
    struct entry *entry = an_entry();
    struct census census;
    struct err err;

    (void)state;
    census_init(&census, 64);
    assert_false(census_is_on(&census));
    assert_false(census_is_on(NULL));
    assert_int_equal(census_watch(&census, CENSUS_APP, &err), 0);
    assert_true(census_is_on(&census));
    census_add(&census, &sender, entry, base);
    assert_counted(&census, CENSUS_APP, "shop", 1);
    assert_null(census_look(&census, CENSUS_HOST));
    assert_int_equal(census_watch(&census, CENSUS_HOST, &err), 0);
    assert_int_equal(census_watch(&census, CENSUS_CLIENT, &err), 0);
    census_add(&census, &sender, entry, base);
    assert_counted(&census, CENSUS_APP, "shop", 2);
    assert_counted(&census, CENSUS_HOST, "web1", 1);
    assert_counted(&census, CENSUS_CLIENT, "10.1.2.3", 1);
    census_fini(&census);
    free(entry);
}

static void the_last_who_leaves_takes_the_counts_along(void **state)
{
    struct entry *entry = an_entry();
    const struct heavy_counter *top[2];
    struct census census;
    struct err err;

    (void)state;
    census_init(&census, 64);
    census_watch(&census, CENSUS_CLIENT, &err);
    census_watch(&census, CENSUS_CLIENT, &err);
    census_add(&census, &sender, entry, base);
    census_unwatch(&census, CENSUS_CLIENT);
    assert_counted(&census, CENSUS_CLIENT, "10.1.2.3", 1);
    census_unwatch(&census, CENSUS_CLIENT);
    assert_null(census_look(&census, CENSUS_CLIENT));
    assert_null(census.peers);
    assert_false(census_is_on(&census));
    census_watch(&census, CENSUS_CLIENT, &err);
    assert_int_equal(heavy_top(census_look(&census, CENSUS_CLIENT), top, 2), 0);
    census_fini(&census);
    free(entry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_watched_is_counted),
        cmocka_unit_test(the_last_who_leaves_takes_the_counts_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
