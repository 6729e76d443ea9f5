/* judge.h - what a text may say, where its row alone knows: names and formats. */
#ifndef CONF_JUDGE_H
#define CONF_JUDGE_H

#include "conf/settings.h"

int judge_name(const struct setting *setting, const char *text, struct err *err);

/* A known word, or a template, whose inside is judged by those who compile it. */
int judge_format(const struct setting *setting, const char *text, struct err *err);

#endif
