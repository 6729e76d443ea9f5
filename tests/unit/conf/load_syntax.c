/* load_syntax.c - what is no YAML, or means something else than it looks like. */
#include "conf/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/conf/load_rig.h"

static void a_template_without_quotes_is_told_to_take_some(void **state)
{
    static const struct wrong_line cases[] = {
        {"    format: {message}\n", "x.yaml:5:13: 'format' must be a single value, not a section; "
                                    "if it is meant as text, put the value in 'single quotes'\n"
                                    "    format: {message}\n"
                                    "            ^\n"},
        {"    format: [{time}]\n", "x.yaml:5:13: 'format' must be a single value, not a list; "
                                   "if it is meant as text, put the value in 'single quotes'\n"
                                   "    format: [{time}]\n"
                                   "            ^\n"},
        {"    format: *x\n", "x.yaml:5:14: aliases are not supported; write the value out; "
                             "if it is meant as text, put the value in 'single quotes'\n"
                             "    format: *x\n"
                             "             ^\n"},
        {"    format: !x {message}\n", "x.yaml:5:16: tags are not supported; "
                                       "if it is meant as text, put the value in 'single quotes'\n"
                                       "    format: !x {message}\n"
                                       "               ^\n"},
        {"    format: &x json\n", "x.yaml:5:16: anchors are not supported; "
                                  "if it is meant as text, put the value in 'single quotes'\n"
                                  "    format: &x json\n"
                                  "               ^\n"},
    };

    check_lines(*state, cases, COUNT_OF(cases), INGEST "sinks:\n  - name: s\n    type: stdout\n",
                "");
}

/* Where YAML itself breaks, there is no document. */
static void a_syntax_error_keeps_its_place_and_has_advice(void **state)
{
    static const struct wrong_line cases[] = {
        {"format: {time} {message}\n", "x.yaml:1:16: did not find expected key; "
                                       "if it is meant as text, put the value in 'single quotes'\n"
                                       "format: {time} {message}\n"
                                       "               ^\n"},
        {"format: %{message}\n", "x.yaml:1:9: plain scalar cannot start with '%'; "
                                 "if it is meant as text, put the value in 'single quotes'\n"
                                 "format: %{message}\n"
                                 "        ^\n"},
        {"- path: @x\n", "x.yaml:1:9: plain scalar cannot start with '@'; "
                         "if it is meant as text, put the value in 'single quotes'\n"
                         "- path: @x\n"
                         "        ^\n"},
        {"path: `x`\n", "x.yaml:1:7: plain scalar cannot start with '`'; "
                        "if it is meant as text, put the value in 'single quotes'\n"
                        "path: `x`\n"
                        "      ^\n"},
        {"a: b: c\n", "x.yaml:1:5: invalid nested block mapping on the same line\n"
                      "a: b: c\n"
                      "    ^\n"},
        {"bind: ['a' 'b']\n", "x.yaml:1:13: missing comma in flow sequence\n"
                              "bind: ['a' 'b']\n"
                              "            ^\n"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct loaded *loaded = *state;

        assert_string_equal(load_text(loaded, cases[i].line), cases[i].told);
        assert_null(loaded->conf);
    }
}

static void check_first_lines(struct loaded *loaded, const struct wrong_line *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *said = load_text(loaded, cases[i].line);

        if (strncmp(said, cases[i].told, strlen(cases[i].told)) != 0)
            assert_string_equal(said, cases[i].told);
    }
}

static void what_is_not_closed_is_told_where_it_opens(void **state)
{
    static const struct wrong_line cases[] = {
        {"ingest:\n  - name: 'apps\n    bind: x\n", "x.yaml:2:11: the ' in line 2 is not closed\n"
                                                    "  - name: 'apps\n"
                                                    "          ^\n"},
        {"ingest:\n  - name: 'apps\n", "x.yaml:2:11: the ' in line 2 is not closed\n"
                                       "  - name: 'apps\n"
                                       "          ^\n"},
        {"a: \"b\nc: \"d\"\n", "x.yaml:1:4: the \" in line 1 is not closed\n"
                               "a: \"b\n"
                               "   ^\n"},
        {"a: ['ü', 'b]\nc: 'd'\n", "x.yaml:1:10: the ' in line 1 is not closed\n"},
        {"a: ['b, 'c']\n", "x.yaml:1:5: the ' in line 1 is not closed\n"
                           "a: ['b, 'c']\n"
                           "    ^\n"},
        {"a: {message\nb: c\n", "x.yaml:1:4: the '{' of line 1 is not closed\n"
                                "a: {message\n"
                                "   ^\n"},
        {"a: [x\n", "x.yaml:1:4: the '[' of line 1 is not closed\n"},
        {"a:\n  b: ['x',\nc: [d]\n", "x.yaml:2:6: the '[' of line 2 is not closed\n"
                                     "  b: ['x',\n"
                                     "     ^\n"},
        {"a: [{b: c, d: [e]\nf: [{g: h}]\n", "x.yaml:1:5: the '{' of line 1 is not closed\n"},
        {"a: [{b: 'it''s ]', c: \"\\\"}\", d: e # ]}\nf: g\n",
         "x.yaml:1:5: the '{' of line 1 is not closed\n"},
        {"a: [{b: c]\n", "x.yaml:1:5: the '{' of line 1 is not closed\n"},
        {"a: [{b: c}}\n", "x.yaml:1:4: the '[' of line 1 is not closed\n"},
        {"sinks: [", "x.yaml:1:8: the '[' of line 1 is not closed\n"},
    };

    check_first_lines(*state, cases, COUNT_OF(cases));
}

