/* What loggers write that have a shape of their own, and what only begins like it. The zone is
 * 5:45 ahead of UTC. */
#include "tests/unit/decode/text_rig.h"

#define T "2026-11-22T21:49:12.000000Z "

static void czmq(void **state)
{
    static const struct text_row rows[] = {
        ROW("I: (shop) 26-11-23 03:34:12 it works", T "info - shop - - | it works"),
        ROW("E: (shop) 26-11-23 03:34:12 no", T "error - shop - - | no"),
        ROW("W: (shop) 26-11-23 03:34:12 no", T "warning - shop - - | no"),
        ROW("N: (shop) 26-11-23 03:34:12 no", T "notice - shop - - | no"),
        ROW("D: (a b) 26-11-23 03:34:12 no", T "debug - a b - - | no"),
        ROW("I: 26-11-23 03:34:12 it works", T "info - - - - | it works"),
        ROW("I: (a) 26-11-23 03:34:12", T "info - a - - | "),
        ROW("I: (a) 26-11-23 03:34:12 two\nlines", T "info - a - - | two\nlines"),
        ROW("I: think", "'I: think'"),
        ROW("I: (think) so", "'I: (think) so'"),
        ROW("I: (a) 26-11-23T03:34:12 x", "'I: (a) 26-11-23T03:34:12 x'"),
        ROW("I: (a) 26-02-29 03:34:12 x", "'I: (a) 26-02-29 03:34:12 x'"),
        ROW("I: (a) 26-11-23 03:34:1", "'I: (a) 26-11-23 03:34:1'"),
        ROW("I: (a) 26-11-23 03:34:12x", "'I: (a) 26-11-23 03:34:12x'"),
        ROW("I:(a) 26-11-23 03:34:12 x", "'I:(a) 26-11-23 03:34:12 x'"),
        ROW("F: (a) 26-11-23 03:34:12 x", "'F: (a) 26-11-23 03:34:12 x'"),
        ROW("I", "'I'"),
        ROW("I:", "'I:'"),
        ROW("I: ", "'I: '"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

static void ruby(void **state)
{
#undef T
#define T "2026-11-22T21:49:12.123456Z "
    static const struct text_row rows[] = {
        ROW("I, [2026-11-23T03:34:12.123456 #17]  INFO -- shop: it works",
            T "info - shop - {pid=17} | it works"),
        ROW("D, [2026-11-23T03:34:12.123456 #17] DEBUG -- : it works",
            T "debug - - - {pid=17} | it works"),
        ROW("W, [2026-11-23T03:34:12.123456 #17]  WARN -- a b: x: y",
            T "warning - a b - {pid=17} | x: y"),
        ROW("E, [2026-11-23T03:34:12.123456 #17] ERROR -- : ", T "error - - - {pid=17} | "),
        ROW("F, [2026-11-23T03:34:12.123456 #17] FATAL -- : x", T "crit - - - {pid=17} | x"),
        ROW("A, [2026-11-23T03:34:12.123456 #17]   ANY -- : x", T "- - - - {pid=17} | x"),
        ROW("I, [2026-11-23T03:34:12.123456 #17] DEBUG -- : x",
            "'I, [2026-11-23T03:34:12.123456 #17] DEBUG -- : x'"),
        ROW("I, [2026-11-23T03:34:12.123456 #17]  INFO - : x",
            "'I, [2026-11-23T03:34:12.123456 #17]  INFO - : x'"),
        ROW("I, [2026-11-23T03:34:12.123456 #]  INFO -- : x",
            "'I, [2026-11-23T03:34:12.123456 #]  INFO -- : x'"),
        ROW("I, [2026-13-23T03:34:12.123456 #1]  INFO -- : x",
            "'I, [2026-13-23T03:34:12.123456 #1]  INFO -- : x'"),
        ROW("I, [2026-11-23T03:34:12. #1]  INFO -- : x",
            "'I, [2026-11-23T03:34:12. #1]  INFO -- : x'"),
        ROW("I, [", "'I, ['"),
        ROW("I, [Robot]", "'I, [Robot]'"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
#undef T
#define T "2026-11-22T21:49:12.000000Z "
}

static void uwsgi(void **state)
{
#define LINE                                                                                       \
    "[pid: 17|app: 0|req: 1/1] 127.0.0.1 () {30 vars in 400 bytes} [Mon Nov 23 03:34:12 2026] "    \
    "GET / => generated 9 bytes in 0 msecs"
    static const struct text_row rows[] = {
        ROW(LINE, T "- - uwsgi - {pid=17} | " LINE),
        ROW("Mon Nov 23 03:34:12 2026 - spawned uWSGI worker 1",
            T "- - uwsgi - - | spawned uWSGI worker 1"),
        ROW("*** Starting uWSGI 2.0.21 (64bit) ***", "'*** Starting uWSGI 2.0.21 (64bit) ***'"),
        ROW("[uWSGI] getting INI configuration", "'[uWSGI] getting INI configuration'"),
        ROW("[pid: 17] hello", "'[pid: 17] hello'"),
        ROW("[pid: 17|app: 0] hello", "'[pid: 17|app: 0] hello'"),
        ROW("Mon Nov 23 03:34:12 2026", "'Mon Nov 23 03:34:12 2026'"),
        ROW("Mon Nov 23 03:34:12 2026 -", "'Mon Nov 23 03:34:12 2026 -'"),
        ROW("Mon Nov 31 03:34:12 2026 - x", "'Mon Nov 31 03:34:12 2026 - x'"),
        ROW("Mop Nov 23 03:34:12 2026 - x", "'Mop Nov 23 03:34:12 2026 - x'"),
        ROW("Mon Nov 23 03:34:12 26 - x", "'Mon Nov 23 03:34:12 26 - x'"),
        ROW("The lazy dog", "'The lazy dog'"),
    };
#undef LINE

    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

static void zlogger(void **state)
{
    static const struct text_row rows[] = {
        TOPIC_ROW("rails:17", "INFO: it works", "- info - rails rails:17 {pid=17} | it works"),
        TOPIC_ROW("rails:17", "FATAL: a\nb", "- crit - rails rails:17 {pid=17} | a\nb"),
        TOPIC_ROW("a:b:17", "WARN: ", "- warning - a:b a:b:17 {pid=17} | "),
        TOPIC_ROW("rails:17", "ANY: x", "- - - rails rails:17 {pid=17} | x"),
        TOPIC_ROW("rails:17", "UNKNOWN: x", "- - - rails rails:17 {pid=17} | x"),
        TOPIC_ROW("rails:17", "it works", "'it works'"),
        TOPIC_ROW("rails:17", "Info: x", "'Info: x'"),
        TOPIC_ROW("rails:17", "INFO", "'INFO'"),
        TOPIC_ROW("rails:17", "NOTE: x", "'NOTE: x'"),
        TOPIC_ROW("rails:", "INFO: x", "'INFO: x'"),
        TOPIC_ROW(":17", "INFO: x", "'INFO: x'"),
        TOPIC_ROW("17", "INFO: x", "'INFO: x'"),
        TOPIC_ROW("rails", "INFO: x", "'INFO: x'"),
        ROW("INFO: x", "'INFO: x'"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

static void levels_in_topics(void **state)
{
    static const struct text_row rows[] = {
        TOPIC_ROW("INFO", "x", "- info - - INFO - | x"),
        TOPIC_ROW("DEBUG.db", "x", "- debug - - DEBUG.db - | x"),
        TOPIC_ROW("root.sub.WARNING.topic", "x", "- warning - - root.sub.WARNING.topic - | x"),
        TOPIC_ROW("engine.0.CRITICAL", "x", "- crit - - engine.0.CRITICAL - | x"),
        TOPIC_ROW("ERROR.INFO", "x", "- error - - ERROR.INFO - | x"),
        TOPIC_ROW("WARN.org.example.Shop", "x", "- warning - - WARN.org.example.Shop - | x"),
        TOPIC_ROW("LOG/INFO", "x", "- info - - LOG/INFO - | x"),
        TOPIC_ROW("LOG/TRACE/FILE", "x", "- trace - - LOG/TRACE/FILE - | x"),
        TOPIC_ROW("LOG/STATUS", "x", "- notice - - LOG/STATUS - | x"),
        TOPIC_ROW("LOG/STATUS/FILE", "x", "- notice - - LOG/STATUS/FILE - | x"),
        TOPIC_ROW("LOG/STATUSES", "x", "'x'"),
        TOPIC_ROW("STATUS", "x", "'x'"),
        TOPIC_ROW("info", "x", "'x'"),
        TOPIC_ROW("Error", "x", "'x'"),
        TOPIC_ROW("INFORM", "x", "'x'"),
        TOPIC_ROW("a.b.c", "x", "'x'"),
        TOPIC_ROW(".", "x", "'x'"),
        TOPIC_ROW("...INFO", "x", "- info - - ...INFO - | x"),
        /* also of documents, unless they say one */
        TOPIC_ROW("INFO", "{\"message\":\"m\"}", "- info - - INFO - | m"),
        TOPIC_ROW("INFO", "{\"message\":\"m\",\"level\":\"error\"}", "- error - - INFO - | m"),
        TOPIC_ROW("INFO", "{\"message\":\"m\",\"level\":\"loud\"}",
                  "- - - - INFO {level=loud} | m"),
        TOPIC_ROW("INFO", "<11>x", "- error - - INFO - | x"),
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_alone(&rows[i]);
}

static void a_topic_counts_for_each_line(void **state)
{
    unsigned count = 0;

    (void)state;
    for (enum conf_decode decode = CONF_DECODE_AUTO; decode <= CONF_DECODE_RFC3164; decode++) {
        t.rules.split = CONF_SPLIT_LINES;
        t.rules.decode = decode;
        rig_begin(&t, "{\"message\":\"a\"}\n{}\nc\n", 21, "a.ERROR");
        while (rig_next(&t)) {
            assert_int_equal(t.entry->level, LEVEL_ERROR);
            count++;
        }
        rig_end(&t);
    }
    assert_int_equal(count, 15);
}

static void documents_behind_something(void **state)
{
    static const struct text_row rows[] = {
        /* winston-zmq */
        ROW("***|*|{\"level\":\"info\",\"message\":\"m\"}", "- info - - - - | m"),
        ROW("******|*|{\"message\":\"m\"}", "- error - - - - | m"),
        ROW("*|*|{\"message\":\"m\"}", "- trace - - - - | m"),
        ROW("****|*|{\"level\":\"mine\",\"message\":\"m\"}", "- - - - - {level=mine} | m"),
        ROW("*******|*|{\"message\":\"m\"}", "- - - - - - | m"),
        ROW("|*|{\"message\":\"m\"}", "'|*|{\"message\":\"m\"}'"),
        ROW("***|*|", "'***|*|'"),
        ROW("***|*|x", "'***|*|x'"),
        ROW("***|*|{\"message\":\"m\"", "'***|*|{\"message\":\"m\"'"),
        ROW("***|*|{\"message\":\"m\"} x", "'***|*|{\"message\":\"m\"} x'"),
        ROW("*** a {\"message\":\"m\"}", "'*** a {\"message\":\"m\"}'"),
        /* winston-zeromq-elasticsearch */
        ROW("POST|/logstash-2026.11.23/data|{\"@message\":\"m\",\"message\":\"n\"}",
            "- - - - - {message.2=n} | m"),
        ROW("POST|/x", "'POST|/x'"),
        ROW("POST|/x|y", "'POST|/x|y'"),
        ROW("POST /x|{\"message\":\"m\"}", "'POST /x|{\"message\":\"m\"}'"),
        ROW("Pots", "'Pots'"),
        /* nginx-log-zmq */
        ROW("/nginx/{\"status\":200,\"message\":\"GET /\"}",
            "- - - - /nginx/ {status=200} | GET /"),
        ROW("/nginx{\"status\":\"\\u0041\"}", "- - - - /nginx {status=A} | "),
        ROW("/{}", "- - - - / - | "),
        ROW("/nginx/{\"topic\":null}", "- - - - - {topic=null} | "),
        ROW("/nginx/{\"topic\":\"t\"}", "- - - - t - | "),
        TOPIC_ROW("a", "/nginx/{\"status\":200}", "- - - - a {status=200} | "),
        ROW("/usr/bin/a {\"a\":1}", "'/usr/bin/a {\"a\":1}'"),
        ROW("/usr/bin/a", "'/usr/bin/a'"),
        ROW("/a{b}", "'/a{b}'"),
        ROW("/a{\"b\":1}x", "'/a{\"b\":1}x'"),
        ROW("/h\xc3\xb6{\"b\":1}", "'/h\xc3\xb6{\"b\":1}'"),
        ROW("/", "'/'"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

static void text_is_not_looked_into(void **state)
{
    static const struct text_row rows[] = {
        ROW("<14>1 - - - - - - x", "'<14>1 - - - - - - x'"),
        ROW("<14>x", "'<14>x'"),
        ROW("I: (a) 26-11-23 03:34:12 x", "'I: (a) 26-11-23 03:34:12 x'"),
        ROW("/a{\"b\":1}", "'/a{\"b\":1}'"),
        TOPIC_ROW("rails:17", "INFO: x", "'INFO: x'"),
    };

    (void)state;
    t.rules.decode = CONF_DECODE_TEXT;
    check_rows(rows, COUNT_OF(rows));
}

/* What is too long for an entry is cut first; of a document nothing is left then. */
static void cut_lines(void **state)
{
    (void)state;
    t.rules.max_entry = 30;
    rig_begin(&t, "I: (a) 26-11-23 03:34:12 123456", 31, NULL);
    assert_true(rig_next(&t));
    assert_string_equal(show(), "~" T "info - a - - | 12345");
    rig_end(&t);
    rig_begin(&t, "/a{\"b\":\"aaaaaaaaaaaaaaaaaaaaaa\"}", 32, NULL);
    assert_true(rig_next(&t));
    assert_string_equal(show(), "~'/a{\"b\":\"aaaaaaaaaaaaaaaaaaaaaa'");
    rig_end(&t);
}

/* One newline at the end is none of the text's. */
static void the_last_newline(void **state)
{
    (void)state;
    rig_begin(&t, "<14>x\r\n", 7, NULL);
    assert_true(rig_next(&t));
    assert_string_equal(show(), "- info - - - - | x");
    rig_end(&t);
    rig_begin(&t, "/a{\"message\":\"m\"}\n", 18, NULL);
    assert_true(rig_next(&t));
    assert_string_equal(show(), "- - - - /a - | m");
    rig_end(&t);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_rig, close_rig)
    const struct CMUnitTest tests[] = {
        TEST(czmq),
        TEST(ruby),
        TEST(uwsgi),
        TEST(zlogger),
        TEST(levels_in_topics),
        TEST(a_topic_counts_for_each_line),
        TEST(documents_behind_something),
        TEST(text_is_not_looked_into),
        TEST(cut_lines),
        TEST(the_last_newline),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
