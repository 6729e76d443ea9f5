/* Fluentd's events and CMDP, and what is only nearly one of them. */
#include "tests/unit/decode/shown.h"

#define BYTES(text) (text), sizeof(text) - 1

/* {"message": "m", "level": "warn"} and [1600000000, {"message": …}] */
#define MESSAGE(letter) "\x81\xa7message\xa1" letter
#define SECONDS         "\xce\x5f\x5e\x10\x00"
#define TIMED(letter)   "\x92" SECONDS MESSAGE(letter)
#define TAGGED(letter)  "\x93\xa3tag" SECONDS MESSAGE(letter)
#define AT              " ns:1600000000000000000/6"

/* Shown as in shown.h, one a line. */
static void check(const char *payload, size_t len, const char *topic, const char *wanted)
{
    static char all[SHOWN_MAX];
    char *to = all;

    rig_begin(&t, payload, len, topic);
    while (rig_next(&t)) {
        if (to > all)
            *to++ = '\n';
        show();
        to = stpcpy(to, shown);
        rig_decode_another(&t);
    }
    rig_end(&t);
    assert_string_equal(all, wanted);
}

static void each_form_of_fluentd(void **state)
{
    static const char packed[] = "\x92\xa3tag\xc4\x22" TIMED("a") TIMED("b");

    (void)state;
    check(BYTES(TAGGED("a")), NULL, AT " topic:tag 'a'");
    check(BYTES("\x94\xa3tag" SECONDS MESSAGE("a") "\x81\xa5"
                                                   "chunk\xa1"
                                                   "x"),
          NULL, AT " topic:tag 'a'");
    check(BYTES("\x92\xa3tag\x92" TIMED("a") TIMED("b")), NULL,
          AT " topic:tag 'a'\n" AT " topic:tag 'b'");
    check(BYTES("\x93\xa3tag\x91" TIMED("a") "\x81\xa4size\x01"), NULL, AT " topic:tag 'a'");
    check(packed, sizeof packed - 1, NULL, AT " topic:tag 'a'\n" AT " topic:tag 'b'");
    check(BYTES("\x92" TAGGED("a") TAGGED("b")), NULL, AT " topic:tag 'a'\n" AT " topic:tag 'b'");
    check(BYTES(TAGGED("a") TAGGED("b")), NULL, AT " topic:tag 'a'\n" AT " topic:tag 'b'");
    check(BYTES(MESSAGE("a")), NULL, " 'a'");
    check(BYTES("my.key " TAGGED("a")), NULL, AT " topic:tag 'a'");
    check(BYTES("my.key \x92" TAGGED("a") TAGGED("b")), NULL,
          AT " topic:tag 'a'\n" AT " topic:tag 'b'");
}

static void a_topic_frame_is_the_topic(void **state)
{
    (void)state;
    check(BYTES(TAGGED("a")), "frame", AT " topic:frame 'a' tag=tag");
    check(BYTES(TAGGED("a")), "app.ERROR", AT " level:error topic:app.ERROR 'a' tag=tag");
}

static void members_mean_what_they_mean_in_json(void **state)
{
    (void)state;
    check(BYTES("\x86\xa5level\xa4warn\xa4host\xa1h\xa3"
                "app\xa1"
                "a\xa7message\xa1m\xa4time"
                "\xd7\x00\x5f\x5e\x10\x00\x00\x00\x00\x07\xa1n\xd0\x85"),
          NULL, " ns:1600000000000000007/9 level:warning host:h app:a 'm' n:=-123");
    check(BYTES("\x83\xa1x\x82\xa1y\x93\x01\xc3\xc0\xa1z\xa2\"\n\xa7message\xa1m\xa7message\xa1n"),
          NULL, " 'm' x:={\"y\":[1,true,null],\"z\":\"\\\"\\n\"} message.2=n");
    /* the event's time is the time */
    check(BYTES("\x93\xa3tag" SECONDS "\x81\xa4time\x07"), NULL, AT " topic:tag time.2:=7");
    check(BYTES("\x93\xa3tag" SECONDS "\x81\x07\xa1x"), NULL, AT " topic:tag 7=x");
}

