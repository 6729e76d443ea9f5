/* The values of a MessagePack text, and what claims to be one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "conf/count_of.h"
#include "decode/msgpack.h"

#define BYTES(text) (text), sizeof(text) - 1

static struct msgpack_reader reader_of(const char *bytes, size_t len)
{
    return (struct msgpack_reader){bytes, bytes + len};
}

static struct msgpack_value read_one(const char *bytes, size_t len)
{
    struct msgpack_reader reader = reader_of(bytes, len);
    struct msgpack_value value;

    assert_true(msgpack_read(&reader, &value));
    assert_ptr_equal(reader.at, reader.end);
    return value;
}

/* Each form of the specification, at the ends of its range. */
static void integers_of_all_widths(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        bool negative;
        uint64_t uint;
    } cases[] = {
        {BYTES("\x00"), false, 0},
        {BYTES("\x7f"), false, 127},
        {BYTES("\xcc\xff"), false, 255},
        {BYTES("\xcd\xff\xff"), false, 65535},
        {BYTES("\xce\xff\xff\xff\xff"), false, UINT32_MAX},
        {BYTES("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), false, UINT64_MAX},
        {BYTES("\xd0\x7f"), false, 127},
        {BYTES("\xd1\x7f\xff"), false, 32767},
        {BYTES("\xd2\x7f\xff\xff\xff"), false, INT32_MAX},
        {BYTES("\xd3\x7f\xff\xff\xff\xff\xff\xff\xff"), false, INT64_MAX},
        {BYTES("\xff"), true, (uint64_t)-1},
        {BYTES("\xe0"), true, (uint64_t)-32},
        {BYTES("\xd0\x80"), true, (uint64_t)-128},
        {BYTES("\xd1\x80\x00"), true, (uint64_t)-32768},
        {BYTES("\xd2\x80\x00\x00\x00"), true, (uint64_t)INT32_MIN},
        {BYTES("\xd3\x80\x00\x00\x00\x00\x00\x00\x00"), true, (uint64_t)INT64_MIN},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct msgpack_value value = read_one(cases[i].bytes, cases[i].len);

        assert_int_equal(value.type, cases[i].negative ? MSGPACK_INT : MSGPACK_UINT);
        assert_true((cases[i].negative ? (uint64_t)value.sint : value.uint) == cases[i].uint);
    }
}

static void words_and_floats(void **state)
{
    (void)state;
    assert_int_equal(read_one(BYTES("\xc0")).type, MSGPACK_NIL);
    assert_true(read_one(BYTES("\xc3")).truth);
    assert_false(read_one(BYTES("\xc2")).truth);
    assert_true(read_one(BYTES("\xca\x3f\xc0\x00\x00")).real == 1.5);
    assert_true(read_one(BYTES("\xcb\xbf\xf8\x00\x00\x00\x00\x00\x00")).real == -1.5);
}

static void texts_and_bytes_are_views(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        enum msgpack_type type;
        size_t head;
    } cases[] = {
        {BYTES("\xa0"), MSGPACK_TEXT, 1},
        {BYTES("\xa3"
               "abc"),
         MSGPACK_TEXT, 1},
        {BYTES("\xd9\x03"
               "abc"),
         MSGPACK_TEXT, 2},
        {BYTES("\xda\x00\x03"
               "abc"),
         MSGPACK_TEXT, 3},
        {BYTES("\xdb\x00\x00\x00\x03"
               "abc"),
         MSGPACK_TEXT, 5},
        {BYTES("\xc4\x03"
               "abc"),
         MSGPACK_BYTES, 2},
        {BYTES("\xc5\x00\x03"
               "abc"),
         MSGPACK_BYTES, 3},
        {BYTES("\xc6\x00\x00\x00\x03"
               "abc"),
         MSGPACK_BYTES, 5},
        {BYTES("\xd4\x05"
               "a"),
         MSGPACK_EXT, 2},
        {BYTES("\xc7\x03\xff"
               "abc"),
         MSGPACK_EXT, 3},
        {BYTES("\xc7\x00\x05"), MSGPACK_EXT, 3},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct msgpack_value value = read_one(cases[i].bytes, cases[i].len);

        assert_int_equal(value.type, cases[i].type);
        assert_ptr_equal(value.bytes, cases[i].bytes + cases[i].head);
        assert_int_equal(value.len, cases[i].len - cases[i].head);
    }
    assert_int_equal(read_one(cases[8].bytes, cases[8].len).ext_type, 5);
    assert_int_equal(read_one(cases[9].bytes, cases[9].len).ext_type, -1);
}

/* Every beginning of a value that is not all of it. */
static void what_is_not_wholly_there_is_none(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } whole[] = {
        {BYTES("\xcf\xff\xff\xff\xff\xff\xff\xff\xff")},
        {BYTES("\xda\x00\x03"
               "abc")},
        {BYTES("\xc7\x03\xff"
               "abc")},
        {BYTES("\x92\x01\x81\xa1"
               "a\xcb\xbf\xf8\x00\x00\x00\x00\x00\x00")},
        {BYTES("\xdc\x00\x02\xc0\xc0")},
        {BYTES("\xdf\x00\x00\x00\x01\xc0\xc0")},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(whole); i++) {
        struct msgpack_reader reader = reader_of(whole[i].bytes, whole[i].len);

        assert_true(msgpack_skip(&reader));
        assert_ptr_equal(reader.at, reader.end);
        for (size_t len = 0; len < whole[i].len; len++) {
            reader = reader_of(whole[i].bytes, len);
            assert_false(msgpack_skip(&reader));
        }
    }
}

