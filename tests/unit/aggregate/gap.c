/* gap.c - drops add up, and tell whose they mostly were only when it is certain. */
#include "aggregate/gap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/aggregate/dice.h"

static void add(struct gap *gap, const char *app, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        gap_add(gap, DROP_FULL, 1, (int64_t)gap->count, (int64_t)gap->count);
        gap_vote(gap, app, strlen(app));
    }
}

static void check_mostly(const struct gap *gap, const char *expected)
{
    size_t len = 0;
    const char *app = gap_mostly(gap, &len);

    assert_int_equal(app != NULL, expected != NULL);
    if (expected) {
        assert_int_equal(len, strlen(expected));
        assert_memory_equal(app, expected, len);
    }
}

static void three_quarters_are_most_of_it_and_one_entry_less_is_not(void **state)
{
    struct gap gap = {0};

    (void)state;
    check_mostly(&gap, NULL);
    add(&gap, "shop", 75);
    add(&gap, "mail", 25);
    check_mostly(&gap, "shop");
    add(&gap, "mail", 1);
    check_mostly(&gap, NULL);
}

static void entries_without_an_app_are_nobodys(void **state)
{
    struct gap gap = {0};

    (void)state;
    add(&gap, "", 100);
    check_mostly(&gap, NULL);
    add(&gap, "shop", 99);
    check_mostly(&gap, NULL);
}

static void a_long_app_is_known_by_its_beginning(void **state)
{
    struct gap gap = {0};
    char app[GAP_APP_MAX + 2];

    (void)state;
    memset(app, 'x', sizeof app - 1);
    app[sizeof app - 1] = '\0';
    add(&gap, app, 3);
    app[GAP_APP_MAX] = '\0';
    check_mostly(&gap, app);
    add(&gap, app, 3);
    assert_int_equal(gap.lead, 6);
}

static void gaps_merge_reason_by_reason(void **state)
{
    struct gaps into = {0}, more = {0};

    (void)state;
    assert_true(gaps_are_empty(&into));
    gap_add(&into.of[DROP_FULL], DROP_FULL, 3, 50, 60);
    gap_add(&more.of[DROP_FULL], DROP_FULL, 2, 10, 20);
    gap_add(&more.of[DROP_SUB_FULL], DROP_SUB_FULL, 7, 30, 40);
    gaps_merge(&into, &more);
    assert_int_equal(into.of[DROP_FULL].count, 5);
    assert_int_equal(into.of[DROP_FULL].from_ns, 10);
    assert_int_equal(into.of[DROP_FULL].to_ns, 60);
    assert_int_equal(into.of[DROP_SUB_FULL].count, 7);
    assert_int_equal(into.of[DROP_SHUTDOWN].count, 0);
    assert_false(gaps_are_empty(&into));
}

/* The lead never claims more than there were, however the entries are spread and merged. */
static void what_is_claimed_is_so(void **state)
{
    static const char *const apps[] = {"", "a", "b", "shop"};

    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        struct gaps parts[3] = {0}, all = {0};
        unsigned counts[4] = {0}, favourite = roll(4);

        for (unsigned i = roll(200); i > 0; i--) {
            unsigned app = roll(4) ? favourite : roll(4);

            add(&parts[roll(3)].of[DROP_FULL], apps[app], 1);
            counts[app]++;
        }
        for (unsigned i = 0; i < 3; i++)
            gaps_merge(&all, &parts[i]);
        assert_int_equal(all.of[DROP_FULL].count, counts[0] + counts[1] + counts[2] + counts[3]);
        for (unsigned app = 1; app < 4; app++) {
            size_t len;
            const char *mostly = gap_mostly(&all.of[DROP_FULL], &len);

            if (mostly && len == strlen(apps[app]) && memcmp(mostly, apps[app], len) == 0)
                assert_true(2 * counts[app] >= all.of[DROP_FULL].count);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_quarters_are_most_of_it_and_one_entry_less_is_not),
        cmocka_unit_test(entries_without_an_app_are_nobodys),
        cmocka_unit_test(a_long_app_is_known_by_its_beginning),
        cmocka_unit_test(gaps_merge_reason_by_reason),
        cmocka_unit_test(what_is_claimed_is_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
