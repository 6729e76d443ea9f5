#include "zeromq/admission.h"

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "conf/alloc.h"
#include "zeromq/curve_file.h"

/* ---- the server's keys ------------------------------------------------------------------ */

static int refuse_double(const struct admission *admission, const struct conf_strings *files,
                         struct err *err)
{
    const struct curve_pair *last = &admission->keys[admission->key_count - 1];

    for (unsigned i = 0; i + 1 < admission->key_count; i++) {
        if (curve_key_is_same(&admission->keys[i].public_key, &last->public_key))
            return err_set(err, "'%s' holds the same key pair as '%s'; one of them will do",
                           files->items[admission->key_count - 1], files->items[i]);
    }
    return 0;
}

static int read_keys(struct admission *admission, const struct conf_curve *conf,
                     const void **setting_out, struct err *err)
{
    *setting_out = &conf->key;
    if (conf->key.count > ADMISSION_KEYS_MAX)
        return err_set(err,
                       "'key' has %u files, above the largest allowed %d: the new key pair, "
                       "and the one before",
                       conf->key.count, ADMISSION_KEYS_MAX);
    for (unsigned i = 0; i < conf->key.count; i++) {
        *setting_out = conf->key.items[i];
        if (curve_file_read(conf->key.items[i], &admission->keys[i], err) < 0)
            return -1;
        admission->key_count++;
        if (refuse_double(admission, &conf->key, err) < 0)
            return -1;
    }
    return 0;
}

static int read_curve(struct admission *admission, const struct conf_curve *conf,
                      const void **setting_out, struct err *err)
{
    if (conf->encryption == CONF_ENCRYPTION_NONE)
        return 0;
    if (read_keys(admission, conf, setting_out, err) < 0)
        return -1;
    *setting_out = &conf->allow;
    admission->allow = curve_allow_new(&conf->allow, setting_out, err);
    return admission->allow ? 0 : -1;
}

/* ---- users ------------------------------------------------------------------------------ */

/* A number is a user, be there one with that number or not. */
static bool parse_uid(const char *text, uid_t *uid_out)
{
    char *end;
    unsigned long number;

    errno = 0;
    number = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || number >= (uid_t)-1)
        return false;
    *uid_out = (uid_t)number;
    return true;
}

static int add_user(struct admission *admission, const char *text, struct err *err)
{
    const struct passwd *user;
    uid_t uid;

    if (admission->user_count == GATE_USERS_MAX)
        return err_set(err, "'allow_uid' has more than the largest allowed %d users",
                       GATE_USERS_MAX);
    if (!parse_uid(text, &uid)) {
        user = getpwnam(text);
        if (!user)
            return err_set(err, "'allow_uid' has '%s', which is neither a user's name nor a number",
                           text);
        uid = user->pw_uid;
    }
    admission->users[admission->user_count++] = uid;
    return 0;
}

static int read_users(struct admission *admission, const struct conf_ipc *conf,
                      const void **setting_out, struct err *err)
{
    admission->picks_users = conf->allow_uid.count > 0;
    for (unsigned i = 0; i < conf->allow_uid.count; i++) {
        *setting_out = conf->allow_uid.items[i];
        if (add_user(admission, conf->allow_uid.items[i], err) < 0)
            return -1;
    }
    return 0;
}

static int filter_users(const struct admission *admission, void *zmq_socket, struct err *err)
{
    for (unsigned i = 0; i < admission->user_count; i++) {
        if (zmq_setsockopt(zmq_socket, ZMQ_IPC_FILTER_UID, &admission->users[i],
                           sizeof admission->users[i]) < 0)
            return err_set(err, "this libzmq cannot look who connects to a socket file: %s",
                           zmq_strerror(zmq_errno()));
    }
    return 0;
}

int admission_pick_users(const struct admission *admission, struct gate_group *group,
                         void *zmq_socket, unsigned *cut, struct err *err)
{
    if (!gate_is_on())
        return filter_users(admission, zmq_socket, err);
    *cut += gate_group_pick_users(group, admission->picks_users ? admission->users : NULL,
                                  admission->user_count);
    return 0;
}

