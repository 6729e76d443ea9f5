/* One document: which key becomes which part of the entry, and what its value is then.
 */
#include "decode/decode.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/decode/shown.h"

static void known_keys_and_their_aliases_fill_the_parts(void **state)
{
    static const struct row rows[] = {
        ROW("{}", ""),
        ROW("{\"message\":\"m\"}", " 'm'"),
        ROW("{\"msg\":\"m\"}", " 'm'"),
        ROW("{\"host\":\"h\"}", " host:h"),
        ROW("{\"hostname\":\"h\"}", " host:h"),
        ROW("{\"app\":\"a\"}", " app:a"),
        ROW("{\"service\":\"a\"}", " app:a"),
        ROW("{\"topic\":\"t\"}", " topic:t"),
        ROW("{\"level\":\"info\"}", " level:info"),
        ROW("{\"lvl\":\"info\"}", " level:info"),
        ROW("{\"severity\":\"info\"}", " level:info"),
        ROW("{\"time\":\"1970-01-01T00:00:02Z\"}", " ns:2000000000/6"),
        ROW("{\"timestamp\":\"1970-01-01T00:00:02Z\"}", " ns:2000000000/6"),
        ROW("{\"@timestamp\":\"1970-01-01T00:00:02Z\"}", " ns:2000000000/6"),
        ROW("{\"ts\":\"1970-01-01T00:00:02Z\"}", " ns:2000000000/6"),
        /* no key but these */
        ROW("{\"Message\":\"m\"}", " Message=m"),
        ROW("{\"MSG\":\"m\",\"tt\":\"m\",\"\":\"m\"}", " MSG=m tt=m =m"),
        ROW("{\"mess\":\"m\",\"hosts\":\"h\",\"apps\":\"a\",\"lev\":\"l\"}",
            " mess=m hosts=h apps=a lev=l"),
        ROW("{\"_logbook\":1,\"messagf\":1,\"@timestamq\":1}",
            " _logbook:=1 messagf:=1 @timestamq:=1"),
        /* an escaped key is the key that it means */
        ROW("{\"\\u006dsg\":\"m\",\"h\\u006fst\":\"h\"}", " host:h 'm'"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
    assert_int_equal(decode_one("{\"msg\\u0000\":\"m\",\"a\\tb\":1}", 26, NULL), 14);
    assert_memory_equal(shown, " msg\0=m a\tb:=1", 14);
}

static void the_first_of_a_meaning_wins_and_the_others_are_fields(void **state)
{
    static const struct row rows[] = {
        ROW("{\"message\":\"1\",\"message\":\"2\",\"message\":\"3\"}",
            " '1' message.2=2 message.3=3"),
        ROW("{\"msg\":\"1\",\"message\":\"2\"}", " '1' message.2=2"),
        ROW("{\"message\":\"1\",\"msg\":\"2\",\"message\":\"3\"}", " '1' msg.2=2 message.3=3"),
        ROW("{\"host\":\"1\",\"a\":1,\"hostname\":\"2\"}", " host:1 a:=1 hostname.2=2"),
        ROW("{\"service\":\"1\",\"app\":\"2\",\"app\":\"3\"}", " app:1 app.2=2 app.3=3"),
        ROW("{\"level\":\"info\",\"severity\":\"error\"}", " level:info severity.2=error"),
        ROW("{\"time\":\"1970-01-01T00:00:02Z\",\"ts\":\"x\"}", " ns:2000000000/6 ts.2=x"),
        ROW("{\"topic\":\"1\",\"topic\":\"2\"}", " topic:1 topic.2=2"),
        /* what repeats is kept where the key is nobody's */
        ROW("{\"a\":1,\"a\":2}", " a:=1 a:=2"),
        /* an empty one is the first all the same */
        ROW("{\"host\":\"\",\"host\":\"h\"}", " host.2=h"),
        ROW("{\"message\":\"\",\"msg\":\"m\"}", " msg.2=m"),
        /* the frame came first */
        ROW_TOPIC("f", "{\"topic\":\"t\"}", " topic:f topic.2=t"),
        ROW_TOPIC("f", "{\"topic\":null,\"topic\":\"t\"}", " topic:f topic.2:=null topic.3=t"),
        ROW_TOPIC("f", "{\"a\":1}", " topic:f a:=1"),
        ROW_TOPIC("", "{\"topic\":\"t\"}", " topic:t"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

static void no_client_can_say_what_only_we_may_say(void **state)
{
    static const struct row rows[] = {
        ROW("{\"_logboom\":{\"malformed\":true}}", " _logboom.2:={\"malformed\":true}"),
        ROW("{\"_logboom\":\"x\",\"_logboom\":1}", " _logboom.2=x _logboom.3:=1"),
        ROW("{\"_log\\u0062oom\":\"x\"}", " _logboom.2=x"),
        ROW("{\"a\":{\"_logboom\":1}}", " a:={\"_logboom\":1}"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

static void times_are_read_in_every_shape_that_is_one(void **state)
{
    static const struct row rows[] = {
        ROW("{\"time\":\"1970-01-01T01:00:02.25+01:00\"}", " ns:2250000000/6"),
        ROW("{\"time\":\"1970-01-01 00:00:02.000000001Z\"}", " ns:2000000001/9"),
        ROW("{\"time\":\"1970-01-01T00:00:0\\u0032Z\"}", " ns:2000000000/6"),
        ROW("{\"time\":2}", " ns:2000000000/6"),
        ROW("{\"time\":2.5}", " ns:2500000000/6"),
        ROW("{\"ts\":1700000000123}", " ns:1700000000123000000/6"),
        ROW("{\"ts\":1700000000123456}", " ns:1700000000123456000/6"),
        ROW("{\"ts\":1700000000123456789}", " ns:1700000000123456789/9"),
        ROW("{\"time\":0}", " ns:0/6"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

/* It stays as a field, and never under the name that json output gives to our time. */
static void a_time_that_cannot_be_read_is_kept_and_marked(void **state)
{
    static const struct row rows[] = {
        ROW("{\"time\":\"soon\"}", "! time.2=soon"),
        ROW("{\"time\":\"\"}", "! time.2="),
        ROW("{\"time\":\"2026-13-01T00:00:00Z\"}", "! time.2=2026-13-01T00:00:00Z"),
        ROW("{\"time\":\"2026-01-01T00:00:00\"}", "! time.2=2026-01-01T00:00:00"),
        ROW("{\"time\":null}", "! time.2:=null"),
        ROW("{\"time\":true}", "! time.2:=true"),
        ROW("{\"time\":[1]}", "! time.2:=[1]"),
        ROW("{\"time\":-1}", "! time.2:=-1"),
        ROW("{\"time\":1e9}", "! time.2:=1e9"),
        ROW("{\"time\":99999999999999999999}", "! time.2:=99999999999999999999"),
        ROW("{\"ts\":\"soon\"}", "! ts=soon"),
        ROW("{\"ts\":\"soon\",\"time\":\"1970-01-01T00:00:02Z\"}",
            "! ts=soon time.2=1970-01-01T00:00:02Z"),
        ROW("{\"time\":\"soon\",\"time\":\"later\"}", "! time.2=soon time.3=later"),
        ROW("{\"time\":\"soon\",\"ts\":\"1970-01-01T00:00:02Z\"}",
            "! time.2=soon ts.3=1970-01-01T00:00:02Z"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

static void levels_are_words_in_any_case_and_else_fields(void **state)
{
    static const struct row rows[] = {
        ROW("{\"level\":\"ERROR\"}", " level:error"),
        ROW("{\"level\":\"Warn\"}", " level:warning"),
        ROW("{\"level\":\"fatal\"}", " level:crit"),
        ROW("{\"level\":\"panic\"}", " level:emerg"),
        ROW("{\"level\":\"Informational\"}", " level:info"),
        ROW("{\"level\":\"\\u0069nfo\"}", " level:info"),
        ROW("{\"level\":\"loud\"}", " level=loud"),
        ROW("{\"level\":\"\"}", " level="),
        ROW("{\"level\":\"info \"}", " level=info "),
        ROW("{\"level\":8}", " level:=8"),
        ROW("{\"level\":null}", " level:=null"),
        ROW("{\"level\":\"loud\",\"lvl\":\"info\"}", " level=loud lvl.2=info"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

static void columns_take_strings_numbers_and_truth(void **state)
{
    static const struct row rows[] = {
        ROW("{\"host\":null}", " host:=null"),
        ROW("{\"host\":null,\"hostname\":\"h\"}", " host:=null hostname.2=h"),
        ROW("{\"host\":{\"id\":\"h\"}}", " host:={\"id\":\"h\"}"),
        ROW("{\"app\":[]}", " app:=[]"),
        ROW("{\"app\":7,\"host\":true,\"topic\":-1.5e3}", " host:true app:7 topic:-1.5e3"),
        ROW("{\"app\":\"null\",\"host\":\"[\"}", " host:[ app:null"),
        ROW("{\"message\":12}", " '12'"),
        ROW("{\"message\":null}", " 'null'"),
        ROW("{\"message\":{\"a\":[1, 2]}}", " '{\"a\":[1, 2]}'"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

static void values_are_what_the_client_wrote(void **state)
{
    static const struct row rows[] = {
        ROW("{\"a\":\"b\",\"c\":\"\",\"d\":\"x y\"}", " a=b c= d=x y"),
        ROW("{\"a\":\"\\\"\\\\\\/\\n\\u00e9\\ud83d\\ude00\"}",
            " a=\"\\/\n\xc3\xa9\xf0\x9f\x98\x80"),
        ROW("{\"a\":1,\"b\":-0.5E+3,\"c\":true,\"d\":false,\"e\":null}",
            " a:=1 b:=-0.5E+3 c:=true d:=false e:=null"),
        ROW("{\"a\":{},\"b\":[],\"c\":[{},[]]}", " a:={} b:=[] c:=[{},[]]"),
        /* spaces alone do no harm on a line, other white space goes, with the spaces */
        ROW("{\"a\":[1, 2]}", " a:=[1, 2]"),
        ROW("{\"a\":[1,\t2 ,3]}", " a:=[1,2,3]"),
        ROW("{\"a\": {\n \"b\" : [\r\n1 ,\n2\n] }\n}", " a:={\"b\":[1,2]}"),
        /* but never within strings */
        ROW("{\"a\":[\" x \",\n\"\\\" \\\\\", \"y z\"]}", " a:=[\" x \",\"\\\" \\\\\",\"y z\"]"),
        ROW("{\"a\":[\"\\\\\\\\\" ,\t\" \\\\\\\" \"]}", " a:=[\"\\\\\\\\\",\" \\\\\\\" \"]"),
        ROW("{\"a\":[\"\\u000a\" ]}", " a:=[\"\\u000a\"]"),
        ROW("{\"a\":[\"\xe2\x80\xa8\" ]}", " a:=[\"\xe2\x80\xa8\"]"),
        ROW("{ \"a\" : 1 , \"b\" : \"c\" }", " a:=1 b=c"),
        ROW("{\t\"message\"\t:\t\"m\"\t}", " 'm'"),
    };

    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

static void an_escaped_nul_is_a_byte_of_the_value(void **state)
{
    (void)state;
    assert_int_equal(decode_one("{\"message\":\"a\\u0000b\"}", 22, NULL), 6);
    assert_memory_equal(shown, " 'a\0b'", 6);
}

/* ---- many keys ------------------------------------------------------------------------- */

/* {"":0,"":0,…} with this many members. */
static size_t write_members(char *payload, unsigned count)
{
    char *to = payload;

    for (unsigned i = 0; i < count; i++)
        to = stpcpy(to, i ? ",\"\":0" : "{\"\":0");
    return (size_t)(stpcpy(to, "}") - payload);
}

static void five_thousand_keys_are_five_thousand_fields(void **state)
{
    static char payload[MAX_MESSAGE];

    (void)state;
    rig_begin(&t, payload, write_members(payload, 5000), NULL);
    assert_true(rig_next(&t));
    assert_int_equal(t.entry->field_count, 5000);
    assert_false(t.entry->malformed);
    rig_end(&t);
}

static void no_document_of_max_entry_has_too_many_fields(void **state)
{
    static char payload[MAX_MESSAGE];
    struct decode_rig small;
    unsigned members = (1000 - 1) / 5; /* the braces share a comma's byte */
    size_t len = write_members(payload, members);

    (void)state;
    assert_in_range(len, 996, 1000);
    assert_true(decode_fields_max(1000) >= members);
    rig_open(&small, MAX_MESSAGE, 1000);
    rig_begin(&small, payload, len, NULL);
    assert_true(rig_next(&small));
    assert_int_equal(small.entry->field_count, members);
    rig_end(&small);
    rig_close(&small);
}

static void one_field_more_than_there_is_room_for_makes_a_text(void **state)
{
    static char payload[MAX_MESSAGE];

    (void)state;
    for (unsigned over = 0; over < 2; over++) {
        size_t len = write_members(payload, 20 + over);

        rig_begin(&t, payload, len, NULL);
        t.entry->field_max = 20;
        assert_true(rig_next(&t));
        assert_int_equal(t.entry->malformed, over);
        assert_int_equal(t.entry->field_count, over ? 0 : 20);
        assert_int_equal(t.entry->text.len, over ? len : 0);
        rig_end(&t);
    }
}

/* `ts.100000` is longer than the `"ts":0,` that it comes from: the room to work in may
 * end before the document does. */
static void more_repeats_than_can_be_numbered_make_a_text(void **state)
{
    enum { BIG = 1024 * 1024, MEMBERS = (BIG - 1100) / 7 };
    static const char tail[] = ",\"message\":\"\\n";
    struct decode_rig big;
    char *payload = malloc(BIG), *to = payload;

    (void)state;
    for (unsigned i = 0; i < MEMBERS; i++)
        to = stpcpy(to, i ? ",\"ts\":0" : "{\"ts\":0");
    to = stpcpy(to, tail);
    memset(to, 'x', (size_t)(payload + BIG - to));
    memcpy(payload + BIG - 2, "\"}", 2);
    rig_open(&big, BIG, BIG);
    rig_begin(&big, payload, BIG, NULL);
    assert_true(rig_next(&big));
    assert_true(big.entry->malformed);
    assert_int_equal(big.entry->text.len, BIG);
    assert_false(rig_next(&big));
    rig_end(&big);
    rig_close(&big);
    free(payload);
}

/* ---- random documents --------------------------------------------------------------------- */

static uint32_t seed;

static unsigned random_below(unsigned limit)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 12) % limit;
}

/* A document and, beside it, what it must become. */
struct story {
    char json[8192], *json_end;
    char fields[8192], *fields_end;
    char columns[3][1024];
    char text[1024];
    bool may_break_lines;
    unsigned seen[6];
};

static void put_space(struct story *story)
{
    static const char spaces[] = " \t\r\n";

    while (random_below(4) == 0)
        *story->json_end++ = spaces[random_below(story->may_break_lines ? 4 : 3)];
}

/* One character, written in one of the ways that JSON has for it. */
static char *put_character(struct story *story, char *to)
{
    static const struct {
        const char *bytes, *ways[4];
    } characters[] = {
        {"a", {"a", "\\u0061", "a", "a"}},
        {" ", {" ", "\\u0020", " ", " "}},
        {"\n", {"\\n", "\\u000a", "\\u000A", "\\n"}},
        {"\"", {"\\\"", "\\u0022", "\\\"", "\\\""}},
        {"\\", {"\\\\", "\\u005c", "\\u005C", "\\\\"}},
        {"/", {"/", "\\/", "\\u002f", "\\u002F"}},
        {"\x7f", {"\x7f", "\\u007f", "\\u007F", "\x7f"}},
        {"\xc3\xa9", {"\xc3\xa9", "\\u00e9", "\\u00E9", "\xc3\xa9"}},
        {"\xe2\x80\xae", {"\xe2\x80\xae", "\\u202e", "\\u202E", "\xe2\x80\xae"}},
        {"\xf0\x9f\x98\x80",
         {"\xf0\x9f\x98\x80", "\\ud83d\\ude00", "\\uD83D\\uDE00", "\\uD83d\\udE00"}},
        {"{", {"{", "{", "\\u007b", "{"}},
        {"]", {"]", "\\u005d", "]", "]"}},
        {",", {",", ",", ",", ","}},
    };
    unsigned which = random_below(COUNT_OF(characters));

    story->json_end = stpcpy(story->json_end, characters[which].ways[random_below(4)]);
    return stpcpy(to, characters[which].bytes);
}

/* Returns the end of what the string means. */
static char *put_string(struct story *story, char *to)
{
    unsigned count = random_below(8) ? random_below(6) : random_below(40);

    *story->json_end++ = '"';
    while (count-- > 0)
        to = put_character(story, to);
    *story->json_end++ = '"';
    *to = '\0';
    return to;
}

static char *put_scalar(struct story *story, char *to)
{
    static const char *const scalars[] = {"8", "-1", "12.5", "1e9", "true", "false", "null"};
    const char *scalar = scalars[random_below(COUNT_OF(scalars))];

    story->json_end = stpcpy(story->json_end, scalar);
    return stpcpy(to, scalar);
}

static char *put_container(struct story *story, char *to, unsigned depth);

/* Inside a container, thus copied as it is written. */
static char *put_inner(struct story *story, char *to, unsigned depth)
{
    char *begin, ignored[512];

    put_space(story);
    begin = story->json_end;
    if (depth < 5 && random_below(3) == 0) {
        to = put_container(story, to, depth + 1);
    } else if (random_below(2)) {
        put_string(story, ignored);
        to = mempcpy(to, begin, (size_t)(story->json_end - begin));
    } else {
        to = put_scalar(story, to);
    }
    put_space(story);
    return to;
}

/* To `to` goes the same without the white space between tokens. */
static char *put_container(struct story *story, char *to, unsigned depth)
{
    bool object = random_below(2);

    *story->json_end++ = *to++ = object ? '{' : '[';
    for (unsigned i = 0, count = random_below(4); i < count; i++) {
        if (i > 0)
            *story->json_end++ = *to++ = ',';
        if (object) {
            char *begin, ignored[512];

            put_space(story);
            begin = story->json_end;
            put_string(story, ignored);
            to = mempcpy(to, begin, (size_t)(story->json_end - begin));
            put_space(story);
            *story->json_end++ = *to++ = ':';
        }
        to = put_inner(story, to, depth);
    }
    *story->json_end++ = *to++ = object ? '}' : ']';
    *to = '\0';
    return to;
}

/* White space is taken out only where a line or a terminal would show it, or where the
 * scan cannot tell. */
static bool stays_as_written(const char *begin, const char *end)
{
    for (; begin < end; begin++)
        if ((unsigned char)*begin < ' ' || *begin == '\\' || *begin == 0x7f ||
            memcmp(begin, "\xe2\x80\xae", 3) == 0)
            return false;
    return true;
}

/* Returns whether the value is JSON and no string. */
static bool put_value(struct story *story, char *meaning)
{
    char *begin = story->json_end;

    switch (random_below(4)) {
    case 0:
        put_scalar(story, meaning);
        return true;
    case 1:
        put_container(story, meaning, 1);
        if (stays_as_written(begin, story->json_end))
            *(char *)mempcpy(meaning, begin, (size_t)(story->json_end - begin)) = '\0';
        return true;
    default:
        put_string(story, meaning);
        return false;
    }
}

static void put_field(struct story *story, const char *key, unsigned nth, const char *meaning,
                      bool literal)
{
    story->fields_end += sprintf(story->fields_end, " %s", key);
    if (nth > 1)
        story->fields_end += sprintf(story->fields_end, ".%u", nth);
    story->fields_end += sprintf(story->fields_end, "%s%s", literal ? ":=" : "=", meaning);
}

static void put_member(struct story *story)
{
    static const struct {
        const char *key;
        int part; /* host, app, topic; 3: the message; 4: ours; 5: level; -1: nobody's */
    } keys[] = {{"host", 0}, {"hostname", 0}, {"app", 1},      {"service", 1}, {"topic", 2},
                {"msg", 3},  {"message", 3},  {"_logboom", 4}, {"level", 5},   {"a", -1},
                {"b c", -1}, {"tim", -1},     {"user_id", -1}, {"", -1}};
    unsigned which = random_below(COUNT_OF(keys));
    const char *key = keys[which].key;
    int part = keys[which].part;
    char meaning[1024];
    bool literal;

    story->json_end += sprintf(story->json_end, "\"%s\"", key);
    put_space(story);
    *story->json_end++ = ':';
    put_space(story);
    literal = put_value(story, meaning);
    put_space(story);
    if (part < 0) {
        put_field(story, key, 1, meaning, literal);
        return;
    }
    story->seen[part]++;
    if (part == 4 && story->seen[part] == 1)
        story->seen[part] = 2;
    if (story->seen[part] == 1 && part == 3)
        strcpy(story->text, meaning);
    else if (story->seen[part] == 1 && part < 3 && !(literal && strchr("n{[", meaning[0])))
        strcpy(story->columns[part], meaning);
    else
        put_field(story, key, story->seen[part], meaning, literal);
}

static void write_story(struct story *story)
{
    unsigned count = random_below(8);

    story->json_end = stpcpy(story->json, "{");
    story->fields_end = story->fields;
    put_space(story);
    for (unsigned i = 0; i < count; i++) {
        if (i > 0)
            *story->json_end++ = ',';
        put_space(story);
        put_member(story);
    }
    *story->json_end++ = '}';
    *story->fields_end = '\0';
}

static void check_story(const struct story *story, size_t shown_len)
{
    static const char *const names[] = {" host:", " app:", " topic:"};
    char expected[16384], *to = expected;

    for (unsigned i = 0; i < 3; i++)
        if (story->columns[i][0])
            to = stpcpy(stpcpy(to, names[i]), story->columns[i]);
    if (story->text[0])
        to = stpcpy(stpcpy(stpcpy(to, " '"), story->text), "'");
    to = stpcpy(to, story->fields);
    if (shown_len != (size_t)(to - expected) || memcmp(shown, expected, shown_len) != 0)
        fail_msg("seed %u: %s\nbecame\n%s\nand not\n%s", seed, story->json, shown, expected);
}

static void random_documents_become_what_they_say(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        struct story story = {.may_break_lines = true};

        seed = round;
        write_story(&story);
        check_story(&story, decode_one(story.json, (size_t)(story.json_end - story.json), NULL));
    }
}

static void random_documents_become_the_same_in_a_batch(void **state)
{
    enum { LINES = 12 };
    static struct story stories[LINES];
    static char payload[MAX_MESSAGE];

    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        char *to = stpcpy(payload, "{}\n");

        seed = round;
        for (unsigned i = 0; i < LINES; i++) {
            stories[i] = (struct story){.may_break_lines = false};
            write_story(&stories[i]);
            to = mempcpy(to, stories[i].json, (size_t)(stories[i].json_end - stories[i].json));
            *to++ = '\n';
        }
        rig_begin(&t, payload, (size_t)(to - payload), NULL);
        assert_true(rig_next(&t));
        for (unsigned i = 0; i < LINES; i++) {
            assert_true(rig_next(&t));
            if (round % 3 == 0)
                rig_decode_another(&t);
            check_story(&stories[i], show());
        }
        assert_false(rig_next(&t));
        rig_end(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(known_keys_and_their_aliases_fill_the_parts),
        TEST(the_first_of_a_meaning_wins_and_the_others_are_fields),
        TEST(no_client_can_say_what_only_we_may_say),
        TEST(times_are_read_in_every_shape_that_is_one),
        TEST(a_time_that_cannot_be_read_is_kept_and_marked),
        TEST(levels_are_words_in_any_case_and_else_fields),
        TEST(columns_take_strings_numbers_and_truth),
        TEST(values_are_what_the_client_wrote),
        TEST(an_escaped_nul_is_a_byte_of_the_value),
        TEST(five_thousand_keys_are_five_thousand_fields),
        TEST(no_document_of_max_entry_has_too_many_fields),
        TEST(one_field_more_than_there_is_room_for_makes_a_text),
        TEST(more_repeats_than_can_be_numbered_make_a_text),
        TEST(random_documents_become_what_they_say),
        TEST(random_documents_become_the_same_in_a_batch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
