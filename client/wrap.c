#include "client/wrap.h"

#include <stdint.h>
#include <string.h>

#include "aggregate/escape.h"
#include "aggregate/level.h"
#include "conf/must.h"

static const char MESSAGE[] = "\"message\":\"";
static const char TAIL[] = "\"}";

enum { TAIL_LEN = sizeof TAIL - 1 };

static int judge_name(const char *option, const char *name, struct err *err)
{
    if (name && (*name == '\0' || strlen(name) > WRAP_NAME_MAX))
        return err_set(err, "%s must have 1 to %d bytes", option, WRAP_NAME_MAX);
    return 0;
}

static void put(struct wrap *wrap, const char *text)
{
    size_t len = strlen(text);

    must(wrap->head_len + len <= WRAP_HEAD_MAX);
    memcpy(wrap->head + wrap->head_len, text, len);
    wrap->head_len += len;
}

static void put_pair(struct wrap *wrap, const char *begin, const char *value)
{
    if (!value)
        return;
    put(wrap, begin);
    must(wrap->head_len + escape_len(ESCAPE_JSON, value, strlen(value)) <= WRAP_HEAD_MAX);
    wrap->head_len =
        (size_t)(escape_write(ESCAPE_JSON, wrap->head + wrap->head_len, value, strlen(value)) -
                 wrap->head);
    put(wrap, "\",");
}

void wrap_init(struct wrap *wrap, const struct wrap_conf *conf)
{
    wrap->head_len = 0;
    put(wrap, "{");
    put_pair(wrap, "\"level\":\"", conf->level);
    put_pair(wrap, "\"app\":\"", conf->app);
    put_pair(wrap, "\"host\":\"", conf->host);
    put(wrap, MESSAGE);
}

/* The entry of an empty line. */
static size_t shortest(const struct wrap *wrap)
{
    return wrap->head_len + TAIL_LEN;
}

static int judge_level(const char *level, struct err *err)
{
    if (!level || level_parse(level, strlen(level)) != LEVEL_NONE)
        return 0;
    return err_set(err,
                   "--level is '%s', but must be emerg, alert, crit, error, warning, notice, "
                   "info, debug or trace",
                   level);
}

int wrap_judge(const struct wrap_conf *conf, size_t max_line_bytes, struct err *err)
{
    struct wrap wrap;

    if (judge_level(conf->level, err) < 0 || judge_name("--app", conf->app, err) < 0 ||
        judge_name("--host", conf->host, err) < 0)
        return -1;
    wrap_init(&wrap, conf);
    if (wrap_is_asked_for(conf) && shortest(&wrap) >= max_line_bytes)
        return err_set(err,
                       "--max-line must be more than the %zu bytes that level, app and host "
                       "take of each entry",
                       shortest(&wrap));
    return 0;
}

static bool is_utf8(const char *bytes, size_t len)
{
    uint32_t code_point;

    for (size_t at = 0; at < len;) {
        unsigned count = utf8_sequence(bytes + at, len - at, &code_point);

        if (count == 0)
            return false;
        at += count;
    }
    return true;
}

struct wrapped wrap_line(const struct wrap *wrap, const char *line, size_t len, char *to,
                         size_t room)
{
    size_t kept;
    char *end;

    must(room >= shortest(wrap));
    kept = escape_fit(ESCAPE_JSON, line, len, room - shortest(wrap));
    memcpy(to, wrap->head, wrap->head_len);
    end = escape_write(ESCAPE_JSON, to + wrap->head_len, line, kept);
    memcpy(end, TAIL, TAIL_LEN);
    return (struct wrapped){.len = (size_t)(end - to) + TAIL_LEN,
                            .cut_bytes = len - kept,
                            .replaced = !is_utf8(line, kept)};
}
