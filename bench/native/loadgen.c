/* WebSocket load generator: opens many connections, subscribes, counts what arrives.
 *
 * Every thread has its own epoll and its own share of the connections; nothing is shared while
 * counting. The main thread answers each line on stdin with a snapshot of all counters as one line
 * of JSON on stdout, so the caller subtracts two snapshots. CPU clocks of the threads are part of the
 * snapshot: they show whether the generator itself was the limit.
 *
 * Beyond plain WebSocket text it can send and match bytes (--binary, everything given in hex), stream over
 * one HTTP request (--stream), give each connection a line of a file (--lines, `{l}` in the hello), come back
 * after a loss with the official clients' backoff (--return), and stop reading once it is subscribed (--deaf). */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTING, SHAKING, OPEN, READY, CLOSED, AWAY };
enum { MAX_THREADS = 32, BUCKETS = 1024, BUFFER = 1 << 20, AT_ONCE = 64, LONGEST_HELLO = 4096 };
enum { LEAST_DELAY = 500, MOST_DELAY = 20000 }; /* milliseconds, the official clients' defaults */

struct connection {
    int fd, number, state;
    unsigned char *held; /* the beginning of a frame whose rest has not arrived */
    uint32_t held_size, held_space;
    uint32_t attempts; /* failed ones since the last time it was subscribed */
    uint64_t due;      /* when it comes back */
};

struct counters {
    _Atomic uint64_t frames, messages, bytes, open, ready, closed, failed;
    _Atomic uint64_t latency[BUCKETS];
    _Atomic uint64_t slowest;
};

struct worker {
    pthread_t thread;
    int first, count, cpu, epoll, started, pending, away;
    unsigned seed;
    struct connection *connections;
    unsigned char *buffer;
    struct counters counters;
};

static struct {
    const char *address, *path, *hello, *ready, *ping, *pong, *marker, *stamp;
    int port, connections, threads, group, nap, first_cpu, cpus[MAX_THREADS], cpu_count;
    size_t hello_size, ready_size, ping_size, pong_size, marker_size, stamp_size;
    int binary, stream, deaf, comeback, at_once;
    char **lines;
    FILE *record, *events;
} options = {.address = "127.0.0.1", .path = "/", .connections = 1, .threads = 1, .group = 1, .at_once = AT_ONCE};

static pthread_mutex_t record_lock = PTHREAD_MUTEX_INITIALIZER;

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Only the owning thread writes a counter: a plain load and store is enough, no locked instruction. */
static void add(_Atomic uint64_t *counter, uint64_t n) {
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n, memory_order_relaxed);
}

static void die(const char *what) {
    perror(what);
    exit(2);
}

/* Notes what happened to a connection; `text` is not ended by a zero. */
static void note(const struct connection *c, const char *what, const void *text, size_t size) {
    if (!options.events) return;
    pthread_mutex_lock(&record_lock);
    fprintf(options.events, "%llu %d %s ", (unsigned long long)now(), c->number, what);
    for (size_t i = 0; i < size; i++) fputc(((const char *)text)[i] == '\n' ? ' ' : ((const char *)text)[i], options.events);
    fputc('\n', options.events);
    pthread_mutex_unlock(&record_lock);
}

/* Buckets of a histogram with 16 steps per power of two: within 6 % everywhere. */
static int bucket(uint64_t value) {
    if (value < 16) return (int)value;
    int power = 63 - __builtin_clzll(value);
    return (power - 3) * 16 + (int)((value >> (power - 4)) & 15);
}

static double bucket_middle(int index) {
    if (index < 16) return index;
    int power = index / 16 + 3;
    double step = (double)(1ull << (power - 4));
    return (16 + index % 16) * step + step / 2;
}

static void send_all(struct connection *c, const void *data, size_t size) {
    if (send(c->fd, data, size, MSG_NOSIGNAL) != (ssize_t)size) shutdown(c->fd, SHUT_RDWR);
}

