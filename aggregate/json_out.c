#include "aggregate/json_out.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "aggregate/escape.h"

void json_begin(struct json_out *out, char *text, size_t size)
{
    *out = (struct json_out){.text = text, .size = size, .is_first = true, .is_full = size == 0};
}

bool json_end(struct json_out *out)
{
    if (!out->is_full)
        out->text[out->len] = '\0';
    return !out->is_full;
}

/* One byte is kept for the NUL. */
static bool has_room(struct json_out *out, size_t len)
{
    out->is_full |= out->size - out->len <= len;
    return !out->is_full;
}

static void put(struct json_out *out, const char *text)
{
    size_t len = strlen(text);

    if (!has_room(out, len))
        return;
    memcpy(out->text + out->len, text, len);
    out->len += len;
}

/* What comes before each value. */
static void name_it(struct json_out *out, const char *name)
{
    if (!out->is_first)
        put(out, ",");
    out->is_first = false;
    if (!name)
        return;
    put(out, "\"");
    put(out, name);
    put(out, "\":");
}

static void begin_with(struct json_out *out, const char *name, const char *bracket)
{
    name_it(out, name);
    put(out, bracket);
    out->is_first = true;
}

static void end_with(struct json_out *out, const char *bracket)
{
    put(out, bracket);
    out->is_first = false;
}

void json_object(struct json_out *out, const char *name)
{
    begin_with(out, name, "{");
}

void json_end_object(struct json_out *out)
{
    end_with(out, "}");
}

void json_array(struct json_out *out, const char *name)
{
    begin_with(out, name, "[");
}

void json_end_array(struct json_out *out)
{
    end_with(out, "]");
}

void json_bytes(struct json_out *out, const char *name, const char *bytes, size_t len)
{
    name_it(out, name);
    put(out, "\"");
    if (has_room(out, escape_len(ESCAPE_JSON, bytes, len)))
        out->len =
            (size_t)(escape_write(ESCAPE_JSON, out->text + out->len, bytes, len) - out->text);
    put(out, "\"");
}

void json_text(struct json_out *out, const char *name, const char *text)
{
    json_bytes(out, name, text, strlen(text));
}

void json_number(struct json_out *out, const char *name, uint64_t number)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, number);
    name_it(out, name);
    put(out, text);
}

void json_truth(struct json_out *out, const char *name, bool truth)
{
    name_it(out, name);
    put(out, truth ? "true" : "false");
}

void json_time(struct json_out *out, const char *name, int64_t time_ns)
{
    time_t seconds = time_ns / 1000000000;
    char day[32], text[64];
    struct tm when;

    name_it(out, name);
    if (time_ns <= 0 || !gmtime_r(&seconds, &when)) {
        put(out, "null");
        return;
    }
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &when);
    snprintf(text, sizeof text, "\"%s.%03dZ\"", day, (int)(time_ns / 1000000 % 1000));
    put(out, text);
}
