#include "zeromq/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "conf/must.h"

struct file_rights {
    mode_t mode;
    uid_t uid; /* or -1: as it comes */
    gid_t gid;
};

static int find_rights(const struct conf_ipc *ipc, struct file_rights *rights, struct err *err)
{
    const struct passwd *user = ipc->owner ? getpwnam(ipc->owner) : NULL;
    const struct group *group = ipc->group ? getgrnam(ipc->group) : NULL;

    if (ipc->owner && !user)
        return err_set(err, "there is no user '%s' to own the socket file", ipc->owner);
    if (ipc->group && !group)
        return err_set(err, "there is no group '%s' for the socket file", ipc->group);
    rights->mode = ipc->mode.bits;
    rights->uid = user ? user->pw_uid : (uid_t)-1;
    rights->gid = group ? group->gr_gid : (gid_t)-1;
    return 0;
}

static const char *remedy(const struct address *address, int error)
{
    switch (error) {
    case EADDRINUSE:
        return "; another program listens there: stop it or choose another address";
    case EADDRNOTAVAIL:
        return "; no interface of this machine has it";
    case EACCES:
        return address->transport == ADDRESS_TCP
                   ? "; ports below 1024 need root or CAP_NET_BIND_SERVICE"
                   : "; its directory must be writable for us";
    case ENOENT:
        return "; create its directory first";
    default:
        return "";
    }
}

static int refuse(const struct listener *listener, struct err *err)
{
    return err_set(err, "cannot listen on %s: %s%s", listener->text, strerror(errno),
                   remedy(&listener->address, errno));
}

static int set_option(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof value);
}

