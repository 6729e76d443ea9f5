/* compress.c - the compressed file is the plain one, or the plain one is still there. */
#include "tests/unit/logfile/folder_rig.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "logfile/compress.h"
#include "tests/unit/aggregate/dice.h"
#include "tests/unit/logfile/unpack.h"

static struct compress *t;
static unsigned chunks_left, chunks;
static void (*at_chunk)(void);
static struct err why;

static int open_all(void **state)
{
    t = compress_new(NULL);
    chunks_left = 1000000;
    at_chunk = NULL;
    return t ? rig_open(state) : -1;
}

static int close_all(void **state)
{
    compress_free(&t);
    return rig_close(state);
}

static bool on_chunk(void *context, size_t written_bytes)
{
    *(size_t *)context += written_bytes;
    chunks++;
    if (at_chunk)
        at_chunk();
    return chunks_left > 0 && chunks_left-- > 0;
}

static size_t written_bytes;

static enum compress_result press(enum compress_kind kind, const char *name)
{
    chunks = 0;
    written_bytes = 0;
    return compress_file(t, kind, rig_fd, name, on_chunk, &written_bytes, &why);
}

static const char *one(const char *ending)
{
    return rig_rotated("app.log", 1, ending);
}

/* Like a log: words that come again, numbers that do not. */
static char *make_log(size_t len)
{
    static const char *const words[] = {"order ", "paid ", "failed ", "user ", "timeout\n"};
    char *text = malloc(len + 32);
    size_t at = 0;

    assert_non_null(text);
    while (at < len)
        at += (size_t)sprintf(text + at, "%s%u ", words[roll(5)], roll(1000000));
    return text;
}

static void check_round_trip(enum compress_kind kind, const char *ending, const char *text,
                             size_t len)
{
    char *plain = malloc(len + 1);
    struct stat before, after;

    assert_non_null(plain);
    rig_write(one(""), text, len);
    before = rig_stat(one(""));
    assert_int_equal(press(kind, one("")), COMPRESS_DONE);
    assert_int_equal(chunks, (len + 65535) / 65536);
    after = rig_stat(one(ending));
    assert_int_equal(after.st_size, written_bytes);
    assert_int_equal(after.st_mode, before.st_mode);
    assert_memory_equal(&after.st_mtim, &before.st_mtim, sizeof after.st_mtim);
    assert_int_equal(kind == COMPRESS_ZSTD ? unpack_zstd(one(ending), plain, len + 1)
                                           : unpack_gzip(one(ending), plain, len + 1),
                     len);
    assert_memory_equal(plain, text, len);
    assert_int_equal(rig_count("."), 1);
    assert_int_equal(unlinkat(rig_fd, one(ending), 0), 0);
    free(plain);
}

static void whatever_went_in_comes_out(void **state)
{
    static const size_t sizes[] = {1, 2, 65535, 65536, 65537, 131072, 3 * 1024 * 1024 + 17};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        char *text = make_log(sizes[i]);

        check_round_trip(COMPRESS_ZSTD, ".zst", text, sizes[i]);
        check_round_trip(COMPRESS_GZIP, ".gz", text, sizes[i]);
        free(text);
    }
}

/* What does not get smaller gets larger than the buffers. */
static void noise_comes_out_as_well(void **state)
{
    enum { LEN = 1000000 };
    char *noise = malloc(LEN);

    (void)state;
    for (unsigned i = 0; i < LEN; i++)
        noise[i] = (char)roll(256);
    check_round_trip(COMPRESS_ZSTD, ".zst", noise, LEN);
    check_round_trip(COMPRESS_GZIP, ".gz", noise, LEN);
    free(noise);
}

