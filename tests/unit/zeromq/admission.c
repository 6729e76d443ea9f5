/* admission.c - what is different between two lists, in words; users; and that no secret is left
 * behind in memory. */
#include "zeromq/admission.h"

#include <pwd.h>

#include "tests/unit/zeromq/curve_rig.h"
#include "zeromq/curve_file.h"

static struct curve_allow *list_of(unsigned from, unsigned to, const char *prefix)
{
    char text[64], key_text[CURVE_KEY_CHARS + 1];
    char **items = calloc(to - from + 1, sizeof *items);
    struct conf_strings strings = {items, to - from};
    struct curve_key key = {{0}};
    struct curve_allow *allow;
    const void *blamed;

    for (unsigned i = from; i < to; i++) {
        key.bytes[0] = (unsigned char)i;
        key.bytes[1] = (unsigned char)(i >> 8);
        snprintf(text, sizeof text, "%s%u %s", prefix, i, curve_key_show(&key, key_text));
        items[i - from] = strdup(text);
    }
    allow = curve_allow_new(&strings, &blamed, &err);
    for (unsigned i = 0; i < to - from; i++)
        free(items[i]);
    free(items);
    return allow;
}

/* The first list has these numbers, and the second those. */
static const char *shown(unsigned from, unsigned to, unsigned now_from, unsigned now_to,
                         const char *now_prefix)
{
    static char text[ADMISSION_TEXT_MAX];
    struct curve_allow *before = list_of(from, to, "web"),
                       *now = list_of(now_from, now_to, now_prefix);
    struct admission_change change = {.cut = 0};

    admission_compare(before, now, &change);
    admission_show(&change, text);
    curve_allow_free(&before);
    curve_allow_free(&now);
    return text;
}

static void what_is_different_is_told(void **state)
{
    (void)state;
    assert_string_equal(shown(1, 4, 1, 4, "web"), "");
    assert_string_equal(shown(1, 4, 1, 5, "web"), "1 client added");
    assert_string_equal(shown(1, 4, 3, 6, "web"),
                        "2 clients added, 2 clients taken off (web1, web2)");
    assert_string_equal(shown(1, 2, 1, 1, "web"), "1 client taken off (web1)");
    assert_string_equal(shown(1, 4, 2, 4, "db"), "1 client taken off (web1), 2 clients renamed");
}

/* As many names as there is room for, and the number of the others. */
static void of_many_some_are_named(void **state)
{
    const char *text = shown(1000, 2000, 0, 0, "web");
    unsigned named = 0, more = 0;

    (void)state;
    for (const char *at = text; (at = strstr(at, "web")); at++)
        named++;
    assert_int_equal(sscanf(strstr(text, " and "), " and %u more)", &more), 1);
    assert_int_equal(strncmp(text, "1000 clients taken off (web", 27), 0);
    assert_in_range(named, 20, 40);
    assert_int_equal(named + more, 1000);
}

/* ---- users ------------------------------------------------------------------------------------
 */

static const struct conf_curve plain = {.encryption = CONF_ENCRYPTION_NONE};

static void users_have_names_or_numbers(void **state)
{
    char root[] = "root", number[] = "4242", *items[] = {root, number};
    struct conf_ipc ipc = {.allow_uid = {items, 2}};
    const void *blamed;
    struct admission *admission = admission_new(&plain, &ipc, &blamed, &err);

    (void)state;
    assert_non_null(admission);
    assert_true(admission->picks_users);
    assert_int_equal(admission->user_count, 2);
    assert_int_equal(admission->users[0], 0);
    assert_int_equal(admission->users[1], 4242);
    admission_free(&admission);
    ipc.allow_uid.count = 0;
    admission = admission_new(&plain, &ipc, &blamed, &err);
    assert_false(admission->picks_users);
    admission_free(&admission);
}

static void what_is_no_user_is_refused(void **state)
{
    static const char *const wrong[] = {"-1", "4294967295", "99999999999999999999", "1x",
                                        "",   " 1",         "no such user"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char *items[] = {(char *)(uintptr_t)wrong[i]};
        struct conf_ipc ipc = {.allow_uid = {items, 1}};
        const void *blamed;

        if (admission_new(&plain, &ipc, &blamed, &err))
            fail_msg("'%s' is a user", wrong[i]);
        assert_ptr_equal(blamed, wrong[i]);
    }
}

/* ---- secrets ------------------------------------------------------------------------------------
 */

/* How often these bytes, each of which is the complement of those here, stand in memory that this
 * process can write: so that what is looked for is not found in what says so. */
static unsigned count_in_memory(const unsigned char *complement, size_t len)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512], rights[8], name[256];
    unsigned long from, to;
    unsigned count = 0;

    assert_non_null(maps);
    while (fgets(line, sizeof line, maps)) {
        *name = '\0';
        assert_true(sscanf(line, "%lx-%lx %7s %*s %*s %*s %255s", &from, &to, rights, name) >= 3);
        if (strncmp(rights, "rw", 2) != 0 || strncmp(name, "[vv", 3) == 0)
            continue;
        for (const unsigned char *at = (const unsigned char *)from;
             at + len <= (const unsigned char *)to; at++) {
            size_t i = 0;

            while (i < len && (at[i] ^ complement[i]) == 0xff)
                i++;
            count += i == len;
        }
    }
    fclose(maps);
    return count;
}

static void note(unsigned char *complement, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        complement[i] = (unsigned char)~((const unsigned char *)bytes)[i];
}

static void no_secret_is_left_when_it_is_freed(void **state)
{
    unsigned char key[CURVE_KEY_BYTES], text[CURVE_KEY_CHARS];
    char secret_text[CURVE_KEY_CHARS + 1], *keys[1], *allow[1];
    struct conf_curve conf = {
        .encryption = CONF_ENCRYPTION_CURVE, .key = {keys, 1}, .allow = {allow, 1}};
    const struct conf_ipc ipc = {.mode = {0}};
    struct admission *admission;
    struct curve_pair pair;
    const void *blamed;

    (void)state;
#ifdef LOGBOOM_SAN
    skip(); /* terabytes of shadow */
#endif
    assert_int_equal(curve_pair_make(&pair, &err), 0);
    note(key, &pair.secret_key, sizeof key);
    note(text, curve_key_show(&pair.secret_key, secret_text), sizeof text);
    explicit_bzero(secret_text, sizeof secret_text);
    keys[0] = strdup(in_folder("server.key"));
    assert_int_equal(curve_file_write(keys[0], &pair, &err), 0);
    curve_pair_wipe(&pair);
    allow[0] = strdup(put("clients", 0600, ""));
    assert_int_equal(count_in_memory(text, sizeof text), 0);
    admission = admission_new(&conf, &ipc, &blamed, &err);
    assert_non_null(admission);
    assert_true(count_in_memory(key, sizeof key) >= 1); /* it would be found */
    admission_free(&admission);
    assert_int_equal(count_in_memory(key, sizeof key), 0);
    assert_int_equal(count_in_memory(text, sizeof text), 0);
    free(keys[0]);
    free(allow[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_different_is_told),
        cmocka_unit_test(of_many_some_are_named),
        cmocka_unit_test(users_have_names_or_numbers),
        cmocka_unit_test(what_is_no_user_is_refused),
        cmocka_unit_test_setup_teardown(no_secret_is_left_when_it_is_freed, make_folder,
                                        remove_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
