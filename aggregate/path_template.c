#include "aggregate/path_template.h"

#include <stdlib.h>
#include <string.h>

#include "aggregate/path_parts.h"
#include "conf/must.h"

/* Zones change their offset at a quarter of an hour at the earliest; and how far behind the
 * newest a time of arrival may be that counts as the newest. */
#define STRETCH_NS (900 * 1000000000LL)
#define LEAN_NS    (10 * 1000000000LL)

/* ---- the template ----------------------------------------------------------------------- */

struct path_template *path_template_new(const char *path, bool local_time, struct err *err)
{
    struct path_template *template = calloc(1, sizeof *template);

    must(template);
    template->local_time = local_time;
    template->stretch_ns = INT64_MIN / 2;
    if (path_compile(template, path, err) < 0)
        path_template_free(&template);
    return template;
}

void path_template_free(struct path_template **template_address)
{
    struct path_template *template = *template_address;

    *template_address = NULL;
    if (!template)
        return;
    free(template->path);
    free(template);
}

size_t path_template_longest(const struct path_template *template)
{
    return template->longest;
}

/* ---- periods ---------------------------------------------------------------------------- */

uint32_t path_template_period(const struct path_template *template, int64_t time_ns)
{
    return path_period_at(template->unit, template->local_time, time_ns);
}

static __attribute__((noinline)) void begin_stretch(struct path_template *template, int64_t time_ns)
{
    template->stretch_ns = time_ns - time_ns % STRETCH_NS;
    template->period = path_template_period(template, time_ns);
    path_period_write(template->unit, template->period, &template->time);
}

static void follow_time(struct path_template *template, int64_t time_ns)
{
    int64_t since_ns = time_ns - template->stretch_ns;

    if (since_ns < -LEAN_NS || since_ns >= STRETCH_NS)
        begin_stretch(template, time_ns);
}

/* ---- rendering -------------------------------------------------------------------------- */

bool path_template_is_safe(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_' || byte == '.' || byte == '-';
}

static char *put_value(char *to, const char *base, struct span span)
{
    const char *from = base + span.offset;
    size_t len = span.len < VALUE_MAX ? span.len : VALUE_MAX;

    if (len == 0) {
        *to = '-';
        return to + 1;
    }
    for (size_t i = 0; i < len; i++)
        to[i] = path_template_is_safe(from[i]) ? from[i] : '_';
    if (to[0] == '.')
        to[0] = '_';
    return to + len;
}

static char *put_text(char *to, const char *text, size_t len)
{
    memcpy(to, text, len);
    return to + len;
}

static char *put_part(struct path_template *template, const struct part *part,
                      const struct entry *entry, const char *base, char *to)
{
    switch (part->kind) {
    case PART_APP:
        return put_value(to, base, entry->app);
    case PART_HOST:
        return put_value(to, base, entry->host);
    case PART_TOPIC:
        return put_value(to, base, entry->topic);
    case PART_LEVEL:
        return put_text(to, level_name(entry->level)->text, level_name(entry->level)->len);
    case PART_DATE:
        return put_text(to, template->time.date, PATH_DATE_LEN);
    case PART_HOUR:
        return put_text(to, template->time.hour, PATH_HOUR_LEN);
    case PART_LITERAL:
    case PART_KINDS:
        break;
    }
    return put_text(to, part->text, part->len);
}

struct label path_template_render(struct path_template *template, const struct entry *entry,
                                  const char *base)
{
    char *to = template->rendered;

    follow_time(template, entry->received_ns);
    for (unsigned i = 0; i < template->part_count; i++)
        to = put_part(template, &template->parts[i], entry, base, to);
    return (struct label){
        .period = template->period,
        .len = (uint32_t)(to - template->rendered),
        .text = template->rendered,
    };
}

size_t path_template_other(const struct path_template *template, uint32_t period,
                           char to[LABEL_MAX])
{
    static const char other[] = "_other";
    struct path_period_text time;
    char *end = to;

    path_period_write(template->unit, period, &time);
    for (unsigned i = 0; i < template->part_count; i++) {
        const struct part *part = &template->parts[i];

        if (part->kind == PART_LITERAL)
            end = put_text(end, part->text, part->len);
        else if (part->kind == PART_DATE)
            end = put_text(end, time.date, PATH_DATE_LEN);
        else if (part->kind == PART_HOUR)
            end = put_text(end, time.hour, PATH_HOUR_LEN);
        else
            end = put_text(end, other, sizeof other - 1);
    }
    return (size_t)(end - to);
}
