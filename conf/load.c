/* load.c - a configuration and what it includes: read, filled, judged. */
#include <errno.h>
#include <glob.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/alloc.h"
#include "conf/conf.h"
#include "conf/fill.h"
#include "conf/places.h"
#include "conf/problems.h"
#include "conf/rules.h"
#include "conf/settings.h"
#include "conf/yaml.h"

static struct conf *conf_new(void)
{
    struct conf *conf = alloc_zeroed(1, sizeof *conf);

    conf->users = 1;
    conf->places = places_new();
    settings_init(&settings_root, conf);
    return conf;
}

struct conf *conf_ref(struct conf *conf)
{
    conf->users++;
    return conf;
}

void conf_free(struct conf **conf_address)
{
    struct conf *conf = *conf_address;

    *conf_address = NULL;
    if (!conf || --conf->users > 0)
        return;
    settings_fini(&settings_root, conf);
    conf_forget_places(conf);
    free(conf);
}

void conf_forget_places(struct conf *conf)
{
    if (conf->places)
        places_free(&conf->places);
}

static void refuse_root(const struct yaml_node *root, struct conf_problems *problems)
{
    struct place whole = {root->at.source, 0, 0};

    if (root->kind == YAML_SCALAR && root->text[0] == '\0')
        problems_add(problems, whole, "%s", yaml_empty);
    else if (root->kind != YAML_REFUSED)
        problems_add(problems, root->at,
                     "a configuration consists of keys such as 'ingest:' and 'sinks:'");
}

/* Fills the conf from one file; false when there was no document to fill it from. */
static bool add_source(struct conf *conf, struct source *source, bool included,
                       struct conf_problems *problems)
{
    struct fill fill = {conf->places, problems, included};
    struct yaml_node *root;
    bool has_document;

    places_keep_source(conf->places, source);
    root = yaml_read(source, problems);
    has_document = root && root->kind == YAML_MAP;
    if (has_document)
        fill_section(&fill, &settings_root, root, conf);
    else if (root)
        refuse_root(root, problems);
    yaml_free(&root);
    return has_document;
}

/* ---- include ------------------------------------------------------------- */

/* The folder is taken as it is, however its name looks to glob(3). */
static char *quote_for_glob(const char *folder)
{
    char *quoted = alloc_zeroed(2 * strlen(folder) + 1, 1), *at = quoted;

    for (; *folder; folder++) {
        if (strchr("*?[\\", *folder))
            *at++ = '\\';
        *at++ = *folder;
    }
    return quoted;
}

/* What `name` means in a file of that folder. */
static char *in_folder(const char *folder, const char *name)
{
    size_t cap = strlen(folder) + strlen(name) + 2;
    char *path = alloc_zeroed(cap, 1);

    snprintf(path, cap, "%s%s%s", name[0] == '/' || !*folder ? "" : folder,
             name[0] == '/' || !*folder ? "" : "/", name);
    return path;
}

/* "" for a file in the current folder, so that names stay as they were given. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == path)
        return alloc_text("/.", 2);
    return alloc_text(path, slash ? (size_t)(slash - path) : 0);
}

static void include_file(struct conf *conf, const char *item, const char *path,
                         struct conf_problems *problems)
{
    struct err err;
    struct source *source = source_read(path, true, &err);

    if (source)
        add_source(conf, source, true, problems);
    else
        conf_problem(conf, problems, item, "'%s' %s", path, err.text);
}

/* A folder that is not there is fine; one that cannot be read ends the search, with its
 * errno, since glob(3) has no other way to hand it on. */
static int on_glob_error(const char *path, int error)
{
    (void)path;
    errno = error;
    return error != ENOENT;
}

static void include_pattern(struct conf *conf, const char *item, const char *folder,
                            struct conf_problems *problems)
{
    char *quoted = quote_for_glob(folder);
    char *pattern = in_folder(quoted, item);
    glob_t found = {0};
    int failure = glob(pattern, 0, on_glob_error, &found); /* sorts */

    if (failure && failure != GLOB_NOMATCH)
        conf_problem(conf, problems, item, "'%s' cannot be searched: %s", item,
                     strerror(failure == GLOB_NOSPACE ? ENOMEM : errno));
    for (size_t i = 0; !failure && i < found.gl_pathc; i++)
        include_file(conf, item, found.gl_pathv[i], problems);
    globfree(&found);
    free(pattern);
    free(quoted);
}

static void include_all(struct conf *conf, const char *path, struct conf_problems *problems)
{
    char *folder = folder_of(path);

    for (unsigned i = 0; i < conf->include.count; i++) {
        const char *item = conf->include.items[i];
        char *name = in_folder(folder, item);

        if (strpbrk(item, "*?["))
            include_pattern(conf, item, folder, problems);
        else
            include_file(conf, item, name, problems);
        free(name);
    }
    free(folder);
}

/* ---- the doors ----------------------------------------------------------- */

/* `path`: of the file whose folder the includes are relative to; NULL: none followed. */
static struct conf *load(struct source *source, const char *path, struct conf_problems *problems)
{
    struct conf *conf = conf_new();

    if (!add_source(conf, source, false, problems)) {
        conf_free(&conf);
        return NULL;
    }
    if (path)
        include_all(conf, path, problems);
    rules_judge(conf, problems);
    return conf;
}

static struct conf *no_source(const char *name, const struct err *err,
                              struct conf_problems *problems)
{
    problems_add(problems, (struct place){0}, "%s: %s", name, err->text);
    return NULL;
}

static struct conf *no_name(struct conf_problems *problems)
{
    problems_add(problems, (struct place){0},
                 "the name of the configuration file is empty; name one, as in --config FILE");
    return NULL;
}

/* Of one who has not written any yet. */
static struct conf *no_default(struct conf_problems *problems)
{
    problems_add(problems, (struct place){0},
                 CONF_DEFAULT_PATH ": cannot be opened: %s; name another with --config FILE, or "
                                   "begin with the sample conf/logboom.yaml",
                 strerror(ENOENT));
    return NULL;
}

struct conf *conf_load(const char *path, struct conf_problems *problems)
{
    struct source *source;
    struct err err;

    if (path[0] == '\0')
        return no_name(problems);
    if (strcmp(path, CONF_DEFAULT_PATH) == 0 && access(path, F_OK) < 0 && errno == ENOENT)
        return no_default(problems);
    source = source_read(path, false, &err);
    return source ? load(source, path, problems) : no_source(path, &err, problems);
}

struct conf *conf_load_again(const char *path, struct conf_problems *problems)
{
    struct conf *conf = conf_load(path, problems);
    const struct source *source;

    for (unsigned i = 0; conf && (source = places_source(conf->places, i)); i++) {
        if (source->is_open)
            problems_add(problems, (struct place){source, 0, 0},
                         "others than root and the daemon's own user may write this file, and so "
                         "choose what the daemon does; let it be root's, with mode 0640");
    }
    return conf;
}

struct conf *conf_load_text(const char *name, const char *text, size_t len,
                            struct conf_problems *problems)
{
    struct err err;
    struct source *source = source_from_text(name, text, len, &err);

    return source ? load(source, NULL, problems) : no_source(name, &err, problems);
}

void conf_problem(const struct conf *conf, struct conf_problems *problems, const void *setting,
                  const char *format, ...)
{
    struct place place = conf->places ? places_find(conf->places, setting) : (struct place){0};
    va_list args;

    va_start(args, format);
    problems_vadd(problems, place, format, args);
    va_end(args);
    if (conf->places)
        places_refuse(conf->places, setting); /* judge nothing else by this value */
}
