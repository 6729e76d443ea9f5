/* gate_address.c - addresses as far as they tell one sender from another. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "zeromq/gate_try.h"

static struct gate_address of_ip4(const void *bytes)
{
    struct gate_address address = {.kind = GATE_ADDRESS_4};

    memcpy(&address.number, bytes, sizeof(struct in_addr));
    return address;
}

/* A listener on [::] sees those of IPv4 as "::ffff:10.0.0.7". */
static struct gate_address of_ip6(const struct in6_addr *ip)
{
    struct gate_address address = {.kind = GATE_ADDRESS_6};

    if (IN6_IS_ADDR_V4MAPPED(ip))
        return of_ip4(&ip->s6_addr[12]);
    memcpy(&address.number, ip, sizeof address.number);
    return address;
}

static struct gate_address of_user(uint64_t uid)
{
    return (struct gate_address){GATE_ADDRESS_USER, uid};
}

static struct gate_address of_process(int fd)
{
    struct ucred who;
    socklen_t who_len = sizeof who;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &who_len) < 0)
        return (struct gate_address){.kind = GATE_ADDRESS_NONE};
    return of_user(who.uid);
}

static struct gate_address of_socket(int fd, const struct sockaddr *address)
{
    const void *any = address;
    const struct sockaddr_in *ip4 = any;
    const struct sockaddr_in6 *ip6 = any;

    switch (address->sa_family) {
    case AF_INET:
        return of_ip4(&ip4->sin_addr);
    case AF_INET6:
        return of_ip6(&ip6->sin6_addr);
    default:
        return of_process(fd);
    }
}

/* Past our own getpeername(). */
struct gate_address gate_address_of(int fd, const struct sockaddr *address)
{
    struct sockaddr_storage storage = {.ss_family = AF_UNSPEC};
    socklen_t storage_len = sizeof storage;

    if (address)
        return of_socket(fd, address);
    if (syscall(SYS_getpeername, fd, &storage, &storage_len) < 0)
        return (struct gate_address){.kind = GATE_ADDRESS_NONE};
    return of_socket(fd, (const struct sockaddr *)&storage);
}

void gate_address_show(struct gate_address address, char text[GATE_ADDRESS_TEXT_MAX])
{
    struct in6_addr prefix = {.s6_addr = {0}};

    memcpy(&prefix, &address.number, sizeof address.number);
    snprintf(text, GATE_ADDRESS_TEXT_MAX, "somebody");
    if (address.kind == GATE_ADDRESS_4)
        inet_ntop(AF_INET, &prefix, text, GATE_ADDRESS_TEXT_MAX);
    else if (address.kind == GATE_ADDRESS_6 &&
             inet_ntop(AF_INET6, &prefix, text, GATE_ADDRESS_TEXT_MAX))
        strcat(text, "/64");
    else if (address.kind == GATE_ADDRESS_USER)
        snprintf(text, GATE_ADDRESS_TEXT_MAX, "uid %u", (unsigned)address.number);
}
