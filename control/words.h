/* words.h - what the daemon and `logboom` call things on the control socket (docs/control.md).
 *
 *     -> {"do":"sink","name":"all","drop":true}\n
 *     <- {"ok":true}\n                      or {"ok":false,"error":"a sentence"}\n
 *
 * One request a connection, one line; the answer is one line, after which the daemon closes. */
#ifndef CONTROL_WORDS_H
#define CONTROL_WORDS_H

enum { CONTROL_REQUEST_MAX = 4096 }; /* bytes of a request, its newline included */

#define CONTROL_DO     "do"
#define CONTROL_STAT   "stat"
#define CONTROL_WATCH  "watch" /* the same, once a second, until one side closes */
#define CONTROL_DROPS  "drops"
#define CONTROL_SINK   "sink"
#define CONTROL_REOPEN "reopen"
#define CONTROL_RELOAD "reload"
#define CONTROL_CHECK  "check"

#define CONTROL_NAME "name" /* of the sink */
#define CONTROL_DROP "drop" /* true: drop everything; false: no more */

#define CONTROL_OK     "ok"
#define CONTROL_ERROR  "error"
#define CONTROL_TEXT   "text"   /* for the person who asked, in lines */
#define CONTROL_MISSED "missed" /* lines of a stream that its reader was too slow for */

#endif