static void owner_and_permissions_stay(void **state)
{
    struct stat after;

    (void)state;
    rig_put(one(""), 10);
    if (geteuid() == 0)
        assert_int_equal(fchownat(rig_fd, one(""), 1234, 4321, 0), 0);
    assert_int_equal(fchmodat(rig_fd, one(""), 0604, 0), 0);
    assert_int_equal(press(COMPRESS_ZSTD, one("")), COMPRESS_DONE);
    after = rig_stat(one(".zst"));
    assert_int_equal(after.st_mode & 07777, 0604);
    if (geteuid() == 0) {
        assert_int_equal(after.st_uid, 1234);
        assert_int_equal(after.st_gid, 4321);
    }
}

/* ---- what is left alone -------------------------------------------------------------------- */

static void what_is_no_file_of_ours_is_left_alone(void **state)
{
    (void)state;
    assert_int_equal(press(COMPRESS_ZSTD, one("")), COMPRESS_NOTHING);
    rig_put(one(""), 0);
    assert_int_equal(press(COMPRESS_ZSTD, one("")), COMPRESS_NOTHING);
    rig_put("target", 10);
    assert_int_equal(symlinkat("target", rig_fd, rig_rotated("app.log", 2, "")), 0);
    assert_int_equal(press(COMPRESS_ZSTD, rig_rotated("app.log", 2, "")), COMPRESS_NOTHING);
    assert_int_equal(linkat(rig_fd, "target", rig_fd, rig_rotated("app.log", 3, ""), 0), 0);
    assert_int_equal(press(COMPRESS_ZSTD, rig_rotated("app.log", 3, "")), COMPRESS_NOTHING);
    rig_mkdir(rig_rotated("app.log", 4, ""));
    assert_int_equal(press(COMPRESS_ZSTD, rig_rotated("app.log", 4, "")), COMPRESS_NOTHING);
    assert_int_equal(mkfifoat(rig_fd, rig_rotated("app.log", 5, ""), 0600), 0);
    assert_int_equal(press(COMPRESS_ZSTD, rig_rotated("app.log", 5, "")), COMPRESS_NOTHING);
    assert_int_equal(rig_count("."), 6);
}

static void a_name_that_is_taken_stays_anothers(void **state)
{
    (void)state;
    rig_put(one(""), 1000);
    rig_put(one(".zst"), 7);
    assert_int_equal(press(COMPRESS_ZSTD, one("")), COMPRESS_NOTHING);
    assert_int_equal(rig_stat(one("")).st_size, 1000);
    assert_int_equal(rig_stat(one(".zst")).st_size, 7);
    assert_int_equal(unlinkat(rig_fd, one(".zst"), 0), 0);
    assert_int_equal(symlinkat("nowhere", rig_fd, one(".zst")), 0);
    assert_int_equal(press(COMPRESS_ZSTD, one("")), COMPRESS_NOTHING);
    assert_int_equal(rig_count("."), 2);
}

/* A link that somebody puts where the unfinished file will be. */
static void a_trap_is_replaced_not_followed(void **state)
{
    (void)state;
    rig_put(one(""), 1000);
    rig_put("precious", 3);
    assert_int_equal(symlinkat("precious", rig_fd, one(".part")), 0);
    assert_int_equal(press(COMPRESS_ZSTD, one("")), COMPRESS_DONE);
    assert_int_equal(rig_stat("precious").st_size, 3);
    assert_int_equal(rig_count("."), 2);
}

/* ---- interrupted --------------------------------------------------------------------------- */

static void a_stop_leaves_the_plain_file_only(void **state)
{
    enum { LEN = 300000, CHUNKS = 5 };
    char *text = make_log(LEN);

    (void)state;
    for (unsigned i = 0; i < CHUNKS; i++) {
        rig_write(one(""), text, LEN);
        chunks_left = i;
        assert_int_equal(press(COMPRESS_ZSTD, one("")), COMPRESS_STOPPED);
        assert_int_equal(chunks, i + 1);
        assert_int_equal(rig_stat(one("")).st_size, LEN);
        assert_int_equal(rig_count("."), 1);
    }
    chunks_left = CHUNKS;
    assert_int_equal(press(COMPRESS_ZSTD, one("")), COMPRESS_DONE);
    free(text);
}

