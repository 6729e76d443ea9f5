#include "daemon/judge.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aggregate/format.h"
#include "ingest/address.h"
#include "ingest/listener.h"

/* ---- values -------------------------------------------------------------------------- */

static void judge_format(const struct conf *conf, const struct conf_sink *sink,
                         struct conf_problems *problems)
{
    struct format_options options = {0};
    struct err err;
    struct format *format = format_new(sink->format, &options, &err);

    if (!format)
        conf_problem(conf, problems, &sink->format, "%s", err.text);
    else
        format_free(&format);
}

static void judge_address(const struct conf *conf, const char *text, enum address_use use,
                          struct conf_problems *problems)
{
    struct address address;
    struct err err;

    if (address_parse(text, use, &address, &err) < 0)
        conf_problem(conf, problems, text, "%s", err.text);
    else if (!address_is_loopback(&address))
        conf_problem(conf, problems, text,
                     "'%s' is beyond loopback, and this version cannot encrypt; use 127.0.0.1, "
                     "[::1] or ipc:///path",
                     text);
}

/* Port 0 is another port each time. */
static bool lets_kernel_choose(const char *text)
{
    struct address address;

    return address_parse(text, ADDRESS_TO_BIND, &address, NULL) == 0 &&
           address.transport == ADDRESS_TCP && address.port == 0;
}

/* Whether this bind address stood before, in this endpoint or an earlier one. */
static bool stood_before(const struct conf *conf, unsigned endpoint, unsigned item)
{
    const char *text = conf->ingest[endpoint].bind.items[item];

    if (lets_kernel_choose(text))
        return false;
    for (unsigned e = 0; e <= endpoint; e++) {
        unsigned count = e < endpoint ? conf->ingest[e].bind.count : item;

        for (unsigned i = 0; i < count; i++) {
            if (strcmp(conf->ingest[e].bind.items[i], text) == 0)
                return true;
        }
    }
    return false;
}

static void judge_endpoint(const struct conf *conf, unsigned index, struct conf_problems *problems)
{
    const struct conf_ingest *ingest = &conf->ingest[index];

    for (unsigned i = 0; i < ingest->bind.count; i++) {
        judge_address(conf, ingest->bind.items[i], ADDRESS_TO_BIND, problems);
        if (stood_before(conf, index, i))
            conf_problem(conf, problems, ingest->bind.items[i], "'%s' is bound twice",
                         ingest->bind.items[i]);
    }
    for (unsigned i = 0; i < ingest->connect.count; i++)
        judge_address(conf, ingest->connect.items[i], ADDRESS_TO_CONNECT, problems);
}

void judge_values(const struct conf *conf, struct conf_problems *problems)
{
    for (unsigned i = 0; i < conf->ingest_count; i++)
        judge_endpoint(conf, i, problems);
    for (unsigned i = 0; i < conf->sink_count; i++)
        judge_format(conf, &conf->sinks[i], problems);
}

/* ---- surroundings -------------------------------------------------------------------- */

static void try_to_listen(const struct conf *conf, const struct conf_ingest *ingest,
                          const char *text, struct conf_problems *problems)
{
    struct address address;
    struct listener listener;
    struct err err;

    if (address_parse(text, ADDRESS_TO_BIND, &address, &err) < 0 || !address_is_loopback(&address))
        return; /* said before */
    if (listener_open(&listener, &address, &ingest->ipc, &err) < 0)
        conf_problem(conf, problems, text, "%s", err.text);
    else
        listener_close(&listener);
}

/* The folder that a file would be made in. */
static void try_folder(const struct conf *conf, const struct conf_sink *sink,
                       struct conf_problems *problems)
{
    char copy[4096];
    const char *folder;

    if (strlen(sink->path) >= sizeof copy) {
        conf_problem(conf, problems, &sink->path, "the path is longer than any file's");
        return;
    }
    strcpy(copy, sink->path);
    folder = dirname(copy);
    if (access(folder, W_OK | X_OK) < 0)
        conf_problem(conf, problems, &sink->path, "cannot make '%s' in the folder '%s': %s",
                     sink->path, folder, strerror(errno));
}

static void try_path(const struct conf *conf, const struct conf_sink *sink,
                     struct conf_problems *problems)
{
    struct stat st;

    if (lstat(sink->path, &st) < 0) {
        try_folder(conf, sink, problems);
        return;
    }
    if (S_ISLNK(st.st_mode))
        conf_problem(conf, problems, &sink->path, "'%s' is a symbolic link; name the file itself",
                     sink->path);
    else if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
        conf_problem(conf, problems, &sink->path, "'%s' is no regular file, FIFO or terminal",
                     sink->path);
    else if (S_ISREG(st.st_mode) && st.st_nlink > 1)
        conf_problem(conf, problems, &sink->path,
                     "'%s' has %lu hard links; a log file must have one name only", sink->path,
                     (unsigned long)st.st_nlink);
    else if (access(sink->path, W_OK) < 0)
        conf_problem(conf, problems, &sink->path, "cannot append to '%s': %s", sink->path,
                     strerror(errno));
}

void judge_listening(const struct conf *conf, struct conf_problems *problems)
{
    for (unsigned e = 0; e < conf->ingest_count; e++) {
        for (unsigned i = 0; i < conf->ingest[e].bind.count; i++)
            try_to_listen(conf, &conf->ingest[e], conf->ingest[e].bind.items[i], problems);
    }
}

void judge_surroundings(const struct conf *conf, struct conf_problems *problems)
{
    judge_listening(conf, problems);
    for (unsigned i = 0; i < conf->sink_count; i++) {
        if (conf->sinks[i].type == CONF_SINK_FILE && conf->sinks[i].path)
            try_path(conf, &conf->sinks[i], problems);
    }
}
