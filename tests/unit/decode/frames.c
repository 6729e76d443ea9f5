/* frames.c - which frame is what, by every rule and behind every envelope. */
#include "decode/frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "conf/count_of.h"

#define CMDP                                                                                       \
    "\xa5"                                                                                         \
    "CMDP\x01"                                                                                     \
    "\xa4"                                                                                         \
    "node"

enum { FRAMES_OF_A_ROW = 6 };

/* Of each role a letter, in the order of the enum. */
static const char letters[] = "etkhp-";

static void check(enum conf_frames rule, enum frames_envelope envelope, const char *const *frame,
                  const char *expected)
{
    struct frames frames;

    frames_begin(&frames, rule, envelope);
    for (unsigned i = 0; frame[i]; i++) {
        enum frame_role role = frames_next(&frames, frame[i], strlen(frame[i]), frame[i + 1]);

        if (letters[role] != expected[i])
            fail_msg("frame %u of %s is told as '%c'", i, expected, letters[role]);
        if (role == FRAME_REFUSED)
            return;
    }
}

/* ---- rules ----------------------------------------------------------------------------- */

static const struct row {
    const char *frame[FRAMES_OF_A_ROW];
    const char *roles[5]; /* by each rule, in the order of the enum */
} rows[] = {
    /* by: auto, payload, topic, topic-key, cmdp */
    {{"text"}, {"p", "p", "-", "-", "-"}},
    {{""}, {"p", "p", "-", "-", "-"}},
    {{"INFO", "text"}, {"tp", "pp", "tp", "t-", "t-"}},
    {{"", "text"}, {"tp", "pp", "tp", "t-", "t-"}},
    {{"INFO", ""}, {"tp", "pp", "tp", "t-", "t-"}},
    {{"t", "one", "two"}, {"tpp", "ppp", "tpp", "tkp", "thp"}},
    {{"t", "", "two"}, {"tpp", "ppp", "tpp", "tkp", "thp"}},
    {{"t", "1", "2", "3"}, {"tppp", "pppp", "tppp", "tkpp", "thpp"}},
    {{"LOG/INFO", CMDP, "text"}, {"thp", "ppp", "tpp", "tkp", "thp"}},
    {{"LOG/INFO", CMDP, ""}, {"thp", "ppp", "tpp", "tkp", "thp"}},
    {{"LOG/INFO", CMDP}, {"tp", "pp", "tp", "t-", "t-"}},
    {{CMDP, "text"}, {"tp", "pp", "tp", "t-", "t-"}},
    {{"t", CMDP, "1", "2"}, {"thpp", "pppp", "tppp", "tkpp", "thpp"}},
};

static void each_rule_tells_what_each_frame_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (unsigned rule = 0; rule < COUNT_OF(rows[i].roles); rule++)
            check((enum conf_frames)rule, FRAMES_BARE, rows[i].frame, rows[i].roles[rule]);
    }
}

static enum frame_role second_frame(const char *bytes, size_t len)
{
    struct frames frames;

    frames_begin(&frames, CONF_FRAMES_AUTO, FRAMES_BARE);
    assert_int_equal(frames_next(&frames, "t", 1, true), FRAME_TOPIC);
    return frames_next(&frames, bytes, len, true);
}

static void a_header_begins_with_the_name_of_its_protocol(void **state)
{
    (void)state;
    assert_int_equal(second_frame("\xa5"
                                  "CMDP\x01",
                                  6),
                     FRAME_HEADER);
    assert_int_equal(second_frame("\xd9\x05"
                                  "CMDP\x01"
                                  "more",
                                  11),
                     FRAME_HEADER);
    assert_int_equal(second_frame("\xc4\x05"
                                  "CMDP\x01",
                                  7),
                     FRAME_HEADER);
    assert_int_equal(second_frame("\xa5"
                                  "CMDP\x01",
                                  5),
                     FRAME_PAYLOAD);
    assert_int_equal(second_frame("\xa5"
                                  "CMDP\x02",
                                  6),
                     FRAME_PAYLOAD);
    assert_int_equal(second_frame("\xa5"
                                  "CSCP\x01",
                                  6),
                     FRAME_PAYLOAD);
    assert_int_equal(second_frame("CMDP\x01", 5), FRAME_PAYLOAD);
    assert_int_equal(second_frame("", 0), FRAME_PAYLOAD);
}

