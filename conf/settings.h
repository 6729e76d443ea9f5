/* settings.h - every setting there is, one row each.
 *
 * A row says how a setting is called, which member it fills and what may stand
 * there; the kind follows from the C type of the member. Parser, defaults, bounds,
 * suggestions, `--help-config` and freeing all read these rows, so a new setting is
 * a member in conf.h and a row here. */
#ifndef CONF_SETTINGS_H
#define CONF_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/err.h"
#include "conf/units.h"

enum setting_kind {
    SETTING_BYTES,   /* struct conf_bytes */
    SETTING_MS,      /* struct conf_ms */
    SETTING_COUNT,   /* struct conf_count */
    SETTING_MODE,    /* struct conf_mode */
    SETTING_WORD,    /* an enum: the index in words */
    SETTING_TEXT,    /* char * */
    SETTING_TEXTS,   /* struct conf_strings: one or a list */
    SETTING_PAIRS,   /* struct conf_pairs: texts by names that are the user's */
    SETTING_SECTION, /* a struct */
    SETTING_LIST,    /* a pointer to structs, with a count beside it */
};

/* What becomes of a running daemon when the value is another one at a reload. Of a section that
 * has one of these, all settings have it; the graver counts. */
enum setting_change {
    SETTING_IN_PLACE,       /* holds from then on */
    SETTING_ANEW,           /* a sink closes its target and opens it; what waits is handed on */
    SETTING_OTHER_TARGET,   /* the sink is drained, and another one opened */
    SETTING_NEEDS_A_RESTART /* the whole reload is refused */
};

/* At most so many rows has a section. */
enum { SECTION_ROWS_MAX = 40 };

struct section;

struct setting {
    const char *name;
    enum setting_kind kind;
    size_t offset;                 /* of the member in its section's struct */
    size_t size;                   /* of the member */
    const char *standard;          /* the default as one would write it; NULL: none */
    uint64_t least, most;          /* in bytes, ms, things or items; most 0: no bound */
    const char *zero_word;         /* sizes and times: the word that stands for 0 */
    const char *endless_word;      /* times: the word that stands for UINT64_MAX */
    const char *const *words;      /* NULL-terminated */
    const struct section *section; /* of a section, or of each item of a list */
    size_t count_offset;           /* lists: the unsigned that counts the items */
    bool required;                 /* must be written */
    bool in_included;              /* may stand at the top of an included file */
    enum setting_change change;
    int (*check)(const struct setting *setting, const char *text, struct err *err); /* or name */
    const char *help;
};

struct section {
    const char *noun; /* "a sink" */
    size_t size;      /* of the struct */
    const struct setting *settings;
    unsigned count;
};

extern const struct section settings_root;

const struct setting *settings_find(const struct section *section, const char *name);

/* The known name nearest to a mistyped one, or NULL. */
const char *settings_suggest(const struct section *section, const char *name);

/* Gives every member of a zeroed struct its default. */
void settings_init(const struct section *section, void *values);
void settings_fini(const struct section *section, void *values);

/* Reads one value; 0, or -1 and a sentence that names the setting. Not for lists, pairs
 * and sections; of SETTING_TEXTS it appends one item. */
int setting_parse(const struct setting *setting, const char *text, void *member, struct err *err);

/* Of SETTING_PAIRS, appends one; the same answers. */
struct conf_pairs;
int setting_add_pair(const struct setting *setting, const char *name, const char *value,
                     struct conf_pairs *member, struct err *err);

/* A number as a size, a time or a count, whichever the row takes. Returns text. */
const char *setting_show(const struct setting *setting, uint64_t value, char text[UNITS_TEXT_MAX]);

/* The value as one would write it: "drop_oldest", "[a, b]", "none"; cut to the room, of which 8
 * bytes at least are needed. Not for lists of sections and sections. Returns text. */
const char *setting_show_value(const struct setting *setting, const void *member, char *text,
                               size_t size);
bool setting_is_same(const struct setting *setting, const void *a, const void *b);

/* "file, stdout" with `last` before the last word, into text[cap]. Returns text. */
const char *setting_list_words(const char *const *words, const char *last, char *text, size_t cap);

/* The count beside a list's pointer. */
static inline unsigned *setting_count(const struct setting *setting, void *values)
{
    return (void *)((char *)values + setting->count_offset);
}

static inline void *setting_member(const struct setting *setting, const void *values)
{
    return (char *)values + setting->offset;
}

#endif
