// attack: clients that mean no good, against a keyval node. One epoll thread.
//
//   attack SCENARIO -p PORT -n CONNECTIONS -s SECONDS [-r OPENINGS_A_SECOND] [-proto keyval|redis]
//
//   idle       opens the connections, says HELLO on each (to Redis: PING), waits for the answer, does nothing more
//   slowloris  sends one byte of HELLO a second on each, and never its end; opens what is closed again
//   unread     says HELLO and pipelines a million GETs on each, and reads nothing
//   flood      opens the connections as fast as it can, keeps them, and opens what is closed again
//   random     sends random bytes, on every second connection behind a HELLO, and reads what is answered
//
// Prints "N open" when all that it wanted open are, and at its end, or on SIGTERM, what it did.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum scenario { IDLE, SLOWLORIS, UNREAD, FLOOD, RANDOM };
static const char *names[] = { "idle", "slowloris", "unread", "flood", "random" };
static const char hello[] = "HELLO CLIENT\n", get[] = "GET key:0000000001\n";

typedef struct {
    int fd;        // -1: closed
    int connected; // the handshake of TCP is over
    int answered;  // the server has said something
    uint64_t next; // when it sends its next byte
    uint64_t sent; // bytes
} conn_t;

enum { RETRY = 10000000 };                       // ns until a connection that was closed is opened again
static const uint64_t SECOND = 1000000000ull, MILLION = 1000000;
static enum scenario scenario;
static int port = 5000, wanted = 10000, seconds = 15, rate, redis, epoll;
static int open_now, open_most, answered_now;
static uint64_t opened, refused, closed_by_server, bytes_sent, bytes_read;
static volatile sig_atomic_t ended;
static uint8_t noise[1 << 16];
static char gets[20 * 1024];
static int gets_size;

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * SECOND + t.tv_nsec;
}

static void end(int signal) {
    (void)signal;
    ended = 1;
}

static void fail(const char *what) {
    fprintf(stderr, "attack: %s: %s\n", what, strerror(errno));
    exit(2);
}

static uint64_t draw(void) {
    static uint64_t x = 88172645463325252ull;
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    return x;
}

static void open_one(conn_t *c) {
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    *c = (conn_t){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), .next = now() };
    if (c->fd < 0) fail("socket (ulimit -n?)");
    if (connect(c->fd, (void *)&address, sizeof address) && errno != EINPROGRESS) { // no port is free, for one
        refused++;
        close(c->fd);
        c->fd = -1;
        c->next += RETRY;
        return;
    }
    struct epoll_event e = { .events = EPOLLIN | EPOLLOUT, .data.ptr = c };
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &e)) fail("epoll_ctl");
}

static void close_one(conn_t *c) {
    if (c->connected) {
        closed_by_server++;
        open_now--;
    } else {
        refused++;
    }
    answered_now -= c->answered;
    close(c->fd);
    c->fd = -1;
    c->next = now() + RETRY;
}

static void listen_for(conn_t *c, int events) {
    struct epoll_event e = { .events = events, .data.ptr = c };
    epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &e);
}

// Sends; false when the connection is gone. What did not fit is not sent.
static int send_some(conn_t *c, const void *bytes, int size) {
    int n = send(c->fd, bytes, size, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) {
        close_one(c);
        return 0;
    }
    if (n > 0) c->sent += n, bytes_sent += n;
    return 1;
}

// What a connection sends when it can.
static void write_ready(conn_t *c) {
    if (!c->connected) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error) {
            close_one(c);
            return;
        }
        c->connected = 1;
        opened++;
        if (++open_now > open_most) open_most = open_now;
        int speaks = scenario == IDLE || scenario == UNREAD || (scenario == RANDOM && draw() % 2);
        const char *first = redis ? "PING\r\n" : hello;
        if (speaks && !send_some(c, first, strlen(first))) return;
    }
    if (scenario == UNREAD && c->sent < sizeof hello - 1 + MILLION * (sizeof get - 1)) {
        // Whole commands at every offset: what is sent next begins where the last send ended.
        int at = (c->sent - (sizeof hello - 1)) % (sizeof get - 1);
        send_some(c, gets + at, gets_size - at);
    } else if (scenario == RANDOM) {
        int at = draw() % (sizeof noise / 2), size = 1 + draw() % 4096;
        send_some(c, noise + at, size);
    } else {
        listen_for(c, scenario == UNREAD ? 0 : EPOLLIN);
    }
}

