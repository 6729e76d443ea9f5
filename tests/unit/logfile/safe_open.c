/* safe_open.c - what may be opened, what is made on the way, and which traps are not
 * stepped into. */
#include "logfile/safe_open.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "tests/unit/logfile/log_rig.h"

static struct log_rig t;
static struct stat st;

/* Called after each folder that is made, with its path. */
static void (*after_mkdir)(const char *path);

int mkdirat(int folder, const char *name, mode_t mode)
{
    int result = (int)syscall(SYS_mkdirat, folder, name, mode);
    char above[PATH_MAX], path[PATH_MAX + 256];

    if (result == 0 && after_mkdir) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", folder);
        above[readlink(path, above, sizeof above - 1)] = '\0';
        snprintf(path, sizeof path, "%s/%s", above, name);
        after_mkdir(path);
    }
    return result;
}

int mkdir(const char *path, mode_t mode)
{
    int result = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);

    if (result == 0 && after_mkdir)
        after_mkdir(path);
    return result;
}

static int open_it(const char *name)
{
    t.err.text[0] = '\0';
    errno = 0;
    return safe_open(t.place.fd, name, &t.place.modes, name, &st, &t.err);
}

static void opens(const char *name)
{
    int fd = open_it(name);

    if (fd < 0)
        fail_msg("%s", t.err.text);
    close(fd);
}

/* With this errno, a sentence that names the file and holds these words, and no descriptor
 * left. */
static void fails(const char *name, int error, const char *words)
{
    unsigned descriptors = rig_descriptors();
    int fd = open_it(name), after = errno;

    assert_int_equal(fd, -1);
    assert_int_equal(after, error);
    if (!strstr(t.err.text, words) || !strstr(t.err.text, name))
        fail_msg("'%s' lacks '%s'", t.err.text, words);
    assert_int_equal(rig_descriptors(), descriptors);
}

static struct stat look(const char *name)
{
    struct stat seen;

    assert_int_equal(lstat(rig_path(&t, name), &seen), 0);
    return seen;
}

static unsigned mode_of(const char *name)
{
    return look(name).st_mode & 07777;
}

static bool is_there(const char *name)
{
    struct stat seen;

    return lstat(rig_path(&t, name), &seen) == 0;
}

static void what_is_made_gets_its_mode(void **state)
{
    mode_t mask = umask(0);

    (void)state;
    t.place.modes.file = 0604;
    t.place.modes.folder = 0711;
    opens("one/two/a.log");
    assert_int_equal(mode_of("one/two/a.log"), 0604);
    assert_int_equal(mode_of("one/two"), 0711);
    assert_int_equal(mode_of("one"), 0711);
    t.place.modes.file = 0640; /* no business of ours once it is there */
    opens("one/two/a.log");
    umask(mask);
    assert_int_equal(mode_of("one/two/a.log"), 0604);
}

static void what_is_made_gets_its_owner(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    rig_write(&t, "old.log", "");
    t.place.modes.owner = 12345;
    t.place.modes.group = 23456;
    opens("one/a.log");
    opens("old.log");
    assert_int_equal(look("one/a.log").st_uid, 12345);
    assert_int_equal(look("one/a.log").st_gid, 23456);
    assert_int_equal(look("one").st_uid, 12345);
    assert_int_equal(look("old.log").st_uid, geteuid());
}

static void what_may_not_get_its_owner_is_not_left_behind(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    t.place.modes.owner = 12345;
    assert_int_equal(chmod(t.folder, 0777), 0);
    assert_int_equal(seteuid(65534), 0);
    fails("a.log", EPERM, "cannot append");
    assert_int_equal(seteuid(0), 0);
    assert_false(is_there("a.log"));
    assert_int_equal(seteuid(65534), 0);
    fails("one/a.log", EPERM, "cannot append");
    assert_int_equal(safe_open_folder(rig_path(&t, "one/"), &t.place.modes, &t.err), -1);
    assert_int_equal(seteuid(0), 0);
    assert_false(is_there("one"));
}

