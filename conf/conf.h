/* conf.h - what the configuration file says, as plain structs.
 *
 * Every member that a row of conf/settings.c fills has its default when the file
 * does not name it. Strings and lists belong to the conf and last until
 * conf_free. Nothing here opens, resolves or creates anything: that is judged by
 * those who use the value, and reported through conf_problem so that all
 * problems of a file are shown together. One thread at a time. */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdbool.h>
#include <stdio.h>

#include "conf/units.h"

enum conf_timezone { CONF_TIMEZONE_UTC, CONF_TIMEZONE_LOCAL };
enum conf_socket {
    CONF_SOCKET_PULL,
    CONF_SOCKET_SUB,
    CONF_SOCKET_ROUTER,
    CONF_SOCKET_REP,
    CONF_SOCKET_PAIR
};
enum conf_frames {
    CONF_FRAMES_AUTO,
    CONF_FRAMES_PAYLOAD,
    CONF_FRAMES_TOPIC,
    CONF_FRAMES_TOPIC_KEY,
    CONF_FRAMES_CMDP
};
enum conf_encryption { CONF_ENCRYPTION_NONE, CONF_ENCRYPTION_CURVE };
enum conf_decode {
    CONF_DECODE_AUTO,
    CONF_DECODE_JSON,
    CONF_DECODE_TEXT,
    CONF_DECODE_RFC5424,
    CONF_DECODE_RFC3164,
    CONF_DECODE_GELF,
    CONF_DECODE_MSGPACK
};
enum conf_host { CONF_HOST_CLIENT, CONF_HOST_PEER };
enum conf_split { CONF_SPLIT_NONE, CONF_SPLIT_LINES };
enum conf_sink_type {
    CONF_SINK_FILE,
    CONF_SINK_STDOUT,
    CONF_SINK_TCP,
    CONF_SINK_TLS,
    CONF_SINK_UNIX,
    CONF_SINK_UDP,
    CONF_SINK_UNIX_DGRAM,
    CONF_SINK_ZMQ
};
enum conf_outlet { CONF_OUTLET_PUSH, CONF_OUTLET_PUB };
enum conf_gate { CONF_GATE_ON, CONF_GATE_OFF };
enum conf_newlines { CONF_NEWLINES_ESCAPE, CONF_NEWLINES_INDENT };
enum conf_when_full {
    CONF_WHEN_FULL_BLOCK,
    CONF_WHEN_FULL_DROP_NEWEST,
    CONF_WHEN_FULL_DROP_OLDEST
};
enum conf_every {
    CONF_EVERY_NEVER,
    CONF_EVERY_HOURLY,
    CONF_EVERY_1H, /* the same */
    CONF_EVERY_DAILY,
    CONF_EVERY_1D /* the same */
};
enum conf_compress { CONF_COMPRESS_NONE, CONF_COMPRESS_ZSTD, CONF_COMPRESS_GZIP };
enum conf_framing { CONF_FRAMING_LINES, CONF_FRAMING_OCTET_COUNTED, CONF_FRAMING_NUL };
enum conf_notices { CONF_NOTICES_ON, CONF_NOTICES_OFF };
enum conf_verify { CONF_VERIFY_ON, CONF_VERIFY_OFF };
enum conf_origin { CONF_ORIGIN_ON, CONF_ORIGIN_OFF };

struct conf_strings {
    char **items;
    unsigned count;
};

/* Texts by name, in the order in which they were written; no name twice. */
struct conf_pair {
    char *name;
    char *value;
};
struct conf_pairs {
    struct conf_pair *items;
    unsigned count;
};

struct conf_mode {
    unsigned bits; /* permission bits, as in chmod(2) */
};

struct conf_ipc {
    struct conf_mode mode;
    char *owner;                   /* user name, or NULL: ours */
    char *group;                   /* group name, or NULL: ours */
    struct conf_strings allow_uid; /* users, by name or number, whose processes may; none: all */
};

