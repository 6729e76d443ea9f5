#include "client/shown.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/printable.h"

const char *shown_text(struct json_doc *doc, uint32_t object, const char *name,
                       char text[SHOWN_MAX])
{
    char bytes[SHOWN_MAX];

    json_doc_text(doc, json_doc_member(doc, object, name), bytes, sizeof bytes);
    printable_copy(text, SHOWN_MAX, bytes, strlen(bytes));
    return text;
}

uint64_t shown_number(struct json_doc *doc, uint32_t object, const char *name)
{
    uint64_t number;

    json_doc_number(doc, json_doc_member(doc, object, name), &number);
    return number;
}

const char *shown_time(uint64_t ms, char text[SHOWN_TIME_MAX])
{
    static const struct {
        const char *name;
        uint64_t seconds;
    } units[] = {{"d", 24 * 3600}, {"h", 3600}, {"min", 60}};
    uint64_t seconds = ms / 1000;

    for (unsigned i = 0; i < 3; i++) {
        if (seconds >= 2 * units[i].seconds) {
            snprintf(text, SHOWN_TIME_MAX, "%" PRIu64 " %s", seconds / units[i].seconds,
                     units[i].name);
            return text;
        }
    }
    snprintf(text, SHOWN_TIME_MAX, "%" PRIu64 " s", seconds);
    return text;
}

const char *shown_size(double bytes, char text[SHOWN_TIME_MAX])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    unsigned unit = 0;

    for (; bytes >= 1000 && unit < 4; unit++)
        bytes /= 1024;
    snprintf(text, SHOWN_TIME_MAX, unit > 0 && bytes < 99.95 ? "%.1f %s" : "%.0f %s", bytes,
             units[unit]);
    return text;
}
