#include "judge/judge.h"

#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "aggregate/format.h"
#include "aggregate/match.h"
#include "control/control.h"
#include "judge/judge_parts.h"
#include "sink/net_address.h"
#include "zeromq/address.h"

/* ---- formats, matches, owners -------------------------------------------------------- */

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

bool judge_is_unknown_user(const char *name)
{
    return name && !getpwnam(name);
}

bool judge_is_unknown_group(const char *name)
{
    return name && !getgrnam(name);
}

void judge_owner(const struct conf *conf, char *const *owner, char *const *group, const char *what,
                 struct conf_problems *problems)
{
    if (judge_is_unknown_user(*owner))
        conf_problem(conf, problems, owner, "there is no user '%s' to own the %s", *owner, what);
    if (judge_is_unknown_group(*group))
        conf_problem(conf, problems, group, "there is no group '%s' for the %s", *group, what);
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

/* ---- the control socket --------------------------------------------------------------- */

static void judge_control(const struct conf *conf, struct conf_problems *problems)
{
    if (conf_has_control(conf) && strlen(conf->control.path) > ADDRESS_PATH_MAX)
        conf_problem(conf, problems, &conf->control.path,
                     "'path' has %zu bytes, but a socket's has at most %d",
                     strlen(conf->control.path), ADDRESS_PATH_MAX);
    if (conf->control.path[0] == '@')
        conf_problem(conf, problems, &conf->control.path,
                     "'path' begins with '@', which is no file; the control socket needs one");
    if (judge_is_unknown_group(conf->control.group))
        conf_problem(conf, problems, &conf->control.group,
                     "there is no group '%s' for the control socket", conf->control.group);
}

/* ---- values -------------------------------------------------------------------------- */

void judge_values(const struct conf *conf, struct conf_problems *problems)
{
    judge_control(conf, problems);
    for (unsigned i = 0; i < conf->ingest_count; i++)
        judge_endpoint(conf, i, problems);
    judge_metrics(conf, problems);
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

/* Inside the encryption the gate cannot hide the ids that clients give themselves. */
static void warn_of_encrypted_rep(const struct conf *conf, const struct conf_ingest *ingest,
                                  struct conf_problems *warnings)
{
    if (ingest->socket == CONF_SOCKET_REP && ingest->bind.count > 0 &&
        ingest->curve.encryption == CONF_ENCRYPTION_CURVE)
        conf_problem(conf, warnings, &ingest->socket,
                     "warning: clients of '%s' that give themselves the same id "
                     "(ZMQ_ROUTING_ID) take each other's places for good, as rep with "
                     "encryption is; pull and router have no such ids",
                     ingest->name);
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
    for (unsigned i = 0; i < conf->sink_count; i++) {
        struct err sentence;

        if (judge_sink_is_open(&conf->sinks[i], &sentence))
            conf_problem(conf, warnings, &conf->sinks[i].curve.encryption, "warning: %s",
                         sentence.text);
    }
    for (unsigned i = 0; i < conf->ingest_count; i++)
        warn_of_encrypted_rep(conf, &conf->ingest[i], warnings);
    judge_metrics_warnings(conf, warnings);
    if (!judge_takes_everything(conf))
        conf_problem(conf, warnings, &conf->sinks, "warning: %s", judge_not_everything);
}

/* ---- surroundings -------------------------------------------------------------------- */

/* Only where somebody wants it: the default may be another daemon's. */
static void try_control(const struct conf *conf, const struct conf_strings *listening,
                        struct conf_problems *problems)
{
    struct err err;

    if (conf_names_control(conf) && conf_has_control(conf) &&
        !judge_is_listening(listening, conf->control.path) && control_try(&conf->control, &err) < 0)
        conf_problem(conf, problems, &conf->control.path, "%s", err.text);
}

void judge_listening(const struct conf *conf, const struct inherited *inherited,
                     struct conf_problems *problems)
{
    judge_try_to_listen(conf, inherited, NULL, problems);
    try_control(conf, NULL, problems);
    judge_try_metrics(conf, NULL, problems);
}

void judge_surroundings(const struct conf *conf, const struct conf_strings *listening,
                        struct conf_problems *problems)
{
    judge_try_to_listen(conf, NULL, listening, problems);
    try_control(conf, listening, problems);
    judge_try_metrics(conf, listening, problems);
    judge_state_surroundings(conf, problems);
    for (unsigned i = 0; i < conf->sink_count; i++)
        judge_path_surroundings(conf, &conf->sinks[i], problems);
}

void judge_sink_surroundings(const struct conf *conf, const struct conf_sink *sink,
                             struct conf_problems *problems)
{
    judge_path_surroundings(conf, sink, problems);
}

static bool share_an_address(const struct conf_strings *a, const struct conf_strings *b)
{
    for (unsigned i = 0; i < a->count; i++) {
        for (unsigned k = 0; k < b->count; k++) {
            if (strcmp(a->items[i], b->items[k]) == 0)
                return true;
        }
    }
    return false;
}

bool judge_share_target(const struct conf_sink *a, const struct conf_sink *b)
{
    if (a->type != b->type)
        return false;
    if (a->type == CONF_SINK_FILE)
        return judge_can_be_same_file(a->path, b->path);
    return a->type == CONF_SINK_STDOUT || share_an_address(&a->bind, &b->bind);
}
