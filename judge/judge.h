/* judge.h - what conf/ cannot know: whether the values make sense to those who use them. */
#ifndef JUDGE_JUDGE_H
#define JUDGE_JUDGE_H

#include "conf/conf.h"
#include "conf/err.h"

struct inherited;

/* Adds a problem for each format and each match that does not compile, each address that is
 * none, lies beyond loopback without a word on encryption or stands twice, each key that cannot
 * be used, each user or group that there is none of, each
 * path of a folder, each that leads to the file of an earlier sink, and each that is too long
 * to be rotated. Opens nothing but the files of `tls` and of keys. */
void judge_values(const struct conf *conf, struct conf_problems *problems);

/* What is allowed and yet loses entries; for --check, as problems of their own. */
void judge_warnings(const struct conf *conf, struct conf_problems *warnings);

/* One of these warnings, which the start gives, too: whether others than this machine can reach
 * an endpoint or a zmq sink that does not encrypt, and what to say then. */
bool judge_is_open(const struct conf_ingest *ingest, struct err *sentence);
bool judge_sink_is_open(const struct conf_sink *sink, struct err *sentence);

/* Another one, which the start gives, too: whether there is a sink for every entry,
 * and what to say if there is none. */
bool judge_takes_everything(const struct conf *conf);
extern const char judge_not_everything[];

/* For --check: adds a problem for each address that is in use, but for those that are listened
 * on by the daemon that asks, and each path that cannot be written. Leaves nothing behind. */
void judge_surroundings(const struct conf *conf, const struct conf_strings *listening,
                        struct conf_problems *problems);

/* Of one sink, if it is to be opened: whether it could be. */
void judge_sink_surroundings(const struct conf *conf, const struct conf_sink *sink,
                             struct conf_problems *problems);

/* Whether both would write to the same file or device, or listen at the same address: then one
 * must be closed before the other is opened. */
bool judge_share_target(const struct conf_sink *a, const struct conf_sink *b);

/* The part of it that must be known before a file is touched: whether the addresses can
 * be listened on, but for those that are held for us already (NULL: none). A daemon started by
 * mistake must not end the other's lines. */
void judge_listening(const struct conf *conf, const struct inherited *inherited,
                     struct conf_problems *problems);

#endif