/* A client's frame must be masked; a mask of zeros leaves the payload as it is. */
static void send_frame(struct connection *c, int opcode, const char *payload, size_t size) {
    unsigned char frame[LONGEST_HELLO + 8];
    size_t at = 2;
    if (size > LONGEST_HELLO) return;
    frame[0] = (unsigned char)(0x80 | opcode);
    if (size < 126) {
        frame[1] = (unsigned char)(0x80 | size);
    } else {
        frame[1] = 0x80 | 126;
        frame[2] = (unsigned char)(size >> 8);
        frame[3] = (unsigned char)size;
        at = 4;
    }
    memset(frame + at, 0, 4);
    memcpy(frame + at + 4, payload, size);
    send_all(c, frame, at + 4 + size);
}

/* Writes the hello with {n} replaced by the connection's number, {g} by its group's, {l} by its line. */
static size_t write_hello(const struct connection *c, char text[LONGEST_HELLO]) {
    size_t at = 0;
    if (options.binary) {
        memcpy(text, options.hello, options.hello_size);
        return options.hello_size;
    }
    for (const char *p = options.hello; *p && at < LONGEST_HELLO - 16; p++) {
        if (p[0] != '{' || !p[1] || !strchr("ngl", p[1]) || p[2] != '}') {
            text[at++] = *p;
        } else {
            size_t space = LONGEST_HELLO - at;
            int wrote = p[1] == 'l' ? snprintf(text + at, space, "%s", options.lines ? options.lines[c->number] : "")
                                    : snprintf(text + at, space, "%d", p[1] == 'n' ? c->number : c->number / options.group);
            at += (size_t)wrote < space ? (size_t)wrote : space - 1;
            p += 2;
        }
    }
    return at;
}

static void send_hello(struct connection *c) {
    char text[LONGEST_HELLO];
    send_frame(c, options.binary ? 2 : 1, text, write_hello(c, text));
}

static void become_ready(struct worker *w, struct connection *c) {
    c->state = READY;
    c->attempts = 0;
    w->pending--;
    add(&w->counters.ready, 1);
    if (options.deaf) epoll_ctl(w->epoll, EPOLL_CTL_DEL, c->fd, NULL);
}

/* The official clients' delay before the next attempt: full jitter on a doubling range. */
static uint64_t delay(struct worker *w, uint32_t attempts) {
    uint64_t range = (uint64_t)LEAST_DELAY << (attempts > 6 ? 6 : attempts);
    if (range > MOST_DELAY) range = MOST_DELAY;
    uint64_t wait = LEAST_DELAY + (uint64_t)rand_r(&w->seed) % (range + 1);
    return (wait > MOST_DELAY ? MOST_DELAY : wait) * 1000000u;
}

static void close_connection(struct worker *w, struct connection *c) {
    if (c->state >= CLOSED) return;
    if (c->state < READY) {
        w->pending--;
        add(&w->counters.failed, 1);
    }
    c->state = CLOSED;
    if (options.comeback) {
        c->state = AWAY;
        c->due = now() + delay(w, c->attempts++);
        w->away++;
    }
    close(c->fd);
    free(c->held);
    c->held = NULL;
    c->held_size = c->held_space = 0;
    add(&w->counters.closed, 1);
}

static void measure(struct worker *w, const unsigned char *payload, size_t size, uint64_t at) {
    const unsigned char *found = memmem(payload, size, options.stamp, options.stamp_size);
    if (!found) return;
    uint64_t sent = 0;
    for (found += options.stamp_size; found < payload + size && *found >= '0' && *found <= '9'; found++)
        sent = sent * 10 + (uint64_t)(*found - '0');
    uint64_t took = at > sent ? at - sent : 0;
    int index = bucket(took);
    add(&w->counters.latency[index < BUCKETS ? index : BUCKETS - 1], 1);
    if (took > atomic_load_explicit(&w->counters.slowest, memory_order_relaxed))
        atomic_store_explicit(&w->counters.slowest, took, memory_order_relaxed);
}

static uint64_t count_messages(const unsigned char *payload, size_t size) {
    uint64_t n = 0;
    const unsigned char *end = payload + size, *found;
    while ((found = memmem(payload, (size_t)(end - payload), options.marker, options.marker_size))) {
        n++;
        payload = found + options.marker_size;
    }
    return n;
}