/* ---- its life --------------------------------------------------------------------------- */

struct admission *admission_new(const struct conf_curve *curve, const struct conf_ipc *ipc,
                                const void **setting_out, struct err *err)
{
    struct admission *admission = alloc_zeroed(1, sizeof *admission);

    if (read_curve(admission, curve, setting_out, err) < 0 ||
        read_users(admission, ipc, setting_out, err) < 0)
        admission_free(&admission);
    return admission;
}

void admission_free(struct admission **admission_address)
{
    struct admission *admission = *admission_address;

    *admission_address = NULL;
    if (!admission)
        return;
    for (unsigned i = 0; i < ADMISSION_KEYS_MAX; i++)
        curve_pair_wipe(&admission->keys[i]);
    curve_allow_free(&admission->allow);
    free(admission);
}

/* ---- what is different ------------------------------------------------------------------- */

struct text {
    char *bytes;
    size_t size, len;
};

static __attribute__((format(printf, 2, 3))) void add(struct text *text, const char *format, ...)
{
    va_list arguments;
    int len;

    va_start(arguments, format);
    len = vsnprintf(text->bytes + text->len, text->size - text->len, format, arguments);
    va_end(arguments);
    if (len > 0 && (size_t)len < text->size - text->len)
        text->len += (size_t)len;
    else
        text->bytes[text->len] = '\0'; /* all of it or nothing */
}

struct comparison {
    const struct curve_allow *other;
    struct admission_change *change;
    struct text names;
    unsigned unnamed;
};

enum { ROOM_FOR_MORE = sizeof " and 10000 more" };

static void note_gone(struct comparison *comparison, const char *name)
{
    struct text *names = &comparison->names;

    comparison->change->clients_gone++;
    if (comparison->unnamed > 0 || names->len + strlen(name) + ROOM_FOR_MORE + 2 > names->size)
        comparison->unnamed++;
    else
        add(names, "%s%s", names->len > 0 ? ", " : "", name);
}

static void judge_old(void *context, const struct curve_key *key, const char *name)
{
    struct comparison *comparison = context;
    const char *now = comparison->other ? curve_allow_find(comparison->other, key) : NULL;

    if (!now)
        note_gone(comparison, name);
    else
        comparison->change->clients_renamed += strcmp(now, name) != 0;
}

static void judge_new(void *context, const struct curve_key *key, const char *name)
{
    struct comparison *comparison = context;

    (void)name;
    comparison->change->clients_added +=
        !comparison->other || !curve_allow_find(comparison->other, key);
}

void admission_compare(const struct curve_allow *before, const struct curve_allow *now,
                       struct admission_change *change)
{
    struct comparison old = {now, change, {change->names_gone, sizeof change->names_gone, 0}, 0};
    struct comparison new = {.other = before, .change = change};

    if (before)
        curve_allow_each(before, judge_old, &old);
    if (now)
        curve_allow_each(now, judge_new, &new);
    if (old.unnamed > 0)
        add(&old.names, " and %u more", old.unnamed);
}

const char *admission_show(const struct admission_change *change, char bytes[ADMISSION_TEXT_MAX])
{
    struct text text = {bytes, ADMISSION_TEXT_MAX, 0};
    const struct {
        unsigned count;
        const char *one, *many, *names;
    } parts[] = {
        {change->keys_added, "server key added", "server keys added", ""},
        {change->keys_gone, "server key taken off", "server keys taken off", ""},
        {change->clients_added, "client added", "clients added", ""},
        {change->clients_gone, "client taken off", "clients taken off", change->names_gone},
        {change->clients_renamed, "client renamed", "clients renamed", ""},
        {change->cut, "connection cut off", "connections cut off", ""},
    };

    bytes[0] = '\0';
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i].count == 0)
            continue;
        add(&text, "%s%u %s", text.len > 0 ? ", " : "", parts[i].count,
            parts[i].count == 1 ? parts[i].one : parts[i].many);
        if (*parts[i].names)
            add(&text, " (%s)", parts[i].names);
    }
    return bytes;
}
