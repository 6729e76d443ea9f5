/* problems.h - the collected problems of a configuration, as conf.h describes them.
 *
 * Kept in the order of files, lines and columns; of equal places the first told
 * comes first. A place is shown when it is added, so its source may go. Beyond
 * a thousand they are only counted. */
#ifndef CONF_PROBLEMS_H
#define CONF_PROBLEMS_H

#include <stdarg.h>

#include "conf/conf.h"
#include "conf/source.h"

void problems_add(struct conf_problems *problems, struct place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void problems_vadd(struct conf_problems *problems, struct place place, const char *format,
                   va_list args) __attribute__((format(printf, 3, 0)));

#endif