static void read_ready(conn_t *c) {
    static char sink[1 << 16];
    int n = recv(c->fd, sink, sizeof sink, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
        close_one(c);
        return;
    }
    bytes_read += n;
    if (!c->answered) c->answered = 1, answered_now++;
}

int main(int argc, char **argv) {
    int known = 0;
    for (int i = 0; i < 5 && argc > 1; i++)
        if (!strcmp(argv[1], names[i])) scenario = i, known = 1;
    for (int i = 2; i + 1 < argc; i += 2) {
        const char *o = argv[i], *x = argv[i + 1];
        if (!strcmp(o, "-p")) port = atoi(x);
        else if (!strcmp(o, "-n")) wanted = atoi(x);
        else if (!strcmp(o, "-r")) rate = atoi(x);
        else if (!strcmp(o, "-s")) seconds = atoi(x);
        else if (!strcmp(o, "-proto")) redis = !strcmp(x, "redis");
        else known = 0;
    }
    if (!known) {
        fprintf(stderr, "usage: attack idle|slowloris|unread|flood|random -p PORT -n CONNECTIONS -s SECONDS [-r OPENINGS_A_SECOND] [-proto redis]\n");
        return 64;
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGTERM, end);
    signal(SIGINT, end);
    for (size_t i = 0; i < sizeof noise; i++) noise[i] = draw() >> 24;
    while (gets_size + sizeof get < sizeof gets) {
        memcpy(gets + gets_size, get, sizeof get - 1);
        gets_size += sizeof get - 1;
    }

    epoll = epoll_create1(0);
    conn_t *all = calloc(wanted, sizeof *all);
    for (int i = 0; i < wanted; i++) all[i].fd = -1;
    struct epoll_event events[512];
    uint64_t begin = now(), stop = begin + seconds * SECOND, t, tries = 0;
    int told = 0, turn = 0;
    while (!ended && (t = now()) < stop) {
        // Not all at once: a listener's backlog is shorter than this.
        for (int i = 0, begun = 0; i < wanted && begun < 100; i++) {
            conn_t *c = all + (turn = turn + 1 < wanted ? turn + 1 : 0);
            int due = !rate || tries < (t - begin) * rate / SECOND;
            if (c->fd < 0 && t >= c->next && due) open_one(c), begun++, tries++;
            else if (scenario == SLOWLORIS && c->fd >= 0 && c->connected && t >= c->next) {
                c->next = t + SECOND;
                send_some(c, "HELLO CLIENT" + (c->sent < 11 ? c->sent : 11), 1);
            }
        }
        int n = epoll_wait(epoll, events, 512, 5);
        for (int i = 0; i < n; i++) {
            conn_t *c = events[i].data.ptr;
            if (events[i].events & EPOLLOUT) write_ready(c);
            if (c->fd >= 0 && events[i].events & (EPOLLHUP | EPOLLERR) && !c->connected) close_one(c);
            else if (c->fd >= 0 && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
                if (scenario != UNREAD) read_ready(c);
                else if (events[i].events & (EPOLLHUP | EPOLLERR)) close_one(c);
                else listen_for(c, EPOLLOUT);
            }
        }
        if (!told && (scenario == IDLE ? answered_now : open_now) == wanted) {
            told = 1;
            printf("%d open\n", wanted);
            fflush(stdout);
        }
    }
    printf("opened %llu, at most %d at once, refused %llu, closed by the server %llu, sent %.1f MB, read %.1f MB\n",
           (unsigned long long)opened, open_most, (unsigned long long)refused, (unsigned long long)closed_by_server,
           bytes_sent / 1e6, bytes_read / 1e6);
    return 0;
}
