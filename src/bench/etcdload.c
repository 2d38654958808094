// etcdload: puts to an etcd 3 and linearizable gets by its own protocol, gRPC over HTTP/2, without a client library.
// One epoll thread, C connections, P requests in flight on each, every one a stream of its own. A request that ends without
// a response is counted as an error, a get that finds nothing as a miss.
//
//   etcdload -p PORT[,PORT...] -c CONNECTIONS -P IN_FLIGHT -get PERCENT -d VALUE_SIZE -k KEYS
//            -w WARM_UP_SECONDS -s SECONDS
//
// Connections are spread over the ports. Prints the line that lineload prints.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE };
enum { ACK = 1, END_STREAM = 1, END_HEADERS = 4 };
enum { FRAME = 9, BUFFER = 1 << 16 };

typedef struct {
    uint32_t stream;
    int get, answered; // its response has come
    uint64_t sent;
} request_t;

typedef struct {
    int fd;
    uint32_t next_stream;
    request_t *requests; // those in flight
    uint64_t rng;
    uint8_t in[BUFFER], *out;
    int held, filled, written;
} conn_t;

static int connections = 64, in_flight = 1, value_size = 64, get_percent = 0, seconds = 5, warm_up = 2, epoll;
static int ports[16] = { 2379 }, port_count = 1;
static uint64_t keys = 100000, ops, errors, misses, longest;
static uint32_t histogram[64 * 64];
static uint8_t headers[2][128]; // of a put and of a get
static int headers_size[2];

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void record(uint64_t ns) {
    uint64_t v = ns / 100;
    int e = v < 64 ? 0 : 58 - __builtin_clzll(v);
    histogram[(e * 64 + (v >> e)) & 4095]++;
    if (ns > longest) longest = ns;
}

static double percentile(double p) {
    uint64_t total = 0, sum = 0;
    for (int i = 0; i < 4096; i++) total += histogram[i];
    for (int i = 0; i < 4096; i++) {
        sum += histogram[i];
        if (sum >= total * p) return (double)((uint64_t)(i & 63) << (i >> 6)) * 0.1;
    }
    return 0;
}

static void fail(const char *what) {
    fprintf(stderr, "etcdload: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
    exit(2);
}

static void text(int get, int name_index, const char *name, const char *value) { // a literal header, not to be indexed
    uint8_t *at = headers[get] + headers_size[get];
    if (name_index < 15) {
        *at++ = name_index;
    } else {
        *at++ = 15;
        *at++ = name_index - 15;
    }
    if (!name_index) {
        *at++ = strlen(name);
        at = mempcpy(at, name, strlen(name));
    }
    *at++ = strlen(value);
    at = mempcpy(at, value, strlen(value));
    headers_size[get] = at - headers[get];
}

static void request_headers(int get, const char *path) {
    headers[get][headers_size[get]++] = 0x83; // :method POST
    headers[get][headers_size[get]++] = 0x86; // :scheme http
    text(get, 4, ":path", path);
    text(get, 1, ":authority", "127.0.0.1");
    text(get, 31, "content-type", "application/grpc");
    text(get, 0, "te", "trailers");
}

static void frame(conn_t *c, int size, int type, int flags, uint32_t stream) {
    uint8_t *at = c->out + c->filled;
    at[0] = size >> 16, at[1] = size >> 8, at[2] = size, at[3] = type, at[4] = flags;
    stream = htonl(stream);
    memcpy(at + 5, &stream, 4);
    c->filled += FRAME;
}

static void add(conn_t *c, const void *bytes, int size) {
    memcpy(c->out + c->filled, bytes, size);
    c->filled += size;
}

static int varint(uint8_t *at, uint32_t v) {
    int n = 0;
    for (; v > 127; v >>= 7) at[n++] = v | 128;
    at[n++] = v;
    return n;
}

static void send_request(conn_t *c, request_t *p) {
    static uint8_t message[5 + 64 + (1 << 15)];
    c->rng ^= c->rng << 13, c->rng ^= c->rng >> 7, c->rng ^= c->rng << 17;
    int n = 5;
    int get = (int)(c->rng >> 33) % 100 < get_percent;
    message[n++] = 0x0a; // the key, of PutRequest as of RangeRequest
    message[n++] = 14;
    n += sprintf((char *)message + n, "key:%010llu", (unsigned long long)(c->rng % keys));
    if (!get) {
        message[n++] = 0x12; // PutRequest.value
        n += varint(message + n, value_size);
        memset(message + n, 'x', value_size);
        n += value_size;
    }
    uint32_t size = htonl(n - 5);
    message[0] = 0;
    memcpy(message + 1, &size, 4);
    *p = (request_t){ .stream = c->next_stream, .get = get, .sent = now() };
    c->next_stream += 2;
    frame(c, headers_size[get], HEADERS, END_HEADERS, p->stream);
    add(c, headers[get], headers_size[get]);
    frame(c, n, DATA, END_STREAM, p->stream);
    add(c, message, n);
}

static void flush_out(conn_t *c) {
    while (c->written < c->filled) {
        int n = write(c->fd, c->out + c->written, c->filled - c->written);
        if (n < 0 && errno == EAGAIN) return; // the next event goes on: what is in flight fits a socket's buffer
        if (n < 0) fail("write");
        c->written += n;
    }
    c->filled = c->written = 0;
}

// Takes a frame in, and sends another request when one is over.
static void take(conn_t *c, const uint8_t *at, int size) {
    int type = at[3], flags = at[4];
    uint32_t stream;
    memcpy(&stream, at + 5, 4);
    stream = ntohl(stream) & 0x7fffffff;
    if (type == SETTINGS && !(flags & ACK)) frame(c, 0, SETTINGS, ACK, 0);
    if (type == PING && !(flags & ACK)) frame(c, 8, PING, ACK, 0), add(c, at + FRAME, 8);
    if (type == GOAWAY) errno = 0, fail("the server sent GOAWAY");
    for (request_t *p = c->requests; p < c->requests + in_flight; p++) {
        if (stream != p->stream) continue;
        if (type == DATA && size >= 5) {
            p->answered = 1;
            misses += p->get && size < value_size;
        }
        if (type == RST_STREAM || ((type == HEADERS || type == DATA) && flags & END_STREAM)) {
            record(now() - p->sent);
            ops++;
            errors += !p->answered;
            send_request(c, p);
        }
        return;
    }
}

static void open_connection(conn_t *c, int i) {
    // No dynamic header table; a window for all responses of a run.
    static const uint8_t preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", no_table[] = { 0, 1, 0, 0, 0, 0 }, window[] = { 0x70, 0, 0, 0 };
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(ports[i % port_count]), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(c->fd, (void *)&address, sizeof address)) fail("connect");
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    c->rng = 88172645463325252ull * (i + 1) + i;
    c->out = malloc(BUFFER + 2 * in_flight * (value_size + 256));
    c->requests = calloc(in_flight, sizeof *c->requests);
    c->next_stream = 1;
    add(c, preface, sizeof preface - 1);
    frame(c, sizeof no_table, SETTINGS, 0, 0), add(c, no_table, sizeof no_table);
    frame(c, sizeof window, WINDOW_UPDATE, 0, 0), add(c, window, sizeof window);
    for (int p = 0; p < in_flight; p++) send_request(c, c->requests + p);
    flush_out(c);
    struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };
    epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &e);
}

