/* path_template.h - the path of a file sink that is made from entries.
 *
 *     /var/log/hosts/{host}/{app}-{date}.log
 *     base ^^^^^^^^^^ relative: rendered for each entry
 *
 * {app} {host} {level} {topic} are the entry's, made safe: letters, digits, `_`, `.` and
 * `-` stay, every other byte is `_`, and so is a dot in front; 64 bytes at most, `-` for
 * nothing. {date} (2026-11-25) and {hour} (21) are of the time of arrival, which no client
 * can choose. Other braces stand for themselves.
 *
 * Loop thread only, but for what says otherwise. */
#ifndef AGGREGATE_PATH_TEMPLATE_H
#define AGGREGATE_PATH_TEMPLATE_H

#include "aggregate/entry.h"
#include "aggregate/label.h"

struct path_template;

/* Whether the path has `{…}` in it, known or not. */
bool path_template_is_one(const char *path);

/* NULL and a sentence when the path has an unknown placeholder, or could become one that
 * no file system takes. */
struct path_template *path_template_new(const char *path, bool local_time, struct err *err);
void path_template_free(struct path_template **template);

/* The longest relative path that there can be; at most LABEL_MAX. */
size_t path_template_longest(const struct path_template *template);

/* Where this entry goes. The text is the template's, until the next call. A time of arrival
 * that is a few seconds behind the newest counts as the newest, so that periods do not
 * alternate when endpoints are served in turn. */
struct label path_template_render(struct path_template *template, const struct entry *entry,
                                  const char *base);

/* Where goes what has no file of its own: `_other` for each part that is the client's.
 * Returns its length. Any thread. */
size_t path_template_other(const struct path_template *template, uint32_t period,
                           char to[LABEL_MAX]);

/* The period of this time. Any thread; slower than what rendering does. */
uint32_t path_template_period(const struct path_template *template, int64_t time_ns);

/* ---- any thread ---------------------------------------------------------------------------- */

/* Whether the two could name the same file, or a file that rotation of the other makes;
 * templates or plain paths, absolute and free of links (path_overlap.c). */
bool path_template_overlap(const char *a, const char *b);

/* The folder that does not depend on entries: so many bytes in front of a path or template,
 * with the slash; 0: where the daemon was started. What is behind it is relative to it. */
size_t path_template_base_len(const char *path);

/* What is behind the base as a pattern of logfile/file_pattern.h, which has `*` for each
 * placeholder, and PATH_PATTERN_DIGIT for each digit of {date} and {hour}. False: it is longer than
 * LABEL_MAX, or has one of these of its own. */
enum { PATH_PATTERN_DIGIT = 1 };
bool path_template_pattern(const char *path, char to[LABEL_MAX + 1]);

/* How long a file is written to before another name takes its place: whether the template has
 * {date}, and {hour} beside it. */
enum path_lasts { PATH_LASTS, PATH_LASTS_A_DAY, PATH_LASTS_AN_HOUR };
enum path_lasts path_template_lasts(const char *path);

/* If a placeholder begins at this byte, the length of what is between its braces; else 0. */
size_t path_template_placeholder_len(const char *text);

/* Whether values keep this byte. */
bool path_template_is_safe(char byte);

#endif
