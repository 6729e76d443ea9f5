#include "client/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/say.h"
#include "client/shown.h"
#include "client/terminal.h"
#include "conf/nanoseconds.h"

enum { DRAWN_EVERY_MS = 200, BAR_MIN = 10, BAR_MAX = 40, COLUMNS_USUAL = 80 };

/* ---- the text ------------------------------------------------------------------------- */

static const char *show_time(double seconds, char text[32])
{
    uint64_t s = (uint64_t)(seconds + 0.5);

    if (s < 100)
        snprintf(text, 32, "%" PRIu64 " s", s);
    else if (s < 100 * 60)
        snprintf(text, 32, "%" PRIu64 " min %02" PRIu64 " s", s / 60, s % 60);
    else if (s < UINT64_C(100) * 3600)
        snprintf(text, 32, "%" PRIu64 " h %02" PRIu64 " min", s / 3600, s / 60 % 60);
    else
        snprintf(text, 32, "%" PRIu64 " d", s / 86400);
    return text;
}

static double share_of(const struct progress *progress)
{
    /* A file may have grown since. */
    return progress->done_bytes < progress->total_bytes
               ? (double)progress->done_bytes / (double)progress->total_bytes
               : 1;
}

/* When it will be done, or how long it took. */
static void time_text(const struct progress *progress, int64_t elapsed_ms, char text[64])
{
    double left_bytes = (double)progress->total_bytes - (double)progress->done_bytes;
    char time[32];

    text[0] = '\0';
    if (progress->total_bytes == 0 || left_bytes <= 0)
        snprintf(text, 64, "  in %s", show_time((double)elapsed_ms / 1000, time));
    else if (progress->bytes_per_s >= 1)
        snprintf(text, 64, "  %s left", show_time(left_bytes / progress->bytes_per_s, time));
}

static void numbers_text(const struct progress *progress, int64_t elapsed_ms,
                         char text[PROGRESS_TEXT_MAX])
{
    char done[SHOWN_TIME_MAX], total[SHOWN_TIME_MAX], rate[SHOWN_TIME_MAX], time[64];

    shown_size((double)progress->done_bytes, done);
    shown_size((double)progress->total_bytes, total);
    shown_size(progress->bytes_per_s, rate);
    time_text(progress, elapsed_ms, time);
    if (progress->total_bytes == 0)
        snprintf(text, PROGRESS_TEXT_MAX, "%s  %s/s%s", done, rate, time);
    else
        snprintf(text, PROGRESS_TEXT_MAX, "%3d %%  %s of %s  %s/s%s",
                 (int)(share_of(progress) * 100), done, total, rate, time);
}

/* `[===>   ]` and two spaces; nothing where there is no room for it. */
static size_t bar_text(double share, unsigned columns, char *text)
{
    unsigned inner = columns < BAR_MAX ? columns : BAR_MAX, filled;

    if (columns < BAR_MIN)
        return 0;
    inner -= 4;
    filled = (unsigned)(share * inner);
    text[0] = '[';
    memset(text + 1, '=', filled);
    memset(text + 1 + filled, ' ', inner - filled);
    if (filled < inner)
        text[1 + filled] = '>';
    memcpy(text + 1 + inner, "]  ", 3);
    return inner + 4;
}

/* The last column stays free: some terminals begin a line behind it. */
void progress_text(const struct progress *progress, int64_t elapsed_ms, unsigned columns,
                   char text[PROGRESS_TEXT_MAX])
{
    char numbers[PROGRESS_TEXT_MAX];
    size_t len = 0;
    unsigned room;

    numbers_text(progress, elapsed_ms, numbers);
    room = columns > strlen(numbers) + 1 ? columns - (unsigned)strlen(numbers) - 1 : 0;
    if (progress->total_bytes > 0)
        len = bar_text(share_of(progress), room, text);
    snprintf(text + len, PROGRESS_TEXT_MAX - len, "%.*s", (int)columns - 1, numbers);
}

/* ---- on the terminal -------------------------------------------------------------------- */

bool progress_is_possible(void)
{
    return terminal_obeys(STDERR_FILENO);
}

static unsigned terminal_columns(void)
{
    unsigned columns = terminal_size(STDERR_FILENO).columns;

    if (columns < 2)
        return COLUMNS_USUAL;
    return columns < PROGRESS_TEXT_MAX / 2 ? columns : PROGRESS_TEXT_MAX / 2;
}

static void draw(struct progress *progress)
{
    char text[PROGRESS_TEXT_MAX];

    progress_text(progress, monotonic_ms() - progress->begin_ms, terminal_columns(), text);
    fprintf(stderr, "\r%s\033[K", text);
}

/* Half of it is of the last half second or so. */
static void measure_rate(struct progress *progress, int64_t now)
{
    int64_t since_ms = now - (progress->drawn_ms ? progress->drawn_ms : progress->begin_ms);
    double rate, share;

    if (since_ms <= 0)
        since_ms = 1; /* the first look may come within the millisecond of the beginning */
    rate = (double)(progress->done_bytes - progress->drawn_bytes) * 1000 / (double)since_ms;
    share = progress->drawn_ms ? (since_ms < 800 ? (double)since_ms / 800 : 1) : 1;
    progress->bytes_per_s += (rate - progress->bytes_per_s) * share;
}

void progress_begin(struct progress *progress, uint64_t total_bytes)
{
    *progress =
        (struct progress){.is_shown = true, .total_bytes = total_bytes, .begin_ms = monotonic_ms()};
    say_over("\r\033[K");
}

void progress_add(struct progress *progress, size_t bytes)
{
    int64_t now;

    progress->done_bytes += bytes;
    if (!progress->is_shown)
        return;
    now = monotonic_ms();
    if (progress->drawn_ms && now - progress->drawn_ms < DRAWN_EVERY_MS)
        return;
    measure_rate(progress, now);
    progress->drawn_ms = now;
    progress->drawn_bytes = progress->done_bytes;
    draw(progress);
}

/* Over all of the time, since that is what will be read. */
void progress_end(struct progress *progress)
{
    int64_t elapsed_ms = monotonic_ms() - progress->begin_ms;

    if (!progress->is_shown)
        return;
    progress->is_shown = false;
    progress->bytes_per_s = (double)progress->done_bytes * 1000 / (double)(elapsed_ms + 1);
    draw(progress);
    fputc('\n', stderr);
    say_over("");
}
