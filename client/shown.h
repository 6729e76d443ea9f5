/* shown.h - members of an answer, as a terminal may show them. */
#ifndef CLIENT_SHOWN_H
#define CLIENT_SHOWN_H

#include <stdint.h>

#include "decode/json_doc.h"

enum { SHOWN_MAX = 512 };

/* The member as text, its control bytes escaped; "" if there is none. Returns text. */
const char *shown_text(struct json_doc *doc, uint32_t object, const char *name,
                       char text[SHOWN_MAX]);

/* The member as a number; 0 if there is none. */
uint64_t shown_number(struct json_doc *doc, uint32_t object, const char *name);

/* `41 s`, `3 min`, `5 h`, `12 d`: the largest unit of which it has two, or seconds. Returns
 * text. */
enum { SHOWN_TIME_MAX = 32 };
const char *shown_time(uint64_t ms, char text[SHOWN_TIME_MAX]);

/* Three digits, as a person reads them: `999 B`, `12.5 MiB`, `256 MiB`. Returns text. */
const char *shown_size(double bytes, char text[SHOWN_TIME_MAX]);

#endif
