/* check_text.h - which texts a setting takes, where its row alone knows: names,
 * paths, formats, levels, globs and fields. Each answers 0, or -1 and a sentence that names the
 * setting. */
#ifndef CONF_CHECK_TEXT_H
#define CONF_CHECK_TEXT_H

#include "conf/settings.h"

int check_name(const struct setting *setting, const char *text, struct err *err);

/* A known word, or a template, whose inside is judged by those who compile it. */
int check_format(const struct setting *setting, const char *text, struct err *err);

/* A word for a level, in any case: those that aggregate/level.h reads (a test compares). */
int check_level(const struct setting *setting, const char *text, struct err *err);
extern const char *const check_level_words[]; /* NULL-terminated */

/* The name of a field that we add: short, safe, and not that of a part of every entry. */
int check_field_name(const struct setting *setting, const char *text, struct err *err);

/* Not too long; the rest is judged by those who compile it. */
int check_glob(const struct setting *setting, const char *text, struct err *err);

#endif