static void on_text(struct worker *w, struct connection *c, const unsigned char *payload, size_t size, size_t wire,
                    uint64_t at) {
    if (options.ping && size == options.ping_size && !memcmp(payload, options.ping, size)) {
        send_frame(c, options.binary ? 2 : 1, options.pong, options.pong_size);
        return;
    }
    if (c->state == OPEN) {
        if (!memmem(payload, size, options.ready, options.ready_size)) return;
        note(c, "ready", payload, size);
        become_ready(w, c);
        return;
    }
    note(c, "said", payload, size);
    add(&w->counters.frames, 1);
    add(&w->counters.bytes, wire);
    add(&w->counters.messages, options.marker ? count_messages(payload, size) : 1);
    if (options.stamp) measure(w, payload, size, at);
    if (options.record) {
        pthread_mutex_lock(&record_lock);
        fprintf(options.record, "%llu %d ", (unsigned long long)at, c->number);
        fwrite(payload, 1, size, options.record);
        fputc('\n', options.record);
        pthread_mutex_unlock(&record_lock);
    }
}

/* Consumes the whole frames of data; returns how many bytes were used. */
static size_t on_frames(struct worker *w, struct connection *c, const unsigned char *data, size_t size, uint64_t at) {
    size_t used = 0;
    while (size - used >= 2) {
        const unsigned char *p = data + used;
        size_t head = 2, length = p[1] & 127;
        if (length == 126) {
            if (size - used < 4) break;
            length = (size_t)p[2] << 8 | p[3];
            head = 4;
        } else if (length == 127) {
            if (size - used < 10) break;
            length = 0;
            for (int i = 2; i < 10; i++) length = length << 8 | p[i];
            head = 10;
        }
        if (size - used < head + length) break;
        used += head + length;
        int opcode = p[0] & 15;
        if (opcode == 9) {
            send_frame(c, 10, (const char *)p + head, length < 126 ? length : 0);
        } else if (opcode == 8) {
            char code[8];
            int digits = length < 2 ? 0 : snprintf(code, sizeof code, "%d", p[head] << 8 | p[head + 1]);
            note(c, "closed", code, (size_t)digits);
            close_connection(w, c);
            return size;
        } else if (opcode != 10) {
            on_text(w, c, p + head, length, head + length, at);
        }
    }
    return used;
}

/* A body without end: how it is cut into chunks does not matter here. */
static size_t on_stream(struct worker *w, struct connection *c, const unsigned char *data, size_t size, uint64_t at) {
    if (size) on_text(w, c, data, size, size, at);
    return size;
}

static size_t on_handshake(struct worker *w, struct connection *c, const unsigned char *data, size_t size) {
    const unsigned char *end = memmem(data, size, "\r\n\r\n", 4);
    if (!end) return 0;
    if (size < 12 || memcmp(data, options.stream ? "HTTP/1.1 200" : "HTTP/1.1 101", 12)) {
        fprintf(stderr, "handshake refused: %.*s\n", (int)(end - data), (const char *)data);
        note(c, "refused", data, 12);
        close_connection(w, c);
        return size;
    }
    c->state = OPEN;
    add(&w->counters.open, 1);
    if (options.hello && !options.stream) send_hello(c);
    if (!options.ready) become_ready(w, c);
    return (size_t)(end - data) + 4;
}

static void hold(struct connection *c, const unsigned char *rest, size_t size) {
    if (size > c->held_space) {
        free(c->held);
        c->held_space = (uint32_t)(size * 2);
        c->held = malloc(c->held_space);
        if (!c->held) die("malloc");
    }
    memcpy(c->held, rest, size);
    c->held_size = (uint32_t)size;
}

