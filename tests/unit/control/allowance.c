/* Who reads along gets an eighth of the time while he keeps up, and a 64th of the CPU while he
 * does not. */
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
    return 0;
}

static void pass(uint64_t passed_ns, uint64_t used_ns, unsigned readers)
{
    t.clocks.now_ns += passed_ns;
    t.clocks.cpu_ns += used_ns;
    allowance_give(&t.allowance, &t.clocks, readers);
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
    allowance_missed(&t.allowance);
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

static void who_misses_something_gets_a_64th_of_the_cpu(void **state)
{
    (void)state;
    pass(16 * MS, 0, 1);
    allowance_missed(&t.allowance);
    assert_int_equal(t.allowance.left_ns, 0);
    pass(50 * MS, 64 * MS, 1);
    assert_int_equal(t.allowance.left_ns, 1 * MS);
    pass(49 * MS, 0, 1);
    assert_int_equal(t.allowance.left_ns, 1 * MS);
}

static void debts_stay_debts(void **state)
{
    (void)state;
    allowance_spend(&t.allowance, MS);
    allowance_missed(&t.allowance);
    assert_int_equal(t.allowance.left_ns, -MS);
}

static void after_200_ms_it_is_as_before_whatever_was_missed_meanwhile(void **state)
{
    (void)state;
    allowance_missed(&t.allowance);
    pass(199 * MS, 0, 1);
    allowance_missed(&t.allowance);
    pass(1 * MS - 1, 0, 1);
    assert_int_equal(t.allowance.left_ns, 0);
    pass(8 * MS, 0, 1);
    assert_int_equal(t.allowance.left_ns, 1 * MS);
}

static void who_begins_far_behind_has_8_ms_to_come_up(void **state)
{
    (void)state;
    allowance_missed(&t.allowance);
    pass(200 * MS, 0, 1);
    t.allowance.left_ns = 0;
    pass(8 * MS - 1, 0, 1);
    allowance_missed(&t.allowance);
    assert_true(t.allowance.left_ns > 0);
    pass(1, 0, 1);
    allowance_missed(&t.allowance);
    assert_int_equal(t.allowance.left_ns, 0);
    pass(8 * MS, 0, 1);
    assert_int_equal(t.allowance.left_ns, 0);
}

static void the_thrifty_save_up_for_a_message(void **state)
{
    (void)state;
    assert_false(allowance_is_worth(&t.allowance));
    pass(8, 0, 1);
    assert_true(allowance_is_worth(&t.allowance));
    allowance_missed(&t.allowance);
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
        cmocka_unit_test_setup(who_misses_something_gets_a_64th_of_the_cpu, set_up),
        cmocka_unit_test_setup(debts_stay_debts, set_up),
        cmocka_unit_test_setup(after_200_ms_it_is_as_before_whatever_was_missed_meanwhile, set_up),
        cmocka_unit_test_setup(who_begins_far_behind_has_8_ms_to_come_up, set_up),
        cmocka_unit_test_setup(the_thrifty_save_up_for_a_message, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
