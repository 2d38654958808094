// driver: clients of a keyval cluster that go on whatever becomes of its nodes, and count what they had to bear.
//
//   driver -p PORT[,PORT...] -c CLIENTS -get PERCENT -d VALUE_SIZE -k KEYS -t TIMEOUT_MS -retry RETRY_MS
//
// Each client has one request in flight, at one node. A request that is answered by ERROR, or in TIMEOUT_MS (2000) not at
// all, or whose connection breaks, is sent again, to the next node; it has failed when it was not answered RETRY_MS (10000)
// after it was sent first, and is given up. It obeys lines on its standard input, at whose end it ends:
//
//   ports PORT[,PORT...]   these nodes from now on; clients of others leave them after the request in flight
//   pause, resume          clients send no new request until they are let; one in flight is still answered
//   mark SECONDS           prints "acknowledged MS": how long after this time of day (as $EPOCHREALTIME has it) the first
//                          PUT was acknowledged that was sent after this line was read
//   stats                  prints and forgets what was counted since the last time:
//                          "requests N failed N retried N errors N timeouts N broken N longest MS gap MS rate N"
//                          retried: requests sent more than once; errors, timeouts, broken: why; longest: of a request,
//                          until it was answered; gap: the longest time in which no request at all was answered
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_PORTS = 16, BUFFER = 1 << 16 };

typedef struct { int count, port[MOST_PORTS]; } nodes_t;

typedef struct {
    int id, fd, node, held;
    uint64_t rng;
    char in[BUFFER];
} client_t;

static int clients = 32, get_percent = 50, value_size = 64, keys = 10000, timeout_ms = 2000, retry_ms = 10000;
static nodes_t nodes = { 1, { 5000 } };
static int paused;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t resumed = PTHREAD_COND_INITIALIZER;
static atomic_ulong requests, failed, retried, errors, timeouts, broken, longest, gap, last_answer, mark_at;
static double mark_time;

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static double time_of_day(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void at_least(atomic_ulong *largest, uint64_t value) {
    unsigned long before = *largest;
    while (before < value && !atomic_compare_exchange_weak(largest, &before, value)) { }
}

static nodes_t parse(const char *list) {
    nodes_t parsed = { 0 };
    for (const char *p = list; p && parsed.count < MOST_PORTS; p = strchr(p, ','), p = p ? p + 1 : p) parsed.port[parsed.count++] = atoi(p);
    return parsed;
}

static nodes_t current(void) {
    pthread_mutex_lock(&lock);
    nodes_t copy = nodes;
    pthread_mutex_unlock(&lock);
    return copy;
}

static void await_resumed(void) {
    pthread_mutex_lock(&lock);
    while (paused) pthread_cond_wait(&resumed, &lock);
    pthread_mutex_unlock(&lock);
}

static void pause_clients(int whether) {
    pthread_mutex_lock(&lock);
    paused = whether;
    pthread_cond_broadcast(&resumed);
    pthread_mutex_unlock(&lock);
}

static void leave(client_t *c) {
    if (c->fd >= 0) close(c->fd);
    c->fd = -1;
    c->held = 0;
}

// Sends and reads one line, whose end is made a 0: its length, or -1 with errno 0 where the connection ended.
static int ask(client_t *c, const char *line, int size) {
    errno = 0;
    if (send(c->fd, line, size, MSG_NOSIGNAL) != size) return -1;
    c->held = 0;
    for (;;) {
        int n = recv(c->fd, c->in + c->held, BUFFER - c->held, 0);
        if (n == 0) errno = 0;
        if (n <= 0) return -1;
        c->held += n;
        if (c->in[c->held - 1] == '\n') {
            c->in[c->held - 1] = 0;
            return c->held - 1;
        }
    }
}

// Connects the client to its node, or where that cannot be to none.
static int connected(client_t *c, const nodes_t *all) {
    int port = all->port[c->node % all->count];
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct timeval patience = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(c->fd, (void *)&address, sizeof address) == 0 && ask(c, "HELLO CLIENT\n", 13) >= 0 && !strcmp(c->in, "HELLO SERVER")) return 1;
    leave(c);
    return 0;
}

static void acknowledged(uint64_t sent) {
    unsigned long mark = mark_at;
    if (mark && sent >= mark && atomic_compare_exchange_strong(&mark_at, &mark, 0)) {
        printf("acknowledged %.1f\n", (time_of_day() - mark_time) * 1e3);
        fflush(stdout);
    }
}