static void remove_plain(void)
{
    unlinkat(rig_fd, one(""), 0);
}

static void what_is_removed_meanwhile_is_given_up(void **state)
{
    (void)state;
    rig_put(one(""), 300000);
    at_chunk = remove_plain;
    assert_int_equal(press(COMPRESS_ZSTD, one("")), COMPRESS_NOTHING);
    assert_int_equal(chunks, 1);
    assert_int_equal(rig_count("."), 0);
}

static void append_to_plain(void)
{
    int fd = openat(rig_fd, one(""), O_WRONLY | O_APPEND);

    assert_int_equal(write(fd, "more", 4), 4);
    close(fd);
}

static void *press_beside(void *result)
{
    *(enum compress_result *)result = press(COMPRESS_ZSTD, one(""));
    return NULL;
}

/* The compressed bytes are all there, under the name that they have before the last step. */
static bool is_dressed(const struct stat *plain)
{
    struct stat st;
    char name[NAME_MAX + 1];

    snprintf(name, sizeof name, "%s%s", one(""), rotated_ending_text(ROTATED_PART));
    return fstatat(rig_fd, name, &st, 0) == 0 &&
           memcmp(&st.st_mtim, &plain->st_mtim, sizeof st.st_mtim) == 0;
}

/* Whoever counts and removes has the names to itself: a file is there under one of them. */
static void names_change_when_nobody_counts(void **state)
{
    pthread_mutex_t names = PTHREAD_MUTEX_INITIALIZER;
    enum compress_result result = COMPRESS_FAILED;
    struct stat plain;
    pthread_t thread;

    (void)state;
    compress_free(&t);
    t = compress_new(&names);
    rig_put(one(""), 1000);
    plain = rig_stat(one(""));
    pthread_mutex_lock(&names);
    assert_int_equal(pthread_create(&thread, NULL, press_beside, &result), 0);
    for (unsigned i = 0; i < 30000 && !is_dressed(&plain); i++)
        usleep(1000);
    assert_true(is_dressed(&plain));
    assert_int_equal(unlinkat(rig_fd, one(""), 0), 0);
    pthread_mutex_unlock(&names);
    pthread_join(thread, NULL);
    assert_int_equal(result, COMPRESS_NOTHING);
    assert_int_equal(rig_count("."), 0);
}

static void what_is_written_to_meanwhile_stays_plain(void **state)
{
    (void)state;
    rig_put(one(""), 100000);
    at_chunk = append_to_plain;
    assert_int_equal(press(COMPRESS_GZIP, one("")), COMPRESS_NOTHING);
    assert_int_equal(rig_stat(one("")).st_size, 100000 + 4 * chunks);
    assert_int_equal(rig_count("."), 1);
}

static void cut_plain(void)
{
    int fd = openat(rig_fd, one(""), O_WRONLY | O_TRUNC);

    close(fd);
}

static void what_is_cut_off_meanwhile_stays_as_it_is(void **state)
{
    (void)state;
    rig_put(one(""), 300000);
    at_chunk = cut_plain;
    assert_int_equal(press(COMPRESS_ZSTD, one("")), COMPRESS_NOTHING);
    assert_int_equal(rig_count("."), 1);
}

/* The kernel lets no file grow beyond 1,000 bytes: the disk that fails in the middle. */
static void a_write_that_fails_leaves_the_plain_file(void **state)
{
    enum { LEN = 300000 };
    struct rlimit before, few;
    char *text = make_log(LEN);

    (void)state;
    rig_write(one(""), text, LEN);
    getrlimit(RLIMIT_FSIZE, &before);
    few = (struct rlimit){1000, before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &few);
    for (enum compress_kind kind = COMPRESS_ZSTD; kind <= COMPRESS_GZIP; kind++) {
        assert_int_equal(press(kind, one("")), COMPRESS_FAILED);
        assert_int_equal(errno, EFBIG);
        assert_non_null(strstr(why.text, "cannot compress 'app.log@20261125T211828.000001Z': "));
        assert_int_equal(rig_count("."), 1);
    }
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(press(COMPRESS_ZSTD, one("")), COMPRESS_DONE);
    free(text);
}

