#include "conf/must.h"

#include <stdio.h>
#include <stdlib.h>

void must_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "logboom: broken promise at %s:%d: %s\n", file, line, condition);
    abort();
}
