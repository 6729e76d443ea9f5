/* judge.c - what is wrong with a configuration that reads well: told once, at its setting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "judge/judge.h"
#include "zeromq/listener.h"

#define INGEST "ingest: [{name: in, bind: 'tcp://127.0.0.1:0'}]\n"

static struct {
    char folder[64];
    struct conf_problems *problems;
    struct conf *conf;
    char *said;
} t;

/* In a folder of its own, so that the paths of a test are short. */
static int begin(void **state)
{
    (void)state;
    strcpy(t.folder, "/tmp/logboom-judge-XXXXXX");
    return mkdtemp(t.folder) && chdir(t.folder) == 0 ? 0 : -1;
}

static void forget(void)
{
    conf_free(&t.conf);
    conf_problems_free(&t.problems);
    free(t.said);
    t.said = NULL;
}

static int end(void **state)
{
    char command[96];

    (void)state;
    if (t.problems)
        forget();
    snprintf(command, sizeof command, "rm -rf '%s'", t.folder);
    return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

static void read_conf(const char *text)
{
    if (t.problems)
        forget();
    t.problems = conf_problems_new();
    t.conf = conf_load_text("x.yaml", text, strlen(text), t.problems);
    assert_non_null(t.conf);
    assert_int_equal(conf_problems_count(t.problems), 0);
}

static const char *told(void)
{
    size_t len;
    FILE *out = open_memstream(&t.said, &len);

    conf_problems_print(t.problems, out);
    fclose(out);
    return t.said;
}

static const char *values_of(const char *text)
{
    read_conf(text);
    judge_values(t.conf, t.problems);
    return told();
}

/* All that --check says. */
static const char *check_of(const char *text)
{
    read_conf(text);
    judge_values(t.conf, t.problems);
    judge_surroundings(t.conf, &(struct conf_strings){.count = 0}, t.problems);
    return told();
}

static const char *two_sinks(const char *first, const char *second)
{
    static char text[512];

    snprintf(text, sizeof text,
             INGEST "sinks:\n- {name: a, type: file, path: '%s'}\n"
                    "- {name: b, type: file, path: '%s'}\n",
             first, second);
    return text;
}

static const char *one_sink(const char *path)
{
    static char text[8192];

    snprintf(text, sizeof text, INGEST "sinks:\n- {name: a, type: file, path: '%s'}\n", path);
    return text;
}

static void make_file(const char *path)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fclose(file);
}

/* ---- values -------------------------------------------------------------------------- */

static void an_unknown_owner_or_group_is_told_once(void **state)
{
    static const char wanted[] = "x.yaml:4:16: there is no user 'nosuch1' to own the socket file\n"
                                 "  ipc: {owner: nosuch1, group: nosuch2}\n"
                                 "               ^\n"
                                 "x.yaml:4:32: there is no group 'nosuch2' for the socket file\n"
                                 "  ipc: {owner: nosuch1, group: nosuch2}\n"
                                 "                               ^\n";

    (void)state;
    assert_string_equal(check_of("ingest:\n"
                                 "- name: in\n"
                                 "  bind: ['ipc:///tmp/nosuch.1', 'ipc:///tmp/nosuch.2']\n"
                                 "  ipc: {owner: nosuch1, group: nosuch2}\n"
                                 "sinks: [{name: out, type: stdout}]\n"),
                        wanted);
    assert_string_equal(check_of("ingest:\n"
                                 "- name: in\n"
                                 "  bind: 'tcp://127.0.0.1:0'\n"
                                 "  ipc: {owner: nosuch1, group: nosuch2}\n"
                                 "sinks: [{name: out, type: stdout}]\n"),
                        wanted);
    assert_string_equal(values_of("ingest:\n"
                                  "- name: in\n"
                                  "  bind: 'tcp://127.0.0.1:0'\n"
                                  "  ipc: {owner: root, group: root}\n"
                                  "sinks: [{name: out, type: stdout}]\n"),
                        "");
    assert_string_equal(check_of(INGEST "sinks:\n"
                                        "- {name: out, type: file, path: x.log, owner: nosuch1}\n"),
                        "x.yaml:3:47: there is no user 'nosuch1' to own the log file\n"
                        "- {name: out, type: file, path: x.log, owner: nosuch1}\n"
                        "                                              ^\n");
}