static void *run(void *argument) {
    client_t *c = argument;
    nodes_t all = current();
    char *line = malloc(value_size + 64);
    c->node = c->id;
    c->fd = -1;
    for (;;) {
        await_resumed();
        c->rng ^= c->rng << 13, c->rng ^= c->rng >> 7, c->rng ^= c->rng << 17;
        int get = (int)(c->rng >> 33) % 100 < get_percent, sends = 0, answered = 0;
        int size = sprintf(line, "%s key:%d", get ? "GET" : "PUT", (int)(c->rng >> 20) % keys & 0x7fffffff);
        if (!get) {
            line[size++] = ' ';
            memset(line + size, 'x', value_size);
            size += value_size;
        }
        line[size++] = '\n';
        uint64_t first = now(), sent;
        for (sent = first; !answered && sent - first < retry_ms * 1000000ull; sent = now()) {
            nodes_t fresh = current();
            if (memcmp(&fresh, &all, sizeof all)) {
                leave(c);
                all = fresh;
                c->node = c->id + sends;
            }
            if (c->fd < 0 && !connected(c, &all)) {
                c->node++;
                usleep(5000);
                continue;
            }
            sends++;
            sent = now();
            if (ask(c, line, size) < 0) {
                (errno == EAGAIN || errno == EWOULDBLOCK ? timeouts++ : broken++);
            } else if (!strcmp(c->in, "ERROR") || (!get && strcmp(c->in, "OK"))) {
                errors++;
            } else {
                answered = 1;
                break;
            }
            leave(c);
            c->node++;
        }
        uint64_t t = now();
        requests++;
        retried += sends > 1;
        if (!answered) {
            failed++;
            continue;
        }
        at_least(&longest, t - first);
        uint64_t before = last_answer;
        at_least(&last_answer, t);
        if (t > before) at_least(&gap, t - before);
        if (!get) acknowledged(sent);
    }
    return NULL;
}

int main(int argc, char **argv) {
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *o = argv[i], *x = argv[i + 1];
        if (!strcmp(o, "-p")) nodes = parse(x);
        else if (!strcmp(o, "-c")) clients = atoi(x);
        else if (!strcmp(o, "-get")) get_percent = atoi(x);
        else if (!strcmp(o, "-d")) value_size = atoi(x);
        else if (!strcmp(o, "-k")) keys = atoi(x);
        else if (!strcmp(o, "-t")) timeout_ms = atoi(x);
        else if (!strcmp(o, "-retry")) retry_ms = atoi(x);
        else {
            fprintf(stderr, "driver: %s is not known\n", o);
            return 2;
        }
    }
    last_answer = now();
    for (int i = 0; i < clients; i++) {
        client_t *c = calloc(1, sizeof *c);
        pthread_t thread;
        c->id = i;
        c->rng = 88172645463325252ull * (i + 1) + i;
        pthread_create(&thread, NULL, run, c);
    }
    char line[256];
    uint64_t begin = now();
    while (fgets(line, sizeof line, stdin)) {
        if (!strncmp(line, "ports ", 6)) {
            nodes_t parsed = parse(line + 6);
            pthread_mutex_lock(&lock);
            nodes = parsed;
            pthread_mutex_unlock(&lock);
        } else if (!strncmp(line, "pause", 5)) {
            pause_clients(1);
        } else if (!strncmp(line, "resume", 6)) {
            pause_clients(0);
            last_answer = now();
        } else if (!strncmp(line, "mark ", 5)) {
            mark_time = atof(line + 5);
            mark_at = now();
        } else if (!strncmp(line, "stats", 5)) {
            uint64_t t = now();
            unsigned long count = atomic_exchange(&requests, 0);
            printf("requests %lu failed %lu retried %lu errors %lu timeouts %lu broken %lu longest %.1f gap %.1f rate %.0f\n",
                   count, atomic_exchange(&failed, 0), atomic_exchange(&retried, 0), atomic_exchange(&errors, 0),
                   atomic_exchange(&timeouts, 0), atomic_exchange(&broken, 0), atomic_exchange(&longest, 0) / 1e6,
                   atomic_exchange(&gap, 0) / 1e6, count / ((t - begin) / 1e9));
            fflush(stdout);
            begin = t;
        }
    }
    return 0;
}