static void a_claim_is_no_item(void **state)
{
    struct msgpack_reader reader = reader_of(BYTES("\xdd\xff\xff\xff\xff\x01\x02"));
    struct msgpack_value value;

    (void)state;
    assert_false(msgpack_read(&reader, &value));
    reader = reader_of(BYTES("\xdf\x00\x00\x00\x02\x01\x02\x03"));
    assert_false(msgpack_read(&reader, &value));
    reader = reader_of(BYTES("\xc1")); /* never used */
    assert_false(msgpack_read(&reader, &value));
}

static void depth_is_bounded(void **state)
{
    char bytes[MSGPACK_DEPTH_MAX + 2];
    struct msgpack_reader reader = reader_of(bytes, MSGPACK_DEPTH_MAX + 1);

    (void)state;
    memset(bytes, 0x91, sizeof bytes);
    bytes[MSGPACK_DEPTH_MAX] = 1;
    assert_true(msgpack_skip(&reader));
    bytes[MSGPACK_DEPTH_MAX] = (char)0x91;
    bytes[MSGPACK_DEPTH_MAX + 1] = 1;
    reader = reader_of(bytes, sizeof bytes);
    assert_false(msgpack_skip(&reader));
}

static void times_of_all_forms(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        bool is_time;
        int64_t time_ns;
        unsigned digits;
    } cases[] = {
        {BYTES("\xce\x5f\x5e\x10\x00"), true, 1600000000 * INT64_C(1000000000), 6},
        {BYTES("\xff"), true, -1000000000, 6},
        {BYTES("\xcb\x41\xd7\xd7\x84\x00\x20\x00\x00"), true, 1600000000500000000, 6},
        {BYTES("\xd7\x00\x5f\x5e\x10\x00\x00\x00\x00\x07"), true, 1600000000000000007, 9},
        {BYTES("\xd6\xff\x5f\x5e\x10\x00"), true, 1600000000000000000, 6},
        {BYTES("\xd7\xff\x00\x00\x00\x1c\x5f\x5e\x10\x00"), true, 1600000000000000007, 9},
        {BYTES("\xc7\x0c\xff\x00\x00\x00\x07\xff\xff\xff\xff\xff\xff\xff\xff"), true, -999999993,
         9},
        {BYTES("\xc7\x0c\xff\x3b\x9a\xca\x00\x00\x00\x00\x00\x00\x00\x00\x00"), false, 0, 0},
        {BYTES("\xc7\x0c\xff\x00\x00\x00\x00\x7f\xff\xff\xff\xff\xff\xff\xff"), false, 0, 0},
        {BYTES("\xc7\x05\xff\x00\x00\x00\x00\x00"), false, 0, 0},
        {BYTES("\xd6\x05\x00\x00\x00\x00"), false, 0, 0},
        {BYTES("\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00"), false, 0, 0},
        {BYTES("\xcb\x7f\xe0\x00\x00\x00\x00\x00\x00"), false, 0, 0},
        {BYTES("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), false, 0, 0},
        {BYTES("\xc0"), false, 0, 0},
        {BYTES("\xa1"
               "1"),
         false, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct msgpack_value value = read_one(cases[i].bytes, cases[i].len);
        int64_t time_ns = 0;
        uint8_t digits = 0;

        assert_int_equal(msgpack_time(&value, &time_ns, &digits), cases[i].is_time);
        assert_true(time_ns == cases[i].time_ns);
        assert_int_equal(digits, cases[i].digits);
    }
}

static void values_as_json(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *json;
    } cases[] = {
        {BYTES("\x93\xc0\xc3\xc2"), "[null,true,false]"},
        {BYTES("\x93\x07\xff\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), "[7,-1,18446744073709551615]"},
        {BYTES("\x92\xca\x3f\x8c\xcc\xcd\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00"),
         "[1.10000002,null]"},
        {BYTES("\xcb\x3f\xf1\x99\x99\x99\x99\x99\x9a"), "1.1000000000000001"},
        {BYTES("\x82\xa1"
               "a\xa3\"\n\xff\x01\x80"),
         "{\"a\":\"\\\"\\n\xef\xbf\xbd\",\"1\":{}}"},
        {BYTES("\x83\x90\x01\xc0\x02\xc4\x01z\x03"), "{\"…\":1,\"null\":2,\"z\":3}"},
        {BYTES("\xd7\x00\x5f\x5e\x10\x00\x00\x00\x00\x07"), "1600000000.000000007"},
        {BYTES("\x91\xd4\x05"
               "a"),
         "[null]"},
    };
    char json[64];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t len = strlen(cases[i].json);
        struct msgpack_reader reader = reader_of(cases[i].bytes, cases[i].len);

        assert_int_equal(msgpack_to_json(&reader, json, sizeof json), len);
        assert_memory_equal(json, cases[i].json, len);
        assert_ptr_equal(reader.at, reader.end);
        for (size_t room = 0; room < len; room++) {
            reader = reader_of(cases[i].bytes, cases[i].len);
            assert_int_equal(msgpack_to_json(&reader, json, room), 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_of_all_widths),
        cmocka_unit_test(words_and_floats),
        cmocka_unit_test(texts_and_bytes_are_views),
        cmocka_unit_test(what_is_not_wholly_there_is_none),
        cmocka_unit_test(a_claim_is_no_item),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(times_of_all_forms),
        cmocka_unit_test(values_as_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
