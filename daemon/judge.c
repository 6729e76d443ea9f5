#include "daemon/judge.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aggregate/format.h"
#include "aggregate/match.h"
#include "aggregate/path_template.h"
#include "daemon/judge_tls.h"
#include "daemon/path.h"
#include "logfile/file_pattern.h"
#include "logfile/rotated_name.h"
#include "logfile/safe_open.h"
#include "sink/net_address.h"
#include "zeromq/address.h"
#include "zeromq/curve.h"
#include "zeromq/listener.h"

/* ---- formats, matches, addresses, owners --------------------------------------------- */

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

static void judge_match(const struct conf *conf, const struct conf_sink *sink,
                        struct conf_problems *problems)
{
    const void *setting;
    struct err err;
    struct match *match = match_new(&sink->match, &setting, &err);

    if (!match)
        conf_problem(conf, problems, setting, "%s", err.text);
    else
        match_free(&match);
}

/* Whoever reaches an address beyond loopback can read, send and flood, so it must be wanted. */
static bool is_exposed_by_accident(const struct conf *conf, const struct conf_curve *curve,
                                   const struct address *address)
{
    if (!curve) /* a sink's */
        return !address_is_loopback(address);
    return !address_is_loopback(address) && curve->encryption == CONF_ENCRYPTION_NONE &&
           !conf_is_plain_on_purpose(conf, curve);
}

static void judge_address(const struct conf *conf, const char *text, enum address_use use,
                          const struct conf_curve *curve, struct conf_problems *problems)
{
    struct address address;
    struct err err;

    if (address_parse(text, use, &address, &err) < 0)
        conf_problem(conf, problems, text, "%s", err.text);
    else if (is_exposed_by_accident(conf, curve, &address) && !curve)
        conf_problem(conf, problems, text,
                     "'%s' is beyond loopback, and a zmq sink cannot encrypt yet; use 127.0.0.1, "
                     "[::1] or ipc:///path",
                     text);
    else if (is_exposed_by_accident(conf, curve, &address))
        conf_problem(conf, problems, text,
                     "'%s' is beyond loopback, and nothing says whether to encrypt; write "
                     "'encryption: curve' with 'key' and '%s' (docs/security.md has it in five "
                     "commands), or 'encryption: none' if whoever reaches it may read and send",
                     text, use == ADDRESS_TO_BIND ? "allow" : "server_key");
}

/* Port 0 is another port each time. */
static bool lets_kernel_choose(const char *text)
{
    struct address address;

    return address_parse(text, ADDRESS_TO_BIND, &address, NULL) == 0 &&
           address.transport == ADDRESS_TCP && address.port == 0;
}

/* All bind addresses, those of endpoints first. */
static const struct conf_strings *bind_list(const struct conf *conf, unsigned index)
{
    return index < conf->ingest_count ? &conf->ingest[index].bind
                                      : &conf->sinks[index - conf->ingest_count].bind;
}

/* Whether this bind address stood before, in this list or an earlier one. */
static bool stood_before(const struct conf *conf, unsigned list, unsigned item)
{
    const char *text = bind_list(conf, list)->items[item];

    if (lets_kernel_choose(text))
        return false;
    for (unsigned l = 0; l <= list; l++) {
        const struct conf_strings *bind = bind_list(conf, l);
        unsigned count = l < list ? bind->count : item;

        for (unsigned i = 0; i < count; i++) {
            if (strcmp(bind->items[i], text) == 0)
                return true;
        }
    }
    return false;
}

static bool is_unknown_user(const char *name)
{
    return name && !getpwnam(name);
}

static bool is_unknown_group(const char *name)
{
    return name && !getgrnam(name);
}

/* Owner and group are settings of the same section; `what` is what they are of. */
static void judge_owner(const struct conf *conf, char *const *owner, char *const *group,
                        const char *what, struct conf_problems *problems)
{
    if (is_unknown_user(*owner))
        conf_problem(conf, problems, owner, "there is no user '%s' to own the %s", *owner, what);
    if (is_unknown_group(*group))
        conf_problem(conf, problems, group, "there is no group '%s' for the %s", *group, what);
}

/* Whether keys can be read, and are keys. */
static void judge_keys(const struct conf *conf, const struct conf_curve *curve, bool is_server,
                       struct conf_problems *problems)
{
    const void *setting;
    struct err err;

    if (curve->encryption == CONF_ENCRYPTION_CURVE &&
        curve_judge(curve, is_server, &setting, &err) < 0)
        conf_problem(conf, problems, setting, "%s", err.text);
}

/* Where a ZeroMQ socket listens, the `list`th, and connects. */
static void judge_addresses(const struct conf *conf, unsigned list,
                            const struct conf_strings *connect, const struct conf_curve *curve,
                            struct conf_problems *problems)
{
    const struct conf_strings *bind = bind_list(conf, list);