static void on_readable(struct worker *w, struct connection *c) {
    size_t size = c->held_size;
    if (size) memcpy(w->buffer, c->held, size);
    ssize_t n = recv(c->fd, w->buffer + size, BUFFER - size, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
        note(c, "lost", "", 0);
        close_connection(w, c);
        return;
    }
    uint64_t at = now();
    size += (size_t)n;
    size_t used = 0;
    if (c->state == SHAKING) used = on_handshake(w, c, w->buffer, size);
    if (c->state == OPEN || c->state == READY)
        used += (options.stream ? on_stream : on_frames)(w, c, w->buffer + used, size - used, at);
    if (c->state >= CLOSED) return;
    c->held_size = 0;
    if (used < size) hold(c, w->buffer + used, size - used);
}

static void on_connected(struct worker *w, struct connection *c) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) {
        if (!options.comeback) fprintf(stderr, "connect: %s\n", strerror(error));
        note(c, "unreachable", "", 0);
        close_connection(w, c);
        return;
    }
    char request[1024 + LONGEST_HELLO], body[LONGEST_HELLO];
    int length;
    if (options.stream) {
        size_t size = write_hello(c, body);
        length = snprintf(request, sizeof request, "POST %s HTTP/1.1\r\nHost: %s:%d\r\nContent-Length: %zu\r\n\r\n%.*s",
                          options.path, options.address, options.port, size, (int)size, body);
    } else {
        length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Key: cmVub3duLWxvYWRnZW4tMQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
                          options.path, options.address, options.port);
    }
    c->state = SHAKING;
    send_all(c, request, (size_t)length);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(w->epoll, EPOLL_CTL_MOD, c->fd, &event);
}

/* Sources spread over 127.0.0.0/8, so that the ports of one address are no limit. */
static void start_connection(struct worker *w, struct connection *c) {
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0) die("socket");
    int on = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int small = 4096;
    if (options.deaf) setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    struct sockaddr_in source = {.sin_family = AF_INET};
    source.sin_addr.s_addr = htonl(0x7f000000u + 2u + (uint32_t)(c->number / 4000));
    if (bind(c->fd, (struct sockaddr *)&source, sizeof source)) die("bind");
    struct sockaddr_in target = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port)};
    inet_pton(AF_INET, options.address, &target.sin_addr);
    c->state = CONNECTING;
    if (connect(c->fd, (struct sockaddr *)&target, sizeof target) && errno != EINPROGRESS) {
        if (!options.comeback) die("connect");
        note(c, "unreachable", "", 0);
        close_connection(w, c);
        return;
    }
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = c};
    if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, c->fd, &event)) die("epoll_ctl");
}

static void bring_back(struct worker *w) {
    uint64_t at = now();
    for (int i = 0; w->away && i < w->count; i++) {
        struct connection *c = &w->connections[i];
        if (c->state != AWAY || c->due > at) continue;
        w->away--;
        w->pending++;
        note(c, "returns", "", 0);
        start_connection(w, c);
    }
}

static void *run(void *argument) {
    struct worker *w = argument;
    if (w->cpu >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(w->cpu, &set);
        pthread_setaffinity_np(pthread_self(), sizeof set, &set);
    }
    struct epoll_event events[512];
    for (;;) {
        while (w->started < w->count && w->pending < options.at_once) {
            w->pending++;
            start_connection(w, &w->connections[w->started++]);
        }
        int n = epoll_wait(w->epoll, events, 512, options.comeback ? 5 : 1000);
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;
            if (c->state >= CLOSED) continue;
            if (c->state == CONNECTING)
                on_connected(w, c);
            else
                on_readable(w, c);
        }
        if (w->away) bring_back(w);
        /* A nap lets arrivals gather: fewer wake-ups, which the sender of a loopback packet pays for. */
        if (options.nap && w->started == w->count && !w->pending) {
            struct timespec nap = {.tv_nsec = options.nap * 1000L};
            nanosleep(&nap, NULL);
        }
    }
    return NULL;
}