/* Who may talk to whom, and how. Who binds is the server. */
struct conf_curve {
    enum conf_encryption encryption;
    struct conf_strings key;   /* files of our own key pairs, newest first; a client has one */
    struct conf_strings allow; /* a server's: whom it lets in */
    char *server_key;          /* a client's: whom it talks to, else NULL */
};

struct conf_ingest {
    char *name;
    enum conf_socket socket;
    struct conf_strings bind;
    struct conf_strings connect;
    struct conf_strings subscribe; /* what topics begin with; none: all */
    struct conf_ipc ipc;
    struct conf_curve curve; /* flat in the file: encryption, key, allow, server_key */
    enum conf_frames frames;
    enum conf_decode decode;
    enum conf_split split;
    struct conf_bytes max_entry;
    struct conf_bytes max_message;
    struct conf_count max_clients; /* of all its bound addresses together */
    enum conf_host host;           /* whose word counts */
    struct conf_pairs fields;      /* for entries that have none of that name */
};

/* What an entry must be like. What is not written (no item, NULL) asks for nothing. */
struct conf_filter {
    char *min_level;           /* a word for a level, see check_level */
    struct conf_strings app;   /* globs: one of them */
    struct conf_strings host;  /* the same */
    struct conf_strings topic; /* the same */
    struct conf_strings peer;  /* the same, of who sent it */
    char *message;             /* a regular expression */
};

/* Which entries a sink takes: those that are like `all`, but for those that are like
 * `except`, where that asks for anything. */
struct conf_match {
    struct conf_filter all;
    struct conf_filter except; /* `not:` */
};

struct conf_rotate {
    struct conf_bytes size; /* 0: not by size */
    enum conf_every every;
    struct conf_count keep;      /* rotated files of each log file */
    struct conf_bytes max_total; /* of all files of the sink; 0: no matter */
    enum conf_compress compress;
};

/* Who is at the other end of a connection, and who we are. */
struct conf_tls {
    char *ca;          /* a file of certificates, or NULL: those of the system */
    char *cert;        /* a file, ours first, or NULL: we show none */
    char *key;         /* of cert */
    char *server_name; /* NULL: the host of the address */
    enum conf_verify verify;
};

/* conf_sink.sync.ms of `each`. */
#define CONF_SYNC_EACH UINT64_MAX

struct conf_sink {
    char *name;
    enum conf_sink_type type;
    struct conf_match match;
    char *path;              /* files only, else NULL */
    char *address;           /* where a connection goes, else NULL */
    enum conf_outlet socket; /* zmq only, as are the next six */
    struct conf_strings bind;
    struct conf_strings connect;
    struct conf_ipc ipc;
    struct conf_curve curve;       /* flat in the file, as in an endpoint */
    char *topic;                   /* pub only: a template, or NULL */
    struct conf_count max_clients; /* of all its bound addresses together */
    struct conf_tls tls;
    enum conf_framing framing;
    struct conf_ms timeout;
    char *format; /* text, line, json, raw or a template */
    enum conf_newlines newlines;
    enum conf_origin origin; /* json and rfc5424 only */
    struct conf_mode mode;
    char *owner; /* user name, or NULL: ours */
    char *group; /* group name, or NULL: ours */
    struct conf_rotate rotate;
    struct conf_ms sync;        /* 0: only at the end; CONF_SYNC_EACH */
    struct conf_bytes min_free; /* 0: no matter */
    struct conf_count max_open; /* where the path is made from entries */
    struct conf_count max_paths;
    struct conf_bytes queue; /* 0: the plan's share */
    enum conf_when_full when_full;
    struct conf_ms block_for;  /* 0: forever */
    enum conf_notices notices; /* as written; see conf_tells_drops */
    struct conf_ms batch_for;
};

/* At most so many bytes has a name, and so many the value, of conf_ingest.fields. */
enum { CONF_FIELDS_MAX = 16, CONF_FIELD_NAME_MAX = 32, CONF_FIELD_VALUE_MAX = 64 };

/* No cap is smaller, whatever the other settings need. */
enum { CONF_CAP_LEAST_BYTES = 16 * 1024 * 1024 };

