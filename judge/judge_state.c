/* What daemon/state_file.c would say when it opens the state file, told without a lock, and
 * without making it. */
#include <errno.h>
#include <fcntl.h>
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

/* Empty, or with our first line. */
static bool is_ours(int fd)
{
    static const char first_line[] = "logboomd state\n";
    char text[sizeof first_line] = "";
    ssize_t len = read(fd, text, sizeof first_line - 1);

    return len == 0 || strcmp(text, first_line) == 0;
}

static bool judge_content(const struct conf *conf, struct conf_problems *problems)
{
    int fd = open(conf->state, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    bool ours = fd >= 0 && is_ours(fd);

    if (fd < 0)
        conf_problem(conf, problems, &conf->state, "cannot open the state file '%s': %s",
                     conf->state, strerror(errno));
    else if (!ours)
        conf_problem(conf, problems, &conf->state, "'%s' is no state file of logboomd",
                     conf->state);
    if (fd >= 0)
        close(fd);
    return ours;
}

void judge_state_surroundings(const struct conf *conf, struct conf_problems *problems)
{
    struct stat st;
    bool is_there;

    if (!conf_names_state(conf))
        return;
    is_there = lstat(conf->state, &st) == 0;
    if (is_there && (!S_ISREG(st.st_mode) || st.st_nlink > 1))
        conf_problem(conf, problems, &conf->state,
                     "the state file '%s' must be a regular file with one name", conf->state);
    else if (!is_there || judge_content(conf, problems))
        judge_folder(conf, problems);
}
