/* caretaker.c - the two threads: what is wanted is done, whoever asks and however often; what
 * fails is told once; and the end is quick. */
#include "tests/unit/logfile/folder_rig.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include "conf/must.h"
#include "logfile/caretaker.h"
#include "tests/unit/aggregate/dice.h"
#include "tests/unit/logfile/unpack.h"

enum { PATIENCE_MS = 30000, BOTH = 1 << COMPRESS_ZSTD | 1 << COMPRESS_GZIP };

static struct caretaker *t;
static struct ward *ward;
static int kept_stderr;

static int open_all(void **state)
{
    struct err err;

    t = caretaker_new(2, BOTH, &err);
    ward = NULL;
    return t ? rig_open(state) : -1;
}

static int close_all(void **state)
{
    if (!caretaker_free(&t, PATIENCE_MS))
        return -1;
    return rig_close(state);
}

static void add(unsigned keep, uint64_t max_total_bytes, enum compress_kind kind)
{
    const struct ward_options options = {.name = "all",
                                         .folder = rig_folder,
                                         .pattern = "app.log",
                                         .keep = keep,
                                         .max_total_bytes = max_total_bytes,
                                         .compress = kind};
    struct err err;

    ward = caretaker_add(t, &options, &err);
    assert_non_null(ward);
}

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Looks every millisecond. */
#define wait_for(...)                                                                              \
    do {                                                                                           \
        uint64_t until_ms = now_ms() + PATIENCE_MS;                                                \
                                                                                                   \
        while (!(__VA_ARGS__)) {                                                                   \
            const struct timespec pause = {.tv_nsec = 1000000};                                    \
                                                                                                   \
            if (now_ms() > until_ms)                                                               \
                fail_msg("waited in vain: %s", #__VA_ARGS__);                                      \
            nanosleep(&pause, NULL);                                                               \
        }                                                                                          \
    } while (0)

static void put_rotated(unsigned first, unsigned last, size_t len)
{
    for (unsigned i = first; i <= last; i++)
        rig_put(rig_rotated("app.log", i, ""), len);
}

static unsigned count_plain(unsigned first, unsigned last)
{
    unsigned count = 0;

    for (unsigned i = first; i <= last; i++)
        count += rig_has(rig_rotated("app.log", i, ""));
    return count;
}

/* ---- what is done --------------------------------------------------------------------------- */

static void the_first_pass_comes_by_itself(void **state)
{
    (void)state;
    rig_put("app.log", 10);
    put_rotated(1, 5, 10);
    add(2, 0, COMPRESS_NONE);
    wait_for(caretaker_counts(ward).removed == 3);
    assert_int_equal(count_plain(4, 5), 2);
    assert_int_equal(rig_count("."), 3);
}

static void a_rotated_file_is_compressed_and_kept(void **state)
{
    char plain[11];

    (void)state;
    add(2, 0, COMPRESS_ZSTD);
    for (unsigned i = 1; i <= 4; i++) {
        put_rotated(i, i, 10);
        caretaker_rotated(ward);
        wait_for(caretaker_counts(ward).compressed == i);
    }
    wait_for(caretaker_counts(ward).removed == 2);
    assert_int_equal(caretaker_counts(ward).removed_plain, 0);
    assert_int_equal(unpack_zstd(rig_rotated("app.log", 4, ".zst"), plain, 11), 10);
    assert_int_equal(rig_count("."), 2);
}

static void gzip_is_there_as_well(void **state)
{
    char plain[11];

    (void)state;
    put_rotated(1, 1, 10);
    add(2, 0, COMPRESS_GZIP);
    wait_for(caretaker_counts(ward).compressed == 1);
    assert_int_equal(unpack_gzip(rig_rotated("app.log", 1, ".gz"), plain, 11), 10);
}

static void two_wards_are_both_served(void **state)
{
    struct ward_options options = {.name = "other",
                                   .folder = rig_folder,
                                   .pattern = "*/x.log",
                                   .keep = 1,
                                   .compress = COMPRESS_GZIP};
    struct ward *other;
    struct err err;

    (void)state;
    rig_mkdir("shop");
    rig_put(rig_rotated("shop/x.log", 1, ""), 10);
    rig_put(rig_rotated("shop/x.log", 2, ""), 10);
    put_rotated(1, 2, 10);
    add(2, 0, COMPRESS_ZSTD);
    other = caretaker_add(t, &options, &err);
    assert_non_null(other);
    wait_for(caretaker_counts(ward).compressed == 2 && caretaker_counts(other).compressed == 1);
    assert_int_equal(caretaker_counts(other).removed, 1);
    assert_int_equal(caretaker_counts(ward).removed, 0);
    assert_true(rig_has(rig_rotated("shop/x.log", 2, ".gz")));
}

/* A sixteenth is left free, and every thirty-second that is written looks again. */
static void what_is_written_holds_max_total(void **state)
{
    (void)state;
    put_rotated(1, 3, 1000);
    add(0, 3200, COMPRESS_NONE);
    rig_put("app.log", 99);
    caretaker_wrote(ward, 99);
    rig_put("app.log", 100);
    caretaker_wrote(ward, 1);
    wait_for(caretaker_counts(ward).removed == 1);
    assert_int_equal(count_plain(1, 1), 0);
    assert_int_equal(count_plain(2, 3), 2);
}

static void what_a_crash_left_is_gone_when_add_returns(void **state)
{
    (void)state;
    rig_put(rig_rotated("app.log", 1, ""), 0);
    rig_put(rig_rotated("app.log", 2, ".part"), 10);
    rig_put("app.log@notes", 10);
    add(10, 0, COMPRESS_NONE);
    assert_int_equal(rig_count("."), 1);
}

/* A rotation under way has an empty file under the rotated name. */
static void an_empty_file_that_comes_later_is_left_alone(void **state)
{
    (void)state;
    add(1, 1, COMPRESS_ZSTD);
    rig_put(rig_rotated("app.log", 1, ""), 0);
    put_rotated(2, 3, 100);
    caretaker_rotated(ward);
    wait_for(caretaker_counts(ward).removed == 2);
    assert_true(rig_has(rig_rotated("app.log", 1, "")));
}

static void nobody_needs_no_wake(void **state)
{
    (void)state;
    caretaker_rotated(NULL);
    caretaker_wrote(NULL, 1000);
    assert_int_equal(caretaker_counts(NULL).removed, 0);
    add(0, 0, COMPRESS_NONE);
    caretaker_wrote(ward, UINT64_MAX);
}

static void a_pattern_that_cannot_be_is_refused(void **state)
{
    struct ward_options options = {.name = "all", .folder = rig_folder, .pattern = "../app.log"};
    struct err err;

    (void)state;
    assert_null(caretaker_add(t, &options, &err));
    assert_string_equal(err.text, "'../app.log' has a part that is empty, '.' or '..'");
}

/* ---- many at once ------------------------------------------------------------------------------
 */

enum { ROTATIONS = 300, ROTATORS = 3 };

static void *rotate_often(void *context)
{
    unsigned first = *(unsigned *)context;

    for (unsigned i = 0; i < ROTATIONS; i++) {
        char name[NAME_MAX + 1];
        int fd;

        rotated_name_make("app.log", RIG_TIME_US + first + i, name, NULL);
        fd = openat(rig_fd, name, O_CREAT | O_EXCL | O_WRONLY, 0600);
        must(fd >= 0 && write(fd, name, 20) == 20);
        close(fd);
        caretaker_wrote(ward, 20);
        caretaker_rotated(ward);
    }
    return NULL;
}

/* More than can be compressed: `keep` holds at the end, and every file was either compressed or
 * removed. */
static void a_storm_of_rotations_ends_as_it_should(void **state)
{
    unsigned firsts[ROTATORS];
    pthread_t threads[ROTATORS];
    struct ward_counts counts;

    (void)state;
    add(5, 1000, COMPRESS_ZSTD);
    for (unsigned i = 0; i < ROTATORS; i++) {
        firsts[i] = i * ROTATIONS;
        assert_int_equal(pthread_create(&threads[i], NULL, rotate_often, &firsts[i]), 0);
    }
    for (unsigned i = 0; i < ROTATORS; i++)
        pthread_join(threads[i], NULL);
    wait_for(rig_count(".") == 5 && count_plain(0, ROTATORS * ROTATIONS) == 0);
    wait_for(caretaker_counts(ward).removed >= ROTATORS * ROTATIONS - 5);
    wait_for(counts = caretaker_counts(ward),
             counts.compressed + counts.removed_plain >= ROTATORS * ROTATIONS);
    print_message("%d rotations: %llu compressed, %llu removed before that\n", ROTATORS * ROTATIONS,
                  (unsigned long long)counts.compressed, (unsigned long long)counts.removed_plain);
    assert_int_equal(counts.failed, 0);
}

/* ---- what fails
 * ----------------------------------------------------------------------------------- */

static void begin_listening(void)
{
    int fd = openat(rig_fd, "said", O_CREAT | O_RDWR | O_APPEND | O_CLOEXEC, 0600);

    kept_stderr = dup(2);
    dup2(fd, 2);
    close(fd);
}

static unsigned times_said(const char *sentence)
{
    size_t len;
    char *text = unpack_read("said", &len);
    unsigned times = 0;

    text[len] = '\0';
    for (char *at = text; (at = strstr(at, sentence)); at++)
        times++;
    free(text);
    return times;
}

static void end_listening(void)
{
    dup2(kept_stderr, 2);
    close(kept_stderr);
}

/* Does not get smaller. */
static void put_noise(const char *name)
{
    char noise[5000];

    for (unsigned i = 0; i < sizeof noise; i++)
        noise[i] = (char)roll(256);
    rig_write(name, noise, sizeof noise);
}

/* The kernel lets no file grow beyond 1,000 bytes. */
static void begin_to_fail(struct rlimit *before, struct rlimit *few)
{
    getrlimit(RLIMIT_FSIZE, before);
    *few = (struct rlimit){1000, before->rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    put_noise(rig_rotated("app.log", 1, ""));
    begin_listening();
    setrlimit(RLIMIT_FSIZE, few);
    add(10, 0, COMPRESS_ZSTD);
    wait_for(caretaker_counts(ward).failed >= 1);
}

static void what_fails_is_told_once_and_so_is_the_end(void **state)
{
    struct rlimit before, few;

    (void)state;
    begin_to_fail(&before, &few);
    put_rotated(2, 2, 10); /* which is small enough */
    caretaker_rotated(ward);
    wait_for(caretaker_counts(ward).failed >= 2);
    setrlimit(RLIMIT_FSIZE, &before);
    wait_for(caretaker_counts(ward).compressed == 2);
    wait_for(times_said("sink all: compressing again after ") == 1);
    assert_int_equal(times_said("sink all: cannot compress "), 1);
    assert_int_equal(times_said("File too large, retrying\n"), 1);
    end_listening();
    assert_int_equal(count_plain(1, 2), 0);
    assert_true(rig_has(rig_rotated("app.log", 1, ".zst")));
}

/* It was removed before it could be compressed; months later another cannot be. */
static void what_fails_anew_is_told_anew(void **state)
{
    struct rlimit before, few;

    (void)state;
    begin_to_fail(&before, &few);
    assert_int_equal(unlinkat(rig_fd, rig_rotated("app.log", 1, ""), 0), 0);
    wait_for(times_said("sink all: compressing again after ") == 1);
    setrlimit(RLIMIT_FSIZE, &before);
    put_noise(rig_rotated("app.log", 2, ""));
    setrlimit(RLIMIT_FSIZE, &few);
    caretaker_rotated(ward);
    wait_for(times_said("sink all: cannot compress ") == 2);
    setrlimit(RLIMIT_FSIZE, &before);
    wait_for(caretaker_counts(ward).compressed == 1);
    end_listening();
}

static void a_folder_that_is_none_is_told_once(void **state)
{
    char path[128];
    struct ward_options options = {.name = "odd", .folder = path, .pattern = "x.log", .keep = 1};
    struct err err;

    (void)state;
    snprintf(path, sizeof path, "%s/odd", rig_folder);
    rig_put("odd", 1);
    begin_listening();
    ward = caretaker_add(t, &options, &err);
    assert_non_null(ward);
    wait_for(times_said("Not a directory, retrying") == 1);
    assert_int_equal(unlinkat(rig_fd, "odd", 0), 0);
    caretaker_rotated(ward);
    wait_for(times_said("sink odd: rotated files are removed again after ") == 1);
    assert_int_equal(times_said("Not a directory, retrying"), 1);
    end_listening();
}

/* ---- removing ------------------------------------------------------------------------------ */

/* Its files are nobody's then; the other one's are served on. */
static void a_ward_that_is_removed_is_served_no_more(void **state)
{
    const struct ward_options options = {
        .name = "other", .folder = rig_folder, .pattern = "x.log", .keep = 1};
    struct ward *other;
    struct err err;

    (void)state;
    put_rotated(1, 1, 10);
    add(10, 0, COMPRESS_ZSTD);
    other = caretaker_add(t, &options, &err);
    wait_for(caretaker_counts(ward).compressed == 1);
    caretaker_remove(ward);
    caretaker_remove(NULL);
    put_rotated(2, 3, 10);
    rig_put(rig_rotated("x.log", 1, ""), 10);
    rig_put(rig_rotated("x.log", 2, ""), 10);
    caretaker_rotated(other);
    wait_for(caretaker_counts(other).removed == 1);
    assert_int_equal(count_plain(2, 3), 2);
}

/* It does not wait for the compressor, which lets go, and frees the ward. */
static void a_ward_may_be_removed_while_it_is_served(void **state)
{
    enum { LEN = 256 * 1024 * 1024 };
    const char *name = rig_rotated("app.log", 1, "");
    int fd = openat(rig_fd, name, O_CREAT | O_WRONLY, 0600);

    (void)state;
    assert_int_equal(ftruncate(fd, LEN), 0);
    close(fd);
    add(10, 0, COMPRESS_GZIP);
    wait_for(rig_has(rig_rotated("app.log", 1, ".part")));
    caretaker_remove(ward);
    wait_for(!rig_has(rig_rotated("app.log", 1, ".part")));
    assert_int_equal(rig_stat(rig_rotated("app.log", 1, "")).st_size, LEN);
    assert_false(rig_has(rig_rotated("app.log", 1, ".gz")));
}

/* ---- the end
 * ----------------------------------------------------------------------------------------- */

/* In the middle of a large file. */
static void the_end_does_not_wait_for_a_large_file(void **state)
{
    enum { LEN = 256 * 1024 * 1024 };
    const char *name = rig_rotated("app.log", 1, "");
    int fd = openat(rig_fd, name, O_CREAT | O_WRONLY, 0600);
    uint64_t began_ms;

    (void)state;
    assert_int_equal(ftruncate(fd, LEN), 0);
    close(fd);
    add(10, 0, COMPRESS_GZIP);
    wait_for(rig_has(rig_rotated("app.log", 1, ".part")));
    began_ms = now_ms();
    assert_true(caretaker_free(&t, PATIENCE_MS));
    print_message("ended after %llu ms\n", (unsigned long long)(now_ms() - began_ms));
    assert_null(t);
    assert_int_equal(rig_stat(rig_rotated("app.log", 1, "")).st_size, LEN);
    assert_int_equal(rig_count("."), 1);
}

static void without_wards_it_ends_as_well(void **state)
{
    (void)state;
    assert_true(caretaker_free(&t, PATIENCE_MS));
    assert_true(caretaker_free(&t, PATIENCE_MS));
}

static void what_it_holds_is_known(void **state)
{
    (void)state;
    assert_in_range(caretaker_bytes(0), 100 * 1024, 1024 * 1024);
    assert_in_range(caretaker_bytes(1 << COMPRESS_ZSTD), 2 * 1024 * 1024, 4 * 1024 * 1024);
    assert_true(caretaker_bytes(1 << COMPRESS_GZIP) < caretaker_bytes(1 << COMPRESS_ZSTD));
    assert_int_equal(caretaker_bytes(BOTH), caretaker_bytes(1 << COMPRESS_ZSTD));
    print_message("%zu, with zstd %zu, gzip %zu bytes\n", caretaker_bytes(0),
                  caretaker_bytes(1 << COMPRESS_ZSTD), caretaker_bytes(1 << COMPRESS_GZIP));
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_folder(the_first_pass_comes_by_itself),
        in_folder(a_rotated_file_is_compressed_and_kept),
        in_folder(gzip_is_there_as_well),
        in_folder(two_wards_are_both_served),
        in_folder(what_is_written_holds_max_total),
        in_folder(what_a_crash_left_is_gone_when_add_returns),
        in_folder(an_empty_file_that_comes_later_is_left_alone),
        in_folder(nobody_needs_no_wake),
        in_folder(a_pattern_that_cannot_be_is_refused),
        in_folder(a_storm_of_rotations_ends_as_it_should),
        in_folder(what_fails_is_told_once_and_so_is_the_end),
        in_folder(what_fails_anew_is_told_anew),
        in_folder(a_folder_that_is_none_is_told_once),
        in_folder(a_ward_that_is_removed_is_served_no_more),
        in_folder(a_ward_may_be_removed_while_it_is_served),
        in_folder(the_end_does_not_wait_for_a_large_file),
        in_folder(without_wards_it_ends_as_well),
        cmocka_unit_test(what_it_holds_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