static int open_socket(struct listener *listener, struct err *err)
{
    struct sockaddr_storage sockaddr;

    address_to_sockaddr(&listener->address, &sockaddr);
    listener->fd = socket(sockaddr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener->fd < 0)
        return refuse(listener, err);
    if (listener->address.transport == ADDRESS_IPC)
        return 0; /* what a unix socket holds is limited by its sender alone */
    /* The buffer must be set before listen(2): accepted sockets inherit it, and
     * with it the scale of their TCP windows. */
    if (set_option(listener->fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0 ||
        set_option(listener->fd, SOL_SOCKET, SO_RCVBUF, LISTENER_RECEIVE_BUFFER_BYTES) < 0)
        return refuse(listener, err);
    return 0;
}

/* 0 if somebody answers there, else the errno of connect(2). */
static int probe(const struct address *address)
{
    struct sockaddr_storage sockaddr;
    socklen_t sockaddr_len = address_to_sockaddr(address, &sockaddr);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error = 0;

    if (fd < 0)
        return errno;
    if (connect(fd, (struct sockaddr *)&sockaddr, sockaddr_len) < 0)
        error = errno;
    close(fd);
    return error == EAGAIN ? 0 : error; /* EAGAIN: alive, with a full backlog */
}

/* Removes a socket file that nobody listens on any more, and nothing else. */
static int clear_the_way(const struct listener *listener, struct err *err)
{
    const char *path = listener->address.path;
    struct stat found;
    int error;

    if (lstat(path, &found) < 0)
        return errno == ENOENT ? 0 : refuse(listener, err);
    if (!S_ISSOCK(found.st_mode))
        return err_set(err,
                       "cannot listen on %s: the file there is not a socket; choose another path",
                       listener->text);
    error = probe(&listener->address);
    if (error == ECONNREFUSED || error == ENOENT)
        return unlink(path) == 0 || errno == ENOENT ? 0 : refuse(listener, err);
    if (error != 0 && error != EPROTOTYPE) /* the latter: in use, for datagrams */
        return err_set(err,
                       "cannot listen on %s: a socket file is there, and whether it is in use "
                       "cannot be found out: %s; remove it if not",
                       listener->text, strerror(error));
    errno = EADDRINUSE;
    return refuse(listener, err);
}

static int bind_socket(struct listener *listener, struct err *err)
{
    struct sockaddr_storage sockaddr;
    socklen_t sockaddr_len = address_to_sockaddr(&listener->address, &sockaddr);

    if (bind(listener->fd, (struct sockaddr *)&sockaddr, sockaddr_len) < 0)
        return refuse(listener, err);
    if (listener->address.transport == ADDRESS_IPC)
        return 0;
    must(getsockname(listener->fd, (struct sockaddr *)&sockaddr, &sockaddr_len) == 0);
    /* sin6_port stands where sin_port does */
    listener->address.port = ntohs(((struct sockaddr_in *)&sockaddr)->sin_port);
    address_show(&listener->address, listener->text);
    return 0;
}

/* The file is held open while its rights change, lest somebody who may write to
 * the directory swaps it. fchmod(2) refuses such a descriptor; /proc does not. */
static int set_rights(struct listener *listener, int file_fd, const struct file_rights *rights,
                      struct err *err)
{
    char held[32];

    if (fchownat(file_fd, "", rights->uid, rights->gid, AT_EMPTY_PATH) < 0)
        return err_set(err,
                       "cannot give the socket file of %s to its owner and group: %s; run as root, "
                       "or as that owner and a member of that group",
                       listener->text, strerror(errno));
    snprintf(held, sizeof held, "/proc/self/fd/%d", file_fd);
    if (chmod(held, rights->mode) < 0)
        return err_set(err, "cannot set the mode of the socket file of %s: %s", listener->text,
                       strerror(errno));
    return 0;
}

static int bind_file(struct listener *listener, const struct file_rights *rights, struct err *err)
{
    struct stat file;
    int file_fd, result;

    if (clear_the_way(listener, err) < 0)
        return -1;
    /* The new file takes the mode of the socket, less umask: never too open. */
    if (fchmod(listener->fd, rights->mode) < 0)
        return refuse(listener, err);
    if (bind_socket(listener, err) < 0)
        return -1;
    file_fd = open(listener->address.path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (file_fd < 0)
        return refuse(listener, err);
    must(fstat(file_fd, &file) == 0);
    listener->owns_file = true;
    listener->file_dev = file.st_dev;
    listener->file_ino = file.st_ino;
    result = set_rights(listener, file_fd, rights, err);
    close(file_fd);
    return result;
}

static unsigned next_number(void)
{
    static unsigned last;

    return ++last;
}

int listener_open(struct listener *listener, const struct address *address,
                  const struct conf_ipc *ipc, struct err *err)
{
    struct listener opened = {.fd = -1, .address = *address, .number = next_number()};
    struct file_rights rights = {0};
    int result;

    address_show(address, opened.text);
    if (address_is_file(address) && find_rights(ipc, &rights, err) < 0)
        return -1;
    result = open_socket(&opened, err);
    if (result == 0)
        result =
            address_is_file(address) ? bind_file(&opened, &rights, err) : bind_socket(&opened, err);
    if (result == 0 && listen(opened.fd, SOMAXCONN) < 0)
        result = refuse(&opened, err);
    if (result < 0) {
        listener_close(&opened);
        return -1;
    }
    *listener = opened;
    return 0;
}

/* What it accepts inherits its buffer, as in open_socket; only connections that were made before
 * keep another scale of their windows. */
static int adopt(struct listener *listener, int fd, const struct address *address, struct err *err)
{
    struct listener adopted = {.fd = fd, .address = *address, .number = next_number()};

    address_show(address, adopted.text);
    if (address->transport == ADDRESS_TCP &&
        set_option(fd, SOL_SOCKET, SO_RCVBUF, LISTENER_RECEIVE_BUFFER_BYTES) < 0) {
        refuse(&adopted, err);
        close(fd);
        return -1;
    }
    *listener = adopted;
    return 0;
}

int listener_get(struct listener *listener, struct inherited *inherited,
                 const struct address *address, const struct conf_ipc *ipc, struct err *err)
{
    int fd = inherited_take(inherited, address);
    char text[ADDRESS_TEXT_MAX];

    if (fd >= 0)
        return adopt(listener, fd, address, err);
    if (errno == ENOENT)
        return listener_open(listener, address, ipc, err);
    return err_set(err, "cannot listen on %s: %s", address_show(address, text), strerror(errno));
}

int listener_attach(const struct listener *listener, void *zmq_socket, struct gate_group *group,
                    struct err *err)
{
    int none = -1;
    int fd = fcntl(listener->fd, F_DUPFD_CLOEXEC, 0);

    if (fd < 0)
        return err_set(err, "cannot attach to %s: %s", listener->text, strerror(errno));
    if (!gate_watch_listener(group, fd)) {
        close(fd);
        return err_set(err, "cannot attach to %s: descriptor %d is beyond the gate's table",
                       listener->text, fd);
    }
    must(zmq_setsockopt(zmq_socket, ZMQ_USE_FD, &fd, sizeof fd) == 0);
    if (zmq_bind(zmq_socket, listener->text) < 0) {
        err_set(err, "cannot attach to %s: %s", listener->text, zmq_strerror(zmq_errno()));
        close(fd); /* libzmq owns it only after a bind that succeeded */
        fd = -1;
    }
    zmq_setsockopt(zmq_socket, ZMQ_USE_FD, &none, sizeof none); /* else the next bind takes it */
    return fd;
}

const char *listener_address(const struct listener *listener)
{
    return listener->text;
}

void listener_close(struct listener *listener)
{
    struct stat there;

    /* Before the descriptor is closed: it pins the inode, whose number could
     * otherwise belong to somebody else's file by now. */
    if (listener->owns_file && lstat(listener->address.path, &there) == 0 &&
        there.st_dev == listener->file_dev && there.st_ino == listener->file_ino)
        unlink(listener->address.path);
    listener->owns_file = false;
    if (listener->fd >= 0)
        close(listener->fd);
    listener->fd = -1;
}
