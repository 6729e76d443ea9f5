#include "conf/settings.h"

#include <stdlib.h>
#include <string.h>

#include "conf/alloc.h"
#include "conf/check_text.h"
#include "conf/conf.h"
#include "conf/count_of.h"
#include "conf/must.h"
#include "conf/suggest.h"

#define KIB     1024ull
#define MIB     (1024 * KIB)
#define SECONDS 1000ull

/* An enum is an unsigned to _Generic; no other row has that type. */
#define MEMBER(type, member) ((type *)0)->member
#define KIND_OF(type, member)                                                                      \
    _Generic(MEMBER(type, member),                                                                 \
        struct conf_bytes: SETTING_BYTES,                                                          \
        struct conf_ms: SETTING_MS,                                                                \
        struct conf_count: SETTING_COUNT,                                                          \
        struct conf_mode: SETTING_MODE,                                                            \
        unsigned: SETTING_WORD,                                                                    \
        char *: SETTING_TEXT,                                                                      \
        struct conf_strings: SETTING_TEXTS,                                                        \
        struct conf_pairs: SETTING_PAIRS,                                                        \
        struct conf_memory: SETTING_SECTION,                                                       \
        struct conf_ipc: SETTING_SECTION,                                                          \
        struct conf_match: SETTING_SECTION,                                                        \
        struct conf_filter: SETTING_SECTION,                                                       \
        struct conf_tls: SETTING_SECTION,                                                          \
        struct conf_rotate: SETTING_SECTION,                                                       \
        struct conf_control: SETTING_SECTION,                                                      \
        struct conf_metrics: SETTING_SECTION,                                                      \
        struct conf_ingest *: SETTING_LIST,                                                        \
        struct conf_sink *: SETTING_LIST)

#define ROW_CALLED(word, type, member)                                                             \
    .name = (word), .kind = KIND_OF(type, member), .offset = offsetof(type, member),               \
    .size = sizeof MEMBER(type, member)

#define ROW(type, member) ROW_CALLED(#member, type, member)

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* One row per setting, in the order of the struct. */
static const struct setting memory_settings[] = {
    {ROW(struct conf_memory, cap), .standard = "64MiB", .least = CONF_CAP_LEAST_BYTES,
     .most = 1024 * 1024 * MIB,
     .help = "all memory that the daemon may occupy; `logboomd --plan` shows how it is split"},
    {ROW(struct conf_memory, gate), .words = WORDS("on", "off"), .standard = "on",
     .help = "on: no client can make ZeroMQ hold more than its share of 'cap'; off: for a libzmq "
             "that the gate cannot watch, and then 'cap' is not guaranteed"},
};
static const struct section memory_section = {"'memory'", sizeof(struct conf_memory),
                                              memory_settings, COUNT_OF(memory_settings)};

/* `file`: what becomes of an endpoint or a sink when the file is to be another. */
/* clang-format off */
#define IPC_ROWS(file)                                                                             \
    {ROW(struct conf_ipc, mode), .change = (file), .standard = "0660",                             \
     .help = "permissions of the socket files of ipc:// addresses"},                               \
    {ROW(struct conf_ipc, owner), .change = (file),                                                \
     .help = "their owner; the daemon's own user where it is not given"},                          \
    {ROW(struct conf_ipc, group), .change = (file),                                                \
     .help = "their group; the daemon's own group where it is not given"}
/* clang-format on */

#define IPC_USERS                                                                                  \
    "users, by name or number, whose processes may connect at all, whatever the mode says, and "   \
    "to ipc://@name, too; everybody where it is not given"

static const struct setting ipc_settings[] = {
    IPC_ROWS(SETTING_NEEDS_A_RESTART),
    {ROW(struct conf_ipc, allow_uid), .most = 64, .help = IPC_USERS},
};
static const struct section ipc_section = {"'ipc'", sizeof(struct conf_ipc), ipc_settings,
                                           COUNT_OF(ipc_settings)};

static const struct setting sink_ipc_settings[] = {
    IPC_ROWS(SETTING_OTHER_TARGET),
    {ROW(struct conf_ipc, allow_uid), .change = SETTING_OTHER_TARGET, .most = 64,
     .help = IPC_USERS},
};
static const struct section sink_ipc_section = {"'ipc'", sizeof(struct conf_ipc), sink_ipc_settings,
                                                COUNT_OF(sink_ipc_settings)};

