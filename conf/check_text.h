/* check_text.h - which texts a setting takes, where its row alone knows: names,
 * paths and formats. Each answers 0, or -1 and a sentence that names the setting. */
#ifndef CONF_CHECK_TEXT_H
#define CONF_CHECK_TEXT_H

#include "conf/settings.h"

int check_name(const struct setting *setting, const char *text, struct err *err);

/* A file name; one with a `{part of an entry}` is refused as long as there are none. */
int check_path(const struct setting *setting, const char *text, struct err *err);

/* A known word, or a template, whose inside is judged by those who compile it. */
int check_format(const struct setting *setting, const char *text, struct err *err);

#endif