static void put_a_link_in_its_place(const char *path)
{
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(symlink(rig_path(&t, "precious"), path), 0);
}

/* Whoever owns the folders that were made so far may be quick. */
static void no_owner_is_given_through_a_link(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    t.place.modes.owner = 12345;
    assert_int_equal(mkdir(rig_path(&t, "precious"), 0700), 0);
    after_mkdir = put_a_link_in_its_place;
    assert_int_equal(safe_open_folder(rig_path(&t, "one/two/"), &t.place.modes, &t.err), -1);
    assert_non_null(strstr(t.err.text, "one/two/"));
    fails("three/a.log", ELOOP, "symbolic link");
    assert_int_equal(look("precious").st_uid, 0);
    assert_int_equal(rmdir(rig_path(&t, "precious")), 0); /* and nothing was made in it */
}

static void what_is_there_stays_and_is_appended_to(void **state)
{
    int fd;

    (void)state;
    rig_write(&t, "a.log", "old\n");
    fd = open_it("a.log");
    assert_int_equal(write(fd, "new\n", 4), 4);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK),
                     O_WRONLY | O_APPEND | O_NONBLOCK);
    assert_true(S_ISREG(st.st_mode));
    assert_int_equal(st.st_size, 4);
    close(fd);
    rig_check(&t, "a.log", "old\nnew\n");
}

static void no_link_is_followed_wherever_it_is(void **state)
{
    (void)state;
    assert_int_equal(mkdir(rig_path(&t, "real"), 0700), 0);
    assert_int_equal(mkdir(rig_path(&t, "one"), 0700), 0);
    assert_int_equal(symlink("real", rig_path(&t, "link")), 0);
    assert_int_equal(symlink("../real", rig_path(&t, "one/link")), 0);
    assert_int_equal(symlink("real/target", rig_path(&t, "a.log")), 0);
    fails("a.log", ELOOP, "symbolic link");
    fails("link/a.log", ELOOP, "symbolic link");
    fails("one/link/a.log", ELOOP, "symbolic link");
    fails("one/link/deeper/a.log", ELOOP, "symbolic link");
    rig_write(&t, "real/target", "precious\n");
    fails("a.log", ELOOP, "symbolic link");
    rig_check(&t, "real/target", "precious\n");
    assert_false(is_there("real/a.log"));
    assert_false(is_there("real/deeper"));
}

static void nothing_leads_out_of_the_folder(void **state)
{
    (void)state;
    fails("../a.log", EXDEV, "leads out");
    fails("/etc/passwd", EXDEV, "leads out");
    assert_int_equal(mkdir(rig_path(&t, "one"), 0700), 0);
    fails("one/../../a.log", EXDEV, "leads out");
}

static void one_name_only(void **state)
{
    (void)state;
    rig_write(&t, "a.log", "x");
    assert_int_equal(link(rig_path(&t, "a.log"), rig_path(&t, "passwd")), 0);
    fails("a.log", EMLINK, "2 hard links");
    unlink(rig_path(&t, "passwd"));
    opens("a.log");
}

static void no_folder_and_nothing_below_a_file(void **state)
{
    (void)state;
    assert_int_equal(mkdir(rig_path(&t, "a.log"), 0700), 0);
    fails("a.log", EISDIR, "cannot append");
    rig_write(&t, "file", "");
    fails("file/a.log", ENOTDIR, "cannot append");
}

/* open(2) says ENXIO of a socket file too, but nobody will ever read that one. */
static void no_socket_file(void **state)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)state;
    snprintf(name.sun_path, sizeof name.sun_path, "%.60sa.log", t.folder);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    fails("a.log", EINVAL, "no regular file");
    close(fd);
}

