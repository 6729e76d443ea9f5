/* curve_allow.c - keys, files and folders become a list of clients, or a sentence that says where
 * it went wrong. */
#include "zeromq/curve_allow.h"

#include "tests/unit/zeromq/curve_rig.h"

static struct curve_allow *allow;
static const void *blamed;

static void make(const char *first, const char *second)
{
    char *items[] = {(char *)(uintptr_t)first, (char *)(uintptr_t)second};
    struct conf_strings strings = {items, second ? 2 : 1};

    curve_allow_free(&allow);
    err.text[0] = '\0';
    allow = curve_allow_new(&strings, &blamed, &err);
}

static void takes(const char *first, const char *second, unsigned count)
{
    make(first, second);
    if (!allow)
        fail_msg("%s", err.text);
    assert_int_equal(curve_allow_count(allow), count);
}

static void refuses(const char *first, const char *second, const char *words)
{
    make(first, second);
    if (allow)
        fail_msg("taken: %s", first);
    said(words);
}

static const char *name_of(const char *text)
{
    struct curve_key key;

    assert_true(curve_key_parse(text, &key));
    return curve_allow_find(allow, &key);
}

static void a_key_with_and_without_a_name(void **state)
{
    char item[64];

    (void)state;
    snprintf(item, sizeof item, "web1 %s", KEY_A);
    takes(item, KEY_B, 2);
    assert_string_equal(name_of(KEY_A), "web1");
    assert_string_equal(name_of(KEY_B), KEY_B);
    takes(item, NULL, 1);
    assert_null(name_of(KEY_B));
}

static void a_file_has_a_client_a_line(void **state)
{
    char text[300];

    (void)state;
    snprintf(text, sizeof text, "# ours\n\n web1\t%s \n%s", KEY_A, KEY_B);
    takes(put("clients", 0644, text), NULL, 2);
    assert_string_equal(name_of(KEY_A), "web1");
    assert_string_equal(name_of(KEY_B), KEY_B);
}

static void files_of_a_folder_lend_their_names(void **state)
{
    char text[100];

    (void)state;
    assert_int_equal(mkdir(in_folder("d"), 0755), 0);
    snprintf(text, sizeof text, "%s\n", KEY_A);
    put("d/web1.pub", 0644, text);
    snprintf(text, sizeof text, "web2 %s\n", KEY_B);
    put("d/anything", 0644, text);
    put("d/.hidden", 0644, "not a key");
    put("d/web1.pub~", 0644, "not a key");
    takes(in_folder("d"), NULL, 2);
    assert_string_equal(name_of(KEY_A), "web1");
    assert_string_equal(name_of(KEY_B), "web2");
}

static void an_empty_list_lets_nobody_in(void **state)
{
    (void)state;
    takes(put("empty", 0644, "# nobody yet\n"), NULL, 0);
    assert_null(name_of(KEY_A));
}

static void a_client_may_have_two_keys_but_no_key_two_clients(void **state)
{
    char both[200], first[64], second[64];

    (void)state;
    snprintf(both, sizeof both, "web1 %s\nweb1 %s\n", KEY_A, KEY_B);
    takes(put("both", 0644, both), NULL, 2);
    snprintf(both, sizeof both, "web1 %s\n\nweb2 %s\n", KEY_A, KEY_A);
    refuses(put("twice", 0644, both), NULL,
            "/twice:3: the key of 'web2' stands in |/twice:1 already, for 'web1'");
    snprintf(first, sizeof first, "a %s", KEY_A);
    snprintf(second, sizeof second, "b %s", KEY_A);
    refuses(first, second, "'allow' has the key of |twice");
    snprintf(both, sizeof both, "web1 %s\n", KEY_A);
    refuses(put("once", 0644, both), first, "'allow' has the key of |twice, also in |/once");
}