static const struct setting ingest_settings[] = {
    {ROW(struct conf_ingest, name), .required = true, .check = check_name,
     .help = "what this endpoint is called in logs and counters; unique among endpoints"},
    {ROW(struct conf_ingest, socket), .change = SETTING_NEEDS_A_RESTART,
     .words = WORDS("pull", "sub", "router", "rep", "pair"), .standard = "pull",
     .help = "pull, for clients that PUSH; sub, for those that PUB, who never wait; router, for "
             "DEALER; rep, for REQ, which is told OK; pair, for one PAIR"},
    {ROW(struct conf_ingest, bind), .change = SETTING_NEEDS_A_RESTART, .most = 64,
     .help = "addresses to listen on, such as tcp://127.0.0.1:5514 or ipc:///run/x.sock"},
    {ROW(struct conf_ingest, connect), .change = SETTING_NEEDS_A_RESTART, .most = 64,
     .help = "addresses to connect to, where the clients listen"},
    {ROW(struct conf_ingest, subscribe), .most = 64,
     .help = "for sub: what the topics begin with that are wanted; all where it is not given"},
    {ROW(struct conf_ingest, ipc), .section = &ipc_section,
     .help = "who may use the socket files of ipc:// addresses"},
    {ROW_CALLED("encryption", struct conf_ingest, curve.encryption),
     .change = SETTING_NEEDS_A_RESTART, .words = WORDS("none", "curve"), .standard = "none",
     .help = "curve: only clients whose key is known are let in, and nobody else reads what they "
             "send; tcp beyond loopback needs one of the two written out"},
    {ROW_CALLED("key", struct conf_ingest, curve.key), .most = 2,
     .help = "the file of the endpoint's own key pair, as 'logboom keygen' makes it; while it is "
             "changed two of them, the new one first; encryption curve only"},
    {ROW_CALLED("allow", struct conf_ingest, curve.allow), .most = 1000,
     .help = "which clients are let in: 'NAME KEY' or 'KEY' with a public key, a file with one "
             "on each line, or a folder of such files; curve, with bind"},
    {ROW_CALLED("server_key", struct conf_ingest, curve.server_key),
     .change = SETTING_NEEDS_A_RESTART,
     .help = "the public key of whom is connected to; curve, with connect"},
    {ROW(struct conf_ingest, frames),
     .words = WORDS("auto", "payload", "topic", "topic-key", "cmdp"), .standard = "auto",
     .help =
         "what the frames of a message are; auto: one is the payload, before two or more stands "
         "the topic"},
    {ROW(struct conf_ingest, decode),
     .words = WORDS("auto", "json", "text", "rfc5424", "rfc3164", "gelf", "msgpack"),
     .standard = "auto",
     .help = "what a message holds: auto finds out, text is not looked into, other words mark what "
             "is not that"},
    {ROW(struct conf_ingest, split), .words = WORDS("none", "lines"), .standard = "none",
     .help = "lines: each line of a text message is an entry of its own"},
    {ROW(struct conf_ingest, max_entry), .standard = "64KiB", .least = KIB, .most = MIB,
     .help = "a longer entry is cut, marked and counted"},
    {ROW(struct conf_ingest, max_message), .change = SETTING_NEEDS_A_RESTART, .standard = "256KiB",
     .least = KIB, .most = 16 * MIB,
     .help = "a client that sends a longer message is disconnected"},
    {ROW(struct conf_ingest, max_clients), .change = SETTING_NEEDS_A_RESTART, .standard = "128",
     .least = 1, .most = 100000,
     .help = "how many clients are connected at once; 80KiB of 'memory.cap' are kept for each"},
    {ROW(struct conf_ingest, host), .words = WORDS("client", "peer"), .standard = "client",
     .help = "whose word counts: what the client says, or the address that it sends from"},
    {ROW(struct conf_ingest, fields), .most = CONF_FIELDS_MAX, .check = check_field_name,
     .help = "such as {env: prod}: fields for entries whose client sends none of that name"},
};
static const struct section ingest_section = {"an ingest endpoint", sizeof(struct conf_ingest),
                                              ingest_settings, COUNT_OF(ingest_settings)};