struct conf_memory {
    struct conf_bytes cap;
    enum conf_gate gate;
};

/* Where the control socket is, if nobody says otherwise. */
#define CONF_CONTROL_PATH "/run/logboom/control.sock"

struct conf_control {
    char *path;             /* or "none" */
    char *group;            /* who may look, beside root and our own user; NULL: nobody */
    struct conf_bytes keep; /* of the last messages, for `logboom tail`; 0: nothing */
};

/* Where to listen for who scrapes metrics. */
struct conf_metrics {
    char *listen; /* HOST:PORT, or NULL: nowhere */
};

struct conf_places; /* where each setting was written */

struct conf {
    struct conf_memory memory;
    enum conf_timezone timezone;
    struct conf_ms drain_timeout;
    struct conf_strings include;
    char *state; /* a path, or "auto" or "none" */
    struct conf_control control;
    struct conf_metrics metrics;
    struct conf_ingest *ingest;
    unsigned ingest_count;
    struct conf_sink *sinks;
    unsigned sink_count;
    struct conf_places *places; /* NULL in a conf that was not loaded, or forgot them */
    unsigned users;             /* conf_load's caller, and one for each conf_ref */
};

/* What is wrong with a configuration, in the order of its lines. */
struct conf_problems;

struct conf_problems *conf_problems_new(void);
void conf_problems_free(struct conf_problems **problems);
unsigned conf_problems_count(const struct conf_problems *problems);

/* Each as `FILE:LINE:COLUMN: sentence`, the line itself and a caret under it. */
void conf_problems_print(const struct conf_problems *problems, FILE *out);

/* The first line of that, into text. False: there is none with this number, or it is one of more
 * than a thousand. */
bool conf_problems_sentence(const struct conf_problems *problems, unsigned index, char *text,
                            size_t size);

/* Where the configuration is, if nobody says otherwise. */
#define CONF_DEFAULT_PATH LOGBOOM_SYSCONFDIR "/logboom/logboom.yaml" /* from the Makefile */

/* Reads the file and what it includes. The result belongs to the caller, also
 * when problems were found, so that more can be judged; NULL only when there was
 * no document to read (the problem says why). */
struct conf *conf_load(const char *path, struct conf_problems *problems);

/* The same for a reload, which nobody watches: a file that others may write is a problem. */
struct conf *conf_load_again(const char *path, struct conf_problems *problems);

/* The same from memory; `name` stands for the file. Follows no include. */
struct conf *conf_load_text(const char *name, const char *text, size_t len,
                            struct conf_problems *problems);

/* One user more, who says conf_free as well. */
struct conf *conf_ref(struct conf *conf);

/* The last user's frees it. */
void conf_free(struct conf **conf);

/* Frees where settings were written, which is the most of it: problems have no place then, and
 * what depends on whether something was written counts as not written. */
void conf_forget_places(struct conf *conf);

/* Adds a problem at the place where `setting` (the address of a member of this
 * conf, or of a string in one of its lists) was written, or, where it stands at
 * its default, at the section that holds it. */
void conf_problem(const struct conf *conf, struct conf_problems *problems, const void *setting,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Whether the sink's output tells what was dropped: `notices`, which for raw must be
 * written to be on. */
bool conf_tells_drops(const struct conf *conf, const struct conf_sink *sink);

/* Whether the file says `encryption: none`, and not just nothing. */
bool conf_is_plain_on_purpose(const struct conf *conf, const struct conf_curve *curve);

/* Whether there is to be a control socket, and whether the file says anything of it. */
bool conf_has_control(const struct conf *conf);
bool conf_names_control(const struct conf *conf);

/* Whether the file names a path for the state file. */
bool conf_names_state(const struct conf *conf);

/* Whether its files are looked after: they are put away, by size or by time, or go for max_total
 * when the day in their name is over. */
bool conf_rotates(const struct conf_sink *sink);

/* Every setting with its kind, bounds, default and meaning: `--help-config`. */
void conf_print_help(FILE *out);

#endif
