/* conf.c - whatever stands in a configuration file: problems, never a crash. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 forgets 2 KiB of its own after some syntax errors in quotes. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml.so";
}

/* Shows all problems, so that lines and carets are cut from hostile text too. */
static void show(const struct conf_problems *problems)
{
    char *text = NULL;
    size_t text_len;
    FILE *out = open_memstream(&text, &text_len);

    conf_problems_print(problems, out);
    fclose(out);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct conf_problems *problems = conf_problems_new();
    struct conf *conf = conf_load_text("fuzz.yaml", (const char *)data, len, problems);

    for (unsigned i = 0; conf && i < conf->sink_count; i++)
        conf_problem(conf, problems, &conf->sinks[i].queue, "judged by others");
    if (!conf && conf_problems_count(problems) == 0)
        abort(); /* nothing read, and nothing said */
    show(problems);
    conf_free(&conf);
    conf_problems_free(&problems);
    return 0;
}
