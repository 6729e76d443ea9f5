/* Newcomers of an encrypted group that have no try left are closed, and nobody else is. */
#include "tests/unit/zeromq/gate_rig.h"

static int open_encrypted(void **state)
{
    int result = rig_open(state);

    gate_try_reset();
    gate_group_encrypt(group);
    return result;
}

#define ENCRYPTED(function) cmocka_unit_test_setup_teardown(function, open_encrypted, rig_close)

/* One that comes, is accepted or not, and leaves. */
static bool is_taken(void)
{
    struct peer peer = {.far = knock()};

    errno = 0;
    peer.here = take_newcomer();
    if (peer.here >= 0)
        close(peer.here);
    else
        assert_int_equal(errno, EAGAIN);
    close(peer.far);
    gate_turn();
    gate_turn();
    return peer.here >= 0;
}

static void spend_all_tries(void)
{
    unsigned count = 0;

    while (is_taken())
        count++;
    assert_int_equal(count, TRIES_OF_UNKNOWN);
}

static void who_has_no_try_left_is_closed_at_once_and_counted(void **state)
{
    uint64_t before = gate_stats().turned_away, accepted;
    struct gate_turned_away turned;
    char byte;
    int far;

    (void)state;
    while (gate_next_turned_away(&turned))
        continue;
    spend_all_tries();
    accepted = gate_stats().accepted;
    far = knock();
    assert_int_equal(take_newcomer(), -1);
    assert_int_equal(recv(far, &byte, 1, MSG_DONTWAIT), 0);
    close(far);
    assert_int_equal(gate_stats().turned_away, before + 2);
    assert_int_equal(gate_stats().accepted, accepted);
    assert_true(gate_next_turned_away(&turned));
    assert_int_equal(turned.count, 2);
    assert_string_equal(turned.endpoint, "apps");
    assert_memory_equal(turned.peer, "uid ", 4);
    assert_false(gate_next_turned_away(&turned));
}

static void nobody_stays_in_the_backlog_before_who_may_come_in(void **state)
{
    enum { BEFORE = 5 };
    int far[BEFORE];

    (void)state;
    spend_all_tries();
    for (unsigned i = 0; i < BEFORE; i++)
        far[i] = knock();
    assert_int_equal(take_newcomer(), -1);
    rig_ms += TRY_EVERY_MS;
    assert_true(is_taken()); /* nobody of those before was left in the way */
    for (unsigned i = 0; i < BEFORE; i++)
        close(far[i]);
}

static void whoever_is_let_in_gives_the_try_back(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4 * TRIES_OF_KNOWN; i++) {
        struct peer peer = connect_peer();

        gate_lock();
        gate_end_try(gate_slot_of(peer.here));
        gate_unlock();
        close_peer(&peer);
        gate_turn();
        gate_turn();
    }
}

/* Two keys at one address, and clients that come in by the second one met. */
static void a_site_that_meets_two_keys_does_not_run_out(void **state)
{
    int second = fcntl(listener, F_DUPFD_CLOEXEC, 0);

    (void)state;
    assert_true(gate_watch_listener(group, second));
    gate_deal(listener, 1);
    gate_deal(second, 1);
    for (unsigned i = 0; i < 8 * TRIES_OF_KNOWN; i++) {
        int far = knock(), here = take_newcomer();

        if (here < 0)
            here = accept4(second, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        assert_true(here >= 0);
        gate_lock();
        if (i % 2)
            gate_end_try(gate_slot_of(here));
        gate_unlock();
        close(here);
        close(far);
        gate_turn();
        gate_turn();
    }
    close(second);
}

static void the_log_is_told_of_it_by_a_tick(void **state)
{
    (void)state;
    spend_all_tries();
    while (gate_tick())
        continue;
    wakes = 0;
    assert_false(is_taken());
    assert_int_equal(wakes, 1);
}

static void a_group_without_encryption_turns_nobody_away(void **state)
{
    (void)state;
    gate_try_reset();
    for (unsigned i = 0; i < 2 * TRIES_OF_KNOWN; i++)
        assert_true(is_taken());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENCRYPTED(who_has_no_try_left_is_closed_at_once_and_counted),
        ENCRYPTED(nobody_stays_in_the_backlog_before_who_may_come_in),
        ENCRYPTED(whoever_is_let_in_gives_the_try_back),
        ENCRYPTED(a_site_that_meets_two_keys_does_not_run_out),
        ENCRYPTED(the_log_is_told_of_it_by_a_tick),
        TEST(a_group_without_encryption_turns_nobody_away),
    };
    return cmocka_run_group_tests(tests, rig_init, NULL);
}
