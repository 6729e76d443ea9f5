/* Messages as they would come from a peer, and what is printed of them and of the configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The client's objects hold a main and are not linked into tests. */
#include "client/probe_show.c"
#include "client/probe_socket.c"
#include "client/probe_yaml.c"
#include "client/reading.c"

struct shown {
    struct probe_show show;
    struct probe_peer *peer;
    char *printed;
    size_t printed_len;
};

static void open_shown(struct shown *shown, enum probe_socket socket, const char *type)
{
    struct err err;

    *shown = (struct shown){.peer = calloc(1, sizeof *shown->peer)};
    shown->peer->kept = shown->peer->in.kept = calloc(1, ZMTP_IN_KEPT_MAX + ZMTP_IN_SPARE);
    shown->peer->socket = socket;
    strcpy(shown->peer->in.type, type);
    shown->show.out = open_memstream(&shown->printed, &shown->printed_len);
    shown->show.reading = reading_new(&err);
    assert_non_null(shown->show.reading);
}

static void close_shown(struct shown *shown)
{
    fclose(shown->show.out);
    reading_free(&shown->show.reading);
    free(shown->printed);
    free(shown->peer->kept);
    free(shown->peer);
}

static void begin_message(struct shown *shown)
{
    shown->peer->in.frame_count = 0;
    shown->peer->in.kept_len = 0;
    shown->peer->in.message_len = 0;
}

static void add_frame(struct shown *shown, const char *bytes, size_t len)
{
    struct zmtp_in *in = &shown->peer->in;

    memcpy(in->kept + in->kept_len, bytes, len);
    in->frames[in->frame_count++] = (struct zmtp_frame){len, in->kept_len, (uint32_t)len};
    in->kept_len += (uint32_t)len;
    in->message_len += len;
}

/* What is printed of a message, without times. */
static const char *show(struct shown *shown)
{
    size_t before = shown->printed_len;
    char *at;

    probe_show_message(&shown->show, shown->peer);
    fflush(shown->show.out);
    for (at = shown->printed + before; (at = strstr(at, "{\"time\":\"")); at++)
        memcpy(at + 9, "TTTTTTTTTTTTTTTTTTTTTTTTTTT", 27);
    return shown->printed + before;
}

#define TIME "{\"time\":\"TTTTTTTTTTTTTTTTTTTTTTTTTTT\","

static void a_topic_and_a_text(void **state)
{
    struct shown shown;

    (void)state;
    open_shown(&shown, PROBE_SUB, "PUB");
    begin_message(&shown);
    add_frame(&shown, "a.b", 3);
    add_frame(&shown, "\x1b[1m\n", 5);
    assert_string_equal(show(&shown),
                        "message 1, from a PUB: 2 frames, 8 bytes\n"
                        "  topic           3 B  a.b\n"
                        "  payload         5 B  \\x1b[1m\\n\n"
                        "    as text: " TIME "\"topic\":\"a.b\",\"message\":\"\\u001b[1m\"}\n\n");
    assert_int_equal(shown.show.found.entries, 1);
    assert_int_equal(shown.show.found.malformed, 0);
    close_shown(&shown);
}

static void a_request_has_a_way_back(void **state)
{
    struct shown shown;

    (void)state;
    open_shown(&shown, PROBE_REP, "REQ");
    begin_message(&shown);
    add_frame(&shown, "", 0);
    add_frame(&shown, "{\"x\":1}", 7);
    assert_string_equal(show(&shown), "message 1, from a REQ: 2 frames, 7 bytes\n"
                                      "  way back        0 B  \n"
                                      "  payload         7 B  {\"x\":1}\n"
                                      "    as json: " TIME "\"message\":\"\",\"x\":1}\n\n");
    begin_message(&shown);
    add_frame(&shown, "x", 1); /* no empty frame: logboomd refuses it */
    assert_string_equal(show(&shown), "message 2, from a REQ: 1 frame, 1 byte\n"
                                      "  refused         1 B  x\n\n");
    close_shown(&shown);
}

static void bytes_that_are_no_text_are_hexadecimal_and_cut(void **state)
{
    char bytes[100];
    struct shown shown;

    (void)state;
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(0x80 + i);
    open_shown(&shown, PROBE_PULL, "PUSH");
    begin_message(&shown);
    add_frame(&shown, bytes, sizeof bytes);
    assert_non_null(strstr(show(&shown),
                           "  payload       100 B  80 81 82 83 84 85 86 87 88 89 8a 8b "
                           "8c 8d 8e 8f 90 91 92 93 94 95 96 97 98 99 9a 9b 9c 9d 9e "
                           "9f ...\n"));
    begin_message(&shown);
    add_frame(&shown, "\0", 1);
    assert_non_null(strstr(show(&shown), "  payload         1 B  00\n"));
    close_shown(&shown);
}

