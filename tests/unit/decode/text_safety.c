/* Hostile bytes through every decoder into every format: one entry is one line, nothing that a
 * terminal would obey is in it, no column is forged, and what was sent can be had back from
 * text, line and templates. */
#include <stdio.h>
#include <stdlib.h>

#include "aggregate/format.h"
#include "tests/unit/aggregate/json_check.h"
#include "tests/unit/aggregate/unescape.h"
#include "tests/unit/decode/decode_rig.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { MAX_MESSAGE = 64 * 1024, MAX_ENTRY = 16 * 1024, LINE_MAX_LEN = 512 * 1024 };

/* ---- what is sent ---------------------------------------------------------------------------- */

struct bytes {
    const char *at;
    size_t len;
};
#define BYTES(literal)                                                                             \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

static const struct bytes hostile[] = {
    BYTES("x\n--- logboom: sink all dropped 99 entries (full) 10:00:01.2\xe2\x80\x93"
          "10:00:03.9"),
    BYTES("--- logboom: sink all dropped 99 entries (full)"),
    BYTES("x\n2026-11-23T03:34:12.123456Z web1 shop error: forged"),
    BYTES("x\r2026-11-23T03:34:12.123456Z web1 shop error: forged"),
    BYTES("a b\tc  d"),
    BYTES("\" level=\"error"),
    BYTES("\"} {\"time\":\"2026\",\"message\":\"forged\"}"),
    BYTES("x] [logboom@32473 malformed=\"true\"] forged"),
    BYTES("\x1b[31m\x1b]0;title\x07\x1b"
          "c\x9b"
          "1m"),
    BYTES("\xc2\x9b"
          "31m \xc2\x85 \xc2\x80"),
    BYTES("\xe2\x80\xae\xe2\x81\xa6\xe2\x80\x8f\xd8\x9c right to left"),
    BYTES("\xe2\x80\xa8 and \xe2\x80\xa9"),
    BYTES("a\x7f\x08\x08"
          "b"),
    BYTES("a\0b\0"),
    BYTES("\\ \\n \\x1b \\u{85} \\\\ \\[cut] \\[torn] \\"),
    BYTES(" \\[cut]"),
    BYTES("\xff\xfe\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80\xe2\x82"),
    BYTES("{fields} {{message}} %s %n %d"),
    BYTES("<0>forged"),
    BYTES("= == a=b"),
    BYTES("Gr\xc3\xbc\xc3\x9f"
          "e \xf0\x9f\x8e\x89"),
    BYTES("-"),
    BYTES("'; rm -rf / #$(reboot)`reboot`"),
};

/* Where they are put; `^` is the place, in the topic's frame or in the payload. */
static const struct shape {
    const char *topic, *payload;
} shapes[] = {
    {NULL, "^"},
    {NULL, "^\r\n"},
    {"^", "text"},
    {"INFO.^", "^"},
    {"^:17", "INFO: ^"},
    {NULL, "<14>^"},
    {NULL, "<14>1 2026-11-23T03:34:12Z h a p m - ^"},
    {NULL, "<14>1 - ^ a p m - x"},
    {NULL, "<14>1 - h ^ p m - x"},
    {NULL, "<14>1 - h a ^ m - x"},
    {NULL, "<14>1 - h a p ^ - x"},
    {NULL, "<14>1 - h a p m [^] x"},
    {NULL, "<14>1 - h a p m [^ b=\"c\"] x"},
    {NULL, "<14>1 - h a p m [a ^=\"c\"] x"},
    {NULL, "<14>1 - h a p m [a b=\"^\"] x"},
    {NULL, "<14>1 - h a p m [fields@32473 ^=\"^\"] ^"},
    {NULL, "<14>Nov 23 03:34:12 h a[1]: ^"},
    {NULL, "<14>Nov 23 03:34:12 ^ a[1]: x"},
    {NULL, "<14>Nov 23 03:34:12 h ^[1]: x"},
    {NULL, "<14>Nov 23 03:34:12 h a[^]: x"},
    {NULL, "<14>2026-11-23T03:34:12Z ^ ^: ^"},
    {NULL, "I: (a) 26-11-23 03:34:12 ^"},
    {NULL, "I: (^) 26-11-23 03:34:12 x"},
    {NULL, "I, [2026-11-23T03:34:12.123456 #17]  INFO -- ^: ^"},
    {NULL, "[pid: 17|app: ^} [Mon Nov 23 03:34:12 2026] ^"},
    {NULL, "Mon Nov 23 03:34:12 2026 - ^"},
    {NULL, "***|*|{\"message\":\"^\"}"},
    {NULL, "/^{\"message\":\"^\"}"},
    {NULL, "{\"message\":\"^\",\"^\":\"^\"}"},
    {NULL, "{\"app\":\"^\",\"host\":\"^\",\"a\":{\"^\":[\"^\"]}}"},
};

