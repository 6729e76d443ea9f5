/* stream.h - an answer without an end: one line an event, until one side closes.
 *
 * What is put into a stream is sent when it is flushed, as far as the reader takes it. What has
 * no room any more is missed and counted: a reader that is slow, or stopped, loses lines and
 * holds up nobody. Whoever feeds it tells the reader how many, when there is room again.
 *
 *     static void on_tail(struct control_call *call)
 *     {
 *         struct tail *tail = …;
 *         tail->stream = control_stream_begin(call, on_tail_closed, tail);
 *     }
 *     …
 *     if (control_stream_put(tail->stream, line, len))   // with its newline
 *         …
 *     control_stream_flush(tail->stream);                // once a turn, say
 *
 * Loop thread only. */
#ifndef CONTROL_STREAM_H
#define CONTROL_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct control_call;
struct control_stream;

/* So much waits for a slow reader, beside what its kernel holds (some 200 KiB). */
enum { CONTROL_STREAM_BYTES = 64 * 1024 };

/* The reader has left or was closed: the stream is gone when this returns. Also called when the
 * control closes. */
typedef void control_stream_closed_cb(void *context);

/* In the handler of a request, instead of an answer. NULL: there are too many streams, which
 * the reader has been told. */
struct control_stream *control_stream_begin(struct control_call *call,
                                            control_stream_closed_cb *on_closed, void *context);

/* One whole line; false: there was no room, and it is missed. */
bool control_stream_put(struct control_stream *stream, const char *line, size_t len);

/* The same without a copy: room for so many bytes, of which control_stream_add then keeps the
 * first ones. NULL: there is none, and it is missed. The longest is CONTROL_STREAM_BYTES. */
char *control_stream_room(struct control_stream *stream, size_t len);
void control_stream_add(struct control_stream *stream, size_t len);

/* Lines missed since this was asked last. */
uint64_t control_stream_missed(struct control_stream *stream);

/* Sends what there is, without waiting. The stream may be gone afterwards, and on_closed called,
 * if the reader is. Also when the reader takes something again, without being told to. */
void control_stream_flush(struct control_stream *stream);

/* Closes it from our side, at once; on_closed is not called. */
void control_stream_end(struct control_stream *stream);

#endif