/* What `match` and the `not` in it both ask for; `all` is the first member of a match. */
/* clang-format off */
#define FILTER_ROWS                                                                                \
    {ROW(struct conf_filter, min_level), .check = check_level,                                     \
     .help = "this level or a graver one, which an entry without a level never is"},               \
    {ROW(struct conf_filter, app), .most = 64, .check = check_glob,                                \
     .help = "globs, such as 'web-*': the app is like one of them; no app counts as '-'"},         \
    {ROW(struct conf_filter, host), .most = 64, .check = check_glob,                               \
     .help = "the same for the host"},                                                             \
    {ROW(struct conf_filter, topic), .most = 64, .check = check_glob,                              \
     .help = "the same for the topic"},                                                            \
    {ROW(struct conf_filter, peer), .most = 64, .check = check_glob,                               \
     .help = "the same for who sent it, which no client can choose: an address, such as "          \
             "'10.1.*', or 'uid:1000,*'"},                                                         \
    {ROW(struct conf_filter, message),                                                             \
     .help = "a regular expression (PCRE2), which is found somewhere in the message"}
/* clang-format on */
_Static_assert(offsetof(struct conf_match, all) == 0, "rows of a filter are rows of a match");

static const struct setting except_settings[] = {FILTER_ROWS};
static const struct section except_section = {"'not'", sizeof(struct conf_filter), except_settings,
                                              COUNT_OF(except_settings)};

static const struct setting match_settings[] = {
    FILTER_ROWS,
    {ROW_CALLED("not", struct conf_match, except), .section = &except_section,
     .help = "but not entries that are like all keys that are written here"},
};
static const struct section match_section = {"'match'", sizeof(struct conf_match), match_settings,
                                             COUNT_OF(match_settings)};

static const struct setting rotate_settings[] = {
    {ROW(struct conf_rotate, size), .standard = "none", .zero_word = "none", .least = 16 * KIB,
     .help = "no file gets larger, unless it is one line; it is put away as "
             "all.log@20261125T211828.123456Z"},
    {ROW(struct conf_rotate, every), .words = WORDS("never", "hourly", "1h", "daily", "1d"),
     .standard = "never", .help = "begin a new file with each hour or day of 'timezone'"},
    {ROW(struct conf_rotate, keep), .standard = "10", .least = 1, .most = 1000000,
     .help = "how many files that were put away are kept of each log file; older ones are removed"},
    {ROW(struct conf_rotate, max_total), .standard = "none", .zero_word = "none", .least = MIB,
     .help = "all files of the sink together; the oldest that were put away are removed"},
    {ROW(struct conf_rotate, compress), .words = WORDS("none", "zstd", "gzip"), .standard = "none",
     .help = "files that were put away, in a thread that runs when nobody else wants to"},
};
static const struct section rotate_section = {"'rotate'", sizeof(struct conf_rotate),
                                              rotate_settings, COUNT_OF(rotate_settings)};

static const struct setting tls_settings[] = {
    {ROW(struct conf_tls, ca),
     .help = "a file (PEM) of the authorities that may vouch for the receiver; those of the "
             "system where it is not given"},
    {ROW(struct conf_tls, cert),
     .help = "our certificate and those between it and its authority, for receivers that ask"},
    {ROW(struct conf_tls, key), .help = "its key, a file that nobody else may read"},
    {ROW(struct conf_tls, server_name),
     .help = "the name or IP address that the receiver's certificate must be for; the host of "
             "'address' where it is not given"},
    {ROW(struct conf_tls, verify), .words = WORDS("on", "off"), .standard = "on",
     .help = "off: anybody may be the receiver, and may read everything"},
};
static const struct section tls_section = {"'tls'", sizeof(struct conf_tls), tls_settings,
                                           COUNT_OF(tls_settings)};

