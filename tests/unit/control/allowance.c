/* Who reads along gets an eighth of the time while he sees the most of it, and a 64th of the CPU
 * for a while if he does not. */
#include "control/allowance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MS = 1000 * 1000, BEGIN_NS = 5000 };

static struct {
    struct allowance allowance;
    struct allowance_clocks clocks;
} t;

/* Somebody who came long ago, and has saved nothing. */
static int set_up(void **state)
{
    (void)state;
    t.clocks = (struct allowance_clocks){.now_ns = (uint64_t)BEGIN_NS * MS, .cpu_ns = 3 * MS};
    t.allowance = (struct allowance){.given = t.clocks};
    allowance_give(&t.allowance, &t.clocks, 1);
    return 0;
}

static void pass(uint64_t passed_ns, uint64_t used_ns, unsigned readers)
{
    t.clocks.now_ns += passed_ns;
    t.clocks.cpu_ns += used_ns;
    allowance_give(&t.allowance, &t.clocks, readers);
}

/* To the end of a phase in which more was missed than seen. */
static void become_thrifty(void)
{
    allowance_missed(&t.allowance, 1);
    pass(200 * MS, 0, 1);
    assert_int_equal(t.allowance.phase, ALLOWANCE_THRIFTY);
}

static void an_eighth_of_the_time_is_for_who_misses_nothing(void **state)
{
    (void)state;
    pass(8 * MS, 0, 1);
    assert_int_equal(t.allowance.left_ns, 1 * MS);
    pass(4 * MS, 400 * MS, 1);
    assert_int_equal(t.allowance.left_ns, 3 * MS / 2);
}

static void two_readers_share_it(void **state)
{
    (void)state;
    pass(8 * MS, 0, 2);
    assert_int_equal(t.allowance.left_ns, MS / 2);
    become_thrifty();
    pass(8 * MS, 64 * MS, 2);
    assert_int_equal(t.allowance.left_ns, MS / 2);
}

static void some_is_saved_up_and_no_more(void **state)
{
    (void)state;
    pass(16 * MS, 0, 1);
    assert_int_equal(t.allowance.left_ns, 2 * MS);
    pass(1000 * MS, 0, 1);
    assert_int_equal(t.allowance.left_ns, 2 * MS);
}

static void somebody_new_may_begin_at_once(void **state)
{
    (void)state;
    t.allowance = (struct allowance){.left_ns = 0};
    pass(0, 0, 8);
    assert_int_equal(t.allowance.left_ns, 2 * MS);
}

static void what_was_taken_too_much_is_owed(void **state)
{
    (void)state;
    pass(8 * MS, 0, 1);
    allowance_spend(&t.allowance, 3 * MS);
    assert_int_equal(t.allowance.left_ns, -2 * MS);
    pass(8 * MS, 0, 1);
    assert_int_equal(t.allowance.left_ns, -1 * MS);
}

static void who_misses_more_than_he_sees_gets_a_64th_of_the_cpu(void **state)
{
    (void)state;
    allowance_saw(&t.allowance, 10);
    allowance_missed(&t.allowance, 11);
    pass(199 * MS, 0, 1);
    assert_int_equal(t.allowance.left_ns, 2 * MS);
    pass(1 * MS, 0, 1);
    assert_int_equal(t.allowance.left_ns, 0);
    pass(50 * MS, 64 * MS, 1);
    assert_int_equal(t.allowance.left_ns, 1 * MS);
    pass(49 * MS, 0, 1);
    assert_int_equal(t.allowance.left_ns, 1 * MS);
}

static void who_misses_a_moment_goes_on_as_before(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        allowance_missed(&t.allowance, 1000);
        allowance_saw(&t.allowance, 1000);
        pass(200 * MS, 0, 1);
        assert_int_equal(t.allowance.left_ns, 2 * MS);
    }
}

static void what_was_long_ago_counts_no_more(void **state)
{
    (void)state;
    allowance_saw(&t.allowance, 1000 * 1000);
    pass(200 * MS, 0, 1);
    become_thrifty();
}

static void debts_stay_debts(void **state)
{
    (void)state;
    allowance_spend(&t.allowance, 30 * MS);
    become_thrifty();
    assert_int_equal(t.allowance.left_ns, -5 * MS);
}

static void after_200_ms_he_comes_up_from_behind_and_tries(void **state)
{
    (void)state;
    become_thrifty();
    pass(199 * MS, 0, 1);
    pass(1 * MS, 0, 1);
    assert_int_equal(t.allowance.left_ns, 0);
    allowance_missed(&t.allowance, 1000);
    pass(4 * MS, 0, 1);
    assert_int_equal(t.allowance.left_ns, MS / 2);
    allowance_missed(&t.allowance, 10);
    allowance_saw(&t.allowance, 10);
    pass(8 * MS, 0, 1);
    assert_int_equal(t.allowance.phase, ALLOWANCE_KEEPS_UP);
    assert_int_equal(t.allowance.left_ns, 3 * MS / 2);
}

static void who_fails_is_thrifty_again(void **state)
{
    (void)state;
    become_thrifty();
    pass(200 * MS, 0, 1);
    pass(4 * MS, 0, 1);
    allowance_missed(&t.allowance, 1);
    pass(8 * MS - 1, 0, 1);
    assert_int_equal(t.allowance.phase, ALLOWANCE_TRIES);
    pass(1, 0, 1);
    assert_int_equal(t.allowance.phase, ALLOWANCE_THRIFTY);
    assert_int_equal(t.allowance.left_ns, 0);
}

static void the_thrifty_save_up_for_a_message(void **state)
{
    (void)state;
    assert_false(allowance_is_worth(&t.allowance));
    pass(8, 0, 1);
    assert_true(allowance_is_worth(&t.allowance));
    become_thrifty();
    pass(1, 16 * MS, 1);
    assert_int_equal(t.allowance.left_ns, MS / 4);
    assert_false(allowance_is_worth(&t.allowance));
    pass(1, 64, 1);
    assert_true(allowance_is_worth(&t.allowance));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_eighth_of_the_time_is_for_who_misses_nothing, set_up),
        cmocka_unit_test_setup(two_readers_share_it, set_up),
        cmocka_unit_test_setup(some_is_saved_up_and_no_more, set_up),
        cmocka_unit_test_setup(somebody_new_may_begin_at_once, set_up),
        cmocka_unit_test_setup(what_was_taken_too_much_is_owed, set_up),
        cmocka_unit_test_setup(who_misses_more_than_he_sees_gets_a_64th_of_the_cpu, set_up),
        cmocka_unit_test_setup(who_misses_a_moment_goes_on_as_before, set_up),
        cmocka_unit_test_setup(what_was_long_ago_counts_no_more, set_up),
        cmocka_unit_test_setup(debts_stay_debts, set_up),
        cmocka_unit_test_setup(after_200_ms_he_comes_up_from_behind_and_tries, set_up),
        cmocka_unit_test_setup(who_fails_is_thrifty_again, set_up),
        cmocka_unit_test_setup(the_thrifty_save_up_for_a_message, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