static size_t put(char *to, const char *pattern, struct bytes bytes)
{
    char *begin = to;

    for (; pattern && *pattern; pattern++) {
        if (*pattern != '^') {
            *to++ = *pattern;
        } else {
            memcpy(to, bytes.at, bytes.len);
            to += bytes.len;
        }
    }
    return (size_t)(to - begin);
}

/* ---- what comes out ---------------------------------------------------------------------------
 */

enum { JSON, RAW, TEXT, LINE, LOGFMT, RFC5424, RFC3164, MESSAGE, COLUMNS, FIELDS, FORMATS };
static const char *const format_names[FORMATS] = {
    [JSON] = "json",
    [RAW] = "raw",
    [TEXT] = "text",
    [LINE] = "line",
    [LOGFMT] = "logfmt",
    [RFC5424] = "rfc5424",
    [RFC3164] = "rfc3164",
    [MESSAGE] = "{message}",
    [COLUMNS] = "{host} {app} {topic}",
    [FIELDS] = "{level}{fields}",
};

static struct decode_rig t;
static struct format *formats[FORMATS];
static char line[LINE_MAX_LEN + FORMAT_SPARE], back[LINE_MAX_LEN];

static size_t render(unsigned which)
{
    const char *base = t.message->bytes;
    size_t len = format_len(formats[which], t.entry, base);

    assert_in_range(len, 1, LINE_MAX_LEN);
    assert_ptr_equal(format_write(formats[which], t.entry, base, line), line + len);
    line[len] = 0;
    return len;
}

/* C0 and DEL; C1, bidirectional controls and separators as UTF-8; bytes that are none. */
static bool terminal_obeys(const char *at, size_t len, unsigned *step)
{
    uint32_t c;

    *step = utf8_sequence(at, len, &c);
    return *step == 0 || c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x61c ||
           (c >= 0x200e && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069);
}

static void check_printable(size_t len)
{
    unsigned step;

    for (size_t at = 0; at + 1 < len; at += step)
        assert_false(terminal_obeys(line + at, len - 1 - at, &step));
}

/* From an escaped column its bytes, where `-` is nothing. */
static void check_back(const char *column, size_t len, struct span span)
{
    if (span.len == 0) {
        assert_true(len == 1 && *column == '-');
        return;
    }
    assert_int_equal(unescape(column, len, back), span.len);
    assert_memory_equal(back, t.message->bytes + span.offset, span.len);
}

static void check_message(size_t len)
{
    check_back(line, len - 1, t.entry->text);
}

/* Three columns, thus two spaces. */
static void check_columns(size_t len)
{
    const struct span columns[] = {t.entry->host, t.entry->app, t.entry->topic};
    const char *at = line;

    for (unsigned i = 0; i < 3; i++) {
        const char *end = i < 2 ? memchr(at, ' ', (size_t)(line + len - at)) : line + len - 1;

        assert_non_null(end);
        check_back(at, (size_t)(end - at), columns[i]);
        at = end + 1;
    }
    assert_ptr_equal(at, line + len);
}

/* One quoted value behind its name; returns what follows. */
static const char *check_field(const char *at, const char *end, const struct field *field)
{
    const char *equals, *quote;

    assert_true(at < end && *at == ' ');
    equals = memchr(at, '=', (size_t)(end - at));
    assert_true(equals && equals[1] == '"');
    check_back(at + 1, (size_t)(equals - at - 1), field->key);
    quote = memchr(equals + 2, '"', (size_t)(end - equals - 2));
    assert_non_null(quote);
    if (field->value.len > 0)
        check_back(equals + 2, (size_t)(quote - equals - 2), field->value);
    else
        assert_ptr_equal(quote, equals + 2);
    return quote + 1;
}

static void check_fields(size_t len)
{
    const char *at = memchr(line, ' ', len), *end = line + len - 1;

    for (unsigned i = 0; i < t.entry->field_count; i++)
        at = check_field(at, end, &t.entry->fields[i]);
    assert_true(t.entry->field_count == 0 || at == end);
}

