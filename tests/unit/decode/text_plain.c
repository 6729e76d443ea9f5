/* What common programs write to their logs, and what is nobody's but begins like it: all of it
 * stays the text that it is. */
#include "tests/unit/decode/text_rig.h"

static const char *const lines[] = {
    /* web servers, proxies, databases */
    "127.0.0.1 - - [23/Nov/2026:03:34:12 +0000] \"GET / HTTP/1.1\" 200 612 \"-\" \"curl/7.88.1\"",
    "2026/11/23 03:34:12 [error] 17#17: *1 open() \"/srv/favicon.ico\" failed (2: No such file)",
    "[Mon Nov 23 03:34:12.123456 2026] [core:notice] [pid 17:tid 1] AH00094: Command line: "
    "'apache2'",
    "Nov 23 03:34:12 lb1 haproxy[17]: 10.0.0.1:4711 [23/Nov/2026:03:34:12.123] in out/s1 0/0/1/2/3",
    "2026-11-23 03:34:12.123 UTC [17] LOG:  checkpoint complete: wrote 3 buffers (0.0%)",
    "2026-11-23T03:34:12.123456Z 0 [System] [MY-010931] [Server] ready for connections.",
    "17:M 23 Nov 2026 03:34:12.123 * Ready to accept connections tcp",
    "[2026-11-23 03:34:12.123] [info] [client 10.0.0.1] ModSecurity: Warning.",
    "time=2026-11-23T03:34:12Z level=info msg=\"started\" addr=:8080",
    "ts=2026-11-23T03:34:12.123Z caller=main.go:17 level=info msg=\"Starting Prometheus\"",
    "I1123 03:34:12.123456      17 controller.go:17] Starting the controller",
    "E1123 03:34:12.123456      17 reflector.go:17] Failed to watch *v1.Pod: unknown",
    "W1123 03:34:12.123456 17 warnings.go:70] policy/v1beta1 is deprecated",
    "F1123 03:34:12.123456 17 server.go:17] cannot listen",
    /* languages and their loggers */
    "INFO:root:started",
    "ERROR:    Exception in ASGI application",
    "WARNING:werkzeug: * Debugger is active!",
    "INFO:     127.0.0.1:4711 - \"GET / HTTP/1.1\" 200 OK",
    "DEBUG handlers.py:17 - connected",
    "Traceback (most recent call last):",
    "  File \"/srv/app.py\", line 17, in <module>",
    "Fatal Python error: Segmentation fault",
    "03:34:12.123 [main] INFO  org.example.Shop - started in 3.5 seconds",
    "Exception in thread \"main\" java.lang.NullPointerException: a.b is null",
    "\tat org.example.Shop.main(Shop.java:17)",
    "SEVERE: Servlet.service() for servlet [dispatcher] threw an exception",
    "Nov 23, 2026 3:34:12 AM org.apache.catalina.startup.Catalina start",
    "panic: runtime error: index out of range [3] with length 3",
    "D, or what the fourth letter is",
    "I, [2026] am no line of Ruby's",
    "E: Unable to locate package logboom",
    "W: An error occurred during the signature verification.",
    "N: See apt-secure(8) manpage for repository creation and user configuration details.",
    "I: (think) therefore I am",
    "D: 26 of them, and 12:00:00 is noon",
    "Debug: starting",
    "Started GET \"/\" for 127.0.0.1 at 2026-11-23 03:34:12 +0000",
    "[pid: 17] is not uWSGI's, nor is {this} [Mon Nov 23]",
    "[program:web] exited",
    "*** Starting uWSGI 2.0.21 (64bit) on [Mon Nov 23 03:34:12 2026] ***",
    "** WARNING: connection is not using a post-quantum key exchange algorithm.",
    "*|* not winston",
    /* the system */
    "[    0.000000] Linux version 6.1.0-18-amd64 (debian-kernel@lists.debian.org)",
    "Mon Nov 23 03:34:12 2026 daemon started",
    "Mon Nov 23 2026: nothing happened",
    "Monday, we meet at 12:30",
    "Fri Nov 27 12:00:00 CET 2026",
    "Sun rises at 07:30, sets at 16:10",
    "Thu 26 Nov 2026 - it rains",
    "/usr/sbin/cron[17]: (root) CMD (command -v debian-sa1)",
    "/dev/sda1: clean, 17/4711 files, 17/4711 blocks",
    "/bin/sh: 1: foo: not found {really}",
    "/health {\"status\":200}",
    "POST /cart HTTP/1.1 201 17ms",
    "POST|/cart|paid",
    "<html><body>502 Bad Gateway</body></html>",
    "<3 you all",
    "<14 of them were lost>",
    "<14> is a priority, and this is prose",
    "<014>zero in front",
    "type=AVC msg=audit(1795404852.123:17): avc:  denied  { read } for  pid=17",
    "--- a/decode/decode.c",
    "1795404852 is a second, 30 is a level, and neither is said here",
    "[17:34:12] INFO error warn: all at once",
    "key \xc3\xa4\xc3\xb6\xc3\xbc: behind a word and a space",
    "\x85 and so on", /* Windows' ellipsis: a map of five in MessagePack */
    "\x84Hallo we",
    "\x8a"
    "ibenik 03:34:12 (1/2", /* and its quotes and letters */
    "na\xc3\xafve \xdc\x90\xdc\x90 Syriac \xdf\x80 N'Ko",
};

static void check_plain(const char *line, const char *topic)
{
    rig_begin(&t, line, strlen(line), topic);
    assert_true(rig_next(&t));
    show();
    if (!is_plain() || t.entry->malformed || t.entry->text.len != strlen(line))
        fail_msg("\n%s\n  became %s", line, shown);
    assert_false(rig_next(&t));
    rig_end(&t);
}

static void nothing_is_taken_from_plain_lines(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(lines); i++)
        check_plain(lines[i], NULL);
}

/* Neither by a topic that says nothing of levels, in words that only begin like one. */
static void a_topic_takes_nothing_from_them(void **state)
{
    static const char *const topics[] = {
        "shop", "information.desk", "Error.page", "a/b/WARNINGS",
        "LOG",  "10.0.0.1:",        ":17",        "INFORMATION_DESK"};

    (void)state;
    for (unsigned i = 0; i < COUNT_OF(lines); i++)
        check_plain(lines[i], topics[i % COUNT_OF(topics)]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_taken_from_plain_lines),
        cmocka_unit_test(a_topic_takes_nothing_from_them),
    };

    return cmocka_run_group_tests(tests, open_rig, close_rig);
}