static void what_is_not_wholly_such_a_form_is_text(void **state)
{
    static const struct {
        const char *payload;
        size_t len;
    } cases[] = {
        {BYTES("\x93\xa3tag" SECONDS "\x80 ")},
        {BYTES("\x93\xa3tag" SECONDS)},
        {BYTES("\x93\x01" SECONDS "\x80")},
        {BYTES("\x93\xa3tag\xa1x\x80")},
        {BYTES("\x95\xa3tag" SECONDS "\x80\x80\x80")},
        {BYTES("\x92\xa3tag\x90")},
        {BYTES("\x92\xa3tag\xc4\x00")},
        {BYTES("\x92\xa3tag\x91" TIMED("a") "x")},
        {BYTES("\x92\xa3tag\x92" TIMED("a") "\x01")},
        {BYTES("\x93\xa3tag\xc4\x11" TIMED("a") "\x81\xaa"
                                                "compressed\xa4gzip")},
        {BYTES("\x90")},
        {BYTES("\x91\x01")},
        {BYTES("\xdd\xff\xff\xff\xff")},
        {BYTES("key \x93\xa3tag")},
        {BYTES("two words " TAGGED("a"))},
        {BYTES("\xc0")},
        {BYTES("\x80")},
        {BYTES("\x80\x80\x80")},
        {BYTES(MESSAGE("a") MESSAGE("b"))},
        {BYTES("a")},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        rig_begin(&t, cases[i].payload, cases[i].len, NULL);
        assert_true(rig_next(&t));
        assert_int_equal(t.entry->text.len, cases[i].len);
        assert_false(t.entry->malformed);
        assert_false(rig_next(&t));
        rig_end(&t);
    }
    t.rules.decode = CONF_DECODE_MSGPACK;
    check(BYTES("a"), NULL, "! 'a'");
    check(BYTES(MESSAGE("a")), NULL, " 'a'");
    t.rules.decode = CONF_DECODE_JSON;
    check(BYTES(MESSAGE("a")), NULL, "! '" MESSAGE("a") "'");
}

/* Beginnings of events, which are none, and of a record that is too long: its bytes. */
static void what_does_not_fit_keeps_its_bytes(void **state)
{
    static const char event[] = "\x92\xa3tag\x92" TIMED("a") TIMED("b");
    char longer[256] = TAGGED("a");

    (void)state;
    for (size_t len = 1; len < sizeof event - 1; len++) {
        rig_begin(&t, event, len, NULL);
        assert_true(rig_next(&t));
        assert_int_equal(t.entry->text.len, len);
        assert_false(rig_next(&t));
        rig_end(&t);
    }
    t.rules.max_entry = 16;
    memcpy(longer + sizeof TAGGED("a") - 1, "\x93\xa3tag" SECONDS "\x81\xa7message\xd9\x40", 21);
    memset(longer + sizeof TAGGED("a") - 1 + 21, 'x', 0x40);
    rig_begin(&t, longer, sizeof TAGGED("a") - 1 + 21 + 0x40, NULL);
    assert_true(rig_next(&t));
    assert_true(t.entry->malformed && t.entry->cut);
    assert_int_equal(t.entry->text.len, 16);
    assert_true(rig_next(&t));
    assert_true(t.entry->malformed && t.entry->cut);
    assert_false(rig_next(&t));
    rig_end(&t);
}

/* Six bytes of JSON for each of these, within a list. */
static void what_would_outgrow_the_message_is_text(void **state)
{
    static char controls[7 + 8000] = "\x81\xa1x\x91\xda\x1f\x40";

    (void)state;
    memset(controls + 7, 1, 8000);
    rig_begin(&t, controls, sizeof controls, NULL);
    assert_true(rig_next(&t));
    assert_true(t.entry->malformed);
    assert_int_equal(t.entry->text.len, sizeof controls);
    assert_false(rig_next(&t));
    rig_end(&t);
}

/* ---- CMDP ------------------------------------------------------------------------------ */