static const struct setting sink_settings[] = {
    {ROW(struct conf_sink, name), .required = true, .check = check_name,
     .help = "what this sink is called in logs and counters; unique among sinks"},
    {ROW(struct conf_sink, type), .change = SETTING_OTHER_TARGET,
     .words = WORDS("file", "stdout", "tcp", "tls", "unix", "udp", "unix-dgram", "zmq"),
     .required = true, .help = "where entries go"},
    {ROW(struct conf_sink, match), .section = &match_section,
     .help = "which entries it takes: those that are like all keys that are written"},
    {ROW(struct conf_sink, path), .change = SETTING_OTHER_TARGET,
     .help = "the file to append to; type file only. With {app} {host} {level} {topic} {date} "
             "{hour} in it, many files, such as /var/log/hosts/{host}/{app}.log"},
    {ROW(struct conf_sink, address), .change = SETTING_OTHER_TARGET,
     .help = "where to connect to: host:port for types tcp, "
             "tls and udp, the path of a socket for types "
             "unix and unix-dgram"},
    {ROW(struct conf_sink, tls), .change = SETTING_OTHER_TARGET, .section = &tls_section,
     .help = "whom to trust, and who we are; type tls only"},
    {ROW(struct conf_sink, socket), .change = SETTING_OTHER_TARGET, .words = WORDS("push", "pub"),
     .standard = "push",
     .help = "push, where each entry goes to one PULL that takes it; pub, to every SUB that wants "
             "it now; type zmq only"},
    {ROW(struct conf_sink, bind), .change = SETTING_OTHER_TARGET, .most = 64,
     .help = "addresses to listen on, such as tcp://127.0.0.1:5515 or ipc:///run/x.sock; type zmq "
             "only"},
    {ROW(struct conf_sink, connect), .change = SETTING_OTHER_TARGET, .most = 64,
     .help = "addresses to connect to, such as those of another logboomd; type zmq only"},
    {ROW(struct conf_sink, ipc), .section = &sink_ipc_section,
     .help = "who may use the socket files of ipc:// addresses; type zmq only"},
    {ROW_CALLED("encryption", struct conf_sink, curve.encryption), .change = SETTING_OTHER_TARGET,
     .words = WORDS("none", "curve"), .standard = "none",
     .help = "curve: only receivers whose key is known get entries, and nobody else reads them; "
             "type zmq only, where tcp beyond loopback needs one of the two written out"},
    {ROW_CALLED("key", struct conf_sink, curve.key), .change = SETTING_OTHER_TARGET, .most = 1,
     .help = "the file of the sink's own key pair, as 'logboom keygen' makes it; encryption curve "
             "only"},
    {ROW_CALLED("allow", struct conf_sink, curve.allow), .change = SETTING_OTHER_TARGET,
     .most = 1000,
     .help = "which receivers are let in, as an endpoint's 'allow'; curve, with bind"},
    {ROW_CALLED("server_key", struct conf_sink, curve.server_key), .change = SETTING_OTHER_TARGET,
     .help = "the public key of whom is connected to; curve, with connect"},
    {ROW(struct conf_sink, topic), .change = SETTING_OTHER_TARGET,
     .help = "a template, such as '{app}.{level}', for a frame in front of each entry, by which "
             "subscribers choose; socket pub only; none where it is not given"},
    {ROW(struct conf_sink, max_clients), .change = SETTING_OTHER_TARGET, .standard = "16",
     .least = 1, .most = 100000,
     .help = "how many receivers are connected to a zmq sink that binds; 509KiB of "
             "'memory.cap' are kept for each of pub, 91KiB of push, with encryption twice "
             "max_entry more"},
    {ROW(struct conf_sink, framing), .change = SETTING_OTHER_TARGET,
     .words = WORDS("lines", "octet-counted", "nul"), .standard = "lines",
     .help = "how the receiver knows where an entry ends: by a newline, a count in front of it, or "
             "a NUL; types tcp, tls and unix"},
    {ROW(struct conf_sink, timeout), .standard = "30s", .least = 100, .most = 3600 * SECONDS,
     .help = "how long a connection may take to be made, and then take nothing, before it counts "
             "as broken; for types that connect. Of zmq: a subscriber that takes nothing for so "
             "long is cut off"},
    {ROW(struct conf_sink, format), .standard = "text", .check = check_format,
     .help = "text, line, json, logfmt, rfc5424, rfc3164, raw, or a template such as "
             "'{time} {message}'"},
    {ROW(struct conf_sink, newlines), .words = WORDS("escape", "indent"), .standard = "escape",
     .help = "an entry of several lines: one line with \\n, or the further lines indented"},
    {ROW(struct conf_sink, origin), .words = WORDS("on", "off"), .standard = "off",
     .help = "what no client can set: when and from whom an entry came, and a number; formats json "
             "and rfc5424"},
    {ROW(struct conf_sink, mode), .change = SETTING_ANEW, .standard = "0640",
     .help = "permissions of a file that is created; type file only"},
    {ROW(struct conf_sink, owner), .change = SETTING_ANEW,
     .help = "owner of files and folders that are created; the daemon's own user where it is not "
             "given"},
    {ROW(struct conf_sink, group), .change = SETTING_ANEW,
     .help = "their group; the daemon's own group where it is not given"},
    {ROW(struct conf_sink, rotate), .change = SETTING_ANEW, .section = &rotate_section,
     .help = "when a new file is begun; type file only"},
    {ROW(struct conf_sink, sync), .change = SETTING_ANEW, .standard = "none", .zero_word = "none",
     .endless_word = "each", .least = 10, .most = 3600 * SECONDS,
     .help = "when what was written must be on the disk: none, only at the stop; a time, at the "
             "latest after it; each, after each write. Type file only"},
    {ROW(struct conf_sink, min_free), .change = SETTING_ANEW, .standard = "none",
     .zero_word = "none",
     .help = "the file system keeps so much; with less, the sink waits as on a full disk. Type "
             "file only"},
    {ROW(struct conf_sink, max_open), .change = SETTING_ANEW, .standard = "64", .least = 1,
     .most = 65536, .help = "how many files a sink keeps open whose path is made from entries"},
    {ROW(struct conf_sink, max_paths), .change = SETTING_ANEW, .standard = "1000", .least = 1,
     .most = 10000000,
     .help = "how many different paths it may have, with {date} or {hour} in each of them; entries "
             "of others go to one in which the client's parts are '_other'"},
    {ROW(struct conf_sink, queue), .standard = "auto", .zero_word = "auto", .least = 256 * KIB,
     .help = "memory for what waits, and room for 4 blocks of twice max_entry (with the default "
             "max_entry: 512KiB); auto takes a share of 'memory.cap'"},
    {ROW(struct conf_sink, when_full), .words = WORDS("block", "drop_newest", "drop_oldest"),
     .standard = "block",
     .help = "when the queue is full: block lets clients wait, drop_newest drops what arrives, "
             "drop_oldest what has waited longest"},
    {ROW(struct conf_sink, block_for), .standard = "forever", .zero_word = "forever", .least = 100,
     .most = 24 * 3600 * SECONDS,
     .help = "how long a full sink may let clients wait before it drops what arrives, until it has "
             "caught up; when_full block only"},
    {ROW(struct conf_sink, notices), .words = WORDS("on", "off"), .standard = "on",
     .help = "a line in the output for what was dropped there; format raw: off unless written"},
    {ROW(struct conf_sink, batch_for), .standard = "0ms", .most = 10 * SECONDS,
     .help = "how long entries may wait for more, so that there are fewer writes"},
};
static const struct section sink_section = {"a sink", sizeof(struct conf_sink), sink_settings,
                                            COUNT_OF(sink_settings)};

