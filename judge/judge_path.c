/* The paths of files: whose they are, what they are called, and whether they could be made. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aggregate/path_template.h"
#include "judge/judge_parts.h"
#include "judge/path.h"
#include "logfile/file_pattern.h"
#include "logfile/rotated_name.h"
#include "logfile/safe_open.h"

static bool has_path(const struct conf_sink *sink)
{
    return sink->type == CONF_SINK_FILE && sink->path;
}

/* Whether its path is made from entries and is right. */
static bool judge_template(const struct conf *conf, const struct conf_sink *sink,
                           struct conf_problems *problems)
{
    struct err err;
    struct path_template *paths = path_template_new(sink->path, false, &err);
    bool is_right = paths != NULL;

    if (!is_right)
        conf_problem(conf, problems, &sink->path, "%s", err.text);
    path_template_free(&paths);
    return is_right;
}

/* Of paths that are made from entries, some values of theirs. */
bool judge_can_be_same_file(const char *a, const char *b)
{
    char *first, *second;
    bool answer;

    if (!path_template_is_one(a) && !path_template_is_one(b))
        return path_is_same_file(a, b);
    first = path_canonical(a);
    second = path_canonical(b);
    answer = path_template_overlap(first, second);
    free(first);
    free(second);
    return answer;
}

void judge_path(const struct conf *conf, unsigned index, struct conf_problems *problems)
{
    const struct conf_sink *sink = &conf->sinks[index];

    if (!has_path(sink))
        return;
    if (*path_name(sink->path) == '\0') {
        conf_problem(conf, problems, &sink->path, "'%s' names a folder; name a file in it",
                     sink->path);
        return;
    }
    if (path_template_is_one(sink->path) && !judge_template(conf, sink, problems))
        return;
    for (unsigned i = 0; i < index; i++) {
        const struct conf_sink *other = &conf->sinks[i];
        bool is_made = has_path(other) &&
                       (path_template_is_one(other->path) || path_template_is_one(sink->path));

        if (has_path(other) && judge_can_be_same_file(other->path, sink->path)) {
            conf_problem(conf, problems, &sink->path,
                         is_made ? "'%s' can become a file of sink '%s', too, or one that it puts "
                                   "away; give each sink files of its own"
                                 : "'%s' is the file of sink '%s' too; give each sink a file of "
                                   "its own",
                         sink->path, other->name ? other->name : "");
            return;
        }
    }
}

/* Whether it is a plain path, or a template that can be used. */
static bool is_right(const char *path)
{
    struct err err;
    struct path_template *paths = NULL;
    bool answer = !path_template_is_one(path) || (paths = path_template_new(path, false, &err));

    path_template_free(&paths);
    return answer;
}

/* The caretaker must be able to tell its files from those of others. */
static void judge_pattern(const struct conf *conf, const struct conf_sink *sink,
                          struct conf_problems *problems)
{
    char text[LABEL_MAX + 1];
    struct file_pattern pattern;
    struct err err;

    if (!is_right(sink->path))
        return; /* is told already */
    if (!path_template_pattern(sink->path, text))
        conf_problem(conf, problems, &sink->path, "'%s' cannot be rotated: its name has a '*'",
                     sink->path + path_template_base_len(sink->path));
    else if (file_pattern_init(&pattern, text, &err) < 0)
        conf_problem(conf, problems, &sink->path, "'%s' cannot be rotated: %s", sink->path,
                     err.text);
    else
        file_pattern_fini(&pattern);
}

void judge_rotated_name(const struct conf *conf, const struct conf_sink *sink,
                        struct conf_problems *problems)
{
    const char *name = has_path(sink) ? path_name(sink->path) : "";
    struct rotated_name rotated;

    if (rotated_name_parse(name, &rotated)) {
        conf_problem(conf, problems, &sink->path,
                     "'%s' is what a file is called that was put away; choose another name", name);
        return;
    }
    if (*name == '\0' || !conf_rotates(sink))
        return;
    if (strlen(name) > ROTATED_BASE_MAX)
        conf_problem(conf, problems, &sink->path,
                     "'%s' cannot be rotated: its name has %zu bytes, above the %d that leave room "
                     "for a time",
                     name, strlen(name), ROTATED_BASE_MAX);
    judge_pattern(conf, sink, problems);
}

/* ---- surroundings -------------------------------------------------------------------- */

/* The sandbox of systemd makes all read-only that is not named. */
static const char *who_may_be_why(int error)
{
    return error == EROFS ? ", or the sandbox of the service, which 'ReadWritePaths=' opens" : "";
}

/* The folder that a file, or folders on the way to it, would be made in. */
static void try_folder(const struct conf *conf, const struct conf_sink *sink,
                       struct conf_problems *problems)
{
    const char *rest;
    char *folder = path_standing_folder(sink->path, &rest);
    struct stat st;
    int error = stat(folder, &st) < 0 ? errno : 0;

    if (!error && !S_ISDIR(st.st_mode))
        error = ENOTDIR;
    if (!error && access(folder, W_OK | X_OK) < 0)
        error = errno;
    if (error)
        conf_problem(conf, problems, &sink->path, "cannot make '%s' in the folder '%s': %s%s",
                     sink->path, folder, strerror(error), who_may_be_why(error));
    free(folder);
}

/* What logfile/safe_open.c would say when it opens the file, told without opening it. */
static void try_path(const struct conf *conf, const struct conf_sink *sink,
                     struct conf_problems *problems)
{
    struct stat st;
    struct err err;

    if (path_template_is_one(sink->path)) {
        try_folder(conf, sink, problems);
        return;
    }
    if (lstat(sink->path, &st) < 0) {
        if (errno == ENOENT)
            try_folder(conf, sink, problems);
        else
            conf_problem(conf, problems, &sink->path, "cannot append to '%s': %s", sink->path,
                         strerror(errno));
        return;
    }
    if (safe_open_judge(&st, sink->path, &err) < 0)
        conf_problem(conf, problems, &sink->path, "%s", err.text);
    else if (access(sink->path, W_OK) < 0)
        conf_problem(conf, problems, &sink->path, "cannot append to '%s': %s", sink->path,
                     strerror(errno));
}

void judge_path_surroundings(const struct conf *conf, const struct conf_sink *sink,
                             struct conf_problems *problems)
{
    if (has_path(sink) && *path_name(sink->path) != '\0')
        try_path(conf, sink, problems);
}
