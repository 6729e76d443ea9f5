#include "client/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf/printable.h"

enum { SENTENCE_MAX = 1024 };

static const char *speaker_now = "logboom";
static const char *wipe_now = "";

void say_as(const char *speaker)
{
    speaker_now = speaker;
}

void say_over(const char *wipe)
{
    wipe_now = wipe;
}

void say(const char *format, ...)
{
    char sentence[SENTENCE_MAX], shown[4 * SENTENCE_MAX];
    va_list args;

    va_start(args, format);
    if (vsnprintf(sentence, sizeof(sentence), format, args) < 0)
        sentence[0] = '\0';
    va_end(args);
    printable_copy(shown, sizeof(shown), sentence, strlen(sentence));
    fprintf(stderr, "%s%s: %s\n", wipe_now, speaker_now, shown);
}
