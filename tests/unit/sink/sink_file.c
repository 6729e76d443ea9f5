/* From a sink's settings to its place; and what is opened as a plain descriptor. How log
 * files are opened is tested in tests/unit/logfile. */
#include "tests/unit/sink/sink_rig.h"

static struct {
    char folder[64], path[96], other[96];
    struct conf_sink conf;
    struct err err;
} t;

static int open_it(void)
{
    t.err.text[0] = '\0';
    errno = 0;
    return sink_kind_file.open(&t.conf, &t.err);
}

static void opens(void)
{
    int fd = open_it();

    if (fd < 0)
        fail_msg("%s", t.err.text);
    close(fd);
}

/* Fails with this errno, a sentence that names the path and holds these words, and no
 * descriptor left. */
static void fails(int error, const char *words)
{
    unsigned descriptors = rig_descriptors();
    int fd = open_it(), after = errno;

    assert_int_equal(fd, -1);
    assert_int_equal(after, error);
    if (!strstr(t.err.text, words) || !strstr(t.err.text, t.path))
        fail_msg("'%s' lacks '%s'", t.err.text, words);
    assert_int_equal(rig_descriptors(), descriptors);
}

/* ---- the path and the settings ----------------------------------------------------------------
 */

static void the_folder_is_taken_as_it_was_written(void **state)
{
    struct sink_file file = {0};

    (void)state;
    assert_int_equal(sink_file_init(&file, &t.conf, false, &t.err), 0);
    assert_string_equal(file.name, "out.log");
    assert_memory_equal(file.place.folder, t.path, strlen(t.path) - strlen("out.log"));
    assert_int_equal(strlen(file.place.folder), strlen(t.path) - strlen("out.log"));
    sink_file_fini(&file);
    sink_file_fini(&file);
    t.conf.path = (char *)(uintptr_t) "out.log";
    assert_int_equal(sink_file_init(&file, &t.conf, false, &t.err), 0);
    assert_string_equal(file.place.folder, "");
    sink_file_fini(&file);
}

static void settings_become_the_places(void **state)
{
    struct sink_file file = {0};

    (void)state;
    t.conf.mode.bits = 0604;
    t.conf.rotate = (struct conf_rotate){.size = {12345}, .every = CONF_EVERY_1D};
    t.conf.sync.ms = CONF_SYNC_EACH;
    t.conf.min_free.bytes = 67890;
    assert_int_equal(sink_file_init(&file, &t.conf, true, &t.err), 0);
    assert_int_equal(file.place.modes.file, 0604);
    assert_int_equal(file.place.modes.folder, 0750);
    assert_int_equal(file.place.modes.owner, (uid_t)-1);
    assert_int_equal(file.place.rotate_bytes, 12345);
    assert_int_equal(file.place.rotate_every, LOG_PERIOD_DAY);
    assert_true(file.place.local_time);
    assert_true(file.place.sync_ms == LOG_SYNC_EACH);
    assert_int_equal(file.place.min_free_bytes, 67890);
    sink_file_fini(&file);
}

static void owners_are_known_by_name(void **state)
{
    struct sink_file file = {0};

    (void)state;
    t.conf.owner = (char *)(uintptr_t) "root";
    t.conf.group = (char *)(uintptr_t) "root";
    assert_int_equal(sink_file_init(&file, &t.conf, false, &t.err), 0);
    assert_int_equal(file.place.modes.owner, 0);
    assert_int_equal(file.place.modes.group, 0);
    sink_file_fini(&file);
    t.conf.owner = (char *)(uintptr_t) "nobody-at-all";
    fails(EINVAL, "nobody-at-all");
    t.conf.owner = NULL;
    t.conf.group = (char *)(uintptr_t) "no-such-group";
    fails(EINVAL, "no-such-group");
}

/* ---- what is no log file ----------------------------------------------------------------------
 */

static void what_could_be_put_away_is_a_log_file(void **state)
{
    (void)state;
    assert_true(sink_file_is_log(&t.conf)); /* it will be made */
    rig_write_file(t.path, "");
    assert_true(sink_file_is_log(&t.conf));
    unlink(t.path);
    assert_int_equal(mkfifo(t.path, 0600), 0);
    assert_false(sink_file_is_log(&t.conf));
    t.conf.path = (char *)(uintptr_t) "/dev/null";
    assert_false(sink_file_is_log(&t.conf));
}

static void a_fifo_needs_a_reader(void **state)
{
    int reader;

    (void)state;
    assert_int_equal(mkfifo(t.path, 0600), 0);
    fails(ENXIO, "nobody reads");
    reader = open(t.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    opens();
    close(reader);
    fails(ENXIO, "nobody reads");
}

static void a_device_is_taken_as_it_is(void **state)
{
    (void)state;
    t.conf.path = (char *)(uintptr_t) "/dev/null";
    opens();
}

static int make_folder(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    strcpy(t.folder, "/tmp/sink_file-XXXXXX");
    if (!mkdtemp(t.folder))
        return -1;
    snprintf(t.path, sizeof t.path, "%s/out.log", t.folder);
    snprintf(t.other, sizeof t.other, "%s/other", t.folder);
    t.conf = (struct conf_sink){.type = CONF_SINK_FILE, .path = t.path, .mode = {0640}};
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(t.path);
    unlink(t.other);
    return rmdir(t.folder);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_folder_is_taken_as_it_was_written),
        TEST(settings_become_the_places),
        TEST(owners_are_known_by_name),
        TEST(what_could_be_put_away_is_a_log_file),
        TEST(a_fifo_needs_a_reader),
        TEST(a_device_is_taken_as_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