static const struct setting control_settings[] = {
    {ROW(struct conf_control, path), .standard = CONF_CONTROL_PATH,
     .help = "the socket on which `logboom stat` and the like talk to the daemon, or none"},
    {ROW(struct conf_control, group),
     .help = "whose members may look there; only root and the daemon's own user may do more"},
    {ROW(struct conf_control, keep), .standard = "256KiB", .least = 0, .most = 16 * MIB,
     .help = "so much of the last messages is kept for `logboom tail`; longer messages it does "
             "not show; 0: nothing is kept"},
};
static const struct section control_section = {"'control'", sizeof(struct conf_control),
                                               control_settings, COUNT_OF(control_settings)};

static const struct setting metrics_settings[] = {
    {ROW(struct conf_metrics, listen),
     .help = "where Prometheus finds /metrics, such as 127.0.0.1:9514; whoever reaches it can read "
             "them"},
};
static const struct section metrics_section = {"'metrics'", sizeof(struct conf_metrics),
                                               metrics_settings, COUNT_OF(metrics_settings)};

static const struct setting root_settings[] = {
    {ROW(struct conf, memory), .change = SETTING_NEEDS_A_RESTART, .section = &memory_section,
     .help = "the memory plan"},
    {ROW(struct conf, timezone), .change = SETTING_NEEDS_A_RESTART, .words = WORDS("utc", "local"),
     .standard = "utc", .help = "the zone of times in the formats text, line and templates"},
    {ROW(struct conf, drain_timeout), .standard = "5s", .least = 100, .most = 3600 * SECONDS,
     .help = "how long a stop may take to write what was received"},
    {ROW(struct conf, include), .most = 64,
     .help = "more files, by path or pattern; each may only add 'ingest' and 'sinks'"},
    {ROW(struct conf, state), .change = SETTING_NEEDS_A_RESTART, .standard = "auto",
     .help = "a file that tells the next start how this one ended, or none; auto: 'last-stop' in "
             "the folder that systemd gives ($STATE_DIRECTORY), else none"},
    {ROW(struct conf, control), .change = SETTING_NEEDS_A_RESTART, .section = &control_section,
     .help = "who may ask the daemon how it is, and tell it what to do"},
    {ROW(struct conf, metrics), .change = SETTING_NEEDS_A_RESTART, .section = &metrics_section,
     .help = "how the daemon is, for Prometheus"},
    {ROW(struct conf, ingest), .section = &ingest_section, .most = 256, .in_included = true,
     .count_offset = offsetof(struct conf, ingest_count),
     .help = "where entries come from; at least one"},
    {ROW(struct conf, sinks), .section = &sink_section, .most = 256, .in_included = true,
     .count_offset = offsetof(struct conf, sink_count), .help = "where entries go; at least one"},
};
const struct section settings_root = {"the configuration", sizeof(struct conf), root_settings,
                                      COUNT_OF(root_settings)};

