#include "conf/log_repeats.h"

#include <string.h>

static bool is_over(const struct log_repeat *sentence, uint64_t now_ms)
{
    return now_ms - sentence->since_ms >= LOG_REPEATS_WINDOW_MS;
}

static void forget(struct log_repeats *repeats, unsigned i)
{
    repeats->sentences[i] = repeats->sentences[--repeats->count];
}

static void forget_old(struct log_repeats *repeats, uint64_t now_ms)
{
    for (unsigned i = repeats->count; i-- > 0;) {
        if (repeats->sentences[i].counted == 0 && is_over(&repeats->sentences[i], now_ms))
            forget(repeats, i);
    }
}

static struct log_repeat *find(struct log_repeats *repeats, int level, const char *text)
{
    for (unsigned i = 0; i < repeats->count; i++) {
        struct log_repeat *sentence = &repeats->sentences[i];

        if (sentence->level == level && strcmp(sentence->text, text) == 0)
            return sentence;
    }
    return NULL;
}

static void remember(struct log_repeats *repeats, int level, const char *text, uint64_t now_ms)
{
    size_t text_len = strlen(text);
    struct log_repeat *sentence = &repeats->sentences[repeats->count];

    if (repeats->count == LOG_REPEATS_SENTENCES || text_len >= LOG_REPEATS_TEXT_MAX)
        return;
    repeats->count++;
    sentence->level = level;
    sentence->said = 1;
    sentence->counted = 0;
    sentence->since_ms = now_ms;
    memcpy(sentence->text, text, text_len + 1);
}

bool log_repeats_admit(struct log_repeats *repeats, int level, const char *text, uint64_t now_ms)
{
    struct log_repeat *sentence;

    forget_old(repeats, now_ms);
    sentence = find(repeats, level, text);
    if (!sentence) {
        remember(repeats, level, text, now_ms);
        return true;
    }
    if (sentence->said < LOG_REPEATS_SAID) {
        sentence->said++;
        return true;
    }
    sentence->counted++;
    return false;
}

/* What was told goes on to be counted, unless it has stopped. */
bool log_repeats_next(struct log_repeats *repeats, bool at_end, uint64_t now_ms,
                      struct log_repeat *told_out)
{
    for (unsigned i = 0; i < repeats->count; i++) {
        struct log_repeat *sentence = &repeats->sentences[i];

        if (sentence->counted == 0 || (!at_end && !is_over(sentence, now_ms)))
            continue;
        *told_out = *sentence;
        sentence->counted = 0;
        sentence->since_ms = now_ms;
        return true;
    }
    forget_old(repeats, now_ms);
    return false;
}

unsigned log_repeats_waiting(const struct log_repeats *repeats)
{
    unsigned waiting = 0;

    for (unsigned i = 0; i < repeats->count; i++)
        waiting += repeats->sentences[i].counted > 0;
    return waiting;
}
