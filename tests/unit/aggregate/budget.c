/* budget.c - one door: shares, limits, the cap above them, and what is counted. */
#include "aggregate/budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/aggregate/dice.h"
#include "tests/unit/aggregate/misuse.h"

enum { CAP = 1000, STEPS = 20000 };

static struct budget budget;

static int with_a_cap(void **state)
{
    (void)state;
    budget_init(&budget, CAP);
    return 0;
}

static void every_share_may_use_the_whole_cap_at_first(void **state)
{
    (void)state;
    for (unsigned share = 0; share < BUDGET_SHARES; share++) {
        assert_int_equal(budget_free(&budget, share), CAP);
        assert_true(budget_claim(&budget, share, CAP));
        assert_int_equal(budget_free(&budget, share), 0);
        budget_release(&budget, share, CAP);
    }
    budget_fini(&budget);
}

static void a_limit_fits_exactly_and_one_byte_more_is_refused(void **state)
{
    (void)state;
    budget_limit(&budget, BUDGET_BLOCKS, 100);
    assert_false(budget_claim(&budget, BUDGET_BLOCKS, 101));
    assert_true(budget_claim(&budget, BUDGET_BLOCKS, 100));
    assert_false(budget_claim(&budget, BUDGET_BLOCKS, 1));
    assert_true(budget_claim(&budget, BUDGET_BLOCKS, 0));
    assert_true(budget_claim(&budget, BUDGET_PARSER, 900));
    assert_int_equal(budget.shares[BUDGET_BLOCKS].refused, 2);
    assert_int_equal(budget.shares[BUDGET_PARSER].refused, 0);
}

static void the_cap_holds_over_all_shares_together(void **state)
{
    (void)state;
    assert_true(budget_claim(&budget, BUDGET_BASE, 400));
    assert_true(budget_claim(&budget, BUDGET_MESSAGES, 600));
    assert_false(budget_claim(&budget, BUDGET_ENTRIES, 1));
    assert_int_equal(budget_free(&budget, BUDGET_ENTRIES), 0);
    budget_release(&budget, BUDGET_BASE, 1);
    assert_true(budget_claim(&budget, BUDGET_ENTRIES, 1));
}

static void a_limit_above_the_cap_does_not_lift_it(void **state)
{
    (void)state;
    budget_limit(&budget, BUDGET_BLOCKS, 10 * CAP);
    assert_int_equal(budget_free(&budget, BUDGET_BLOCKS), CAP);
    assert_false(budget_claim(&budget, BUDGET_BLOCKS, CAP + 1));
}

static void a_refused_claim_changes_nothing_but_refused(void **state)
{
    struct budget before;

    (void)state;
    assert_true(budget_claim(&budget, BUDGET_PARSER, 300));
    before = budget;
    assert_false(budget_claim(&budget, BUDGET_PARSER, SIZE_MAX));
    assert_int_equal(budget.shares[BUDGET_PARSER].refused, 1);
    budget.shares[BUDGET_PARSER].refused = 0;
    assert_memory_equal(&budget, &before, sizeof budget);
}

static void the_peak_stays_when_the_use_goes(void **state)
{
    (void)state;
    assert_true(budget_claim(&budget, BUDGET_BASE, 300));
    assert_true(budget_claim(&budget, BUDGET_BLOCKS, 200));
    budget_release(&budget, BUDGET_BASE, 300);
    assert_true(budget_claim(&budget, BUDGET_BLOCKS, 100));
    assert_int_equal(budget.shares[BUDGET_BASE].peak_bytes, 300);
    assert_int_equal(budget.shares[BUDGET_BLOCKS].peak_bytes, 300);
    assert_int_equal(budget.peak_bytes, 500);
    assert_int_equal(budget.used_bytes, 300);
}

static void each_share_has_its_own_name(void **state)
{
    (void)state;
    for (unsigned share = 0; share < BUDGET_SHARES; share++) {
        assert_non_null(budget_share_name(share));
        for (unsigned other = 0; other < share; other++)
            assert_string_not_equal(budget_share_name(share), budget_share_name(other));
    }
}

static void the_sums_hold_after_every_step_of_a_random_streak(void **state)
{
    size_t held[BUDGET_SHARES] = {0};

    (void)state;
    budget_limit(&budget, BUDGET_MESSAGES, 400);
    budget_limit(&budget, BUDGET_BLOCKS, 300);
    for (unsigned step = 0; step < STEPS; step++) {
        enum budget_share share = roll(BUDGET_SHARES);
        size_t bytes = roll(200), sum = 0;
        size_t room = budget_free(&budget, share);

        if (roll(2)) {
            bytes = bytes < held[share] ? bytes : held[share];
            budget_release(&budget, share, bytes);
            held[share] -= bytes;
        } else {
            assert_int_equal(budget_claim(&budget, share, bytes), bytes <= room);
            held[share] += bytes <= room ? bytes : 0;
        }
        for (unsigned i = 0; i < BUDGET_SHARES; i++) {
            assert_int_equal(budget.shares[i].used_bytes, held[i]);
            assert_true(held[i] <= budget.shares[i].limit_bytes);
            sum += held[i];
        }
        assert_int_equal(budget.used_bytes, sum);
        assert_true(sum <= CAP && budget.peak_bytes >= sum);
    }
}

static void who_releases_more_than_he_claimed_is_stopped(void **state)
{
    (void)state;
    assert_true(budget_claim(&budget, BUDGET_BASE, 10));
    assert_stops(budget_release(&budget, BUDGET_BASE, 11));
    assert_stops(budget_release(&budget, BUDGET_BLOCKS, 1));
    assert_stops(budget_limit(&budget, BUDGET_BASE, 9));
    assert_stops(budget_fini(&budget));
    budget_limit(&budget, BUDGET_BASE, 10);
    budget_release(&budget, BUDGET_BASE, 10);
    budget_fini(&budget);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_share_may_use_the_whole_cap_at_first, with_a_cap),
        cmocka_unit_test_setup(a_limit_fits_exactly_and_one_byte_more_is_refused, with_a_cap),
        cmocka_unit_test_setup(the_cap_holds_over_all_shares_together, with_a_cap),
        cmocka_unit_test_setup(a_limit_above_the_cap_does_not_lift_it, with_a_cap),
        cmocka_unit_test_setup(a_refused_claim_changes_nothing_but_refused, with_a_cap),
        cmocka_unit_test_setup(the_peak_stays_when_the_use_goes, with_a_cap),
        cmocka_unit_test_setup(each_share_has_its_own_name, with_a_cap),
        cmocka_unit_test_setup(the_sums_hold_after_every_step_of_a_random_streak, with_a_cap),
        cmocka_unit_test_setup(who_releases_more_than_he_claimed_is_stopped, with_a_cap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