int main(int argc, char **argv) {
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *o = argv[i], *x = argv[i + 1];
        if (!strcmp(o, "-p")) {
            port_count = 0;
            for (const char *p = x; p && port_count < 16; p = strchr(p, ','), p = p ? p + 1 : p) ports[port_count++] = atoi(p);
        }
        else if (!strcmp(o, "-get")) get_percent = atoi(x);
        else if (!strcmp(o, "-c")) connections = atoi(x);
        else if (!strcmp(o, "-P")) in_flight = atoi(x);
        else if (!strcmp(o, "-d")) value_size = atoi(x);
        else if (!strcmp(o, "-k")) keys = atoll(x);
        else if (!strcmp(o, "-s")) seconds = atoi(x);
        else if (!strcmp(o, "-w")) warm_up = atoi(x);
        else errno = 0, fail("an option that is not known");
    }
    if (value_size > 1 << 14) errno = 0, fail("-d is at most 16384");
    request_headers(0, "/etcdserverpb.KV/Put");
    request_headers(1, "/etcdserverpb.KV/Range");

    epoll = epoll_create1(0);
    conn_t *all = calloc(connections, sizeof *all);
    for (int i = 0; i < connections; i++) open_connection(all + i, i);
    struct epoll_event events[256];
    uint64_t begin = now() + warm_up * 1000000000ull, end = begin + seconds * 1000000000ull, start = 0, t;
    for (;;) {
        int n = epoll_wait(epoll, events, 256, 1000);
        t = now();
        if (!start && t >= begin) {
            memset(histogram, 0, sizeof histogram);
            ops = errors = misses = longest = 0;
            start = t;
        }
        if (t >= end) break;
        if (n == 0) fprintf(stderr, "stall: no reply for 1 s\n");
        for (int i = 0; i < n; i++) {
            conn_t *c = events[i].data.ptr;
            int r = read(c->fd, c->in + c->held, BUFFER - c->held), at = 0;
            if (r < 0 && errno == EAGAIN) continue;
            if (r <= 0) fail("connection lost");
            c->held += r;
            while (c->held - at >= FRAME) {
                int size = c->in[at] << 16 | c->in[at + 1] << 8 | c->in[at + 2];
                if (size > BUFFER - FRAME) errno = 0, fail("a frame that is too long");
                if (c->held - at < FRAME + size) break;
                take(c, c->in + at, size);
                at += FRAME + size;
            }
            memmove(c->in, c->in + at, c->held - at);
            c->held -= at;
            flush_out(c);
        }
    }
    printf("%.0f ops/s p50 %.1f us p99 %.1f us p99.9 %.1f us max %.1f us ops %llu errs %llu misses %llu\n",
           ops / ((t - start) / 1e9), percentile(.5), percentile(.99), percentile(.999), longest / 1e3,
           (unsigned long long)ops, (unsigned long long)errors, (unsigned long long)misses);
    return errors ? 3 : 0;
}
