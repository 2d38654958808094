/* Makes file calls of a running process fail on demand.
 *   gcc -shared -fPIC -O1 -o faultshim.so faultshim.c -ldl
 *   KV_FAULT=$PWD/fault KV_FAULT_PATH=.log LD_PRELOAD=$PWD/faultshim.so java -jar target/keyval.jar
 * While the file named by KV_FAULT exists, calls on descriptors whose path contains KV_FAULT_PATH obey its text:
 *   "sync 5"   fsync and fdatasync fail with errno 5 (EIO)     "slow 300"  they take 300 ms longer
 *   "late 300" reads and writes at an offset take 300 ms longer
 *   "write 28" write and pwrite fail with errno 28 (ENOSPC)    "short 7"   they take at most 7 bytes
 * Remove the file and the fault is gone. While the file named by KV_CLOCK exists, the time of day is off by as many
 * milliseconds as it says; a change counts within 20 ms. Clocks that only go on are left alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int faulty(int fd, const char *call, int *arg) {
  const char *control = getenv("KV_FAULT"), *part = getenv("KV_FAULT_PATH");
  FILE *f = control ? fopen(control, "re") : NULL;
  if (!f) return 0;
  char op[32] = "", link[64], path[4096];
  int value = 0, n = fscanf(f, "%31s %d", op, &value);
  fclose(f);
  if (n < 2 || strcmp(op, call)) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t len = readlink(link, path, sizeof path - 1);
  if (len < 0) return 0;
  path[len] = 0;
  if (part && !strstr(path, part)) return 0;
  *arg = value;
  return 1;
}

#define SYNC(name)                                                         \
  int name(int fd) {                                                       \
    static int (*real)(int);                                               \
    int arg, saved = errno;                                                \
    if (!real) real = dlsym(RTLD_NEXT, #name);                             \
    if (faulty(fd, "sync", &arg)) { errno = arg; return -1; }              \
    if (faulty(fd, "slow", &arg)) usleep(arg * 1000);                      \
    errno = saved;                                                         \
    return real(fd);                                                       \
  }
SYNC(fsync)
SYNC(fdatasync)

ssize_t write(int fd, const void *buf, size_t n) {
  static ssize_t (*real)(int, const void *, size_t);
  int arg, saved = errno;
  if (!real) real = dlsym(RTLD_NEXT, "write");
  if (fd > 2 && faulty(fd, "write", &arg)) { errno = arg; return -1; }
  if (fd > 2 && faulty(fd, "short", &arg) && (size_t)arg < n) n = arg;
  errno = saved;
  return real(fd, buf, n);
}

#define PWRITE(name)                                                       \
  ssize_t name(int fd, const void *buf, size_t n, off_t at) {              \
    static ssize_t (*real)(int, const void *, size_t, off_t);              \
    int arg, saved = errno;                                                \
    if (!real) real = dlsym(RTLD_NEXT, #name);                             \
    if (faulty(fd, "late", &arg)) usleep(arg * 1000);                      \
    if (faulty(fd, "write", &arg)) { errno = arg; return -1; }             \
    if (faulty(fd, "short", &arg) && (size_t)arg < n) n = arg;             \
    errno = saved;                                                         \
    return real(fd, buf, n, at);                                           \
  }
PWRITE(pwrite)
PWRITE(pwrite64)

#define PREAD(name)                                                        \
  ssize_t name(int fd, void *buf, size_t n, off_t at) {                    \
    static ssize_t (*real)(int, void *, size_t, off_t);                    \
    int arg, saved = errno;                                                \
    if (!real) real = dlsym(RTLD_NEXT, #name);                             \
    if (faulty(fd, "late", &arg)) usleep(arg * 1000);                      \
    errno = saved;                                                         \
    return real(fd, buf, n, at);                                           \
  }
PREAD(pread)
PREAD(pread64)

static int (*real_clock)(clockid_t, struct timespec *);

static long long shift_ns(void) {
  static long long checked, shift;
  const char *control = getenv("KV_CLOCK");
  struct timespec t;
  if (!control || real_clock(CLOCK_MONOTONIC, &t)) return 0;
  long long now = t.tv_sec * 1000000000ll + t.tv_nsec, last = __atomic_load_n(&checked, __ATOMIC_RELAXED);
  if ((!last || now - last > 20000000) && __atomic_compare_exchange_n(&checked, &last, now, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    long long ms = 0;
    FILE *f = fopen(control, "re");
    if (f) {
      if (fscanf(f, "%lld", &ms) != 1) ms = 0;
      fclose(f);
    }
    __atomic_store_n(&shift, ms * 1000000, __ATOMIC_RELAXED);
  }
  return __atomic_load_n(&shift, __ATOMIC_RELAXED);
}

int clock_gettime(clockid_t id, struct timespec *t) {
  if (!real_clock) real_clock = dlsym(RTLD_NEXT, "clock_gettime");
  int result = real_clock(id, t), saved = errno;
  if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
    long long ns = t->tv_sec * 1000000000ll + t->tv_nsec + shift_ns();
    t->tv_sec = ns / 1000000000;
    t->tv_nsec = ns % 1000000000;
  }
  errno = saved;
  return result;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone) {
  struct timespec now;
  (void)zone;
  int result = clock_gettime(CLOCK_REALTIME, &now);
  if (result == 0) *t = (struct timeval){ .tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000 };
  return result;
}

time_t time(time_t *to) {
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now)) return -1;
  if (to) *to = now.tv_sec;
  return now.tv_sec;
}
