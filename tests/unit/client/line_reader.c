/* Lines come out whole wherever the input happens to be cut: every case is read in
 * pieces of every size, through buffers of every size that the header allows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The client's objects hold a main and are not linked into tests. */
#include "client/line_reader.c"

enum { BUFFER_COUNT = 2, TEXT_MAX = 64 };

/* Reads `text` in pieces of at most piece_bytes and moves to the other buffer, which is
 * wiped first, whenever there is no room. Lines are shown as `[bytes+cut]`. */
struct walk {
    struct line_reader reader;
    char *buffers[BUFFER_COUNT];
    unsigned current;
    size_t capacity_bytes;
    char shown[1024];
    size_t shown_len;
    uint64_t last_number;
};

static void show(struct walk *walk, const struct line *line)
{
    char *at = walk->shown + walk->shown_len;

    assert_true(walk->shown_len + line->len + 32 < sizeof(walk->shown));
    assert_int_equal(line->number, walk->last_number + 1);
    walk->last_number = line->number;
    *at++ = '[';
    memcpy(at, line->bytes, line->len);
    at += line->len;
    if (line->cut_bytes > 0)
        at += sprintf(at, "+%u", (unsigned)line->cut_bytes);
    *at++ = ']';
    walk->shown_len = (size_t)(at - walk->shown);
}

static void walk_begin(struct walk *walk, size_t capacity_bytes, size_t max_line_bytes)
{
    *walk = (struct walk){.capacity_bytes = capacity_bytes};
    for (unsigned i = 0; i < BUFFER_COUNT; i++)
        walk->buffers[i] = malloc(capacity_bytes);
    line_reader_init(&walk->reader, walk->buffers[0], capacity_bytes, max_line_bytes);
}

static void walk_end(struct walk *walk)
{
    for (unsigned i = 0; i < BUFFER_COUNT; i++)
        free(walk->buffers[i]);
}

static void walk_move(struct walk *walk)
{
    char *old = walk->buffers[walk->current];

    walk->current = (walk->current + 1) % BUFFER_COUNT;
    line_reader_move(&walk->reader, walk->buffers[walk->current]);
    memset(old, '!', walk->capacity_bytes);
}

static void walk_file(struct walk *walk, const char *text, size_t len, size_t piece_bytes)
{
    struct line line;

    walk->last_number = 0;
    while (len > 0) {
        if (line_reader_room_bytes(&walk->reader) == 0)
            walk_move(walk);
        size_t room = line_reader_room_bytes(&walk->reader);
        size_t piece = len < piece_bytes ? len : piece_bytes;
        if (piece > room)
            piece = room;
        assert_true(piece > 0);
        memcpy(line_reader_room(&walk->reader), text, piece);
        line_reader_filled(&walk->reader, piece);
        text += piece;
        len -= piece;
        while (line_reader_next(&walk->reader, &line))
            show(walk, &line);
    }
    if (line_reader_end(&walk->reader, &line))
        show(walk, &line);
}

static void expect(const char *text, size_t len, size_t max_line_bytes, const char *shown,
                   size_t shown_len)
{
    for (size_t capacity = max_line_bytes + 1; capacity <= max_line_bytes + len + 2; capacity++) {
        for (size_t piece = 1; piece <= len + 1; piece++) {
            struct walk walk;

            walk_begin(&walk, capacity, max_line_bytes);
            walk_file(&walk, text, len, piece);
            assert_int_equal(walk.shown_len, shown_len);
            assert_memory_equal(walk.shown, shown, shown_len);
            walk_end(&walk);
        }
    }
}

/* Literals, NUL included. */
#define EXPECT(text, max_line_bytes, shown)                                                        \
    expect(text, sizeof(text) - 1, max_line_bytes, shown, sizeof(shown) - 1)

static void lines_are_whole_at_every_boundary(void **state)
{
    (void)state;
    EXPECT("one\ntwo\nthree\n", 8, "[one][two][three]");
    EXPECT("a\n", 8, "[a]");
}

static void an_empty_file_has_no_line(void **state)
{
    (void)state;
    EXPECT("", 8, "");
}

static void an_empty_line_is_a_line(void **state)
{
    (void)state;
    EXPECT("\n", 8, "[]");
    EXPECT("\n\na\n\n", 8, "[][][a][]");
}

static void a_last_line_needs_no_newline(void **state)
{
    (void)state;
    EXPECT("one\ntwo", 8, "[one][two]");
    EXPECT("one", 8, "[one]");
}

static void every_byte_but_the_newline_belongs_to_the_line(void **state)
{
    (void)state;
    EXPECT("a\0b\n\0\n\0", 8, "[a\0b][\0][\0]");
    EXPECT("dos\r\n\r\nx\ry\n", 8, "[dos\r][\r][x\ry]");
    EXPECT("\xff\xfe\n\x80", 8, "[\xff\xfe][\x80]");
}

static void a_line_of_exactly_the_maximum_is_whole(void **state)
{
    (void)state;
    EXPECT("12345678\n", 8, "[12345678]");
    EXPECT("12345678", 8, "[12345678]");
    EXPECT("x\n12345678\ny\n", 8, "[x][12345678][y]");
}

