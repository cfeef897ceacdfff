/* HTTP producer of events: single posts over parallel connections, or NDJSON streams.
 *
 *   poster --mode single   each connection posts one event and waits for its answer (closed loop),
 *                          or, with --rate, posts are started at fixed instants on idle connections;
 *   poster --mode stream   each connection sends one chunked request of many lines and reads the
 *                          answers meanwhile.
 *
 * In the template {n} is the event's number, {s} the number modulo --subjects, {a} one of the other
 * subjects, a new one each time round, {v} a number from 1 to 5, {t} the monotonic
 * nanoseconds of sending. One thread; prints one line of JSON
 * at the end, its own CPU time in it. With --record FILE (single) one line per event: number, nanoseconds of sending, of the answer. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 1024, SPACE = 256 * 1024, CHUNK = 32 * 1024, NEEDLE = 10, MOST_LATENCIES = 1 << 22 };

struct link {
    int fd, busy, ended, finished;
    uint64_t number, sent_at;
    char in[SPACE + 1];
    size_t in_size;
    char out[CHUNK + 2048];
    size_t out_at, out_size;
    int writing;
};

static struct {
    const char *address, *path, *template, *header;
    int port, connections, stream;
    double seconds, rate;
    uint64_t subjects, most;
    FILE *record;
} options = {.address = "127.0.0.1", .path = "/v1/events", .connections = 1, .seconds = 1, .subjects = 1,
             .header = "", .most = UINT64_MAX};

static struct link *links;
static int poller;
static uint64_t started, stop_at, next_number, applied, rejected, failed, bytes_out, late, last_answer;
static uint32_t *latencies; /* microseconds */
static uint64_t latency_count;

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what) {
    perror(what);
    exit(2);
}

static size_t number_text(char *out, uint64_t n) {
    char digits[20];
    size_t size = 0;
    do digits[size++] = (char)('0' + n % 10);
    while (n /= 10);
    for (size_t i = 0; i < size; i++) out[i] = digits[size - 1 - i];
    return size;
}

static size_t fill(char *out, uint64_t n) {
    char *start = out;
    for (const char *p = options.template; *p; p++) {
        if (p[0] == '{' && p[1] && p[2] == '}' && strchr("nsavt", p[1])) {
            uint64_t value = n;
            if (p[1] == 's') value = n % options.subjects;
            if (p[1] == 'a' && options.subjects > 1)
                value = (n + 1 + n / options.subjects % (options.subjects - 1)) % options.subjects;
            if (p[1] == 'v') value = 1 + (n * 2654435761u >> 8) % 5;
            if (p[1] == 't') value = now();
            out += number_text(out, value);
            p += 2;
        } else {
            *out++ = *p;
        }
    }
    return (size_t)(out - start);
}

static void want(struct link *l, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = l};
    if (epoll_ctl(poller, EPOLL_CTL_MOD, l->fd, &event)) die("epoll_ctl");
}

static void flush(struct link *l) {
    while (l->out_at < l->out_size) {
        ssize_t n = send(l->fd, l->out + l->out_at, l->out_size - l->out_at, MSG_NOSIGNAL);
        if (n < 0) {
            if (errno != EAGAIN) die("send");
            break;
        }
        l->out_at += (size_t)n;
        bytes_out += (uint64_t)n;
    }
    if (l->out_at == l->out_size) l->out_at = l->out_size = 0;
}

static int more(void) { return next_number < options.most && now() < stop_at; }

static void post(struct link *l) {
    char body[4096];
    l->number = next_number++;
    size_t size = fill(body, l->number);
    int head = snprintf(l->out, 2048,
                        "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%sContent-Length: %zu\r\n\r\n",
                        options.path, options.header, size);
    memcpy(l->out + head, body, size);
    l->out_size = (size_t)head + size;
    l->out_at = 0;
    l->busy = 1;
    l->sent_at = now();
    flush(l);
    if (l->out_size) die("a post did not fit into the socket");
}

