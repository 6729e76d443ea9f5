/* sink_rig.h - what the tests of sinks share: a loop, a folder, and a sink with its
 * outbox. Loops may sleep until something happens; a timer bounds that. */
#ifndef TESTS_UNIT_SINK_SINK_RIG_H
#define TESTS_UNIT_SINK_SINK_RIG_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf/must.h"
#include "sink/sink_parts.h"

enum { RIG_BLOCKS = 8, RIG_LIMIT_MS = 20000 };

/* One sink with what it borrows. */
struct rig_sink {
    struct conf_sink conf;
    struct outbox *outbox;
    struct sink *sink;
    char path[96];
    bool closed;
    uint64_t added; /* entries; the number of the last */
};

struct sink_rig {
    uv_loop_t loop;
    uv_timer_t limit;
    struct budget budget;
    struct pool *blocks;
    char folder[64];
    struct rig_sink sink; /* most tests need but one */
    unsigned descriptors; /* open before the test */
};

static inline unsigned rig_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;

    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

static inline void rig_on_limit(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("what was expected did not happen");
}

static inline void rig_init_sink(struct sink_rig *rig, struct rig_sink *sink, const char *name)
{
    memset(sink, 0, sizeof *sink);
    snprintf(sink->path, sizeof sink->path, "%s/%s", rig->folder, name);
    sink->conf = (struct conf_sink){
        .name = sink->path, .type = CONF_SINK_FILE, .path = sink->path, .mode = {0640}};
    sink->outbox = outbox_new(rig->blocks, BLOCK_CAP_MIN, RIG_BLOCKS);
}

static inline void rig_no_work(uv_work_t *job)
{
    (void)job;
}

static inline void rig_start_threads(void)
{
    uv_loop_t loop;
    uv_work_t job;

    uv_loop_init(&loop);
    uv_queue_work(&loop, &job, rig_no_work, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
}

static inline void rig_open(struct sink_rig *rig)
{
    struct err err;

    rig_start_threads(); /* their descriptors stay open: before these are counted */
    memset(rig, 0, sizeof *rig);
    rig->descriptors = rig_descriptors();
    signal(SIGPIPE, SIG_IGN);
    strcpy(rig->folder, "/tmp/sink-XXXXXX");
    assert_non_null(mkdtemp(rig->folder));
    uv_loop_init(&rig->loop);
    uv_timer_init(&rig->loop, &rig->limit);
    uv_timer_start(&rig->limit, rig_on_limit, RIG_LIMIT_MS, 0);
    uv_unref((uv_handle_t *)&rig->limit);
    budget_init(&rig->budget, SIZE_MAX);
    rig->blocks = pool_new(&rig->budget, BUDGET_BLOCKS, block_slot_bytes(BLOCK_CAP_MIN),
                           2 * RIG_BLOCKS, &err);
    assert_non_null(rig->blocks);
    rig_init_sink(rig, &rig->sink, "out.log");
}

static inline bool rig_try_sink(struct sink_rig *rig, struct rig_sink *sink, struct err *err)
{
    struct sink_shared shared = {.loop = &rig->loop};

    sink->sink = sink_open(&sink->conf, &shared, sink->outbox, err);
    return sink->sink != NULL;
}

static inline void rig_open_sink(struct sink_rig *rig, struct rig_sink *sink)
{
    struct err err;

    if (!rig_try_sink(rig, sink, &err))
        fail_msg("%s", err.text);
}

static inline void rig_on_closed(void *context)
{
    struct rig_sink *sink = context;

    sink->closed = true;
}

/* Closes and waits for it; what was not written is dropped. */
static inline void rig_close_sink(struct sink_rig *rig, struct rig_sink *sink)
{
    sink_close(sink->sink, rig_on_closed, sink);
    assert_false(sink->closed); /* the loop tells, later */
    while (!sink->closed)
        uv_run(&rig->loop, UV_RUN_ONCE);
    sink_free(&sink->sink);
    assert_null(sink->sink);
}

static inline void rig_fini_sink(struct sink_rig *rig, struct rig_sink *sink)
{
    if (sink->sink)
        rig_close_sink(rig, sink);
    must(sink_ledger_balances(outbox_ledger(sink->outbox)));
    outbox_drop_all(sink->outbox, DROP_SHUTDOWN);
    outbox_free(&sink->outbox);
    unlink(sink->path);
}

/* Fails where a handle, a block, a byte of the budget or a descriptor is not given back. */
static inline void rig_close(struct sink_rig *rig)
{
    rig_fini_sink(rig, &rig->sink);
    uv_close((uv_handle_t *)&rig->limit, NULL);
    uv_run(&rig->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&rig->loop), 0);
    pool_free(&rig->blocks);
    budget_fini(&rig->budget);
    assert_int_equal(rmdir(rig->folder), 0);
    assert_int_equal(rig_descriptors(), rig->descriptors);
}

/* ---- entries ------------------------------------------------------------------------------ */

static inline void rig_add_bytes(struct rig_sink *sink, const char *bytes, size_t len)
{
    assert_true(outbox_has_room(sink->outbox, len));
    memcpy(outbox_add(sink->outbox, len, ++sink->added, 1), bytes, len);
}

/* One entry, with its newline. */
static inline void rig_add(struct rig_sink *sink, const char *line)
{
    rig_add_bytes(sink, line, strlen(line));
}

/* `count` entries of `len` bytes each, newline included, beginning with their number. */
static inline void rig_add_numbered(struct rig_sink *sink, unsigned count, size_t len)
{
    static char line[BLOCK_CAP_MIN];

    must(len <= sizeof line);
    for (unsigned i = 0; i < count; i++) {
        memset(line, '.', len);
        line[snprintf(line, sizeof line, "%06u", (unsigned)sink->added)] = ' ';
        line[len - 1] = '\n';
        rig_add_bytes(sink, line, len);
    }
}

/* Whether the bytes are whole entries of rig_add_numbered, from the first one on;
 * returns how many. */
static inline unsigned rig_check_numbered(const char *bytes, size_t bytes_len, size_t len,
                                          unsigned first)
{
    unsigned count = (unsigned)(bytes_len / len);

    assert_int_equal(bytes_len % len, 0);
    for (unsigned i = 0; i < count; i++) {
        char number[16];

        snprintf(number, sizeof number, "%06u ", first + i);
        assert_memory_equal(bytes + i * len, number, 7);
        assert_ptr_equal(memchr(bytes + i * len, '\n', len), bytes + i * len + len - 1);
    }
    return count;
}

static inline void rig_run_until_drained(struct sink_rig *rig, struct rig_sink *sink)
{
    sink_flush(sink->sink);
    while (!sink_is_drained(sink->sink))
        uv_run(&rig->loop, UV_RUN_ONCE);
}

static inline void rig_turn_idly(struct sink_rig *rig)
{
    for (unsigned i = 0; i < 20; i++)
        uv_run(&rig->loop, UV_RUN_NOWAIT);
}

/* ---- files ---------------------------------------------------------------------------------- */

static inline void rig_write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* The file as a string, in static memory. */
static inline const char *rig_read_file(const char *path, size_t *len_out)
{
    static char text[2 * 1024 * 1024];
    FILE *file = fopen(path, "r");
    size_t len;

    assert_non_null(file);
    len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[len] = '\0';
    if (len_out)
        *len_out = len;
    return text;
}

static inline void rig_check_file(const char *path, const char *text)
{
    assert_string_equal(rig_read_file(path, NULL), text);
}

#endif