static void an_address_to_connect_to_must_be_one(void **state)
{
    (void)state;
    assert_string_equal(values_of(INGEST "sinks:\n"
                                         "- {name: a, type: tcp, address: 'h:1'}\n"
                                         "- {name: b, type: unix, address: './x'}\n"),
                        "");
    assert_string_equal(values_of(INGEST "sinks:\n"
                                         "- {name: a, type: tcp, address: loghost}\n"
                                         "- {name: b, type: unix, address: 'h:1'}\n"),
                        "x.yaml:3:33: 'loghost' needs a port, such as loghost:514 or [::1]:514\n"
                        "- {name: a, type: tcp, address: loghost}\n"
                        "                                ^\n"
                        "x.yaml:4:34: 'h:1' is no path; write /path/to/socket, ./socket or @name\n"
                        "- {name: b, type: unix, address: 'h:1'}\n"
                        "                                 ^\n");
}

static void a_path_of_a_folder_is_refused(void **state)
{
    (void)state;
    assert_string_equal(check_of(one_sink("logs/")),
                        "x.yaml:3:31: 'logs/' names a folder; name a file in it\n"
                        "- {name: a, type: file, path: 'logs/'}\n"
                        "                              ^\n");
    assert_string_equal(check_of(one_sink("missing/")),
                        "x.yaml:3:31: 'missing/' names a folder; name a file in it\n"
                        "- {name: a, type: file, path: 'missing/'}\n"
                        "                              ^\n");
}

/* Whether the file is there or not, and however its path is written. */
static void a_file_that_is_put_away_has_a_name_with_room(void **state)
{
    static const struct {
        const char *name, *rotate, *problem;
    } cases[] = {
        {"all.log", "size: 1MiB", ""},
        {"226", "size: 1MiB", ""},
        {"227", "size: 1MiB", "cannot be rotated: its name has 227 bytes, above the 226"},
        {"227", "", ""},
        {"a*.log", "size: 1MiB", "'a*.log' cannot be rotated: its name has a '*'"},
        {"a*.log", "", ""},
        {"all.log@20261125T211828.123456Z", "", "choose another name"},
        {"all.log@20261125T211828.123456Z.gz", "size: 1MiB", "choose another name"},
        {"all.log@notes", "size: 1MiB", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512], name[256] = "";
        const char *said;
        int len = atoi(cases[i].name);

        memset(name, 'x', (size_t)len);
        snprintf(text, sizeof text,
                 INGEST "sinks: [{name: out, type: file, path: 'logs/%s', rotate: {%s}}]\n",
                 len ? name : cases[i].name, cases[i].rotate);
        said = values_of(text);
        if (*cases[i].problem ? !strstr(said, cases[i].problem) : *said != '\0')
            fail_msg("%s", said);
    }
}

static void two_sinks_do_not_share_a_file(void **state)
{
    static const char *const same[][2] = {
        {"x.log", "x.log"},         {"x.log", "./x.log"},         {"logs/x.log", "logs//x.log"},
        {"x.log", "logs/../x.log"}, {"logs/x.log", "link/x.log"}, {"there.log", ".//there.log"},
        {"pipe", "./pipe"},         {"missing/x", "missing/x"},   {"no/x", ".//no/x"},
    };
    static const char *const different[][2] = {
        {"x.log", "y.log"},         {"x.log", "logs/x.log"},    {"there.log", "x.log"},
        {"/dev/null", "/dev/null"}, {"missing/x", "missing/y"}, {"x.log", "there.log"},
    };
    char wanted[256], path[128];

    (void)state;
    assert_int_equal(mkdir("logs", 0700), 0);
    assert_int_equal(symlink("logs", "link"), 0);
    assert_int_equal(mkfifo("pipe", 0600), 0);
    make_file("there.log");
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        snprintf(
            wanted, sizeof wanted,
            "x.yaml:4:31: '%s' is the file of sink 'a' too; give each sink a file of its own\n",
            same[i][1]);
        assert_memory_equal(values_of(two_sinks(same[i][0], same[i][1])), wanted, strlen(wanted));
    }
    for (size_t i = 0; i < sizeof different / sizeof different[0]; i++)
        assert_string_equal(values_of(two_sinks(different[i][0], different[i][1])), "");
    snprintf(path, sizeof path, "%s/x.log", t.folder);
    assert_non_null(strstr(values_of(two_sinks("x.log", path)), "is the file of sink 'a' too"));
}