static unsigned die_at;

static void die(void)
{
    if (chunks == die_at)
        _exit(0);
}

/* kill -9 after each chunk: what was unfinished is begun again. */
static void a_crash_loses_nothing(void **state)
{
    enum { LEN = 300000, CHUNKS = 5 };
    char *text = make_log(LEN), *plain = malloc(LEN + 1);

    (void)state;
    rig_write(one(""), text, LEN);
    for (die_at = 1; die_at <= CHUNKS; die_at++) {
        pid_t child = fork();

        if (child == 0) {
            at_chunk = die;
            press(COMPRESS_ZSTD, one(""));
            _exit(1);
        }
        assert_int_equal(waitpid(child, NULL, 0), child);
        assert_true(rig_has(one(".part")));
        assert_int_equal(rig_stat(one("")).st_size, LEN);
        assert_int_equal(rig_count("."), 2);
    }
    assert_int_equal(press(COMPRESS_ZSTD, one("")), COMPRESS_DONE);
    assert_int_equal(unpack_zstd(one(".zst"), plain, LEN + 1), LEN);
    assert_memory_equal(plain, text, LEN);
    free(plain);
    free(text);
}

/* The crash between the rename and the removal. */
static void what_is_there_twice_is_finished(void **state)
{
    struct stat st;

    (void)state;
    rig_put(one(""), 1000);
    rig_put(one(".zst"), 7);
    rig_date(one(""), 1);
    st = rig_stat(one(""));
    assert_false(compress_has_twin(rig_fd, one(""), &st));
    rig_date(one(".zst"), 2);
    assert_false(compress_has_twin(rig_fd, one(""), &st));
    rig_date(one(".zst"), 1);
    assert_true(compress_has_twin(rig_fd, one(""), &st));
    assert_int_equal(press(COMPRESS_ZSTD, one("")), COMPRESS_DONE);
    assert_int_equal(chunks, 0);
    assert_false(rig_has(one("")));
    assert_int_equal(rig_stat(one(".zst")).st_size, 7);
}

/* ---- memory --------------------------------------------------------------------------------- */

static size_t allocated(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

static size_t peak_bytes;

static void look_at_memory(void)
{
    peak_bytes = allocated() > peak_bytes ? allocated() : peak_bytes;
}

static void memory_is_what_the_plan_says(void **state)
{
    (void)state;
    rig_put("calm", 1);
    for (enum compress_kind kind = COMPRESS_ZSTD; kind <= COMPRESS_GZIP; kind++) {
        size_t before = allocated();

        peak_bytes = 0;
        at_chunk = look_at_memory;
        rig_put(one(""), 300000);
        assert_int_equal(press(kind, one("")), COMPRESS_DONE);
        assert_true(peak_bytes - before <= codec_bytes(kind));
        print_message("kind %d: %zu of %zu bytes\n", kind, peak_bytes - before, codec_bytes(kind));
        compress_rest(t);
        assert_true(allocated() <= before + 1024);
    }
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_folder(whatever_went_in_comes_out),
        in_folder(noise_comes_out_as_well),
        in_folder(owner_and_permissions_stay),
        in_folder(what_is_no_file_of_ours_is_left_alone),
        in_folder(a_name_that_is_taken_stays_anothers),
        in_folder(a_trap_is_replaced_not_followed),
        in_folder(a_stop_leaves_the_plain_file_only),
        in_folder(what_is_removed_meanwhile_is_given_up),
        in_folder(names_change_when_nobody_counts),
        in_folder(what_is_written_to_meanwhile_stays_plain),
        in_folder(what_is_cut_off_meanwhile_stays_as_it_is),
        in_folder(a_write_that_fails_leaves_the_plain_file),
        in_folder(a_crash_loses_nothing),
        in_folder(what_is_there_twice_is_finished),
        in_folder(memory_is_what_the_plan_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