/* ---- envelopes -------------------------------------------------------------------------- */

/* A `rep` has who asked in front of the frames, whoever that is. */
static const struct envelope_row {
    const char *frame[FRAMES_OF_A_ROW];
    const char *delimited, *asked;
} envelope_rows[] = {
    {{"text"}, "p", "e-"},
    {{""}, "p", "e-"},
    {{"", "text"}, "ep", "eep"},
    {{"", ""}, "ep", "eep"},
    {{"", "INFO", "text"}, "etp", "eetp"},
    {{"INFO", "text"}, "tp", "ee-"},
    {{"INFO", ""}, "tp", "ee-"},
    {{"", "", "text"}, "etp", "eetp"}, /* an empty topic */
    {{"", "t", CMDP, "text"}, "ethp", "eethp"},
    {{"hop", "", "text"}, "tpp", "eeep"},
    {{"a", "b", "", "text"}, "tppp", "eeeep"},
    {{"hop", "", "t", "text"}, "tppp", "eeetp"},
};

static void check_asked(const struct envelope_row *row)
{
    const char *frame[FRAMES_OF_A_ROW + 2] = {"who"};

    memcpy(frame + 1, row->frame, sizeof row->frame);
    check(CONF_FRAMES_AUTO, FRAMES_ASKED, frame, row->asked);
}

static void who_asks_and_says_nothing_is_refused(void **state)
{
    static const char *const request[] = {"who", NULL};

    (void)state;
    check(CONF_FRAMES_AUTO, FRAMES_ASKED, request, "-");
}

static void envelopes_are_stripped(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(envelope_rows); i++) {
        check(CONF_FRAMES_AUTO, FRAMES_DELIMITED, envelope_rows[i].frame,
              envelope_rows[i].delimited);
        check_asked(&envelope_rows[i]);
    }
}

static void a_rule_holds_behind_an_envelope(void **state)
{
    static const char *const request[] = {"id", "", "t", "k", "text", NULL};

    (void)state;
    check(CONF_FRAMES_PAYLOAD, FRAMES_DELIMITED, request + 1, "eppp");
    check(CONF_FRAMES_TOPIC, FRAMES_ASKED, request, "eetpp");
    check(CONF_FRAMES_TOPIC_KEY, FRAMES_ASKED, request, "eetkp");
}

/* ---- bounds ------------------------------------------------------------------------------ */

static void the_last_frame_that_is_allowed_is_a_payload_and_the_next_is_refused(void **state)
{
    struct frames frames;

    (void)state;
    frames_begin(&frames, CONF_FRAMES_AUTO, FRAMES_DELIMITED);
    for (unsigned i = 0; i < FRAMES_MAX - 1; i++)
        assert_int_not_equal(frames_next(&frames, "x", 1, true), FRAME_REFUSED);
    assert_int_equal(frames_next(&frames, "x", 1, true), FRAME_PAYLOAD);
    assert_int_equal(frames_next(&frames, "x", 1, true), FRAME_REFUSED);
    assert_int_equal(frames_next(&frames, "x", 1, false), FRAME_REFUSED);
}

static void an_envelope_without_end_is_refused(void **state)
{
    struct frames frames;

    (void)state;
    frames_begin(&frames, CONF_FRAMES_AUTO, FRAMES_ASKED);
    for (unsigned i = 0; i < FRAMES_MAX; i++)
        assert_int_equal(frames_next(&frames, "x", 1, true), FRAME_ENVELOPE);
    assert_int_equal(frames_next(&frames, "", 0, true), FRAME_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_tells_what_each_frame_is),
        cmocka_unit_test(a_header_begins_with_the_name_of_its_protocol),
        cmocka_unit_test(envelopes_are_stripped),
        cmocka_unit_test(who_asks_and_says_nothing_is_refused),
        cmocka_unit_test(a_rule_holds_behind_an_envelope),
        cmocka_unit_test(the_last_frame_that_is_allowed_is_a_payload_and_the_next_is_refused),
        cmocka_unit_test(an_envelope_without_end_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
