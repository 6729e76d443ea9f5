/* Opening a file to append to: what is right, what only a person can mend, and what time
 * may; and the line that a crash left without its end. */
#include "tests/unit/sink/sink_rig.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

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

static unsigned mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void a_new_file_gets_its_mode(void **state)
{
    mode_t mask = umask(0);

    (void)state;
    t.conf.mode.bits = 0604;
    opens();
    assert_int_equal(mode_of(t.path), 0604);
    t.conf.mode.bits = 0640; /* no business of ours once it exists */
    opens();
    umask(mask);
    assert_int_equal(mode_of(t.path), 0604);
    assert_string_equal(sink_kind_file.target(&t.conf), t.path);
}

static void what_is_there_stays_and_is_appended_to(void **state)
{
    int fd;

    (void)state;
    rig_write_file(t.path, "old\n");
    fd = open_it();
    assert_int_equal(write(fd, "new\n", 4), 4);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK),
                     O_WRONLY | O_APPEND | O_NONBLOCK);
    close(fd);
    rig_check_file(t.path, "old\nnew\n");
}

static void a_torn_line_is_ended_with_a_mark(void **state)
{
    (void)state;
    rig_write_file(t.path, "whole\ntor");
    opens();
    rig_check_file(t.path, "whole\ntor \\[torn]\n");
    opens();
    rig_check_file(t.path, "whole\ntor \\[torn]\n");
    rig_write_file(t.path, "");
    opens();
    rig_check_file(t.path, "");
    rig_write_file(t.path, "\n");
    opens();
    rig_check_file(t.path, "\n");
    rig_write_file(t.path, "x");
    opens();
    rig_check_file(t.path, "x \\[torn]\n");
}

/* The limit on file sizes plays the disk that is nearly full. */
static void a_mark_that_does_not_fit_is_finished_later(void **state)
{
    struct rlimit sizes, few;

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    rig_write_file(t.path, "torn");
    getrlimit(RLIMIT_FSIZE, &sizes);
    few = (struct rlimit){.rlim_cur = 7, .rlim_max = sizes.rlim_max};
    setrlimit(RLIMIT_FSIZE, &few);
    fails(EFBIG, "unfinished");
    setrlimit(RLIMIT_FSIZE, &sizes);
    rig_check_file(t.path, "torn \\[");
    opens();
    rig_check_file(t.path, "torn \\[ \\[torn]\n");
}

static void one_name_only(void **state)
{
    (void)state;
    rig_write_file(t.path, "x");
    assert_int_equal(link(t.path, t.other), 0);
    fails(EMLINK, "2 hard links");
    rig_check_file(t.path, "x"); /* and nothing was written to it */
    unlink(t.other);
    opens();
}

static void no_symbolic_link_wherever_it_leads(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(symlink(t.other, t.path), 0);
    fails(ELOOP, "symbolic link");
    assert_int_equal(stat(t.other, &st), -1); /* nothing was created through it */
    rig_write_file(t.other, "x\n");
    fails(ELOOP, "symbolic link");
    rig_check_file(t.other, "x\n");
}

static void no_folder_and_nothing_in_a_missing_one(void **state)
{
    (void)state;
    assert_int_equal(mkdir(t.path, 0700), 0);
    fails(EISDIR, "cannot append");
    rmdir(t.path);
    strcat(t.path, "/deeper.log");
    fails(ENOENT, "cannot append");
    *strrchr(t.path, '/') = '\0';
    rig_write_file(t.path, "");
    strcat(t.path, "/deeper.log");
    fails(ENOTDIR, "cannot append");
    *strrchr(t.path, '/') = '\0';
}

/* open(2) says ENXIO of a socket file too, but nobody will ever read that one. */
static void no_socket_file(void **state)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)state;
    strcpy(name.sun_path, t.path);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    fails(EINVAL, "no regular file");
    close(fd);
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

/* Root may do everything; the others learn why they may not. */
static void permission_is_somebody_elses(void **state)
{
    (void)state;
    if (geteuid() == 0)
        skip();
    rig_write_file(t.path, "x\n");
    chmod(t.path, 0400);
    fails(EACCES, "Permission denied");
}

/* Nobody can tell how the last line ends, so nothing is added. */
static void a_file_that_cannot_be_read_is_still_appended_to(void **state)
{
    (void)state;
    if (geteuid() == 0)
        skip();
    rig_write_file(t.path, "torn");
    chmod(t.path, 0200);
    opens();
    chmod(t.path, 0600);
    rig_check_file(t.path, "torn");
}

static void no_descriptor_left_is_said_and_may_pass(void **state)
{
    struct rlimit files, few;
    int fd;

    (void)state;
    rig_write_file(t.path, "");
    getrlimit(RLIMIT_NOFILE, &files);
    few = (struct rlimit){.rlim_cur = 0, .rlim_max = files.rlim_max};
    setrlimit(RLIMIT_NOFILE, &few);
    fd = open_it();
    setrlimit(RLIMIT_NOFILE, &files);
    assert_int_equal(fd, -1);
    assert_non_null(strstr(t.err.text, strerror(EMFILE)));
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
        TEST(a_new_file_gets_its_mode),
        TEST(what_is_there_stays_and_is_appended_to),
        TEST(a_torn_line_is_ended_with_a_mark),
        TEST(a_mark_that_does_not_fit_is_finished_later),
        TEST(one_name_only),
        TEST(no_symbolic_link_wherever_it_leads),
        TEST(no_folder_and_nothing_in_a_missing_one),
        TEST(no_socket_file),
        TEST(a_fifo_needs_a_reader),
        TEST(a_device_is_taken_as_it_is),
        TEST(permission_is_somebody_elses),
        TEST(a_file_that_cannot_be_read_is_still_appended_to),
        TEST(no_descriptor_left_is_said_and_may_pass),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
