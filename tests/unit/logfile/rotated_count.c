/* rotated_count.c - how many rotated files each name has, in a table that may be too small. */
#include "logfile/rotated_count.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { BASES = 16 };

static struct rotated_count t;

static int open_table(void **state)
{
    (void)state;
    return rotated_count_init(&t, BASES);
}

static int close_table(void **state)
{
    (void)state;
    rotated_count_fini(&t);
    return 0;
}

static bool add(const char *name, uint64_t time_us)
{
    return rotated_count_add(&t, name, strlen(name), (struct dated){time_us, 1});
}

static struct base_count *find(const char *name)
{
    return rotated_count_find(&t, name, strlen(name));
}

static void what_exceeds_keep_is_the_oldest(void **state)
{
    static const uint64_t times[] = {50, 20, 40, 10, 30};
    bool any;

    (void)state;
    rotated_count_begin(&t, 0, 1);
    for (unsigned i = 0; i < 5; i++) {
        assert_true(add("app.log", times[i]));
        assert_true(add("ap.log", times[i]));
    }
    assert_true(add("app.log", 60));
    assert_false(rotated_count_judge(&t, 5, &any));
    assert_true(any);
    assert_int_equal(find("app.log")->excess, 1);
    assert_true(find("app.log")->last_time_us == 10);
    assert_int_equal(find("ap.log")->excess, 0);
    assert_null(find("a.log"));
    assert_false(rotated_count_judge(&t, 6, &any));
    assert_false(any);
}

static void what_is_more_than_it_remembers_takes_another_walk(void **state)
{
    enum { FILES = ROTATED_OLDEST + 5 };
    bool any;

    (void)state;
    rotated_count_begin(&t, 0, 1);
    for (unsigned i = FILES; i > 0; i--)
        assert_true(add("app.log", i));
    assert_false(rotated_count_judge(&t, FILES - ROTATED_OLDEST, &any));
    assert_int_equal(find("app.log")->excess, ROTATED_OLDEST);
    assert_true(find("app.log")->last_time_us == ROTATED_OLDEST);
    assert_true(rotated_count_judge(&t, FILES - ROTATED_OLDEST - 1, &any));
    assert_int_equal(find("app.log")->excess, ROTATED_OLDEST);
}

static void a_full_table_says_so_and_knows_what_it_has(void **state)
{
    char name[16];

    (void)state;
    rotated_count_begin(&t, 0, 1);
    for (unsigned i = 0; i < BASES; i++) {
        snprintf(name, sizeof name, "%u.log", i);
        assert_true(add(name, 1));
    }
    assert_false(add("more.log", 1));
    assert_true(add("7.log", 2));
    assert_int_equal(find("7.log")->count, 2);
    assert_null(find("more.log"));
}

/* Long names fill the room for texts before all places are taken. */
static void long_names_fill_it_sooner(void **state)
{
    char name[256] = "";
    unsigned count = 0;

    (void)state;
    memset(name, 'x', 226);
    rotated_count_begin(&t, 0, 1);
    for (name[0] = 'a'; add(name, 1); name[0]++)
        count++;
    assert_in_range(count, 4, BASES - 1);
    assert_null(find(name));
    name[0] = 'a';
    assert_non_null(find(name));
}

static void each_name_is_of_one_part(void **state)
{
    enum { NAMES = 100, PARTS = 32 };
    unsigned seen = 0;
    char name[16];

    (void)state;
    for (unsigned part = 0; part < PARTS; part++) {
        rotated_count_begin(&t, part, PARTS);
        for (unsigned i = 0; i < NAMES; i++) {
            snprintf(name, sizeof name, "%u.log", i);
            if (rotated_count_has_part(&t, name, strlen(name)))
                assert_true(add(name, 1));
        }
        seen += t.base_count;
    }
    assert_int_equal(seen, NAMES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_exceeds_keep_is_the_oldest),
        cmocka_unit_test(what_is_more_than_it_remembers_takes_another_walk),
        cmocka_unit_test(a_full_table_says_so_and_knows_what_it_has),
        cmocka_unit_test(long_names_fill_it_sooner),
        cmocka_unit_test(each_name_is_of_one_part),
    };

    return cmocka_run_group_tests(tests, open_table, close_table);
}