    for (unsigned i = 0; i < bind->count; i++) {
        judge_address(conf, bind->items[i], ADDRESS_TO_BIND, curve, problems);
        if (stood_before(conf, list, i))
            conf_problem(conf, problems, bind->items[i], "'%s' is bound twice", bind->items[i]);
    }
    for (unsigned i = 0; i < connect->count; i++)
        judge_address(conf, connect->items[i], ADDRESS_TO_CONNECT, curve, problems);
}

static void judge_endpoint(const struct conf *conf, unsigned index, struct conf_problems *problems)
{
    const struct conf_ingest *ingest = &conf->ingest[index];

    judge_addresses(conf, index, &ingest->connect, &ingest->curve, problems);
    judge_keys(conf, &ingest->curve, ingest->bind.count > 0, problems);
    judge_owner(conf, &ingest->ipc.owner, &ingest->ipc.group, "socket file", problems);
}

static void judge_topic(const struct conf *conf, const struct conf_sink *sink,
                        struct conf_problems *problems)
{
    struct format_options options = {0};
    struct err err;
    struct format *topic = format_new_topic(sink->topic, &options, &err);

    if (!topic)
        conf_problem(conf, problems, &sink->topic, "%s", err.text);
    else
        format_free(&topic);
}

static void judge_zmq(const struct conf *conf, unsigned index, struct conf_problems *problems)
{
    const struct conf_sink *sink = &conf->sinks[index];

    judge_addresses(conf, conf->ingest_count + index, &sink->connect, NULL, problems);
    judge_owner(conf, &sink->ipc.owner, &sink->ipc.group, "socket file", problems);
    if (sink->topic)
        judge_topic(conf, sink, problems);
}

/* ---- one file, one sink -------------------------------------------------------------- */

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
static bool can_be_same_file(const char *a, const char *b)
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

