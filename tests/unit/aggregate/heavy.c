/* The sketch against counting everything: never too little, and by how much too much is known. */
#include "aggregate/heavy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/aggregate/dice.h"

static void add(struct heavy *heavy, const char *name, size_t bytes)
{
    heavy_add(heavy, name, strlen(name), bytes);
}

static void assert_is(const struct heavy_counter *counter, const char *name, uint64_t entries,
                      uint64_t bytes)
{
    assert_int_equal(counter->len, strlen(name));
    assert_memory_equal(counter->name, name, counter->len);
    assert_int_equal(counter->entries, entries);
    assert_int_equal(counter->bytes, bytes);
    assert_int_equal(counter->bytes_error, 0);
}

static void few_names_are_counted_exactly(void **state)
{
    struct heavy *heavy = heavy_new();
    const struct heavy_counter *top[8];

    (void)state;
    assert_int_equal(heavy_top(heavy, top, 8), 0);
    add(heavy, "shop", 100);
    add(heavy, "pay", 300);
    add(heavy, "shop", 150);
    add(heavy, "", 10);
    assert_int_equal(heavy_top(heavy, top, 8), 3);
    assert_is(top[0], "pay", 1, 300);
    assert_is(top[1], "shop", 2, 250);
    assert_is(top[2], "", 1, 10);
    assert_int_equal(heavy_top(heavy, top, 1), 1);
    assert_is(top[0], "pay", 1, 300);
    heavy_free(&heavy);
}

static void a_long_name_counts_by_its_beginning(void **state)
{
    struct heavy *heavy = heavy_new();
    const struct heavy_counter *top[2];
    char one[200], other[200];

    (void)state;
    memset(one, 'n', sizeof one);
    memcpy(other, one, sizeof other);
    one[HEAVY_NAME_MAX] = '1';
    other[HEAVY_NAME_MAX] = '2';
    heavy_add(heavy, one, sizeof one, 1);
    heavy_add(heavy, other, sizeof other, 1);
    assert_int_equal(heavy_top(heavy, top, 2), 1);
    assert_int_equal(top[0]->len, HEAVY_NAME_MAX);
    assert_int_equal(top[0]->entries, 2);
    heavy_free(&heavy);
}

enum { NAMES = 4000, ADDED = 200000 };

/* As logs are: of two names the one sends twice as much as the other, more or less. */
static unsigned any_name(void)
{
    unsigned name = roll(NAMES);

    for (unsigned i = 0; i < 3; i++)
        name = roll(name + 1);
    return name;
}

static void add_many(struct heavy *heavy, uint64_t true_bytes[NAMES])
{
    char name[32];

    for (unsigned i = 0; i < ADDED; i++) {
        unsigned number = any_name();
        size_t bytes = 1 + roll(500);

        true_bytes[number] += bytes;
        snprintf(name, sizeof name, "name-%u", number);
        add(heavy, name, bytes);
    }
}

static unsigned number_of(const struct heavy_counter *counter)
{
    char name[HEAVY_NAME_MAX + 1] = "";

    memcpy(name, counter->name, counter->len);
    return (unsigned)strtoul(name + strlen("name-"), NULL, 10);
}

static void of_many_the_heaviest_are_there_and_no_one_has_too_little(void **state)
{
    static uint64_t true_bytes[NAMES];
    const struct heavy_counter *top[HEAVY_COUNTERS];
    bool is_there[NAMES] = {false};
    struct heavy *heavy = heavy_new();
    uint64_t sum = 0;

    (void)state;
    add_many(heavy, true_bytes);
    assert_int_equal(heavy_top(heavy, top, HEAVY_COUNTERS), HEAVY_COUNTERS);
    for (unsigned i = 0; i < HEAVY_COUNTERS; i++) {
        uint64_t is = true_bytes[number_of(top[i])];

        assert_true(i == 0 || top[i - 1]->bytes >= top[i]->bytes);
        assert_true(top[i]->bytes >= is);
        assert_true(top[i]->bytes - top[i]->bytes_error <= is);
        assert_false(is_there[number_of(top[i])]);
        is_there[number_of(top[i])] = true;
        sum += top[i]->bytes;
    }
    for (unsigned i = 0; i < NAMES; i++) {
        sum -= true_bytes[i]; /* all of it is in some counter */
        assert_true(is_there[i] || true_bytes[i] <= top[HEAVY_COUNTERS - 1]->bytes);
    }
    assert_int_equal(sum, 0);
    heavy_free(&heavy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_names_are_counted_exactly),
        cmocka_unit_test(a_long_name_counts_by_its_beginning),
        cmocka_unit_test(of_many_the_heaviest_are_there_and_no_one_has_too_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