static uint64_t cpu_of(pthread_t thread) {
    clockid_t clock;
    struct timespec t;
    if (pthread_getcpuclockid(thread, &clock) || clock_gettime(clock, &t)) return 0;
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static double percentile(const uint64_t *counts, uint64_t total, double share) {
    uint64_t wanted = (uint64_t)((double)total * share), seen = 0;
    for (int i = 0; i < BUCKETS; i++) {
        seen += counts[i];
        if (seen > wanted) return bucket_middle(i);
    }
    return 0;
}

static uint64_t began;

static void snapshot(struct worker *workers, const char *event) {
    static uint64_t before[BUCKETS];
    uint64_t sum[7] = {0}, counts[BUCKETS] = {0}, total = 0, slowest = 0;
    for (int t = 0; t < options.threads; t++) {
        struct counters *c = &workers[t].counters;
        _Atomic uint64_t *all[7] = {&c->frames, &c->messages, &c->bytes, &c->open, &c->ready, &c->closed, &c->failed};
        for (int i = 0; i < 7; i++) sum[i] += atomic_load(all[i]);
        for (int i = 0; i < BUCKETS; i++) counts[i] += atomic_load(&c->latency[i]);
        uint64_t slow = atomic_exchange(&c->slowest, 0);
        if (slow > slowest) slowest = slow;
    }
    for (int i = 0; i < BUCKETS; i++) {
        uint64_t count = counts[i];
        counts[i] -= before[i];
        before[i] = count;
        total += counts[i];
    }
    printf("{\"event\":\"%s\",\"began\":%llu,\"t\":%llu,\"frames\":%llu,\"messages\":%llu,\"bytes\":%llu,\"open\":%llu,\"ready\":%llu,"
           "\"closed\":%llu,\"failed\":%llu",
           event, (unsigned long long)began, (unsigned long long)now(), (unsigned long long)sum[0], (unsigned long long)sum[1],
           (unsigned long long)sum[2], (unsigned long long)sum[3], (unsigned long long)sum[4],
           (unsigned long long)sum[5], (unsigned long long)sum[6]);
    printf(",\"latency\":{\"count\":%llu,\"p50\":%.0f,\"p99\":%.0f,\"max\":%llu},\"cpu\":[", (unsigned long long)total,
           percentile(counts, total, .5), percentile(counts, total, .99), (unsigned long long)slowest);
    for (int t = 0; t < options.threads; t++)
        printf("%s%llu", t ? "," : "", (unsigned long long)cpu_of(workers[t].thread));
    printf("]}\n");
    fflush(stdout);
    if (options.record) {
        pthread_mutex_lock(&record_lock);
        fflush(options.record);
        pthread_mutex_unlock(&record_lock);
    }
    if (options.events) {
        pthread_mutex_lock(&record_lock);
        fflush(options.events);
        pthread_mutex_unlock(&record_lock);
    }
}

static int arrived(struct worker *workers) {
    uint64_t n = 0;
    for (int t = 0; t < options.threads; t++)
        n += atomic_load(&workers[t].counters.ready) + atomic_load(&workers[t].counters.failed);
    return n >= (uint64_t)options.connections;
}

static void parse_cpus(char *list) {
    for (char *p = strtok(list, ","); p && options.cpu_count < MAX_THREADS; p = strtok(NULL, ","))
        options.cpus[options.cpu_count++] = atoi(p);
}

/* Turns hex into bytes, in place; returns how many. */
static size_t unhex(const char **text) {
    size_t size = strlen(*text) / 2;
    char *bytes = malloc(size + 1);
    for (size_t i = 0; bytes && i < size; i++) {
        char pair[3] = {(*text)[2 * i], (*text)[2 * i + 1], 0};
        bytes[i] = (char)strtoul(pair, NULL, 16);
    }
    if (!bytes) die("malloc");
    *text = bytes;
    return size;
}

static size_t measured(const char **text) {
    if (!*text) return 0;
    return options.binary ? unhex(text) : strlen(*text);
}

static void read_lines(const char *name) {
    FILE *file = fopen(name, "r");
    options.lines = calloc((size_t)options.connections, sizeof *options.lines);
    if (!file || !options.lines) die(name);
    for (int i = 0; i < options.connections; i++) {
        size_t space = 0;
        ssize_t size = getline(&options.lines[i], &space, file);
        if (size < 1) die("too few lines");
        if (options.lines[i][size - 1] == '\n') options.lines[i][size - 1] = 0;
    }
    fclose(file);
}

static void parse(int argc, char **argv) {
    static const struct option names[] = {
        {"address", 1, 0, 'a'},     {"port", 1, 0, 'p'},   {"path", 1, 0, 'u'},   {"connections", 1, 0, 'n'},
        {"threads", 1, 0, 't'},     {"cpus", 1, 0, 'c'},   {"hello", 1, 0, 'h'},  {"group", 1, 0, 'g'},
        {"ready", 1, 0, 'r'},       {"ping", 1, 0, 'i'},   {"pong", 1, 0, 'o'},   {"marker", 1, 0, 'm'},
        {"stamp", 1, 0, 's'},       {"record", 1, 0, 'f'}, {"nap", 1, 0, 'z'},    {"lines", 1, 0, 'l'},
        {"events", 1, 0, 'e'},      {"at-once", 1, 0, 'A'}, {"binary", 0, &options.binary, 1},
        {"stream", 0, &options.stream, 1}, {"deaf", 0, &options.deaf, 1}, {"return", 0, &options.comeback, 1}, {0, 0, 0, 0},
    };
    const char *lines = NULL;
    for (int o; (o = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (o) {
        case 'a': options.address = optarg; break;
        case 'p': options.port = atoi(optarg); break;
        case 'u': options.path = optarg; break;
        case 'n': options.connections = atoi(optarg); break;
        case 't': options.threads = atoi(optarg); break;
        case 'c': parse_cpus(optarg); break;
        case 'h': options.hello = optarg; break;
        case 'g': options.group = atoi(optarg); break;
        case 'r': options.ready = optarg; break;
        case 'i': options.ping = optarg; break;
        case 'o': options.pong = optarg; break;
        case 'm': options.marker = optarg; break;
        case 's': options.stamp = optarg; break;
        case 'f': options.record = fopen(optarg, "w"); if (!options.record) die(optarg); break;
        case 'z': options.nap = atoi(optarg); break;
        case 'l': lines = optarg; break;
        case 'e': options.events = fopen(optarg, "w"); if (!options.events) die(optarg); break;
        case 'A': options.at_once = atoi(optarg); break;
        case 0: break;
        default: exit(2);
        }
    }
    if (options.threads < 1 || options.threads > MAX_THREADS || options.group < 1 || !options.port) {
        fprintf(stderr, "usage: loadgen --port P [--connections N] [--threads T] …\n");
        exit(2);
    }
    options.hello_size = measured(&options.hello);
    options.ready_size = measured(&options.ready);
    options.ping_size = measured(&options.ping);
    options.pong_size = measured(&options.pong);
    options.marker_size = measured(&options.marker);
    if (options.hello_size > LONGEST_HELLO) {
        fprintf(stderr, "the hello is too long\n");
        exit(2);
    }
    if (lines) read_lines(lines);
    if (options.stamp) options.stamp_size = strlen(options.stamp);
}

int main(int argc, char **argv) {
    parse(argc, argv);
    struct connection *connections = calloc((size_t)options.connections, sizeof *connections);
    struct worker *workers = calloc((size_t)options.threads, sizeof *workers);
    if (!connections || !workers) die("calloc");
    began = now();
    for (int i = 0; i < options.connections; i++) connections[i].number = i;
    for (int t = 0, first = 0; t < options.threads; t++) {
        struct worker *w = &workers[t];
        w->count = options.connections / options.threads + (t < options.connections % options.threads);
        w->connections = connections + first;
        first += w->count;
        w->cpu = options.cpu_count ? options.cpus[t % options.cpu_count] : -1;
        w->seed = (unsigned)t + 1;
        w->epoll = epoll_create1(0);
        w->buffer = malloc(BUFFER);
        if (w->epoll < 0 || !w->buffer) die("epoll");
        if (pthread_create(&w->thread, NULL, run, w)) die("pthread_create");
    }
    while (!arrived(workers)) usleep(2000);
    snapshot(workers, "ready");
    char line[64];
    while (fgets(line, sizeof line, stdin) && strncmp(line, "quit", 4)) snapshot(workers, "counts");
    if (options.record) {
        pthread_mutex_lock(&record_lock);
        fclose(options.record);
    }
    _exit(0);
}
