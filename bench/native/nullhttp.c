/* An HTTP server that answers every event at once and keeps nothing: how fast the producer of
 * events (poster.c) can be when nobody holds it up. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SPACE = 256 * 1024, MOST = 4096 };

struct link {
    int fd, streaming;
    char in[SPACE + 1], out[SPACE * 2];
    size_t in_size, out_size;
};

static const char ANSWER[] = "{\"status\":\"applied\",\"id\":\"0\",\"subject\":\"seller:0\",\"version\":1}\n";
static const char START[] = "{\"id\":"; /* every event of the benches begins like this */

static int poller;

static void die(const char *what) {
    perror(what);
    exit(2);
}

static void leave(struct link *l) {
    close(l->fd);
    free(l);
}

static void put(struct link *l, const char *data, size_t size) {
    if (l->out_size + size > sizeof l->out) die("answers pile up");
    memcpy(l->out + l->out_size, data, size);
    l->out_size += size;
}

static void flush(struct link *l) {
    ssize_t n = send(l->fd, l->out, l->out_size, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) return;
    if (n > 0) {
        memmove(l->out, l->out + n, l->out_size - (size_t)n);
        l->out_size -= (size_t)n;
    }
    struct epoll_event event = {.events = EPOLLIN | (l->out_size ? EPOLLOUT : 0), .data.ptr = l};
    epoll_ctl(poller, EPOLL_CTL_MOD, l->fd, &event);
}

static void answer_stream(struct link *l) {
    char *at = l->in, *end = l->in + l->in_size;
    for (char *found; (found = memmem(at, (size_t)(end - at), START, sizeof START - 1)); at = found + 1) {
        char chunk[128];
        put(l, chunk, (size_t)sprintf(chunk, "%zx\r\n%s\r\n", sizeof ANSWER - 1, ANSWER));
    }
    if (l->in_size >= 5 && !memcmp(end - 5, "0\r\n\r\n", 5)) {
        put(l, "0\r\n\r\n", 5);
        l->streaming = 0;
        l->in_size = 0;
        return;
    }
    size_t rest = (size_t)(end - at), keep = rest < sizeof START - 2 ? rest : sizeof START - 2;
    memmove(l->in, end - keep, keep);
    l->in_size = keep;
}

static void answer_requests(struct link *l) {
    for (char *end; (end = memmem(l->in, l->in_size, "\r\n\r\n", 4));) {
        size_t head = (size_t)(end + 4 - l->in);
        *end = 0;
        char *length = strcasestr(l->in, "content-length:");
        int chunked = strcasestr(l->in, "transfer-encoding: chunked") != NULL;
        *end = '\r';
        size_t whole = head + (length ? (size_t)atol(length + 15) : 0);
        if (l->in_size < whole) return;
        memmove(l->in, l->in + whole, l->in_size - whole);
        l->in_size -= whole;
        char answer[256];
        if (chunked) {
            put(l, answer, (size_t)sprintf(answer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
            l->streaming = 1;
            answer_stream(l);
            return;
        }
        put(l, answer, (size_t)sprintf(answer, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", sizeof ANSWER - 1, ANSWER));
    }
}

static void on_event(struct link *l) {
    if (l->out_size < SPACE / 2) {
        ssize_t n = recv(l->fd, l->in + l->in_size, SPACE / 4 - l->in_size, MSG_DONTWAIT);
        if (!n || (n < 0 && errno != EAGAIN)) {
            leave(l);
            return;
        }
        if (n > 0) {
            l->in_size += (size_t)n;
            l->in[l->in_size] = 0;
            if (l->streaming)
                answer_stream(l);
            else
                answer_requests(l);
        }
    }
    if (l->out_size) flush(l);
}

static void accept_one(int listener) {
    struct link *l = calloc(1, sizeof *l);
    if (!l) die("calloc");
    l->fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    int on = 1;
    setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = l};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, l->fd, &event)) die("epoll_ctl");
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: nullhttp PORT\n");
        return 2;
    }
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1024)) die("listen");
    poller = epoll_create1(0);
    struct link input = {.fd = 0};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    event.data.ptr = &input;
    epoll_ctl(poller, EPOLL_CTL_ADD, 0, &event);
    printf("{\"event\":\"listening\"}\n");
    fflush(stdout);
    for (struct epoll_event events[256];;) {
        int n = epoll_wait(poller, events, 256, -1);
        for (int i = 0; i < n; i++) {
            if (!events[i].data.ptr)
                accept_one(listener);
            else if (events[i].data.ptr == &input)
                return 0; /* the bench closed our stdin */
            else
                on_event(events[i].data.ptr);
        }
    }
}
