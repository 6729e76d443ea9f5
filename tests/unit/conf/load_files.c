/* load_files.c - files that include others, files that cannot be read, and places of problems. */
#include "conf/conf.h"

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

#include "tests/unit/conf/load_rig.h"

/* ---- places -------------------------------------------------------------- */

static const char *problem_at(struct loaded *loaded, const void *setting)
{
    conf_problems_free(&loaded->problems);
    loaded->problems = conf_problems_new();
    conf_problem(loaded->conf, loaded->problems, setting, "look at %s", "this");
    return told(loaded);
}

static void a_problem_stands_where_its_setting_was_written(void **state)
{
    static const char text[] = "# first\n"
                               "memory: {cap: 64MiB}\n"
                               "ingest:\n"
                               "  - name: in\n"
                               "    bind: ['tcp://[::]:1', 'tcp://[::]:2']\n"
                               "sinks:\n"
                               "  - name: a\n"
                               "    type: stdout\n"
                               "  - {name: b, type: file, path: /x}\n";
    struct loaded *loaded = *state;
    const struct conf *conf;

    assert_string_equal(load_text(loaded, text), "");
    conf = loaded->conf;
    assert_non_null(strstr(problem_at(loaded, &conf->memory.cap), "x.yaml:2:15: look at this\n"));
    assert_non_null(strstr(problem_at(loaded, &conf->ingest[0].bind), "x.yaml:5:11:"));
    assert_non_null(strstr(problem_at(loaded, &conf->ingest[0].bind.items[1]), "x.yaml:5:28:"));
    assert_non_null(strstr(problem_at(loaded, conf->ingest[0].bind.items[1]), "x.yaml:5:28:"));
    assert_non_null(strstr(problem_at(loaded, &conf->sinks[1].path), "x.yaml:9:33:"));
    assert_non_null(strstr(problem_at(loaded, conf->sinks[1].path), "x.yaml:9:33:"));
}

static void a_problem_of_a_default_stands_at_its_section(void **state)
{
    struct loaded *loaded = *state;
    const struct conf *conf;

    assert_string_equal(load_text(loaded, "# first\n" INGEST SINKS), "");
    conf = loaded->conf;
    assert_non_null(strstr(problem_at(loaded, &conf->memory.cap), "x.yaml:2:1:"));
    assert_non_null(strstr(problem_at(loaded, &conf->timezone), "x.yaml:2:1:"));
    assert_non_null(strstr(problem_at(loaded, &conf->sinks[0].queue), "x.yaml:3:9:"));
    assert_non_null(strstr(problem_at(loaded, &conf->ingest[0].ipc.owner), "x.yaml:2:10:"));
    assert_string_equal(problem_at(loaded, state), "look at this\n"); /* not of this conf */
}

static void a_conf_made_by_hand_has_problems_without_places(void **state)
{
    struct loaded *loaded = *state;
    struct conf conf = {0};

    conf_problem(&conf, loaded->problems, &conf.memory.cap, "too small");
    assert_string_equal(told(loaded), "too small\n");
}

/* ---- files --------------------------------------------------------------- */

static char folder[] = "/tmp/logboom-conf-XXXXXX";

static int make_folder(void **state)
{
    char path[64];

    strcpy(folder, "/tmp/logboom-conf-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/conf.d", folder);
    return mkdir(path, 0700) == 0 ? begin(state) : -1;
}

static int remove_folder(void **state)
{
    char command[96];

    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command) == 0 ? end(state) : -1;
}

static const char *path_of(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name), "w");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void included_files_add_endpoints_and_sinks_in_order(void **state)
{
    struct loaded *loaded = *state;

    write_file("main.yaml",
               "include: ['conf.d/*.yaml', 'none.d/*.yaml', last.yaml]\n" INGEST SINKS);
    write_file("conf.d/20.yaml", "sinks: [{name: twenty, type: stdout}]\n");
    write_file("conf.d/10.yaml", "sinks: [{name: ten, type: stdout}]\n"
                                 "ingest: [{name: more, connect: 'tcp://a:1'}]\n");
    write_file("conf.d/30.yml", "this: is no match\n");
    write_file("last.yaml", "sinks:\n");
    assert_string_equal(load_file(loaded, path_of("main.yaml")), "");
    assert_int_equal(loaded->conf->ingest_count, 2);
    assert_int_equal(loaded->conf->sink_count, 3);
    assert_string_equal(loaded->conf->sinks[0].name, "out");
    assert_string_equal(loaded->conf->sinks[1].name, "ten");
    assert_string_equal(loaded->conf->sinks[2].name, "twenty");
    /* The list has moved twice since this was noted. */
    assert_non_null(strstr(problem_at(loaded, &loaded->conf->sinks[0].type), "main.yaml:3:27:"));
    assert_non_null(strstr(problem_at(loaded, &loaded->conf->sinks[2].type), "20.yaml:1:30:"));
}