static void a_fifo_needs_a_reader(void **state)
{
    int reader;

    (void)state;
    assert_int_equal(mkfifo(rig_path(&t, "a.log"), 0600), 0);
    fails("a.log", ENXIO, "nobody reads");
    reader = open(rig_path(&t, "a.log"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    opens("a.log");
    assert_true(S_ISFIFO(st.st_mode));
    close(reader);
}

static void a_new_file_must_be_new(void **state)
{
    int fd = safe_open_new(t.place.fd, "one/a.log", &t.place.modes);

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(safe_open_new(t.place.fd, "one/a.log", &t.place.modes), -1);
    assert_int_equal(errno, EEXIST);
    assert_int_equal(symlink("target", rig_path(&t, "b.log")), 0);
    assert_int_equal(safe_open_new(t.place.fd, "b.log", &t.place.modes), -1);
    assert_false(is_there("target"));
}

static void no_descriptor_left_is_said_and_may_pass(void **state)
{
    struct rlimit files, few;
    int fd;

    (void)state;
    rig_write(&t, "a.log", "");
    getrlimit(RLIMIT_NOFILE, &files);
    few = (struct rlimit){.rlim_cur = 0, .rlim_max = files.rlim_max};
    setrlimit(RLIMIT_NOFILE, &few);
    fd = open_it("a.log");
    setrlimit(RLIMIT_NOFILE, &files);
    assert_int_equal(fd, -1);
    assert_non_null(strstr(t.err.text, strerror(EMFILE)));
    opens("a.log");
}

/* ---- the folder that is configured --------------------------------------------------------- */

static void missing_folders_are_made(void **state)
{
    int fd = safe_open_folder(rig_path(&t, "one/two/three/"), &t.place.modes, &t.err);

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(mode_of("one/two/three"), 0750);
    fd = safe_open_folder(rig_path(&t, "one/two"), &t.place.modes, &t.err);
    assert_true(fd >= 0);
    close(fd);
}

/* The operator's own: /var/log may be a link to another disk. */
static void links_in_the_configured_part_are_followed(void **state)
{
    int fd;

    (void)state;
    assert_int_equal(mkdir(rig_path(&t, "real"), 0700), 0);
    assert_int_equal(symlink("real", rig_path(&t, "link")), 0);
    fd = safe_open_folder(rig_path(&t, "link/deeper/"), &t.place.modes, &t.err);
    assert_true(fd >= 0);
    close(fd);
    assert_true(is_there("real/deeper"));
}

static void a_folder_that_is_none_is_refused(void **state)
{
    (void)state;
    rig_write(&t, "file", "");
    assert_int_equal(safe_open_folder(rig_path(&t, "file/"), &t.place.modes, &t.err), -1);
    assert_int_equal(errno, ENOTDIR);
    assert_int_equal(safe_open_folder(rig_path(&t, "file/one/"), &t.place.modes, &t.err), -1);
    assert_int_equal(errno, ENOTDIR);
    assert_int_equal(symlink("nowhere", rig_path(&t, "dangling")), 0);
    assert_int_equal(safe_open_folder(rig_path(&t, "dangling/"), &t.place.modes, &t.err), -1);
    assert_false(is_there("nowhere"));
}

static int open_all(void **state)
{
    (void)state;
    after_mkdir = NULL;
    rig_open(&t);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    rig_close(&t);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_made_gets_its_mode),
        TEST(what_is_made_gets_its_owner),
        TEST(what_may_not_get_its_owner_is_not_left_behind),
        TEST(no_owner_is_given_through_a_link),
        TEST(what_is_there_stays_and_is_appended_to),
        TEST(no_link_is_followed_wherever_it_is),
        TEST(nothing_leads_out_of_the_folder),
        TEST(one_name_only),
        TEST(no_folder_and_nothing_below_a_file),
        TEST(no_socket_file),
        TEST(a_fifo_needs_a_reader),
        TEST(a_new_file_must_be_new),
        TEST(no_descriptor_left_is_said_and_may_pass),
        TEST(missing_folders_are_made),
        TEST(links_in_the_configured_part_are_followed),
        TEST(a_folder_that_is_none_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