static void sinks_with_many_files_share_none(void **state)
{
    static const char *const same[][2] = {
        {"{app}.log", "{host}.log"},
        {"{app}.log", "x.log"},
        {"logs/{app}/x", "{host}/web/{topic}"},
        {"logs/{app}.log", "link/{host}.log"},
        {"missing/{app}.log", "./no/..//missing/./x.log"},
        {"{app}", "x@20261125T211828.123456Z"},
    };
    static const char *const different[][2] = {
        {"{app}.log", "{host}.txt"},     {"{app}.log", "logs/x.log"},
        {"a/{app}.log", "b/{host}.log"}, {"missing/{app}", "missing/no/{app}"},
        {"{date}.log", ".log"},
    };

    (void)state;
    assert_int_equal(mkdir("logs", 0700), 0);
    assert_int_equal(symlink("logs", "link"), 0);
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        assert_non_null(strstr(values_of(two_sinks(same[i][0], same[i][1])),
                               "' can become a file of sink 'a', too, or one that it puts away"));
    for (size_t i = 0; i < sizeof different / sizeof different[0]; i++)
        assert_string_equal(values_of(two_sinks(different[i][0], different[i][1])), "");
}

static void a_template_is_judged_where_it_is_written(void **state)
{
    (void)state;
    assert_string_equal(values_of(two_sinks("x.log", "{hots}.log")),
                        "x.yaml:4:31: a path has no '{hots}'; did you mean '{host}'?\n"
                        "- {name: b, type: file, path: '{hots}.log'}\n"
                        "                              ^\n");
}

/* ---- surroundings -------------------------------------------------------------------- */

static void a_path_that_cannot_be_written_is_told_with_a_remedy(void **state)
{
    char long_name[300] = "", wanted[512];

    (void)state;
    make_file("file");
    assert_string_equal(check_of(one_sink("x.log")), "");
    assert_string_equal(check_of(one_sink("file")), "");
    assert_string_equal(check_of(one_sink("/dev/null")), "");
    assert_string_equal(check_of(one_sink("no/deeper/x.log")), ""); /* they will be made */
    assert_int_equal(symlink("nowhere", "dangling"), 0);
    assert_non_null(
        strstr(check_of(one_sink("dangling/no/x.log")),
               "x.yaml:3:31: cannot make 'dangling/no/x.log' in the folder 'dangling': No such "
               "file or directory\n"));
    assert_non_null(strstr(check_of(one_sink("file/x.log")),
                           "x.yaml:3:31: cannot append to 'file/x.log': Not a directory\n"));
    memset(long_name, 'x', 299);
    snprintf(wanted, sizeof wanted, "cannot append to '%s': File name too long\n", long_name);
    assert_non_null(strstr(check_of(one_sink(long_name)), wanted));
    assert_non_null(strstr(check_of(one_sink("/tmp")), "'/tmp' is no regular file"));
    assert_int_equal(symlink("file", "link"), 0);
    assert_non_null(strstr(check_of(one_sink("link")), "'link' is a symbolic link"));
    assert_int_equal(unlink("link"), 0);
    assert_int_equal(link("file", "link"), 0);
    assert_non_null(strstr(check_of(one_sink("link")), "'link' has 2 hard links"));
    assert_int_equal(access("x.log", F_OK), -1); /* nothing was made */
    assert_int_equal(access("no", F_OK), -1);
}