#define HEADER(tags)                                                                               \
    "\xa5"                                                                                         \
    "CMDP\x01\xa9"                                                                                 \
    "Sender.s1\xd7\xff\x00\x00\x00\x1c\x5f\x5e\x10\x00" tags

static void check_cmdp(const char *topic, const char *header, size_t header_len,
                       const char *payload, size_t len, const char *wanted)
{
    struct message_parts parts = {
        .payload = {payload, len}, .topic = {topic, strlen(topic)}, .header = {header, header_len}};

    rig_begin(&t, "", 0, NULL);
    message_return(t.message);
    t.message = message_take(t.messages, &parts);
    t.message->received_ns = t.received_ns;
    assert_true(rig_next(&t));
    show();
    assert_string_equal(shown, wanted);
    assert_false(rig_next(&t));
    rig_end(&t);
}

static void cmdp_says_who_and_when(void **state)
{
    (void)state;
    check_cmdp(
        "LOG/WARNING/FSM", BYTES(HEADER("\x80")), BYTES("text\n"),
        " ns:1600000000000000007/9 level:warning app:Sender.s1 topic:LOG/WARNING/FSM 'text'");
    check_cmdp("LOG/STATUS",
               BYTES(HEADER("\x82\xa1"
                            "a\xa1x\xa1n\x91\x07")),
               BYTES("{\"level\":1}"),
               " ns:1600000000000000007/9 level:notice app:Sender.s1 topic:LOG/STATUS "
               "'{\"level\":1}' a=x n:=[7]");
    check_cmdp("LOG/INFO",
               BYTES("\xa5"
                     "CMDP\x01\xa1s\xcf\x16\x34\x57\x85\xd8\xa0\x00\x07\x80"),
               BYTES("t"), " ns:1600000000000000007/9 level:info app:s topic:LOG/INFO 't'");
    check_cmdp("STAT/CPU", BYTES(HEADER("\x80")), BYTES("\xca\x3f\xc0\x00\x00\x01\xa1%"),
               " ns:1600000000000000007/9 app:Sender.s1 topic:STAT/CPU '1.5 1 \"%\"'");
}

/* What CMDP has in its own places, and what is ours. */
static void no_tag_is_taken_for_a_part(void **state)
{
    (void)state;
    check_cmdp("LOG/INFO", BYTES(HEADER("\x82\xa7message\xa1x\xa4time\x05")), BYTES("t"),
               " ns:1600000000000000007/9 level:info app:Sender.s1 topic:LOG/INFO 't' message.2=x "
               "time.2:=5");
    check_cmdp("STAT/X", BYTES(HEADER("\x83\xa8_logboom\xa1x\xa5level\xa1y\xa5topic\xa1z")),
               BYTES("\x01"),
               " ns:1600000000000000007/9 app:Sender.s1 topic:STAT/X '1' _logboom.2=x level.2=y "
               "topic.2=z");
}

static void a_bad_header_is_told_and_the_text_kept(void **state)
{
    char long_header[MESSAGE_HEADER_MAX + 1] = "\xa5"
                                               "CMDP\x01";

    (void)state;
    check_cmdp("LOG/INFO",
               BYTES("\xa5"
                     "CMDP\x01"),
               BYTES("t"), "! level:info topic:LOG/INFO 't'");
    check_cmdp("LOG/INFO",
               BYTES("\xa5"
                     "CMDP\x01\xa1s\xa1x\x80"),
               BYTES("t"), "! level:info topic:LOG/INFO 't'");
    check_cmdp("LOG/INFO", long_header, sizeof long_header, BYTES("t"),
               "! level:info topic:LOG/INFO 't'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_form_of_fluentd),
        TEST(a_topic_frame_is_the_topic),
        TEST(members_mean_what_they_mean_in_json),
        TEST(what_is_not_wholly_such_a_form_is_text),
        TEST(what_does_not_fit_keeps_its_bytes),
        TEST(what_would_outgrow_the_message_is_text),
        TEST(cmdp_says_who_and_when),
        TEST(no_tag_is_taken_for_a_part),
        TEST(a_bad_header_is_told_and_the_text_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