static void answered(struct link *l) {
    char *end = memmem(l->in, l->in_size, "\r\n\r\n", 4);
    if (!end) return;
    *end = 0;
    char *length = strcasestr(l->in, "content-length:");
    size_t whole = (size_t)(end + 4 - l->in) + (length ? (size_t)atol(length + 15) : 0);
    *end = '\r';
    if (l->in_size < whole) return;
    uint64_t at = now();
    last_answer = at;
    if (!memcmp(l->in, "HTTP/1.1 200", 12)) {
        applied++;
    } else if (!failed++) {
        fprintf(stderr, "%.*s\n", (int)whole, l->in);
    }
    if (latency_count < MOST_LATENCIES) latencies[latency_count++] = (uint32_t)((at - l->sent_at) / 1000);
    if (options.record)
        fprintf(options.record, "%llu %llu %llu\n", (unsigned long long)l->number, (unsigned long long)l->sent_at,
                (unsigned long long)at);
    l->in_size = 0;
    l->busy = 0;
    if (options.rate > 0) return;
    if (more())
        post(l);
    else
        l->finished = 1;
}

static uint64_t occurrences(const char *data, size_t size, const char *needle) {
    uint64_t n = 0;
    const char *end = data + size;
    while ((data = memmem(data, (size_t)(end - data), needle, NEEDLE))) {
        n++;
        data += NEEDLE;
    }
    return n;
}

/* Counts the answers of a stream; keeps one byte less than a needle for what is split over two reads. */
static void on_stream_data(struct link *l) {
    if (!applied && !rejected && l->in_size >= 12 && !memcmp(l->in, "HTTP/1.1 ", 9) && memcmp(l->in + 9, "200", 3)) {
        fprintf(stderr, "%.*s\n", (int)l->in_size, l->in);
        exit(2);
    }
    applied += occurrences(l->in, l->in_size, ":\"applied\"");
    uint64_t bad = occurrences(l->in, l->in_size, "\"rejected\"");
    if (bad && !rejected) fprintf(stderr, "%.*s\n", 400, l->in);
    rejected += bad;
    last_answer = now();
    if (l->ended && l->in_size >= 5 && !memcmp(l->in + l->in_size - 5, "0\r\n\r\n", 5)) l->finished = 1;
    size_t keep = l->in_size < NEEDLE - 1 ? l->in_size : NEEDLE - 1;
    memmove(l->in, l->in + l->in_size - keep, keep);
    l->in_size = keep;
}

static void next_chunk(struct link *l) {
    if (l->out_size || l->ended) return;
    if (!more()) {
        memcpy(l->out, "0\r\n\r\n", 5);
        l->out_size = 5;
        l->ended = 1;
        return;
    }
    char *body = l->out + 8;
    size_t size = 0;
    while (size < CHUNK && next_number < options.most) {
        size += fill(body + size, next_number++);
        body[size++] = '\n';
    }
    char head[9];
    snprintf(head, sizeof head, "%06zx\r\n", size);
    memcpy(l->out, head, 8);
    memcpy(body + size, "\r\n", 2);
    l->out_size = 8 + size + 2;
}

static void on_writable(struct link *l) {
    for (int i = 0; i < 4; i++) {
        next_chunk(l);
        flush(l);
        if (l->out_size) return;
        if (l->ended) {
            want(l, EPOLLIN);
            return;
        }
    }
}

static void on_readable(struct link *l) {
    ssize_t n = recv(l->fd, l->in + l->in_size, SPACE - l->in_size, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
        fprintf(stderr, "the server closed a connection\n");
        exit(2);
    }
    l->in_size += (size_t)n;
    l->in[l->in_size] = 0;
    if (options.stream)
        on_stream_data(l);
    else
        answered(l);
}

static void open_link(struct link *l) {
    l->fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in target = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port)};
    inet_pton(AF_INET, options.address, &target.sin_addr);
    if (l->fd < 0 || connect(l->fd, (struct sockaddr *)&target, sizeof target)) die("connect");
    int on = 1;
    setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(l->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = l};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, l->fd, &event)) die("epoll_ctl");
}

static void begin(void) {
    started = now();
    stop_at = started + (uint64_t)(options.seconds * 1e9);
    for (int i = 0; i < options.connections; i++) {
        struct link *l = &links[i];
        if (options.stream) {
            l->out_size = (size_t)snprintf(l->out, 2048,
                                           "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
                                           "%sTransfer-Encoding: chunked\r\n\r\n",
                                           options.path, options.header);
            flush(l);
            want(l, EPOLLIN | EPOLLOUT);
        } else if (options.rate <= 0) {
            post(l);
        }
    }
}

