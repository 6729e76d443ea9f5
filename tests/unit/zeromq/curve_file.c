/* curve_file.c - a key pair is written for its owner alone, and read only if it still is. */
#include "zeromq/curve_file.h"

#include "tests/unit/zeromq/curve_rig.h"

static struct curve_pair pair;

static void reads(const char *name, mode_t mode, const char *text)
{
    if (curve_file_read(put(name, mode, text), &pair, &err) < 0)
        fail_msg("%s", err.text);
}

static void refuses(mode_t mode, const char *text, const char *words)
{
    static const struct curve_pair zero;

    memset(&pair, 0, sizeof pair);
    if (curve_file_read(put("bad.key", mode, text), &pair, &err) == 0)
        fail_msg("taken: %s", text);
    said(words);
    said(path);
    assert_null(strstr(err.text, SECRET_B)); /* it would be in the log */
    assert_memory_equal(&pair, &zero, sizeof pair);
}

static void what_was_written_is_read(void **state)
{
    struct curve_pair made;
    struct stat st;

    (void)state;
    assert_int_equal(curve_pair_make(&made, &err), 0);
    strcpy(made.name, "web1");
    umask(0);
    assert_int_equal(curve_file_write(in_folder("web1.key"), &made, &err), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(curve_file_read(path, &pair, &err), 0);
    assert_memory_equal(&pair, &made, sizeof pair);
}

static void a_umask_that_takes_everything_takes_nothing(void **state)
{
    struct curve_pair made;

    (void)state;
    assert_int_equal(curve_pair_make(&made, &err), 0);
    umask(0777);
    assert_int_equal(curve_file_write(in_folder("web2.key"), &made, &err), 0);
    umask(022);
    assert_int_equal(curve_file_read(path, &pair, &err), 0);
    assert_string_equal(pair.name, "");
}

static void nothing_is_written_over(void **state)
{
    struct curve_pair made;
    char text[16] = "";
    int fd;

    (void)state;
    assert_int_equal(curve_pair_make(&made, &err), 0);
    put("there.key", 0644, "mine");
    assert_int_equal(curve_file_write(path, &made, &err), -1);
    said("is there already");
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, text, sizeof text), 4);
    close(fd);
    assert_string_equal(text, "mine");

    assert_int_equal(symlink("nowhere", in_folder("link.key")), 0);
    assert_int_equal(curve_file_write(path, &made, &err), -1);
    assert_int_equal(access(in_folder("nowhere"), F_OK), -1);
}

static void a_folder_that_is_not_there_is_told(void **state)
{
    struct curve_pair made;

    (void)state;
    assert_int_equal(curve_pair_make(&made, &err), 0);
    assert_int_equal(curve_file_write("/nowhere/x.key", &made, &err), -1);
    said("cannot make '/nowhere/x.key'");
}

static void the_public_key_follows_from_the_secret(void **state)
{
    char text[100], shown[CURVE_KEY_CHARS + 1];

    (void)state;
    snprintf(text, sizeof text, "secret %s\n", SECRET_B);
    reads("b.key", 0600, text);
    assert_string_equal(curve_key_show(&pair.public_key, shown), KEY_B);
    assert_string_equal(curve_key_show(&pair.secret_key, shown), SECRET_B);
    snprintf(text, sizeof text, "# a\n\n  secret\t%s\r\nname x", SECRET_B);
    reads("b.key", 0400, text);
    assert_string_equal(pair.name, "x");
}

static void whoever_else_may_use_it_makes_it_worthless(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0610, 0601, 0644, 0666, 0777};
    char text[100];

    (void)state;
    snprintf(text, sizeof text, "secret %s\n", SECRET_B);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        refuses(modes[i], text, "others may use it|chmod 600");
}

static void one_that_belongs_to_somebody_else_is_refused(void **state)
{
    char text[100];

    (void)state;
    if (geteuid() != 0)
        skip();
    snprintf(text, sizeof text, "secret %s\n", SECRET_B);
    put("other.key", 0600, text);
    assert_int_equal(chown(path, 12345, 12345), 0);
    assert_int_equal(curve_file_read(path, &pair, &err), -1);
    said("belongs to uid 12345");
}

static void what_is_no_pair_is_told_with_its_line(void **state)
{
    static const struct {
        const char *text, *words;
    } bad[] = {
        {"", "no line 'secret KEY'"},
        {"public rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7\n", "no line 'secret KEY'"},
        {"# x\nsecret short\n", ":2: |this is no key"},
        {"name a b\n", ":1: |a line is"},
        {"name \xc3\xa9\n", ":1: |a name has"},
        {"name a\nname b\n", ":2: |a second name"},
        {"secret JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6\n\n"
         "secret JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6\n",
         ":3: |a second key"},
        {"hello\n", ":1: |a line is"},
        {"a b c d e f\n", ":1: |a line is"},
        {"secret JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6\n"
         "public Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\n",
         "does not belong to the secret one"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refuses(0600, bad[i].text, bad[i].words);
}

static void what_is_no_file_of_keys_is_refused_at_once(void **state)
{
    char *large = calloc(1, 8192);

    (void)state;
    memset(large, '\n', 8191);
    refuses(0600, large, "8191 bytes, above the largest allowed 4096");
    free(large);
    assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
    assert_int_equal(curve_file_read(path, &pair, &err), -1); /* and does not hang */
    said("no regular file");
    assert_int_equal(curve_file_read(folder, &pair, &err), -1);
    said("no regular file");
    assert_int_equal(curve_file_read(in_folder("none"), &pair, &err), -1);
    said("No such file");
    put("nul", 0600, "x");
    assert_int_equal(truncate(path, 3), 0);
    assert_int_equal(curve_file_read(path, &pair, &err), -1);
    said("a NUL in it");
}

static void a_path_that_is_not_whole_is_told_with_its_folder(void **state)
{
    (void)state;
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(curve_file_read("no-such.key", &pair, &err), -1);
    said("in 'no-such.key' in the folder '/': No such file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(a_umask_that_takes_everything_takes_nothing),
        cmocka_unit_test(nothing_is_written_over),
        cmocka_unit_test(a_folder_that_is_not_there_is_told),
        cmocka_unit_test(the_public_key_follows_from_the_secret),
        cmocka_unit_test(whoever_else_may_use_it_makes_it_worthless),
        cmocka_unit_test(one_that_belongs_to_somebody_else_is_refused),
        cmocka_unit_test(what_is_no_pair_is_told_with_its_line),
        cmocka_unit_test(what_is_no_file_of_keys_is_refused_at_once),
        cmocka_unit_test(a_path_that_is_not_whole_is_told_with_its_folder),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
