/* options.h - `name=value` arguments of the tools; sizes as a list `0,33,65536`. */
#ifndef STORY_OPTIONS_H
#define STORY_OPTIONS_H

#include <stdlib.h>
#include <string.h>

enum { SIZES_MAX = 32 };

struct sizes {
    size_t bytes[SIZES_MAX];
    unsigned count;
};

static inline const char *option(int argc, char **argv, const char *name, const char *otherwise)
{
    size_t len = strlen(name);

    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], name, len) == 0 && argv[i][len] == '=')
            return argv[i] + len + 1;
    return otherwise;
}

static inline unsigned long option_number(int argc, char **argv, const char *name,
                                          unsigned long otherwise)
{
    const char *text = option(argc, argv, name, NULL);

    return text ? strtoul(text, NULL, 10) : otherwise;
}

static inline struct sizes option_sizes(int argc, char **argv, const char *otherwise)
{
    struct sizes sizes = {.count = 0};
    const char *text = option(argc, argv, "sizes", otherwise);

    while (*text && sizes.count < SIZES_MAX) {
        char *end;

        sizes.bytes[sizes.count++] = strtoul(text, &end, 10);
        text = *end == ',' ? end + 1 : end;
    }
    return sizes;
}

#endif
