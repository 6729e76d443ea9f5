/* What daemon/state_file.c would say when it opens the state file, told without opening it. */
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/alloc.h"
#include "judge/judge_parts.h"

/* In which another file is made before it gets the name. */
static void judge_folder(const struct conf *conf, struct conf_problems *problems)
{
    char *path = alloc_text(conf->state, strlen(conf->state));
    const char *folder = dirname(path);

    if (access(folder, W_OK | X_OK) < 0)
        conf_problem(conf, problems, &conf->state,
                     "cannot make the state file '%s' in the folder '%s': %s", conf->state, folder,
                     strerror(errno));
    free(path);
}

void judge_state_surroundings(const struct conf *conf, struct conf_problems *problems)
{
    struct stat st;

    if (!conf_names_state(conf))
        return;
    if (lstat(conf->state, &st) == 0 && (!S_ISREG(st.st_mode) || st.st_nlink > 1))
        conf_problem(conf, problems, &conf->state,
                     "the state file '%s' must be a regular file with one name", conf->state);
    else
        judge_folder(conf, problems);
}