static void what_is_no_client_is_told_with_its_place(void **state)
{
    static const struct {
        const char *text, *words;
    } bad[] = {
        {"web1 short\n", ":1: |no public key"},
        {"# x\nweb 1 Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\n", ":2: more than 'NAME KEY'"},
        {"we/b Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\n", ":1: |a name that is none"},
        {"public Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\n", ":1: |a name that is none"},
        {"name web1\nsecret Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\n",
         ":1: |a name that is none"},
        {"secret Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\n", ":1: a secret key|only public ones"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refuses(put("bad", 0644, bad[i].text), NULL, bad[i].words);
    refuses("web1 short", NULL, "'allow' has what is no public key");
    refuses("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hI", NULL, "no key, and no file either");
    refuses(in_folder("gone"), NULL, "no file either: No such file");
}

static void the_item_to_blame_is_named(void **state)
{
    (void)state;
    refuses(KEY_A, "web1 short", "no public key");
    assert_string_equal((const char *)blamed, "web1 short");
}

static void what_begins_like_a_path_is_one(void **state)
{
    (void)state;
    /* of the alphabet, and 40 characters long */
    refuses("/etc/logboom/clients.of.the.whole.place.", NULL, "no file either");
}

static void whoever_may_write_the_list_may_let_himself_in(void **state)
{
    char text[100];

    (void)state;
    snprintf(text, sizeof text, "web1 %s\n", KEY_A);
    refuses(put("open", 0646, text), NULL, "everybody may write it|chmod o-w");
    takes(put("open", 0664, text), NULL, 1);
    assert_int_equal(mkdir(in_folder("w"), 0755), 0);
    assert_int_equal(chmod(path, 0777), 0);
    refuses(path, NULL, "others than root and we can change it");
    if (geteuid() != 0)
        return;
    put("theirs", 0644, text);
    assert_int_equal(chown(path, 12345, 12345), 0);
    refuses(path, NULL, "belongs to uid 12345");
}

static void ten_thousand_are_let_in_and_each_is_found(void **state)
{
    struct curve_key key;
    char text[CURVE_KEY_CHARS + 1];
    FILE *file;

    (void)state;
    put("many", 0644, "");
    file = fopen(path, "w");
    memset(&key, 1, sizeof key);
    for (unsigned i = 0; i < CURVE_CLIENTS_MAX; i++) {
        memcpy(&key.bytes[(i % 8) * 4], &i, sizeof i);
        fprintf(file, "c%u %s\n", i, curve_key_show(&key, text));
        memset(&key, 1, sizeof key);
    }
    fclose(file);
    takes(path, NULL, CURVE_CLIENTS_MAX);
    for (unsigned i = 0; i < CURVE_CLIENTS_MAX; i++) {
        char name[16];

        memset(&key, 1, sizeof key);
        memcpy(&key.bytes[(i % 8) * 4], &i, sizeof i);
        snprintf(name, sizeof name, "c%u", i);
        assert_string_equal(curve_allow_find(allow, &key), name);
    }
    refuses(path, KEY_A, "'allow' has one client too many");
}

static int free_list(void **state)
{
    curve_allow_free(&allow);
    return remove_folder(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_with_and_without_a_name),
        cmocka_unit_test(a_file_has_a_client_a_line),
        cmocka_unit_test(files_of_a_folder_lend_their_names),
        cmocka_unit_test(an_empty_list_lets_nobody_in),
        cmocka_unit_test(a_client_may_have_two_keys_but_no_key_two_clients),
        cmocka_unit_test(what_is_no_client_is_told_with_its_place),
        cmocka_unit_test(the_item_to_blame_is_named),
        cmocka_unit_test(what_begins_like_a_path_is_one),
        cmocka_unit_test(whoever_may_write_the_list_may_let_himself_in),
        cmocka_unit_test(ten_thousand_are_let_in_and_each_is_found),
    };

    return cmocka_run_group_tests(tests, make_folder, free_list);
}
