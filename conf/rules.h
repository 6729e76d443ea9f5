/* rules.h - what several settings must be together: unique names, one address at
 * least, a path for files. What was already refused is not judged again. */
#ifndef CONF_RULES_H
#define CONF_RULES_H

#include "conf/conf.h"

/* The conf must have its places. */
void rules_judge(const struct conf *conf, struct conf_problems *problems);

#endif
