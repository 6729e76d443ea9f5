/* What the start would say of the state file, told without a lock, and without making it. */
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/alloc.h"
#include "judge/judge_parts.h"
#include "status/state_file.h"

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
    if (!conf_names_state(conf))
        return;
    switch (state_file_look(conf->state)) {
    case STATE_FILE_STRANGE:
        conf_problem(conf, problems, &conf->state,
                     "the state file '%s' must be a regular file with one name", conf->state);
        break;
    case STATE_FILE_SHUT:
        conf_problem(conf, problems, &conf->state, "cannot open the state file '%s': %s",
                     conf->state, strerror(errno));
        break;
    case STATE_FILE_SOMEBODYS:
        conf_problem(conf, problems, &conf->state, "'%s' is no state file of logboomd",
                     conf->state);
        break;
    case STATE_FILE_NONE:
    case STATE_FILE_OURS:
    default:
        judge_folder(conf, problems);
    }
}