static void a_longer_line_is_cut_and_the_rest_counted(void **state)
{
    (void)state;
    EXPECT("123456789\n", 8, "[12345678+1]");
    EXPECT("123456789", 8, "[12345678+1]");
    EXPECT("x\n123456789abcdefghijklmnopqrs\ny\n", 8, "[x][12345678+20][y]");
    EXPECT("123456789abcdefghijklmnopqrs", 8, "[12345678+20]");
    EXPECT("ab\ncd\n", 1, "[a+1][c+1]");
}

static void a_cut_line_does_not_spoil_the_next(void **state)
{
    (void)state;
    EXPECT("12345\n12345\n1234\n\n1", 4, "[1234+1][1234+1][1234][][1]");
}

static void files_are_not_glued_together(void **state)
{
    static const char first[] = "one\ntw", second[] = "o\nthree\n";
    struct walk walk;

    (void)state;
    walk_begin(&walk, 12, 8);
    walk_file(&walk, first, sizeof(first) - 1, 3);
    walk_file(&walk, second, sizeof(second) - 1, 3);
    assert_int_equal(walk.shown_len, strlen("[one][tw][o][three]"));
    assert_memory_equal(walk.shown, "[one][tw][o][three]", walk.shown_len);
    walk_end(&walk);
}

static void lines_in_a_row_are_parted_by_their_newline(void **state)
{
    char buffer[16];
    struct line_reader reader;
    struct line first, second;

    (void)state;
    line_reader_init(&reader, buffer, sizeof(buffer), 8);
    memcpy(line_reader_room(&reader), "one\ntwo\n", 8);
    line_reader_filled(&reader, 8);
    assert_true(line_reader_next(&reader, &first));
    assert_true(line_reader_next(&reader, &second));
    assert_ptr_equal(first.bytes, buffer);
    assert_ptr_equal(second.bytes, first.bytes + first.len + 1);
    assert_false(line_reader_next(&reader, &first));
}

/* What splitting the text at its newlines would give. */
static size_t show_model(const char *text, size_t len, size_t max, char *out)
{
    char *at = out;

    while (len > 0) {
        const char *newline = memchr(text, '\n', len);
        size_t line = newline ? (size_t)(newline - text) : len;
        size_t kept = line < max ? line : max;

        *at++ = '[';
        memcpy(at, text, kept);
        at += kept;
        if (line > max)
            at += sprintf(at, "+%u", (unsigned)(line - max));
        *at++ = ']';
        text += line + (newline != NULL);
        len -= line + (newline != NULL);
    }
    return (size_t)(at - out);
}

static void random_texts_agree_with_a_plain_split(void **state)
{
    (void)state;
    srandom(1);
    for (unsigned round = 0; round < 300; round++) {
        char text[TEXT_MAX], shown[8 * TEXT_MAX];
        size_t len = (size_t)random() % TEXT_MAX, max = 1 + (size_t)random() % 12;

        for (size_t i = 0; i < len; i++)
            text[i] = random() % 4 == 0 ? '\n' : (char)('a' + random() % 26);
        expect(text, len, max, shown, show_model(text, len, max, shown));
    }
}

/* Two files that grow in turns, with lines begun in one while the other is read. */
static void a_begun_line_waits_while_another_file_is_read(void **state)
{
    static const char *const pieces[2][3] = {{"a1\na", "2 and more", "\na3"},
                                             {"b1", "\n\nb", "3\n"}};
    struct begun_line begun[2] = {{0}};
    struct walk walk;

    (void)state;
    walk_begin(&walk, 40, 4);
    for (unsigned turn = 0; turn < 3; turn++) {
        for (unsigned file = 0; file < 2; file++) {
            const char *piece = pieces[file][turn];
            struct line line;

            line_reader_move(&walk.reader,
                             walk.buffers[file]); /* the lines before are not needed */
            line_reader_take_up(&walk.reader, &begun[file]);
            walk.last_number = begun[file].line_count;
            memcpy(line_reader_room(&walk.reader), piece, strlen(piece));
            line_reader_filled(&walk.reader, strlen(piece));
            while (line_reader_next(&walk.reader, &line))
                show(&walk, &line);
            line_reader_put_aside(&walk.reader, &begun[file]);
        }
    }
    walk.shown[walk.shown_len] = '\0';
    assert_string_equal(walk.shown, "[a1][b1][][a2 a+7][b3]");
    assert_int_equal(begun[0].len, 2);
    assert_memory_equal(begun[0].bytes, "a3", 2);
    assert_int_equal(begun[1].len, 0);
    free(begun[0].bytes);
    free(begun[1].bytes);
    walk_end(&walk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_whole_at_every_boundary),
        cmocka_unit_test(an_empty_file_has_no_line),
        cmocka_unit_test(an_empty_line_is_a_line),
        cmocka_unit_test(a_last_line_needs_no_newline),
        cmocka_unit_test(every_byte_but_the_newline_belongs_to_the_line),
        cmocka_unit_test(a_line_of_exactly_the_maximum_is_whole),
        cmocka_unit_test(a_longer_line_is_cut_and_the_rest_counted),
        cmocka_unit_test(a_cut_line_does_not_spoil_the_next),
        cmocka_unit_test(files_are_not_glued_together),
        cmocka_unit_test(lines_in_a_row_are_parted_by_their_newline),
        cmocka_unit_test(a_begun_line_waits_while_another_file_is_read),
        cmocka_unit_test(random_texts_agree_with_a_plain_split),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
