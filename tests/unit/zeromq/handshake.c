/* handshake.c - what libzmq's monitor says of a handshake, in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <zmq.h>

#include "zeromq/handshake.h"

static const char address[] = "tcp://loghost:5514",
                  key_text[] = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";

static const struct {
    uint16_t event;
    uint32_t value;
    enum handshake_end end;
    const char *encrypted, *plain; /* what must be in the sentence */
} cases[] = {
    {ZMQ_EVENT_HANDSHAKE_SUCCEEDED, 0, HANDSHAKE_DONE, "", ""},
    {ZMQ_EVENT_CONNECTED, 7, HANDSHAKE_NONE, "", ""},
    {ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, 32, HANDSHAKE_BROKEN, "another key than --server-key",
     "breaks off the handshake"},
    {ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, 400, HANDSHAKE_REFUSED, key_text, "refused us"},
    {ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, 500, HANDSHAKE_UNDECIDED, "cannot say", "cannot say"},
    {ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH,
     HANDSHAKE_MISMATCHED, "does not encrypt with CURVE", "give --key and --server-key"},
    {ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC, HANDSHAKE_STRANGE,
     "another key than --server-key", "does not answer as ZeroMQ does"},
};

static void each_end_has_a_sentence_of_its_own(void **state)
{
    struct curve_key key;
    struct handshake_self self = {
        .address = address, .to_encrypt = "--key and --server-key", .server_key = "--server-key"};

    (void)state;
    assert_true(curve_key_parse(key_text, &key));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err encrypted = {""}, plain = {""};

        assert_int_equal(handshake_end_of(cases[i].event, cases[i].value), cases[i].end);
        self.key = &key;
        handshake_tell(cases[i].end, &self, &encrypted);
        self.key = NULL;
        handshake_tell(cases[i].end, &self, &plain);
        if (!strstr(encrypted.text, cases[i].encrypted) || !strstr(plain.text, cases[i].plain))
            fail_msg("'%s' or '%s'", encrypted.text, plain.text);
        assert_true(cases[i].end <= HANDSHAKE_DONE ||
                    (strstr(encrypted.text, address) && strstr(plain.text, address)));
    }
}

static void only_some_ends_are_final(void **state)
{
    (void)state;
    assert_false(handshake_is_final(HANDSHAKE_NONE));
    assert_false(handshake_is_final(HANDSHAKE_DONE));
    assert_false(handshake_is_final(HANDSHAKE_BROKEN));
    for (enum handshake_end end = HANDSHAKE_REFUSED; end <= HANDSHAKE_STRANGE; end++)
        assert_true(handshake_is_final(end));
}

static void the_monitor_is_asked_for_all_of_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal((handshake_events() & cases[i].event) != 0,
                         cases[i].end != HANDSHAKE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_end_has_a_sentence_of_its_own),
        cmocka_unit_test(only_some_ends_are_final),
        cmocka_unit_test(the_monitor_is_asked_for_all_of_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