/* Leaves out the folder, whose name differs each time. */
static char *without_folder(const char *text)
{
    char *copy = strdup(text), *found;
    size_t len = strlen(folder) + 1;

    while ((found = strstr(copy, folder)))
        memmove(found, found + len, strlen(found + len) + 1);
    return copy;
}

static void problems_of_included_files_come_after_those_of_the_file(void **state)
{
    char *shown;

    write_file("main.yaml", "include: ['conf.d/*', missing.yaml]\n" INGEST SINKS "tiemzone: utc\n");
    write_file("conf.d/a.yaml", "memory: {cap: 1GiB}\ninclude: b.yaml\n");
    write_file("conf.d/b.yaml", "sinks: [{name: out, type: stdout}]\n");
    write_file("conf.d/c.yaml", "sinks: {\n");
    shown = without_folder(load_file(*state, path_of("main.yaml")));
    assert_string_equal(
        shown, "main.yaml:1:23: 'missing.yaml' cannot be opened: No such file or directory\n"
               "include: ['conf.d/*', missing.yaml]\n"
               "                      ^\n"
               "main.yaml:4:1: unknown key 'tiemzone'; did you mean 'timezone'?\n"
               "tiemzone: utc\n"
               "^\n"
               "conf.d/a.yaml:1:1: 'memory' cannot stand in an included file; "
               "it may only add 'ingest' and 'sinks'\n"
               "memory: {cap: 1GiB}\n"
               "^\n"
               "conf.d/a.yaml:2:1: 'include' cannot stand in an included file; "
               "it may only add 'ingest' and 'sinks'\n"
               "include: b.yaml\n"
               "^\n"
               "conf.d/b.yaml:1:16: another sink is called 'out' too\n"
               "sinks: [{name: out, type: stdout}]\n"
               "               ^\n"
               "conf.d/c.yaml:1:8: the '{' of line 1 is not closed\n"
               "sinks: {\n"
               "       ^\n");
    free(shown);
}

/* As somebody who may not look into every folder: root may. */
static void a_folder_of_files_that_cannot_be_searched_is_told(void **state)
{
    bool is_root = geteuid() == 0;
    char *shown;

    write_file("main.yaml", "include: 'conf.d/*.yaml'\n" INGEST SINKS);
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(chmod(path_of("conf.d"), 0), 0);
    if (is_root)
        assert_int_equal(seteuid(65534), 0);
    shown = without_folder(load_file(*state, path_of("main.yaml")));
    if (is_root)
        assert_int_equal(seteuid(0), 0);
    chmod(path_of("conf.d"), 0700);
    assert_string_equal(shown,
                        "main.yaml:1:10: 'conf.d/*.yaml' cannot be searched: Permission denied\n"
                        "include: 'conf.d/*.yaml'\n"
                        "         ^\n");
    free(shown);
}

static void of_a_missing_configuration_the_way_on_is_told(void **state)
{
    if (access(CONF_DEFAULT_PATH, F_OK) < 0)
        assert_string_equal(load_file(*state, CONF_DEFAULT_PATH),
                            CONF_DEFAULT_PATH ": cannot be opened: No such file or directory; name "
                                              "another with --config FILE, or begin with the "
                                              "sample conf/logboom.yaml\n");
    assert_string_equal(load_file(*state, ""), "the name of the configuration file is empty; name "
                                               "one, as in --config FILE\n");
}

static void what_cannot_be_read_is_named(void **state)
{
    char *shown;

    assert_string_equal(load_file(*state, "/nonexistent.yaml"),
                        "/nonexistent.yaml: cannot be opened: No such file or directory\n");
    assert_string_equal(load_file(*state, "/tmp"), "/tmp: cannot be read: Is a directory\n");
    assert_string_equal(load_file(*state, "/dev/zero"),
                        "/dev/zero: is larger than the largest allowed 1MiB\n");
    write_file("main.yaml", "include: pipe\n" INGEST SINKS);
    assert_int_equal(mkfifo(path_of("pipe"), 0600), 0);
    shown = without_folder(load_file(*state, path_of("main.yaml")));
    assert_string_equal(shown, "main.yaml:1:10: 'pipe' is not a regular file\n"
                               "include: pipe\n"
                               "         ^\n");
    free(shown);
}

#define FILE_TEST(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_problem_stands_where_its_setting_was_written),
        TEST(a_problem_of_a_default_stands_at_its_section),
        TEST(a_conf_made_by_hand_has_problems_without_places),
        FILE_TEST(included_files_add_endpoints_and_sinks_in_order),
        FILE_TEST(problems_of_included_files_come_after_those_of_the_file),
        FILE_TEST(a_folder_of_files_that_cannot_be_searched_is_told),
        TEST(of_a_missing_configuration_the_way_on_is_told),
        FILE_TEST(what_cannot_be_read_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
