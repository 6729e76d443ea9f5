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

/* {"do":"tail","last":10,"min_level":"error","app":["shop*"],"host":["web1"],"message":"a|b"}: the
 * stream begins with {"ok":true}; then come {"level":"error","text":"the entry as text"},
 * {"missed":12} where the reader was too slow, and at last {"end":"a sentence"}. With
 * "json":true entries are as in the format json, and what is no entry is {"_logboom":{…}}. */
#define CONTROL_TAIL      "tail"
#define CONTROL_LAST      "last"
#define CONTROL_MIN_LEVEL "min_level"
#define CONTROL_APP       "app"
#define CONTROL_HOST      "host"
#define CONTROL_MESSAGE   "message"
#define CONTROL_JSON      "json"
#define CONTROL_LEVEL     "level"
#define CONTROL_CUT       "cut"
#define CONTROL_ENDED     "end"
#define CONTROL_OURS      "_logboom"

#define CONTROL_NAME "name" /* of the sink */
#define CONTROL_DROP "drop" /* true: drop everything; false: no more */

#define CONTROL_BY        "by" /* watch also who sends most, by */
#define CONTROL_BY_CLIENT "client"
#define CONTROL_BY_APP    "app"
#define CONTROL_BY_HOST   "host"
#define CONTROL_HEAVIEST  "heaviest"

#define CONTROL_OK     "ok"
#define CONTROL_ERROR  "error"
#define CONTROL_TEXT   "text"   /* for the person who asked, in lines */
#define CONTROL_MISSED "missed" /* lines of a stream that its reader was too slow for */

#endif