/* Cut between two characters, whatever their length. */
static void long_texts_are_cut(void **state)
{
    struct shown shown;
    char text[4000];

    (void)state;
    open_shown(&shown, PROBE_PULL, "PUSH");
    for (unsigned lead = 0; lead < 4; lead++) {
        const char *printed, *line_end;

        memset(text, 'x', lead);
        for (unsigned i = lead; i + 3 <= sizeof text; i += 3)
            memcpy(text + i, "\u20ac", 3);
        begin_message(&shown);
        add_frame(&shown, text, lead + 3 * ((sizeof text - lead) / 3));
        printed = strstr(show(&shown), "payload");
        line_end = strchr(printed, '\n');
        assert_memory_equal(line_end - 7, "\u20ac ...", 7);
        assert_in_range(line_end - printed, 500, 540);
        line_end = strchr(line_end + 1, '\n');
        assert_memory_equal(line_end - 7, "\u20ac ...", 7);
    }
    close_shown(&shown);
}

static void what_is_longer_than_is_kept_is_not_read(void **state)
{
    struct shown shown;

    (void)state;
    open_shown(&shown, PROBE_PULL, "PUSH");
    begin_message(&shown);
    add_frame(&shown, "{}", 2);
    shown.peer->in.frames[0].len = shown.peer->in.message_len = 300000;
    assert_string_equal(show(&shown),
                        "message 1, from a PUSH: 1 frame, 300000 bytes\n"
                        "  payload    300000 B  {} ...\n"
                        "    longer than logboomd's 'max_message', 256KiB: not read\n\n");
    assert_int_equal(shown.show.found.entries, 0);
    assert_int_equal(shown.show.found.longest_payload, 300000);
    close_shown(&shown);
}

static void a_payload_as_long_as_is_kept_is_read(void **state)
{
    char *text = malloc(ZMTP_IN_KEPT_MAX);
    struct shown shown;

    (void)state;
    memset(text, '\xff', ZMTP_IN_KEPT_MAX); /* the longest when rendered */
    open_shown(&shown, PROBE_PULL, "PUSH");
    begin_message(&shown);
    add_frame(&shown, text, ZMTP_IN_KEPT_MAX);
    assert_non_null(strstr(show(&shown), "    cut: its text is longer than 'max_entry', 64KiB\n"));
    close_shown(&shown);
    free(text);
}

static void nothing_is_printed_where_only_the_configuration_is_wanted(void **state)
{
    struct shown shown;
    FILE *out;

    (void)state;
    open_shown(&shown, PROBE_PULL, "PUSH");
    out = shown.show.out;
    shown.show.out = NULL;
    begin_message(&shown);
    add_frame(&shown, "x", 1);
    probe_show_message(&shown.show, shown.peer);
    assert_int_equal(shown.show.found.entries, 1);
    shown.show.out = out;
    fflush(out);
    assert_int_equal(shown.printed_len, 0);
    close_shown(&shown);
}

/* ---- the configuration ----------------------------------------------------------- */

static void print_and_compare(const struct probe_yaml *yaml, const char *expected)
{
    char *printed = NULL;
    size_t len;
    FILE *out = open_memstream(&printed, &len);

    probe_yaml_print(yaml, out);
    fclose(out);
    assert_string_equal(printed, expected);
    free(printed);
}

static void the_configuration_has_what_is_needed_and_no_more(void **state)
{
    struct probe_found found = {.socket = PROBE_PULL, .type = "PUSH", .messages = 1, .entries = 1};
    struct probe_yaml yaml = {
        .found = &found, .address = "ipc:///a'b # c", .is_loopback = true, .binds = true};

    (void)state;
    print_and_compare(&yaml, "# for a client that is a PUSH and connects; try it with logboomd "
                             "--config FILE\n"
                             "ingest:\n"
                             "  - name: probed\n"
                             "    socket: pull\n"
                             "    bind: 'ipc:///a''b # c'\n"
                             "sinks:\n"
                             "  - name: seen\n"
                             "    type: stdout\n");
}

static void limits_follow_the_longest(void **state)
{
    static const struct {
        uint64_t len;
        const char *lines;
    } cases[] = {
        {65536, ""},
        {65537, "    max_entry: 128KiB\n"},
        {262144, "    max_entry: 256KiB\n"},
        {262145, "    max_entry: 512KiB\n    max_message: 512KiB\n"},
        {16 * 1024 * 1024, "    max_entry: 1MiB\n    max_message: 16MiB\n"},
    };
    struct probe_found found = {.socket = PROBE_PULL, .type = "PUSH", .messages = 1, .entries = 1};
    char *printed = NULL;
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        FILE *out = open_memstream(&printed, &len);

        found.longest_message = found.longest_payload = cases[i].len;
        print_limits(&found, out);
        fclose(out);
        assert_string_equal(printed, cases[i].lines);
        free(printed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_topic_and_a_text),
        cmocka_unit_test(a_request_has_a_way_back),
        cmocka_unit_test(bytes_that_are_no_text_are_hexadecimal_and_cut),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(what_is_longer_than_is_kept_is_not_read),
        cmocka_unit_test(a_payload_as_long_as_is_kept_is_read),
        cmocka_unit_test(nothing_is_printed_where_only_the_configuration_is_wanted),
        cmocka_unit_test(the_configuration_has_what_is_needed_and_no_more),
        cmocka_unit_test(limits_follow_the_longest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