static void judge_path(const struct conf *conf, unsigned index, struct conf_problems *problems)
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

        if (has_path(other) && can_be_same_file(other->path, sink->path)) {
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

/* Of files that are put away: their names must have room, and be nobody else's. */
static void judge_rotated_name(const struct conf *conf, const struct conf_sink *sink,
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

/* ---- connections --------------------------------------------------------------------- */

static void judge_target(const struct conf *conf, const struct conf_sink *sink,
                         struct conf_problems *problems)
{
    bool is_path = sink->type == CONF_SINK_UNIX || sink->type == CONF_SINK_UNIX_DGRAM;
    struct net_address address;
    struct err err;

    if (!sink->address || sink->type == CONF_SINK_FILE || sink->type == CONF_SINK_STDOUT ||
        sink->type == CONF_SINK_ZMQ)
        return;
    if (net_address_parse(sink->address, is_path ? NET_PATH : NET_HOST_PORT, &address, &err) < 0)
        conf_problem(conf, problems, &sink->address, "%s", err.text);
}

/* ---- values -------------------------------------------------------------------------- */

void judge_values(const struct conf *conf, struct conf_problems *problems)
{
    for (unsigned i = 0; i < conf->ingest_count; i++)
        judge_endpoint(conf, i, problems);
    for (unsigned i = 0; i < conf->sink_count; i++) {
        judge_format(conf, &conf->sinks[i], problems);
        judge_match(conf, &conf->sinks[i], problems);
        judge_path(conf, i, problems);
        judge_rotated_name(conf, &conf->sinks[i], problems);
        judge_owner(conf, &conf->sinks[i].owner, &conf->sinks[i].group, "log file", problems);
        judge_target(conf, &conf->sinks[i], problems);
        judge_tls(conf, &conf->sinks[i], problems);
        if (conf->sinks[i].type == CONF_SINK_ZMQ)
            judge_zmq(conf, i, problems);
    }
}

/* ---- warnings ------------------------------------------------------------------------ */

static void warn_of_anybody(const struct conf *conf, const struct conf_sink *sink,
                            struct conf_problems *warnings)
{
    if (sink->type == CONF_SINK_TLS && sink->tls.verify == CONF_VERIFY_OFF)
        conf_problem(conf, warnings, &sink->tls.verify,
                     "warning: 'verify' is off: whoever answers at '%s' gets everything",
                     sink->address);
}

static void warn_of_blocking(const struct conf *conf, const struct conf_ingest *ingest,
                             struct conf_problems *warnings)
{
    for (unsigned i = 0; i < conf->sink_count; i++) {
        if (conf->sinks[i].when_full != CONF_WHEN_FULL_BLOCK)
            continue;
        conf_problem(conf, warnings, &ingest->socket,
                     "warning: '%s' is a sub socket, whose publishers cannot wait; when sink '%s' "
                     "(when_full: block) is full, what they send is dropped there as sub_full",
                     ingest->name, conf->sinks[i].name);
        return; /* one sentence an endpoint */
    }
}

static const char *first_beyond_loopback(const struct conf_strings *list, enum address_use use)
{
    struct address address;

    for (unsigned i = 0; i < list->count; i++) {
        if (address_parse(list->items[i], use, &address, NULL) == 0 &&
            !address_is_loopback(&address))
            return list->items[i];
    }
    return NULL;
}

bool judge_is_open(const struct conf_ingest *ingest, struct err *sentence)
{
    const char *address = first_beyond_loopback(&ingest->bind, ADDRESS_TO_BIND);

    if (!address)
        address = first_beyond_loopback(&ingest->connect, ADDRESS_TO_CONNECT);
    if (!address || ingest->curve.encryption != CONF_ENCRYPTION_NONE)
        return false;
    err_set(sentence,
            "endpoint %s: '%s' is beyond loopback and not encrypted (encryption: none): whoever "
            "reaches it can send, and whoever is on the way can read and change what others send",
            ingest->name, address);
    return true;
}

const char judge_not_everything[] =
    "no sink takes everything; an entry that matches none of them is only counted, as unrouted";

bool judge_takes_everything(const struct conf *conf)
{
    bool one_does = false;

    for (unsigned i = 0; i < conf->sink_count && !one_does; i++) {
        const void *setting;
        struct match *match = match_new(&conf->sinks[i].match, &setting, NULL);

        one_does = match && match_is_everything(match);
        match_free(&match);
    }
    return one_does;
}

void judge_warnings(const struct conf *conf, struct conf_problems *warnings)
{
    for (unsigned i = 0; i < conf->ingest_count; i++) {
        if (conf->ingest[i].socket == CONF_SOCKET_SUB)
            warn_of_blocking(conf, &conf->ingest[i], warnings);
    }
    for (unsigned i = 0; i < conf->sink_count; i++)
        warn_of_anybody(conf, &conf->sinks[i], warnings);
    for (unsigned i = 0; i < conf->ingest_count; i++) {
        struct err sentence;

        if (judge_is_open(&conf->ingest[i], &sentence))
            conf_problem(conf, warnings, &conf->ingest[i].curve.encryption, "warning: %s",
                         sentence.text);
    }
    if (!judge_takes_everything(conf))
        conf_problem(conf, warnings, &conf->sinks, "warning: %s", judge_not_everything);
}

/* ---- surroundings -------------------------------------------------------------------- */

/* `checking`: for --check, which is often asked while the daemon runs. */
static void try_to_listen(const struct conf *conf, const struct conf_ipc *ipc,
                          const struct conf_curve *curve, const char *text, bool checking,
                          struct conf_problems *problems)
{
    struct address address;
    struct listener listener;
    struct err err;
    bool in_use;

    if (address_parse(text, ADDRESS_TO_BIND, &address, &err) < 0 ||
        is_exposed_by_accident(conf, curve, &address) || is_unknown_user(ipc->owner) ||
        is_unknown_group(ipc->group))
        return; /* said before */
    if (listener_open(&listener, &address, ipc, &err) == 0) {
        listener_close(&listener);
        return;
    }
    in_use = strstr(err.text, strerror(EADDRINUSE)) != NULL;
    conf_problem(conf, problems, text, "%s%s", err.text,
                 checking && in_use
                     ? "; if that is the logboomd you are about to restart, this is expected"
                     : "");
}

static void try_list_to_listen(const struct conf *conf, const struct conf_ipc *ipc,
                               const struct conf_curve *curve, const struct conf_strings *bind,
                               bool checking, struct conf_problems *problems)
{
    for (unsigned i = 0; i < bind->count; i++)
        try_to_listen(conf, ipc, curve, bind->items[i], checking, problems);
}

static void try_all_to_listen(const struct conf *conf, bool checking,
                              struct conf_problems *problems)
{
    for (unsigned i = 0; i < conf->ingest_count; i++)
        try_list_to_listen(conf, &conf->ingest[i].ipc, &conf->ingest[i].curve,
                           &conf->ingest[i].bind, checking, problems);
    for (unsigned i = 0; i < conf->sink_count; i++)
        try_list_to_listen(conf, &conf->sinks[i].ipc, NULL, &conf->sinks[i].bind, checking,
                           problems);
}

void judge_listening(const struct conf *conf, struct conf_problems *problems)
{
    try_all_to_listen(conf, false, problems);
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
        conf_problem(conf, problems, &sink->path, "cannot make '%s' in the folder '%s': %s",
                     sink->path, folder, strerror(error));
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

void judge_surroundings(const struct conf *conf, struct conf_problems *problems)
{
    try_all_to_listen(conf, true, problems);
    for (unsigned i = 0; i < conf->sink_count; i++) {
        if (has_path(&conf->sinks[i]) && *path_name(conf->sinks[i].path) != '\0')
            try_path(conf, &conf->sinks[i], problems);
    }
}
