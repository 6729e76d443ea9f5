#include "client/control.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "conf/must.h"
#include "conf/nanoseconds.h"

/* An answer for hundreds of sinks has some hundred KiB. */
enum { ANSWER_MAX = 16 * 1024 * 1024, READ_BYTES = 64 * 1024 };

struct control_reader {
    int fd;
    char *bytes;
    size_t room, len, begin; /* of bytes; what comes next begins there */
    size_t looked;           /* up to there is no end of a line */
};

/* ---- requests ----------------------------------------------------------------------------------
 */

void control_request_begin(struct control_request *request, const char *what)
{
    json_begin(&request->json, request->text, sizeof request->text - 1);
    json_object(&request->json, NULL);
    json_text(&request->json, CONTROL_DO, what);
}

/* ---- the connection ----------------------------------------------------------------------------
 */

static int nobody_there(const char *path, struct err *err)
{
    if (errno == EAGAIN) /* the backlog stays full: it is there, but does nothing */
        return err_set(err, "logboomd at '%s' does not answer", path);
    if (errno == EACCES)
        return err_set(err,
                       "may not talk to logboomd at '%s': only root, the user that it runs as and "
                       "members of 'control.group' may",
                       path);
    return err_set(err,
                   "no logboomd answers at '%s' (%s); is it running, and is that its "
                   "'control.path'? --control names another",
                   path, strerror(errno));
}

/* The descriptor, or -1. Connecting and sending wait at most so long. */
static int connect_to(const char *path, int wait_ms, struct err *err)
{
    const struct timeval wait = {.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (strlen(path) >= sizeof address.sun_path)
        return err_set(err, "the path of a control socket has at most %zu bytes, and '%s' has more",
                       sizeof address.sun_path - 1, path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_set(err, "cannot make a socket: %s", strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    nobody_there(path, err);
    close(fd);
    return -1;
}

/* A request is short enough to go in one piece. */
static int send_request(int fd, const char *path, struct control_request *request, struct err *err)
{
    size_t len;

    json_end_object(&request->json);
    if (!json_end(&request->json))
        return err_set(err, "the request is longer than %d bytes", CONTROL_REQUEST_MAX);
    len = request->json.len;
    request->text[len++] = '\n';
    if (send(fd, request->text, len, MSG_NOSIGNAL) != (ssize_t)len && errno != EPIPE)
        return err_set(err, "cannot ask logboomd at '%s': %s", path, strerror(errno));
    return 0; /* EPIPE: turned away; what it said is there to be read */
}

struct control_reader *control_reader_open(const char *path, struct control_request *request,
                                           int wait_ms, struct err *err)
{
    struct control_reader *reader = calloc(1, sizeof *reader);

    must(reader);
    reader->fd = connect_to(path, wait_ms, err);
    if (reader->fd < 0 || send_request(reader->fd, path, request, err) < 0)
        control_reader_free(&reader);
    return reader;
}

void control_reader_free(struct control_reader **reader_address)
{
    struct control_reader *reader = *reader_address;

    *reader_address = NULL;
    if (!reader)
        return;
    if (reader->fd >= 0)
        close(reader->fd);
    free(reader->bytes);
    free(reader);
}

int control_reader_fd(const struct control_reader *reader)
{
    return reader->fd;
}

/* ---- lines -------------------------------------------------------------------------------------
 */

static bool find_line(struct control_reader *reader, const char **line_out, size_t *len_out)
{
    char *end = reader->looked < reader->len
                    ? memchr(reader->bytes + reader->looked, '\n', reader->len - reader->looked)
                    : NULL;

    reader->looked = reader->len;
    if (!end)
        return false;
    *line_out = reader->bytes + reader->begin;
    *len_out = (size_t)(end - *line_out);
    reader->begin = reader->looked = (size_t)(end - reader->bytes) + 1;
    return true;
}

static bool make_room(struct control_reader *reader)
{
    size_t waiting = reader->len - reader->begin;

    if (reader->begin > 0)
        memmove(reader->bytes, reader->bytes + reader->begin, waiting);
    reader->looked -= reader->begin;
    reader->begin = 0;
    reader->len = waiting;
    if (reader->room - waiting >= READ_BYTES)
        return true;
    if (waiting > ANSWER_MAX)
        return false;
    reader->room = 2 * waiting + READ_BYTES;
    reader->bytes = realloc(reader->bytes, reader->room);
    must(reader->bytes);
    return true;
}

/* What is left of it: a line that comes byte by byte has no more time than another. */
static int left_of(int wait_ms, int64_t begin_ms)
{
    int64_t passed_ms = monotonic_ms() - begin_ms;

    if (wait_ms <= 0)
        return wait_ms;
    return passed_ms < wait_ms ? wait_ms - (int)passed_ms : 0;
}

enum control_read control_reader_next(struct control_reader *reader, int wait_ms,
                                      const char **line_out, size_t *len_out)
{
    struct pollfd readable = {.fd = reader->fd, .events = POLLIN};
    int64_t begin_ms = monotonic_ms();

    while (!find_line(reader, line_out, len_out)) {
        int left_ms = left_of(wait_ms, begin_ms);
        int ready = wait_ms > 0 && left_ms == 0 ? 0 : poll(&readable, 1, left_ms);
        ssize_t got;

        if (ready < 0 && errno != EINTR)
            return CONTROL_BROKEN;
        if (ready <= 0)
            return CONTROL_NOT_YET;
        if (!make_room(reader))
            return CONTROL_BROKEN;
        got = recv(reader->fd, reader->bytes + reader->len, reader->room - reader->len, 0);
        if (got == 0 || (got < 0 && errno == ECONNRESET))
            return CONTROL_END;
        if (got < 0)
            return CONTROL_BROKEN;
        reader->len += (size_t)got;
    }
    return CONTROL_LINE;
}

/* ---- answers -----------------------------------------------------------------------------------
 */

static int take_answer(struct control_answer *answer, const char *line, size_t len)
{
    answer->doc = json_doc_new(len);
    answer->line = strndup(line, len);
    answer->len = len;
    must(answer->doc && answer->line);
    if (!json_doc_read(answer->doc, line, len))
        return -1;
    answer->ok = json_doc_truth(answer->doc, json_doc_member(answer->doc, JSON_ROOT, CONTROL_OK));
    return 0;
}

int control_ask(const char *path, struct control_request *request, int wait_ms,
                struct control_answer *answer, struct err *err)
{
    struct control_reader *reader = control_reader_open(path, request, wait_ms, err);
    enum control_read read;
    const char *line;
    size_t len;
    int result = -1;

    *answer = (struct control_answer){.doc = NULL};
    if (!reader)
        return -1;
    read = control_reader_next(reader, wait_ms, &line, &len);
    if (read == CONTROL_LINE)
        result = take_answer(answer, line, len);
    if (result < 0) {
        control_answer_fini(answer);
        err_set(err, "logboomd at '%s' %s", path,
                read == CONTROL_NOT_YET ? "does not answer"
                : read == CONTROL_LINE  ? "gave an answer that is none"
                                        : "has hung up without an answer");
    }
    control_reader_free(&reader);
    return result;
}

void control_answer_fini(struct control_answer *answer)
{
    json_doc_free(&answer->doc);
    free(answer->line);
    *answer = (struct control_answer){.doc = NULL};
}

const char *control_error(struct control_answer *answer, char *text, size_t size)
{
    uint32_t error = json_doc_member(answer->doc, JSON_ROOT, CONTROL_ERROR);

    if (!json_doc_text(answer->doc, error, text, size))
        strncpy(text, "logboomd refused, and did not say why", size);
    return text;
}
