/* The floor a broadcast cannot go under with one send(2) per subscriber: accept, shake hands, then
 * send the same prepared frame to every socket in a loop.
 *
 * "go SECONDS" on stdin broadcasts flat out for that long; a socket that is full is waited for, so
 * every subscriber gets every frame. "echo" mode (argument 3) sends each text frame back instead. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "handshake.h"

enum { MOST = 20000 };

static int subscribers[MOST], count, listener, poller, echoing;

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what) {
    perror(what);
    exit(2);
}

static void accept_all(void) {
    for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event)) die("epoll_ctl");
    }
}

static void leave(int fd) {
    for (int i = 0; i < count; i++)
        if (subscribers[i] == fd) {
            subscribers[i] = subscribers[--count];
            break;
        }
    close(fd);
}

/* Answers a small masked text frame with the same payload. */
static void echo(int fd, unsigned char *data, ssize_t size) {
    size_t length = data[1] & 127, head = 2;
    if (length == 126) {
        length = (size_t)data[2] << 8 | data[3];
        head = 4;
    }
    if ((size_t)size < head + 4 + length || (data[0] & 15) != 1) return;
    unsigned char *mask = data + head, *payload = data + head + 4;
    for (size_t i = 0; i < length; i++) payload[i] ^= mask[i & 3];
    unsigned char *start = payload - head; /* the answer's head goes right before the payload */
    unsigned char first = data[0], second = (unsigned char)(data[1] & 127), high = data[2], low = data[3];
    start[0] = first;
    start[1] = second;
    if (head == 4) {
        start[2] = high;
        start[3] = low;
    }
    if (send(fd, start, head + length, MSG_NOSIGNAL) < 0) leave(fd);
}

static void on_readable(int fd) {
    static unsigned char data[65536];
    ssize_t size = recv(fd, data, sizeof data - 1, 0);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) {
        leave(fd);
        return;
    }
    data[size] = 0;
    if (memcmp(data, "GET ", 4)) {
        if (echoing) echo(fd, data, size);
        return;
    }
    char answer[256];
    int length = handshake_answer((char *)data, answer, sizeof answer);
    if (!length || send(fd, answer, (size_t)length, MSG_NOSIGNAL) != length || count == MOST) {
        leave(fd);
        return;
    }
    subscribers[count++] = fd;
}

static void broadcast(double seconds, size_t payload_size) {
    unsigned char frame[4 + 4096];
    memset(frame, 'x', sizeof frame);
    frame[0] = 0x81;
    frame[1] = 126;
    frame[2] = (unsigned char)(payload_size >> 8);
    frame[3] = (unsigned char)payload_size;
    char *payload = (char *)frame + 4;
    size_t size = 4 + payload_size;
    uint64_t end = now() + (uint64_t)(seconds * 1e9), rounds = 0, waits = 0;
    for (uint64_t at; (at = now()) < end; rounds++) {
        int head = sprintf(payload, "{\"sent\":%llu,\"fill\":\"", (unsigned long long)at);
        payload[head] = 'x';
        memcpy(payload + payload_size - 2, "\"}", 2);
        for (int i = 0; i < count; i++) {
            while (send(subscribers[i], frame, size, MSG_NOSIGNAL) < 0) {
                if (errno != EAGAIN) break;
                waits++;
                struct pollfd wait = {.fd = subscribers[i], .events = POLLOUT};
                poll(&wait, 1, 100);
            }
        }
    }
    printf("{\"event\":\"done\",\"rounds\":%llu,\"subscribers\":%d,\"waits\":%llu}\n", (unsigned long long)rounds,
           count, (unsigned long long)waits);
    fflush(stdout);
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: sendloop PORT PAYLOAD_BYTES [echo]\n");
        return 2;
    }
    size_t payload_size = (size_t)atoi(argv[2]);
    if (payload_size < 126 || payload_size > 4096) die("payload size");
    echoing = argc > 3;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) die("listen");
    poller = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    event.data.fd = 0;
    if (epoll_ctl(poller, EPOLL_CTL_ADD, 0, &event)) die("epoll_ctl stdin");
    printf("{\"event\":\"listening\"}\n");
    fflush(stdout);
    for (struct epoll_event events[256];;) {
        int n = epoll_wait(poller, events, 256, -1);
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                accept_all();
            } else if (fd) {
                on_readable(fd);
            } else {
                char line[64];
                if (!fgets(line, sizeof line, stdin)) return 0;
                if (!strncmp(line, "go ", 3)) broadcast(atof(line + 3), payload_size);
            }
        }
    }
}
