/* RFC 3164: its own examples, what is written in the wild, and the year that nobody writes.
 * The zone is 5:45 ahead of UTC. */
#include "tests/unit/decode/text_rig.h"

/* Receipt: 2026-11-26T10:00:00Z, unless a test says something else. */
static int64_t at_utc(const char *iso)
{
    struct timestamp_parser parser = {0};
    int64_t time_ns;
    uint8_t digits;

    assert_true(timestamp_parse(&parser, iso, strlen(iso), &time_ns, &digits));
    return time_ns;
}

static int open_in_november(void **state)
{
    open_rig(state);
    t.received_ns = at_utc("2026-11-26T10:00:00Z");
    return 0;
}

/* §5.4. Where it says that a zone is no host but looks like one, it is one here as well. */
static void its_own_examples(void **state)
{
    static const struct text_row rows[] = {
        ROW("<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
            "2026-10-11T16:29:15.000000Z crit mymachine su - {facility=auth} | "
            "'su root' failed for lonvick on /dev/pts/8"),
        ROW("Use the BFG!", "'Use the BFG!'"),
        ROW("<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!",
            "2026-02-05T11:47:18.000000Z notice 10.0.0.99 - - - | Use the BFG!"),
        ROW("<165>Aug 24 05:34:00 CST 1987 mymachine myproc[10]: %% It's time to make the "
            "do-nuts.  %%  Ingredients: Mix=OK, Jelly=OK # %%",
            "2026-08-23T23:49:00.000000Z notice CST - - {facility=local4} | "
            "1987 mymachine myproc[10]: %% It's time to make the do-nuts.  %%  Ingredients: "
            "Mix=OK, Jelly=OK # %%"),
        ROW("<0>1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3 sched[0]: That's All "
            "Folks!",
            "- emerg - - - {facility=kern} | 1990 Oct 22 10:52:01 TZ-6 "
            "scapegoat.dmz.example.org 10.1.2.3 sched[0]: That's All Folks!"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

static void hosts_and_tags(void **state)
{
#define T "2026-11-26T04:15:00.000000Z info "
    static const struct text_row rows[] = {
        ROW("<14>Nov 26 10:00:00 web1 shop[17]: hi", T "web1 shop - {pid=17} | hi"),
        ROW("<14>Nov 26 10:00:00 web1 shop[17] hi", T "web1 shop - {pid=17} | hi"),
        ROW("<14>Nov 26 10:00:00 web1 shop: hi", T "web1 shop - - | hi"),
        ROW("<14>Nov 26 10:00:00 web1 shop:", T "web1 shop - - | "),
        ROW("<14>Nov 26 10:00:00 web1 shop:  hi", T "web1 shop - - |  hi"),
        ROW("<14>Nov 26 10:00:00 web1 shop[]: hi", T "web1 shop - - | hi"),
        ROW("<14>Nov 26 10:00:00 web1 postfix/smtpd[1]: hi", T "web1 postfix/smtpd - {pid=1} | hi"),
        ROW("<14>Nov 26 10:00:00 web1 a-b_c.d@1[x.y]: hi", T "web1 a-b_c.d@1 - {pid=x.y} | hi"),
        ROW("<14>Nov 26 10:00:00 fe80::1 shop: hi", T "fe80::1 shop - - | hi"),
        ROW("<14>Nov 26 10:00:00 web1 -: hi", T "web1 - - - | hi"),
        ROW("<14>Nov 26 10:00:00 - -: hi", T "- - - - | hi"),
        /* no host */
        ROW("<14>Nov 26 10:00:00 shop[17]: hi", T "- shop - {pid=17} | hi"),
        ROW("<14>Nov 26 10:00:00 shop: hi", T "- shop - - | hi"),
        ROW("<14>Nov 26 10:00:00 shop: a b: c", T "- shop - - | a b: c"),
        /* no tag */
        ROW("<14>Nov 26 10:00:00 web1 no tag: here", T "web1 - - - | no tag: here"),
        ROW("<14>Nov 26 10:00:00 web1 (root) CMD", T "web1 - - - | (root) CMD"),
        ROW("<14>Nov 26 10:00:00 web1 shop[1 2]: hi", T "web1 - - - | shop[1 2]: hi"),
        ROW("<14>Nov 26 10:00:00 web1 shop[17", T "web1 - - - | shop[17"),
        ROW("<14>Nov 26 10:00:00 web1 http://x", T "web1 - - - | http://x"),
        ROW("<14>Nov 26 10:00:00 web1 ", T "web1 - - - | "),
        /* neither */
        ROW("<14>Nov 26 10:00:00 hello", T "- - - - | hello"),
        ROW("<14>Nov 26 10:00:00 ", T "- - - - | "),
        ROW("<14>Nov 26 10:00:00 h\xc3\xb6st shop: hi", T "- - - - | h\xc3\xb6st shop: hi"),
        ROW("<14>Nov 26 10:00:00 web1 \0", T "web1 - - - | "),
        ROW("<14>Nov 26 10:00:00 web1 shop: a\xff\x1b[1m", T "web1 shop - - | a\xff\x1b[1m"),
        TOPIC_ROW("x", "<14>Nov 26 10:00:00 web1 shop: hi", T "web1 shop x - | hi"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
#undef T
}

static void times_as_they_are_written(void **state)
{
    static const struct text_row rows[] = {
        ROW("<14>Nov  6 10:00:00 h a: x", "2026-11-06T04:15:00.000000Z info h a - - | x"),
        ROW("<14>Nov 06 10:00:00 h a: x", "2026-11-06T04:15:00.000000Z info h a - - | x"),
        ROW("<14>Nov 26 10:00:00.25 h a: x", "2026-11-26T04:15:00.250000Z info h a - - | x"),
        ROW("<14>Nov 26 10:00:00.123456789 h a: x",
            "2026-11-26T04:15:00.123456789Z info h a - - | x"),
        ROW("<14>Nov 26 10:00:60 h a: x", "2026-11-26T04:16:00.000000Z info h a - - | x"),
        ROW("<14>Nov 26 2019 10:00:00 h a: x", "2019-11-26T04:15:00.000000Z info h a - - | x"),
        ROW("<14>Feb 29 2024 10:00:00 h a: x", "2024-02-29T04:15:00.000000Z info h a - - | x"),
        ROW("<14>Mar  1 2024 05:00:00 h a: x", "2024-02-29T23:15:00.000000Z info h a - - | x"),
        ROW("<14>2026-11-26T10:00:00.5+02:00 h a[1]: x",
            "2026-11-26T08:00:00.500000Z info h a - {pid=1} | x"),
        ROW("<14>2026-11-26T10:00:00Z h a: x", "2026-11-26T10:00:00.000000Z info h a - - | x"),
    };

    (void)state;
    t.received_ns++; /* so that none is shown as that of receipt */
    check_rows(rows, COUNT_OF(rows));
}

/* There is a priority all the same, so the rest is the message, as RFC 3164 §4.3.2 has it. */
static void what_is_no_time_is_message(void **state)
{
    static const struct text_row rows[] = {
        ROW("<14>hi", "- info - - - - | hi"),
        ROW("<14>", "- info - - - - | "),
        ROW("<3>[ 1.234] usb 1-1", "- error - - - {facility=kern} | [ 1.234] usb 1-1"),
        ROW("<14>{\"a\":1}", "- info - - - - | {\"a\":1}"),
        ROW("<14>Nov 26 10:00:00", "- info - - - - | Nov 26 10:00:00"),
        ROW("<14>Nov 26 10:00:00: x", "- info - - - - | Nov 26 10:00:00: x"),
        ROW("<14>Nov 26 10:00:00. x", "- info - - - - | Nov 26 10:00:00. x"),
        ROW("<14>Nov 31 10:00:00 h a: x", "- info - - - - | Nov 31 10:00:00 h a: x"),
        ROW("<14>Nov 0 10:00:00 h a: x", "- info - - - - | Nov 0 10:00:00 h a: x"),
        ROW("<14>Nov 00 10:00:00 h a: x", "- info - - - - | Nov 00 10:00:00 h a: x"),
        ROW("<14>Nov 26 24:00:00 h a: x", "- info - - - - | Nov 26 24:00:00 h a: x"),
        ROW("<14>Nov 26 10:60:00 h a: x", "- info - - - - | Nov 26 10:60:00 h a: x"),
        ROW("<14>nov 26 10:00:00 h a: x", "- info - - - - | nov 26 10:00:00 h a: x"),
        ROW("<14>Nov 26 0000 10:00:00 h a: x", "- info - - - - | Nov 26 0000 10:00:00 h a: x"),
        ROW("<14>Feb 29 2023 10:00:00 h a: x", "- info - - - - | Feb 29 2023 10:00:00 h a: x"),
        ROW("<14>2026-11-26T10:00:00 h a: x", "- info - - - - | 2026-11-26T10:00:00 h a: x"),
        /* prose */
        ROW("<14> and a half", "'<14> and a half'"),
        ROW("<b>bold</b>", "'<b>bold</b>'"),
        ROW("<", "'<'"),
        ROW("<1", "'<1'"),
        ROW("<1 >x", "'<1 >x'"),
        ROW("<192>x", "'<192>x'"),
        ROW("<999>x", "'<999>x'"),
        ROW("<09>x", "'<09>x'"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

/* Which year a date is of, when it arrives at that moment. */
static void the_year_is_the_last_that_is_not_in_the_future(void **state)
{
    static const struct {
        const char *received, *date, *time;
    } rows[] = {
        {"2026-11-26T10:00:00Z", "Nov 26 15:45:00", "2026-11-26T10:00:00.000000Z"},
        {"2026-11-26T10:00:00Z", "Jan  1 05:45:00", "2026-01-01T00:00:00.000000Z"},
        /* December arrives in January, and January in December */
        {"2027-01-01T00:00:05Z", "Dec 31 23:59:59", "2026-12-31T18:14:59.000000Z"},
        {"2027-01-15T00:00:00Z", "Dec 31 23:59:59", "2026-12-31T18:14:59.000000Z"},
        {"2026-12-31T23:59:59Z", "Jan  1 05:45:01", "2027-01-01T00:00:01.000000Z"},
        {"2026-12-31T18:00:00Z", "Jan  1 00:00:00", "2026-12-31T18:15:00.000000Z"},
        /* a clock may be a month ahead; beyond that it is an old entry */
        {"2026-06-01T00:00:00Z", "Jul  1 05:45:00", "2026-07-01T00:00:00.000000Z"},
        {"2026-06-01T00:00:00Z", "Jul  3 05:45:00", "2025-07-03T00:00:00.000000Z"},
        {"2026-06-01T00:00:00Z", "Dec 31 05:45:00", "2025-12-31T00:00:00.000000Z"},
        /* the leap day */
        {"2024-03-01T00:00:00Z", "Feb 29 12:00:00", "2024-02-29T06:15:00.000000Z"},
        {"2028-02-28T23:00:00Z", "Feb 29 12:00:00", "2028-02-29T06:15:00.000000Z"},
        {"2025-03-01T00:00:00Z", "Feb 29 12:00:00", "2024-02-29T06:15:00.000000Z"},
        {"2027-12-31T00:00:00Z", "Feb 29 12:00:00", "2024-02-29T06:15:00.000000Z"},
        {"2104-01-01T00:00:00Z", "Feb 29 12:00:00", "2096-02-29T06:15:00.000000Z"},
    };
    char line[64], wanted[128];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        t.received_ns = at_utc(rows[i].received) + 1;
        snprintf(line, sizeof line, "<14>%s h a: x", rows[i].date);
        snprintf(wanted, sizeof wanted, "%s info h a - - | x", rows[i].time);
        check_alone(&(struct text_row){line, strlen(line), NULL, wanted});
        check_alone(&(struct text_row){line, strlen(line), NULL, wanted}); /* as remembered */
    }
}

static void before_the_first_leap_year_there_is_no_leap_day(void **state)
{
    (void)state;
    t.received_ns = RIG_RECEIVED_NS;
    check_alone(&(struct text_row){"<14>Feb 29 12:00:00 h a: x", 26, NULL,
                                   "- info - - - - | Feb 29 12:00:00 h a: x"});
}

static void where_it_is_demanded_there_need_be_no_priority(void **state)
{
    static const struct text_row rows[] = {
        ROW("<14>Nov 26 10:00:00 h a: x", "2026-11-26T04:15:00.000000Z info h a - - | x"),
        ROW("Nov 26 10:00:00 h a[1]: x", "2026-11-26T04:15:00.000000Z - h a - {pid=1} | x"),
        ROW("2026-11-26T09:00:00Z h a: x", "2026-11-26T09:00:00.000000Z - h a - - | x"),
        ROW("<14>x", "- info - - - - | x"),
        ROW("", "!''"),
        ROW("x", "!'x'"),
        ROW("{}", "!'{}'"),
        ROW("<14> x", "!'<14> x'"),
        ROW("Nov 26 10:00 h a: x", "!'Nov 26 10:00 h a: x'"),
        TOPIC_ROW("ERROR", "Nov 26 10:00:00 h a: x",
                  "2026-11-26T04:15:00.000000Z error h a ERROR - | x"),
    };

    (void)state;
    t.rules.decode = CONF_DECODE_RFC3164;
    check_rows(rows, COUNT_OF(rows));
}

/* Every line, cut anywhere, is something, and is that also with nothing readable behind it but
 * what a message has. */
static void every_beginning_of_a_line_can_be_read(void **state)
{
    static const char *const lines[] = {
        "<165>Aug 24 1987 05:34:00.123 mymachine myproc[10]: text",
        "<34>Oct 11 22:14:15 mymachine su: x",
        "<14>2026-11-26T10:00:00.5+02:00 h a[1]: x",
        "<165>1 2003-10-11T22:14:15.003Z host app 8 ID47 [a b=\"\\\"\" c=\"3\"][d] \xef\xbb\xbfx",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        for (size_t len = 0; len <= strlen(lines[i]); len++) {
            rig_begin(&t, lines[i], len, NULL);
            assert_true(rig_next(&t));
            assert_int_equal(t.entry->source.len, len);
            rig_end(&t);
        }
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_in_november, close_rig)
    const struct CMUnitTest tests[] = {
        TEST(its_own_examples),
        TEST(hosts_and_tags),
        TEST(times_as_they_are_written),
        TEST(what_is_no_time_is_message),
        TEST(the_year_is_the_last_that_is_not_in_the_future),
        TEST(before_the_first_leap_year_there_is_no_leap_day),
        TEST(where_it_is_demanded_there_need_be_no_priority),
        TEST(every_beginning_of_a_line_can_be_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
