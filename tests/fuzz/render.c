/* render.c - any entry in any format: its length was said before, it is one line, and
 * what is too long for a block is cut to what fits. No line looks like a notice, and the
 * notice of such an entry is one line, too. */
#include <stdlib.h>
#include <string.h>

#include "aggregate/format.h"
#include "aggregate/notice.h"
#include "conf/must.h"
#include "tests/unit/aggregate/json_check.h"
#include "tests/unit/aggregate/sample.h"

enum { LONGEST = 8192, REPEATS_MAX = 64, TO_BYTES = 8 * LONGEST * (REPEATS_MAX + 4) };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sample sample;
static char to[TO_BYTES];

static const struct {
    const char *template;
    struct format_options options;
} formats[] = {
    {"text", {0}},
    {"line", {0}},
    {"json", {0}},
    {"raw", {0}},
    {"logfmt", {0}},
    {"rfc5424", {0}},
    {"rfc3164", {0}},
    {"text", {.indent_newlines = true}},
    {"{topic}{fields.a}{message}\\{{{message}", {0}},
};

static void check_line(unsigned which, size_t len)
{
    to[len] = '\0';
    if (formats[which].options.indent_newlines) {
        for (char *at = to; (at = memchr(at, '\n', (size_t)(to + len - 1 - at))); at++)
            must(memcmp(at, "\n    ", 5) == 0);
    } else {
        must(memchr(to, '\n', len) == to + len - 1);
    }
    if (strcmp(formats[which].template, "json") == 0)
        must(is_json_line(to, len));
    if (strcmp(formats[which].template, "text") == 0 ||
        strcmp(formats[which].template, "line") == 0)
        must(len < 4 || memcmp(to, "--- ", 4) != 0);
}

static void check_notice(enum notice_style style)
{
    struct span app = sample.entry->app;
    struct notice notice;
    struct gaps gaps = {0};
    size_t len;

    notice_init(&notice, style, "s", false);
    gap_add(&gaps.of[DROP_FULL], DROP_FULL, 1, SAMPLE_TIME_NS, SAMPLE_TIME_NS);
    gap_vote(&gaps.of[DROP_FULL], sample.base + app.offset, app.len);
    len = notice_write(&notice, &gaps, to);
    to[len] = '\0';
    must(len <= NOTICE_LINE_MAX && memchr(to, '\n', len) == to + len - 1);
    must(style != NOTICE_JSON || is_json_line(to, len));
}

static void check_format(unsigned which)
{
    static struct entry cut;
    struct format *format = format_new(formats[which].template, &formats[which].options, NULL);
    size_t len = format_len(format, sample.entry, sample.base);

    must(len + FORMAT_SPARE <= TO_BYTES);
    must(format_write(format, sample.entry, sample.base, to) == to + len);
    check_line(which, len);
    if (len > FORMAT_ROOM_MIN) {
        format_cut(format, sample.entry, sample.base, FORMAT_ROOM_MIN, &cut);
        len = format_len(format, &cut, sample.base);
        must(len <= FORMAT_ROOM_MIN);
        must(format_write(format, &cut, sample.base, to) == to + len);
        check_line(which, len);
    }
    format_free(&format);
}

/* Takes the next piece off the data: a length, then as many bytes as there are. */
static struct span next_span(const uint8_t **data, size_t *size)
{
    size_t len = *size ? **data : 0;
    struct span span;

    *data += *size > 0;
    *size -= *size > 0;
    len = len < *size ? len : *size;
    span = sample_bytes(&sample, *data, len);
    *data += len;
    *size -= len;
    return span;
}

/* Flags, columns, two fields, and the text: the rest, several times over. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct entry *entry = sample_begin(&sample);
    uint32_t offset;
    unsigned repeats;

    if (size < 2 || size > LONGEST)
        return 0;
    entry->malformed = data[0] & 1;
    entry->cut = data[0] & 2;
    entry->time_digits = data[0] & 4 ? 9 : 6;
    entry->level = (uint8_t)((data[0] >> 4) % (LEVEL_NONE + 1));
    repeats = data[1] % REPEATS_MAX + 1;
    data += 2;
    size -= 2;
    entry->host = next_span(&data, &size);
    entry->app = next_span(&data, &size);
    entry->topic = next_span(&data, &size);
    for (unsigned i = 0; i < 2; i++) {
        struct span key = next_span(&data, &size);

        entry_add_field(entry, span_scan_key(sample.base, key.offset, key.len),
                        next_span(&data, &size));
    }
    offset = sample.len;
    while (repeats-- > 0 && sample.len + size + SAMPLE_SLACK <= SAMPLE_BYTES)
        sample_place(&sample, data, size);
    entry->text = entry->source = span_scan(sample.base, offset, sample.len - offset);
    for (unsigned i = 0; i < sizeof formats / sizeof formats[0]; i++)
        check_format(i);
    for (enum notice_style style = NOTICE_TEXT; style <= NOTICE_RFC3164; style++)
        check_notice(style);
    return 0;
}
