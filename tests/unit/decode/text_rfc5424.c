/* RFC 5424: its own examples, what else is right, and what is text. */
#include "tests/unit/decode/text_rig.h"

/* §6.5, and the times of §6.2.3.1. */
static void its_own_examples(void **state)
{
    static const struct text_row rows[] = {
        ROW("<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - "
            "\xef\xbb\xbf'su root' failed for lonvick on /dev/pts/8",
            "2003-10-11T22:14:15.003000Z crit mymachine.example.com su ID47 {facility=auth} | "
            "'su root' failed for lonvick on /dev/pts/8"),
        ROW("<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - "
            "%% It's time to make the do-nuts.",
            "2003-08-24T12:14:15.000003Z notice 192.0.2.1 myproc - {facility=local4;pid=8710} | "
            "%% It's time to make the do-nuts."),
        ROW("<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 "
            "[exampleSDID@32473 iut=\"3\" eventSource=\"Application\" eventID=\"1011\"] "
            "\xef\xbb\xbf"
            "An application event log entry...",
            "2003-10-11T22:14:15.003000Z notice mymachine.example.com evntslog ID47 "
            "{facility=local4;exampleSDID@32473.iut=3;exampleSDID@32473.eventSource=Application;"
            "exampleSDID@32473.eventID=1011} | An application event log entry..."),
        ROW("<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 "
            "[exampleSDID@32473 iut=\"3\" eventSource=\"Application\" eventID=\"1011\"]"
            "[examplePriority@32473 class=\"high\"]",
            "2003-10-11T22:14:15.003000Z notice mymachine.example.com evntslog ID47 "
            "{facility=local4;exampleSDID@32473.iut=3;exampleSDID@32473.eventSource=Application;"
            "exampleSDID@32473.eventID=1011;examplePriority@32473.class=high} | "),
        ROW("<14>1 1985-04-12T23:20:50.52Z h a - - -",
            "1985-04-12T23:20:50.520000Z info h a - - | "),
        ROW("<14>1 1985-04-12T19:20:50.52-04:00 h a - - -",
            "1985-04-12T23:20:50.520000Z info h a - - | "),
        /* nine digits are more than it allows, and better than losing them */
        ROW("<14>1 2003-08-24T05:14:15.000000003-07:00 h a - - -",
            "2003-08-24T12:14:15.000000003Z info h a - - | "),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

static void what_is_right(void **state)
{
    static const struct text_row rows[] = {
        ROW("<0>1 - - - - - -", "- emerg - - - {facility=kern} | "),
        ROW("<8>1 - - - - - -", "- emerg - - - - | "),
        ROW("<15>1 - - - - - - ", "- debug - - - - | "),
        ROW("<191>1 - - - - - -  two", "- debug - - - {facility=local7} |  two"),
        ROW("<14>1 - - - - - - -", "- info - - - - | -"),
        ROW("<14>1 - - - - - - \xef\xbb\xbf", "- info - - - - | "),
        ROW("<14>1 - - - - - - a\nb", "- info - - - - | a\nb"),
        ROW("<14>1 - - - - - - \xff\xfe", "- info - - - - | \xff\xfe"),
        ROW("<14>1 2024-02-29T23:59:59Z h - - - -", "2024-02-29T23:59:59.000000Z info h - - - | "),
        ROW("<14>1 2024-02-29T23:59:59-00:01 h - - - -",
            "2024-03-01T00:00:59.000000Z info h - - - | "),
        ROW("<14>1 2025-12-31T23:30:00.5-01:00 h - - - -",
            "2026-01-01T00:30:00.500000Z info h - - - | "),
        ROW("<14>1 2000-02-29T00:00:00+14:00 h - - - -",
            "2000-02-28T10:00:00.000000Z info h - - - | "),
        /* structured data */
        ROW("<14>1 - - - - - [a]", "- info - - - {a=} | "),
        ROW("<14>1 - - - - - [a][b] x", "- info - - - {a=;b=} | x"),
        ROW("<14>1 - - - - - [a b=\"\"]", "- info - - - {a.b=} | "),
        ROW("<14>1 - - - - - [a b=\"1\" b=\"2\"][a c=\"3\"]",
            "- info - - - {a.b=1;a.b=2;a.c=3} | "),
        ROW("<14>1 - - - - - [a b=\"\\\"\\\\\\]\"]", "- info - - - {a.b=\"\\]} | "),
        ROW("<14>1 - - - - - [a b=\"\\n\\x\" c=\"\\\\n\"]", "- info - - - {a.b=\\n\\x;a.c=\\n} | "),
        ROW("<14>1 - - - - - [a b=\"= [x \xc3\xa9\n\"]", "- info - - - {a.b== [x \xc3\xa9\n} | "),
        ROW("<14>1 - - - - - [a b=\"\xff\"]", "- info - - - {a.b=\xff} | "),
        /* our own */
        ROW("<14>1 - - - - - [fields@32473 user=\"ada\" n=\"1\"] x",
            "- info - - - {user=ada;n=1} | x"),
        ROW("<14>1 - - - - - [fields@32473]", "- info - - - - | "),
        ROW("<14>1 - - - - - [fields@32473 a=\"1\"][logboom@32473 malformed=\"true\"] x",
            "- info - - - {a=1;logboom@32473.malformed=true} | x"),
        /* no name of ours can be written over */
        ROW("<14>1 - - - - - [fields@32473 message=\"m\" time=\"t\" app=\"a\"] x",
            "- info - - - {message.2=m;time.2=t;app.2=a} | x"),
        ROW("<14>1 - - - - - [_logboom][level]", "- info - - - {_logboom.2=;level.2=} | "),
        /* a topic frame is the topic */
        TOPIC_ROW("orders", "<14>1 - - - - ID47 - x", "- info - - orders {msgid=ID47} | x"),
        TOPIC_ROW("a.ERROR", "<14>1 - - - - - - x", "- info - - a.ERROR - | x"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

static void what_is_not_stays_text(void **state)
{
    static const struct text_row rows[] = {
        /* the priority */
        ROW("<>1 - - - - - -", "'<>1 - - - - - -'"),
        ROW("<192>1 - - - - - -", "'<192>1 - - - - - -'"),
        ROW("<999>1 - - - - - -", "'<999>1 - - - - - -'"),
        ROW("<1000>1 - - - - - -", "'<1000>1 - - - - - -'"),
        ROW("<014>1 - - - - - -", "'<014>1 - - - - - -'"),
        ROW("<00>1 - - - - - -", "'<00>1 - - - - - -'"),
        ROW("<-1>1 - - - - - -", "'<-1>1 - - - - - -'"),
        ROW("<14", "'<14'"),
        /* the version */
        ROW("<14>2 - - - - - -", "'<14>2 - - - - - -'"),
        ROW("<14>12 - - - - - -", "'<14>12 - - - - - -'"),
        ROW("<14>1 apple", "'<14>1 apple'"),
        /* too few, too many spaces */
        ROW("<14>1 - - - - -", "'<14>1 - - - - -'"),
        ROW("<14>1 - - - - - ", "'<14>1 - - - - - '"),
        ROW("<14>1  - - - - - -", "'<14>1  - - - - - -'"),
        ROW("<14>1 -  - - - - -", "'<14>1 -  - - - - -'"),
        ROW("<14>1 - - - - - -x", "'<14>1 - - - - - -x'"),
        ROW("<14>1 - - -\t- - - -", "'<14>1 - - -\t- - - -'"),
        /* times */
        ROW("<14>1 2003-10-11 - - - - -", "'<14>1 2003-10-11 - - - - -'"),
        ROW("<14>1 2003-10-11T22:14:15 - - - - -", "'<14>1 2003-10-11T22:14:15 - - - - -'"),
        ROW("<14>1 2003-10-11t22:14:15Z - - - - -", "'<14>1 2003-10-11t22:14:15Z - - - - -'"),
        ROW("<14>1 2003-02-29T22:14:15Z - - - - -", "'<14>1 2003-02-29T22:14:15Z - - - - -'"),
        ROW("<14>1 1900-02-29T22:14:15Z - - - - -", "'<14>1 1900-02-29T22:14:15Z - - - - -'"),
        ROW("<14>1 2003-10-11T24:14:15Z - - - - -", "'<14>1 2003-10-11T24:14:15Z - - - - -'"),
        /* columns */
        ROW("<14>1 - h\xc3\xb6st - - - -", "'<14>1 - h\xc3\xb6st - - - -'"),
        ROW("<14>1 - a\0b - - - -", "'<14>1 - a\0b - - - -'"),
        /* structured data without an end, or not in order */
        ROW("<14>1 - - - - - [", "'<14>1 - - - - - ['"),
        ROW("<14>1 - - - - - []", "'<14>1 - - - - - []'"),
        ROW("<14>1 - - - - - [a", "'<14>1 - - - - - [a'"),
        ROW("<14>1 - - - - - [a ]", "'<14>1 - - - - - [a ]'"),
        ROW("<14>1 - - - - - [a b]", "'<14>1 - - - - - [a b]'"),
        ROW("<14>1 - - - - - [a b=]", "'<14>1 - - - - - [a b=]'"),
        ROW("<14>1 - - - - - [a b=c]", "'<14>1 - - - - - [a b=c]'"),
        ROW("<14>1 - - - - - [a b=\"c]", "'<14>1 - - - - - [a b=\"c]'"),
        ROW("<14>1 - - - - - [a b=\"c\\\"]", "'<14>1 - - - - - [a b=\"c\\\"]'"),
        ROW("<14>1 - - - - - [a b=\"]\"]", "'<14>1 - - - - - [a b=\"]\"]'"),
        ROW("<14>1 - - - - - [a b=\"c\"d=\"e\"]", "'<14>1 - - - - - [a b=\"c\"d=\"e\"]'"),
        ROW("<14>1 - - - - - [a  b=\"c\"]", "'<14>1 - - - - - [a  b=\"c\"]'"),
        ROW("<14>1 - - - - - [a b=\"c\"] [d]x", "- info - - - {a.b=c} | [d]x"),
        ROW("<14>1 - - - - - [a b=\"c\"]x", "'<14>1 - - - - - [a b=\"c\"]x'"),
        ROW("<14>1 - - - - - -[a]", "'<14>1 - - - - - -[a]'"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

/* ---- the word of the configuration -------------------------------------------------------- */

static void where_it_is_demanded_all_else_is_malformed(void **state)
{
    static const struct text_row rows[] = {
        ROW("<14>1 - - - - - - x", "- info - - - - | x"),
        ROW("<14>Oct 11 22:14:15 h a: x", "!'<14>Oct 11 22:14:15 h a: x'"),
        ROW("<14>x", "!'<14>x'"),
        ROW("", "!''"),
        ROW("x", "!'x'"),
        ROW("{\"message\":\"m\"}", "!'{\"message\":\"m\"}'"),
        ROW("I: (a) 26-11-23 03:34:12 x", "!'I: (a) 26-11-23 03:34:12 x'"),
    };

    (void)state;
    t.rules.decode = CONF_DECODE_RFC5424;
    check_rows(rows, COUNT_OF(rows));
}

/* ---- very many ----------------------------------------------------------------------------- */

/* Of `<14>1 - - - - - ` and so many of these, as one line. */
static unsigned fields_of(const char *element, unsigned count)
{
    static char line[TEXT_RIG_MESSAGE];
    char *to = stpcpy(line, "<14>1 - - - - - ");
    unsigned field_count;

    for (unsigned i = 0; i < count; i++)
        to = stpcpy(to, element);
    rig_begin(&t, line, (size_t)(to - line), NULL);
    assert_true(rig_next(&t));
    field_count = t.entry->field_count;
    if (field_count == 0)
        assert_true(is_plain());
    assert_false(rig_next(&t));
    rig_end(&t);
    return field_count;
}

/* An entry of 64 KiB has room for so many fields as fit in it as JSON. Where the names that are
 * put together do not fit beside the message, the line is text, whole. */
static void very_many_elements(void **state)
{
    (void)state;
    assert_int_equal(fields_of("[a]", 1000), 1000);
    assert_int_equal(fields_of("[a b=\"\"]", 6000), 6000);
    assert_int_equal(fields_of("[a b=\"c\"]", 7000), 7000);
    assert_int_equal(fields_of("[a]", 20000), 0);
    assert_int_equal(fields_of("[exampleSDID@32473 a=\"1\"]", 2000), 2000);
    t.rules.max_entry = TEXT_RIG_MESSAGE;
    assert_int_equal(fields_of("[a]", 10000), 10000);
    assert_int_equal(fields_of("[a b=\"c\"]", 10000), 10000);
}

static void names_that_do_not_fit_beside_the_message_leave_it_text(void **state)
{
    static char line[TEXT_RIG_MESSAGE];
    char *to = stpcpy(line, "<14>1 - - - - - [a-very-long-name-of-an-element");

    (void)state;
    for (unsigned i = 0; i < 10000; i++)
        to = stpcpy(to, " a=\"\"");
    to = stpcpy(to, "] x");
    rig_begin(&t, line, (size_t)(to - line), NULL);
    assert_true(rig_next(&t));
    assert_true(is_plain());
    rig_end(&t);
}

/* The line is cut first: in the message, that is all; in its data, there is no end to them. */
static void longer_lines_than_max_entry_are_cut(void **state)
{
    static const struct text_row rows[] = {
        ROW("<14>1 - - - - - - 12345", "- info - - - - | 12345"),
    };

    (void)state;
    t.rules.max_entry = 23;
    check_rows(rows, COUNT_OF(rows));
    t.rules.max_entry = 22;
    rig_begin(&t, rows[0].line, rows[0].len, NULL);
    assert_true(rig_next(&t));
    assert_string_equal(show(), "~- info - - - - | 1234");
    rig_end(&t);
    t.rules.max_entry = 14;
    rig_begin(&t, rows[0].line, rows[0].len, NULL);
    assert_true(rig_next(&t));
    assert_string_equal(show(), "~'<14>1 - - - - '");
    rig_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(its_own_examples, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(what_is_right, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(what_is_not_stays_text, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(where_it_is_demanded_all_else_is_malformed, open_rig,
                                        close_rig),
        cmocka_unit_test_setup_teardown(very_many_elements, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(names_that_do_not_fit_beside_the_message_leave_it_text,
                                        open_rig, close_rig),
        cmocka_unit_test_setup_teardown(longer_lines_than_max_entry_are_cut, open_rig, close_rig),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