static const char *check_of_state(const char *path)
{
    char text[256];

    snprintf(text, sizeof text, INGEST "sinks: [{name: out, type: stdout}]\nstate: %s\n", path);
    return check_of(text);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* The start would refuse it, since it would be replaced. */
static void a_state_file_that_is_none_is_told(void **state)
{
    (void)state;
    make_file("empty");
    assert_string_equal(check_of_state("empty"), "");
    write_file("state", "logboomd state\nstopped: ");
    assert_string_equal(check_of_state("state"), "");
    write_file("precious", "logboomd stat");
    assert_non_null(
        strstr(check_of_state("precious"), "'precious' is no state file of logboomd\n"));
}

/* Such as when root has tried it once. */
static void a_state_file_of_somebody_else_is_told(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    make_file("state");
    assert_int_equal(chmod("state", 0640), 0);
    assert_int_equal(chmod(t.folder, 0777), 0);
    assert_int_equal(seteuid(65534), 0);
    check_of_state("state");
    assert_int_equal(seteuid(0), 0);
    assert_non_null(strstr(t.said, "cannot open the state file 'state': Permission denied\n"));
}

/* The daemon that runs is often the one that is asked for. */
static void an_address_in_use_may_be_expected_by_a_check_but_not_by_a_start(void **state)
{
    char text[128], config[256];
    struct conf_ipc ipc = {.mode.bits = 0600};
    struct listener other;
    struct address address;

    (void)state;
    snprintf(text, sizeof text, "ipc://%s/in.sock", t.folder);
    snprintf(config, sizeof config,
             "ingest: [{name: in, bind: '%s'}]\nsinks: [{name: out, type: stdout}]\n", text);
    assert_int_equal(address_parse(text, ADDRESS_TO_BIND, &address, NULL), 0);
    assert_int_equal(listener_open(&other, &address, &ipc, NULL), 0);
    assert_non_null(strstr(check_of(config),
                           "Address already in use; another program listens there: stop it or "
                           "choose another address; if that is the logboomd you are about to "
                           "restart, ask 'logboom check' instead\n"));
    read_conf(config);
    judge_listening(t.conf, NULL, t.problems);
    assert_non_null(strstr(told(), "choose another address\n"));
    listener_close(&other);
    assert_string_equal(check_of(config), "");
}

static void publishers_and_a_sink_that_blocks_are_warned_of_once_an_endpoint(void **state)
{
    static const char *const sinks[] = {
        "sinks: [{name: a, type: stdout, when_full: drop_oldest}]\n",
        "sinks: [{name: a, type: stdout, when_full: drop_newest}, {name: b, type: stdout}, "
        "{name: c, type: stdout}]\n",
    };
    const char *said;
    char text[512];

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        snprintf(text, sizeof text,
                 "ingest: [{name: in, bind: 'tcp://127.0.0.1:1'}, "
                 "{name: pubs, socket: sub, bind: 'tcp://127.0.0.1:2'}]\n%s",
                 sinks[i]);
        read_conf(text);
        judge_values(t.conf, t.problems);
        assert_int_equal(conf_problems_count(t.problems), 0);
        judge_warnings(t.conf, t.problems);
        assert_int_equal(conf_problems_count(t.problems), i);
    }
    said = told();
    assert_non_null(strstr(said, ":1:70: warning: 'pubs' is a sub socket"));
    assert_non_null(strstr(said, "when sink 'b' (when_full: block) is full"));
}

static void a_glob_that_is_none_is_told_at_its_place(void **state)
{
    (void)state;
    assert_string_equal(
        values_of(INGEST "sinks:\n  - {name: a, type: stdout, match: {app: [x, 'b[']}}\n"),
        "x.yaml:3:46: 'b[' has a '[' without a ']'; write \\[ for a bracket\n"
        "  - {name: a, type: stdout, match: {app: [x, 'b[']}}\n"
        "                                             ^\n");
}