const struct setting *settings_find(const struct section *section, const char *name)
{
    for (unsigned i = 0; i < section->count; i++)
        if (strcmp(section->settings[i].name, name) == 0)
            return &section->settings[i];
    return NULL;
}

const char *settings_suggest(const struct section *section, const char *name)
{
    const char *names[SECTION_ROWS_MAX];

    must(section->count <= SECTION_ROWS_MAX);
    for (unsigned i = 0; i < section->count; i++)
        names[i] = section->settings[i].name;
    return suggest_nearest(name, names, section->count);
}

void settings_init(const struct section *section, void *values)
{
    for (const struct setting *row = section->settings; row < section->settings + section->count;
         row++) {
        if (row->kind == SETTING_SECTION)
            settings_init(row->section, setting_member(row, values));
        else if (row->standard)
            must(setting_parse(row, row->standard, setting_member(row, values), NULL) == 0);
    }
}

static void free_texts(struct conf_strings *texts)
{
    for (unsigned i = 0; i < texts->count; i++)
        free(texts->items[i]);
    free(texts->items);
}

static void free_pairs(struct conf_pairs *pairs)
{
    for (unsigned i = 0; i < pairs->count; i++) {
        free(pairs->items[i].name);
        free(pairs->items[i].value);
    }
    free(pairs->items);
}

static void free_list(const struct setting *row, char *items, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        settings_fini(row->section, items + i * row->section->size);
    free(items);
}

static void free_value(const struct setting *row, void *values)
{
    void *member = setting_member(row, values);

    if (row->kind == SETTING_TEXT)
        free(*(char **)member);
    else if (row->kind == SETTING_TEXTS)
        free_texts(member);
    else if (row->kind == SETTING_PAIRS)
        free_pairs(member);
    else if (row->kind == SETTING_SECTION)
        settings_fini(row->section, member);
    else if (row->kind == SETTING_LIST)
        free_list(row, *(char **)member, *setting_count(row, values));
}

void settings_fini(const struct section *section, void *values)
{
    for (unsigned i = 0; i < section->count; i++)
        free_value(&section->settings[i], values);
}
