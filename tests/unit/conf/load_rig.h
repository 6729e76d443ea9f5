/* load_rig.h - what the tests of whole files share: a text is loaded, and what was told of it is
 * one string. A file that is right but for one line has INGEST and SINKS around that line. */
#ifndef TESTS_UNIT_CONF_LOAD_RIG_H
#define TESTS_UNIT_CONF_LOAD_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conf/conf.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

#define INGEST "ingest: [{name: in, bind: 'tcp://127.0.0.1:5514'}]\n"
#define SINKS  "sinks: [{name: out, type: stdout}]\n"

/* What was read and told by the last load, freed by the teardown. */
struct loaded {
    struct conf *conf;
    struct conf_problems *problems;
    char *told;
};

static inline int begin(void **state)
{
    struct loaded *loaded = calloc(1, sizeof *loaded);

    loaded->problems = conf_problems_new();
    *state = loaded;
    return 0;
}

static inline void forget(struct loaded *loaded)
{
    conf_free(&loaded->conf);
    conf_problems_free(&loaded->problems);
    free(loaded->told);
    *loaded = (struct loaded){.problems = conf_problems_new()};
}

static inline int end(void **state)
{
    struct loaded *loaded = *state;

    forget(loaded);
    conf_problems_free(&loaded->problems);
    free(loaded);
    return 0;
}

static inline const char *told(struct loaded *loaded)
{
    size_t len;
    FILE *out;

    free(loaded->told);
    out = open_memstream(&loaded->told, &len);
    conf_problems_print(loaded->problems, out);
    fclose(out);
    return loaded->told;
}

static inline const char *load_bytes(struct loaded *loaded, const char *text, size_t len)
{
    forget(loaded);
    loaded->conf = conf_load_text("x.yaml", text, len, loaded->problems);
    return told(loaded);
}

static inline const char *load_text(struct loaded *loaded, const char *text)
{
    return load_bytes(loaded, text, strlen(text));
}

static inline const char *load_file(struct loaded *loaded, const char *path)
{
    forget(loaded);
    loaded->conf = conf_load(path, loaded->problems);
    return told(loaded);
}

/* Of a file with this line and otherwise nothing wrong. */
struct wrong_line {
    const char *line;
    const char *told;
};

static inline void check_lines(struct loaded *loaded, const struct wrong_line *cases, size_t count,
                               const char *before, const char *after)
{
    for (size_t i = 0; i < count; i++) {
        char text[1024];

        snprintf(text, sizeof text, "%s%s%s", before, cases[i].line, after);
        assert_string_equal(load_text(loaded, text), cases[i].told);
        assert_non_null(loaded->conf);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

#endif