static void a_colon_without_a_space_behind_it_is_told(void **state)
{
    static const struct wrong_line cases[] = {
        {"ingest:\n  - name:apps\n    bind: x\n", "x.yaml:2:9: put a space behind ':'\n"
                                                  "  - name:apps\n"
                                                  "        ^\n"},
        {"ingest:\n  - name: a\n    bind:'tcp://x'\nsinks: []\n",
         "x.yaml:3:9: put a space behind ':'\n"
         "    bind:'tcp://x'\n"
         "        ^\n"},
        {INGEST "timezone:utc\n", "x.yaml:2:9: put a space behind ':'\n"},
        {"a:\n  tcp://x\n  b: c\n", "x.yaml:2:3: invalid multiline plain key\n"},
        {"memory:\n  cap:64MiB\n" INGEST SINKS,
         "x.yaml:2:3: 'memory' must be a section, not a single value; put a space behind ':'\n"},
        {"memory: {cap:64MiB}\n" INGEST SINKS,
         "x.yaml:1:10: unknown key 'cap:64MiB'; put a space behind ':'\n"},
        {"ingest:\n  - name:apps\n" SINKS,
         "x.yaml:2:5: an ingest endpoint is a section such as '- name: …', not a single value; "
         "put a space behind ':'\n"},
    };

    check_first_lines(*state, cases, COUNT_OF(cases));
}

static void a_line_that_is_indented_wrongly_is_told(void **state)
{
    static const struct wrong_line cases[] = {
        {"ingest:\n  - name: a\n     bind: x\n",
         "x.yaml:3:6: this line is indented differently from the one above\n"
         "     bind: x\n"
         "     ^\n"},
        {"ingest:\n  - name: a\n   bind: x\n",
         "x.yaml:3:4: this line is indented differently from the one above\n"},
        {"ingest:\n  - name: a\n  bind: x\n",
         "x.yaml:3:3: this line is indented differently from the one above\n"},
        {"ingest:\n  - name: a\n    bind: x\n - name: b\n",
         "x.yaml:4:2: this line is indented differently from the one above\n"},
        {"sinks:\n  - {name: a}\n    - {name: b}\n",
         "x.yaml:3:5: this line is indented differently from the one above\n"},
        {" memory: {cap: 64MiB}\ningest: []\n",
         "x.yaml:2:1: this line is indented differently from the one above\n"},
        {"memory: {cap: 64MiB}\n\n# here\n ingest: []\n",
         "x.yaml:4:2: this line is indented differently from the one above\n"},
        {"sinks:\n  - name: a\n    type: file\n\n      # where\n      path: x\n",
         "x.yaml:6:7: this line is indented differently from the one above\n"
         "      path: x\n"
         "      ^\n"},
        {"a: [\n{b: c}\n]\n", "x.yaml:2:1: indent this line; it belongs to the '[' of line 1\n"
                              "{b: c}\n"
                              "^\n"},
    };

    check_first_lines(*state, cases, COUNT_OF(cases));
}

/* Not at its list, nor at the line of its header. */
static void a_problem_stands_at_the_text_itself(void **state)
{
    static const char sink[] = INGEST "sinks:\n  - name: a\n    type: stdout\n    format: ";
    static const struct {
        const char *value, *told;
    } blocks[] = {
        {"|\n      syslog\n", "x.yaml:6:7:"},
        {">-  # {time}\n\n\n       syslog\n", "x.yaml:8:8:"},
        {"|2\n         syslog\n", "x.yaml:6:10:"},
        {"|", "x.yaml:5:5: 'format' is empty\n"},
    };
    struct loaded *loaded = *state;

    for (size_t i = 0; i < COUNT_OF(blocks); i++) {
        char text[512];

        snprintf(text, sizeof text, "%s%s", sink, blocks[i].value);
        assert_memory_equal(load_text(loaded, text), blocks[i].told, strlen(blocks[i].told));
    }
    assert_string_equal(load_text(loaded, "ingest:\n"
                                          "  - name: in\n"
                                          "    bind:\n"
                                          "      - 'tcp://[::1]:1'\n"
                                          "      -\n"
                                          "      - >\n"
                                          "        tcp://[::1]:2\n"
                                          "      # next\n"
                                          "      -   # nothing\n"
                                          "  -\n"
                                          "sinks: [{name: out, type: file, path: }]\n"),
                        "x.yaml:5:7: this item of 'bind' is empty\n"
                        "      -\n"
                        "      ^\n"
                        "x.yaml:9:7: this item of 'bind' is empty\n"
                        "      -   # nothing\n"
                        "      ^\n"
                        "x.yaml:10:3: this item is empty; an ingest endpoint is a section such as "
                        "'- name: …'\n"
                        "  -\n"
                        "  ^\n"
                        "x.yaml:11:33: 'path' has no value\n"
                        "sinks: [{name: out, type: file, path: }]\n"
                        "                                ^\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_template_without_quotes_is_told_to_take_some),
        TEST(a_syntax_error_keeps_its_place_and_has_advice),
        TEST(what_is_not_closed_is_told_where_it_opens),
        TEST(a_colon_without_a_space_behind_it_is_told),
        TEST(a_line_that_is_indented_wrongly_is_told),
        TEST(a_problem_stands_at_the_text_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