/* `--- ` begins our notices, and nothing else. */
static void check_no_notice(unsigned which)
{
    if (which == TEXT || which == LINE)
        assert_memory_not_equal(line, "--- ", 4);
}

static void check_line(unsigned which)
{
    size_t len = render(which);

    assert_ptr_equal(memchr(line, '\n', len), line + len - 1);
    if (which == RAW) { /* the client's affair, but for lines */
        assert_null(memchr(line, '\r', len));
        return;
    }
    check_printable(len);
    check_no_notice(which);
    if (which == JSON)
        assert_true(is_json_line(line, len));
    if (which == MESSAGE)
        check_message(len);
    if (which == COLUMNS)
        check_columns(len);
    if (which == FIELDS)
        check_fields(len);
}

static void check_payload(const char *payload, size_t len, const char *topic, size_t topic_len)
{
    struct message_parts parts = {.payload = {payload, len}, .topic = {topic, topic_len}};

    t.message = message_take(t.messages, &parts);
    t.entry = entry_take(t.entries);
    t.message->received_ns = t.received_ns;
    t.cursor = (struct decode_cursor){0};
    t.source_end = 0;
    while (rig_next(&t)) {
        for (unsigned which = 0; which < FORMATS; which++)
            check_line(which);
    }
    rig_end(&t);
}

static void check_shape(const struct shape *shape, struct bytes bytes)
{
    char payload[4096], topic[1024];
    size_t len = put(payload, shape->payload, bytes);

    check_payload(payload, len, topic, put(topic, shape->topic, bytes));
}

static void check_all(enum conf_decode decode, enum conf_split split)
{
    t.rules.decode = decode;
    t.rules.split = split;
    for (size_t s = 0; s < COUNT_OF(shapes); s++) {
        for (size_t i = 0; i < COUNT_OF(hostile); i++)
            check_shape(&shapes[s], hostile[i]);
        for (unsigned byte = 0; byte < 256; byte++)
            check_shape(&shapes[s], (struct bytes){(char[]){(char)byte}, 1});
    }
}

static void every_decoder_into_every_format(void **state)
{
    (void)state;
    for (enum conf_decode decode = CONF_DECODE_AUTO; decode <= CONF_DECODE_RFC3164; decode++)
        check_all(decode, CONF_SPLIT_NONE);
}

static void every_decoder_line_by_line(void **state)
{
    (void)state;
    for (enum conf_decode decode = CONF_DECODE_AUTO; decode <= CONF_DECODE_RFC3164; decode++)
        check_all(decode, CONF_SPLIT_LINES);
}

/* What we write as rfc5424 and read again is, written once more, the same. */
static void syslog_goes_round(void **state)
{
    static char first[LINE_MAX_LEN];
    size_t len, field_count;

    (void)state;
    t.rules = (struct decode_rules){.max_entry = MAX_ENTRY};
    for (size_t i = 0; i < COUNT_OF(hostile); i++) {
        char payload[4096];

        len =
            put(payload, "<14>1 2026-11-23T03:34:12Z h a - m [fields@32473 b=\"c\"] ^", hostile[i]);
        rig_begin(&t, payload, len, NULL);
        assert_true(rig_next(&t));
        field_count = t.entry->field_count;
        len = render(RFC5424);
        memcpy(first, line, len);
        rig_end(&t);
        rig_begin(&t, first, len, NULL);
        assert_true(rig_next(&t));
        assert_int_equal(t.entry->field_count, field_count);
        assert_int_equal(t.entry->level, LEVEL_INFO);
        assert_int_equal(unescape(t.message->bytes + t.entry->text.offset, t.entry->text.len, back),
                         hostile[i].len);
        assert_memory_equal(back, hostile[i].at, hostile[i].len);
        rig_end(&t);
    }
}

static int open_rig(void **state)
{
    struct format_options options = {.local_time = false};
    struct err err;

    (void)state;
    rig_open(&t, MAX_MESSAGE, MAX_ENTRY);
    for (unsigned i = 0; i < FORMATS; i++) {
        formats[i] = format_new(format_names[i], &options, &err);
        assert_non_null(formats[i]);
    }
    return 0;
}

static int close_rig(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FORMATS; i++)
        format_free(&formats[i]);
    rig_close(&t);
    return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_rig, close_rig)
    const struct CMUnitTest tests[] = {
        TEST(every_decoder_into_every_format),
        TEST(every_decoder_line_by_line),
        TEST(syslog_goes_round),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