static unsigned warnings_of(const char *text)
{
    read_conf(text);
    judge_warnings(t.conf, t.problems);
    return conf_problems_count(t.problems);
}

static void it_is_warned_of_when_no_sink_takes_everything(void **state)
{
    (void)state;
    assert_int_equal(warnings_of(INGEST "sinks: [{name: a, type: stdout}]\n"), 0);
    assert_int_equal(warnings_of(INGEST "sinks: [{name: a, type: stdout, match: {app: x}}, "
                                        "{name: b, type: stdout, match: {app: '*'}}]\n"),
                     0);
    assert_true(judge_takes_everything(t.conf));
    assert_int_equal(warnings_of(INGEST "sinks: [{name: a, type: stdout, match: {app: x}}, "
                                        "{name: b, type: stdout, match: {not: {app: x}}}]\n"),
                     1);
    assert_false(judge_takes_everything(t.conf));
    assert_non_null(strstr(told(), "x.yaml:2:8: warning: no sink takes everything; "));
}

#define SINKS "sinks: [{name: a, type: stdout}]\n"

static void a_state_file_needs_a_folder_and_a_name_of_its_own(void **state)
{
    (void)state;
    assert_string_equal(check_of("state: last\n" INGEST SINKS), "");
    assert_string_equal(check_of("state: auto\n" INGEST SINKS), "");
    assert_non_null(strstr(check_of("state: no/last\n" INGEST SINKS),
                           "x.yaml:1:8: cannot make the state file 'no/last' in the folder 'no': "
                           "No such file or directory"));
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_non_null(strstr(check_of("state: fifo\n" INGEST SINKS),
                           "the state file 'fifo' must be a regular file with one name"));
}

static void metrics_need_an_address_that_is_their_own(void **state)
{
    (void)state;
    assert_string_equal(values_of(INGEST SINKS "metrics: {listen: '127.0.0.1:9514'}\n"), "");
    assert_string_equal(values_of(INGEST SINKS "metrics: {listen: '127.0.0.1:0'}\n"), "");
    assert_non_null(strstr(values_of(INGEST SINKS "metrics: {listen: 'http://[::1]:9514/'}\n"),
                           "x.yaml:3:19: 'http://[::1]:9514/': write HOST:PORT alone"));
    assert_non_null(strstr(values_of("ingest: [{name: in, bind: 'tcp://*:9514'}]\n" SINKS
                                     "metrics: {listen: ':9514'}\n"),
                           "x.yaml:3:19: ':9514' is where 'in' listens, too"));
}

static void metrics_beyond_loopback_are_warned_of(void **state)
{
    (void)state;
    assert_int_equal(warnings_of(INGEST SINKS "metrics: {listen: 'localhost:9514'}\n"), 0);
    assert_int_equal(warnings_of(INGEST SINKS "metrics: {listen: ':9514'}\n"), 1);
    assert_non_null(strstr(told(), "x.yaml:3:19: warning: ':9514' is beyond loopback"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_unknown_owner_or_group_is_told_once),
        TEST(an_address_to_connect_to_must_be_one),
        TEST(a_path_of_a_folder_is_refused),
        TEST(a_file_that_is_put_away_has_a_name_with_room),
        TEST(two_sinks_do_not_share_a_file),
        TEST(sinks_with_many_files_share_none),
        TEST(a_template_is_judged_where_it_is_written),
        TEST(a_path_that_cannot_be_written_is_told_with_a_remedy),
        TEST(publishers_and_a_sink_that_blocks_are_warned_of_once_an_endpoint),
        TEST(a_glob_that_is_none_is_told_at_its_place),
        TEST(it_is_warned_of_when_no_sink_takes_everything),
        TEST(a_state_file_needs_a_folder_and_a_name_of_its_own),
        TEST(a_state_file_that_is_none_is_told),
        TEST(a_state_file_of_somebody_else_is_told),
        TEST(metrics_need_an_address_that_is_their_own),
        TEST(metrics_beyond_loopback_are_warned_of),
        TEST(an_address_in_use_may_be_expected_by_a_check_but_not_by_a_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
