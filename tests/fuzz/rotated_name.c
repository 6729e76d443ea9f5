/* rotated_name.c - any file name that somebody puts into the folder: what is read as a rotated
 * name is, byte by byte, a name that we would give; and it never matches a pattern that clients
 * could fill, since it has an '@'.
 *
 * The first byte says where the input is cut into a pattern and a name. Both are blocks of their
 * own, so that AddressSanitizer sees a read beyond them. */
#include "logfile/rotated_name.h"

#include <stdlib.h>
#include <string.h>

#include "conf/must.h"
#include "logfile/file_pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static char *text_of(const uint8_t *bytes, size_t len)
{
    char *text = malloc(len + 1);

    must(text);
    memcpy(text, bytes, len);
    text[len] = '\0';
    return text;
}

static void check_same(const char *name, const struct rotated_name *rotated)
{
    char base[NAME_MAX + 1], again[NAME_MAX + 1];

    must(rotated->base_len > 0 && rotated->base_len < strlen(name));
    if (rotated->base_len > ROTATED_BASE_MAX || memchr(name, '/', rotated->base_len))
        return;
    memcpy(base, name, rotated->base_len);
    base[rotated->base_len] = '\0';
    must(rotated_name_make(base, rotated->time_us, again, NULL) == 0);
    strcat(again, rotated_ending_text(rotated->ending));
    must(strcmp(name, again) == 0);
}

/* Whatever '*' has taken, nobody but we could have made it longer. */
static void check_match(const char *pattern, const char *name)
{
    size_t len = strlen(name);

    if (file_pattern_matches(pattern, name, len) && !strchr(pattern, '@'))
        must(!strchr(name, '@') && len >= strlen(pattern));
    must(strchr(pattern, '*') || strchr(pattern, FILE_PATTERN_DIGIT) ||
         file_pattern_matches(pattern, name, len) == (strcmp(pattern, name) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct rotated_name rotated;
    char *pattern, *name;
    size_t cut;

    if (len == 0 || len > 512)
        return 0;
    cut = data[0] % len;
    pattern = text_of(data + 1, cut);
    name = text_of(data + 1 + cut, len - 1 - cut);
    if (rotated_name_parse(name, &rotated))
        check_same(name, &rotated);
    check_match(pattern, name);
    free(pattern);
    free(name);
    return 0;
}