/* Starts what is due; returns the milliseconds until the next instant. */
static int pace(void) {
    if (options.rate <= 0) return 1000;
    for (;;) {
        uint64_t due = started + (uint64_t)((double)next_number * 1e9 / options.rate), at = now();
        if (due >= stop_at || next_number >= options.most) {
            for (int i = 0; i < options.connections; i++) links[i].finished = !links[i].busy;
            return 10;
        }
        if (at < due) {
            uint64_t wait = due - at;
            if (wait > 1500000) return (int)((wait - 1000000) / 1000000);
            continue; /* the last millisecond is spun, so that instants are kept */
        }
        struct link *idle = NULL;
        for (int i = 0; i < options.connections && !idle; i++)
            if (!links[i].busy) idle = &links[i];
        if (!idle) {
            late++;
            return 1;
        }
        post(idle);
    }
}

static int compare(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void report(double cpu) {
    double took = (double)(last_answer - started) / 1e9;
    qsort(latencies, latency_count, sizeof *latencies, compare);
    double p50 = latency_count ? latencies[latency_count / 2] / 1e3 : 0;
    double p99 = latency_count ? latencies[latency_count * 99 / 100] / 1e3 : 0;
    printf("{\"seconds\":%.6f,\"sent\":%llu,\"applied\":%llu,\"rejected\":%llu,\"failed\":%llu,\"late\":%llu,"
           "\"bytes\":%llu,\"cpu\":%.6f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"started\":%llu}\n",
           took, (unsigned long long)next_number, (unsigned long long)applied, (unsigned long long)rejected,
           (unsigned long long)failed, (unsigned long long)late, (unsigned long long)bytes_out, cpu, p50, p99,
           (unsigned long long)started);
}

static void parse(int argc, char **argv) {
    static const struct option names[] = {
        {"port", 1, 0, 'p'},    {"path", 1, 0, 'u'},    {"connections", 1, 0, 'c'}, {"mode", 1, 0, 'm'},
        {"seconds", 1, 0, 's'}, {"rate", 1, 0, 'r'},    {"subjects", 1, 0, 'k'},    {"template", 1, 0, 't'},
        {"header", 1, 0, 'h'},  {"record", 1, 0, 'f'},  {"events", 1, 0, 'n'},      {0, 0, 0, 0},
    };
    for (int o; (o = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (o) {
        case 'p': options.port = atoi(optarg); break;
        case 'u': options.path = optarg; break;
        case 'c': options.connections = atoi(optarg); break;
        case 'm': options.stream = !strcmp(optarg, "stream"); break;
        case 's': options.seconds = atof(optarg); break;
        case 'r': options.rate = atof(optarg); break;
        case 'k': options.subjects = strtoull(optarg, NULL, 10); break;
        case 't': options.template = optarg; break;
        case 'h': options.header = optarg; break;
        case 'n': options.most = strtoull(optarg, NULL, 10); break;
        case 'f': options.record = fopen(optarg, "w"); if (!options.record) die(optarg); break;
        default: exit(2);
        }
    }
    if (!options.port || !options.template || options.connections < 1 || options.connections > MOST ||
        !options.subjects || strlen(options.template) > 3584) {
        fprintf(stderr, "usage: poster --port P --template JSON [--mode single|stream] …\n");
        exit(2);
    }
}

int main(int argc, char **argv) {
    parse(argc, argv);
    links = calloc((size_t)options.connections, sizeof *links);
    latencies = malloc(MOST_LATENCIES * sizeof *latencies);
    poller = epoll_create1(0);
    if (!links || !latencies || poller < 0) die("set-up");
    for (int i = 0; i < options.connections; i++) open_link(&links[i]);
    struct timespec cpu_before, cpu_after;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu_before);
    begin();
    for (int open = 1; open;) {
        struct epoll_event events[256];
        int n = epoll_wait(poller, events, 256, pace());
        for (int i = 0; i < n; i++) {
            struct link *l = events[i].data.ptr;
            if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) on_readable(l);
            if (events[i].events & EPOLLOUT) on_writable(l);
        }
        open = 0;
        for (int i = 0; i < options.connections; i++) open |= !links[i].finished;
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu_after);
    report((double)(cpu_after.tv_sec - cpu_before.tv_sec) + (double)(cpu_after.tv_nsec - cpu_before.tv_nsec) / 1e9);
    if (options.record) fclose(options.record);
    return 0;
}
