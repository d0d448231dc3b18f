/*
 * Receivers of a numbered stream over TCP, whatever protocol they speak: connects them, reads as fast as it comes, counts, and
 * tells. Whoever includes this says how a connection begins and what its bytes are.
 */
#ifndef RECEIVERS_H
#define RECEIVERS_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
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

#include "delays.h"
#include "numbered-media.h"

#define MAX_EVENTS 256
#define STALL_US 1000000u
#define CONNECT_LIMIT_US 60000000u
/* New connections in one go, so that the listener's queue never overflows. */
#define CONNECT_STEP 32

struct reader {
  int fd;
  int connected;
  int closed;
  struct flow flow;
  uint64_t bytes;
  uint64_t bytes_at_start;
  uint64_t last_us;
  uint64_t longest_gap_us;
  unsigned stalls;
};

static struct reader *readers;
static int reader_count;
static uint64_t bits_per_second;
static int measuring;

/* Told by whoever includes this. `reader_take` returns 0 when the connection is of no use any more. */
static void reader_connected(struct reader *reader);
static int reader_take(struct reader *reader, const unsigned char *data, size_t length, uint64_t now_us);

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_nsec / 1000u;
}

static void end_reader(struct reader *reader) {
  if (reader->closed) return;
  close(reader->fd);
  reader->closed = 1;
}

static void note_gap(struct reader *reader, uint64_t now) {
  uint64_t gap = now - reader->last_us;
  if (reader->last_us == 0 || !measuring) return;
  if (gap > reader->longest_gap_us) reader->longest_gap_us = gap;
  if (gap > STALL_US) reader->stalls++;
}

static void on_event(struct reader *reader, uint32_t events, int epoll) {
  static unsigned char buffer[256 * 1024];
  if (reader->closed) return;
  if (!reader->connected) {
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) return end_reader(reader);
    struct epoll_event next = {.events = EPOLLIN, .data.ptr = reader};
    epoll_ctl(epoll, EPOLL_CTL_MOD, reader->fd, &next);
    reader->connected = 1;
    return reader_connected(reader);
  }
  ssize_t n = recv(reader->fd, buffer, sizeof buffer, 0);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) return end_reader(reader);
  uint64_t now = now_us();
  note_gap(reader, now);
  reader->last_us = now;
  reader->bytes += (uint64_t)n;
  if (!reader_take(reader, buffer, (size_t)n, now)) end_reader(reader);
}

static void connect_one(struct reader *reader, const struct sockaddr_in *address, int epoll) {
  int on = 1;
  reader->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (reader->fd < 0) fail("socket");
  setsockopt(reader->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(reader->fd, (const struct sockaddr *)address, sizeof *address) < 0 && errno != EINPROGRESS) fail("connect");
  struct epoll_event event = {.events = EPOLLOUT, .data.ptr = reader};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, reader->fd, &event) < 0) fail("epoll_ctl");
}

static double own_cpu_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void report(uint64_t measured_us, double cpu_seconds) {
  struct flow all = {0};
  uint64_t bytes = 0, least = UINT64_MAX, gap = 0;
  unsigned stalls = 0, closed = 0;
  for (int i = 0; i < reader_count; i++) {
    struct reader *reader = &readers[i];
    uint64_t got = reader->bytes - reader->bytes_at_start;
    note_gap(reader, now_us());
    bytes += got;
    stalls += reader->stalls;
    closed += (unsigned)reader->closed;
    if (got < least) least = got;
    if (reader->longest_gap_us > gap) gap = reader->longest_gap_us;
    all.messages += reader->flow.messages;
    all.missing += reader->flow.missing;
    all.missing_disposable += reader->flow.missing_disposable;
    all.disordered += reader->flow.disordered;
    all.bad_lengths += reader->flow.bad_lengths;
    all.delay_sum_us += reader->flow.delay_sum_us;
    if (reader->flow.longest_delay_us > all.longest_delay_us) all.longest_delay_us = reader->flow.longest_delay_us;
  }
  printf("{\"event\":\"end\",\"readers\":%d,\"seconds\":%.3f,\"bytes\":%llu,\"leastBytes\":%llu,\"messages\":%llu,"
         "\"missing\":%llu,\"missingDisposable\":%llu,\"disordered\":%llu,\"badLengths\":%llu,\"stalls\":%u,"
         "\"longestGapMs\":%.1f,\"delayMs\":%.1f,\"p50Ms\":%.2f,\"p99Ms\":%.2f,\"longestDelayMs\":%.1f,\"closed\":%u,"
         "\"sinkCpuSeconds\":%.3f}\n",
         reader_count, (double)measured_us / 1e6, (unsigned long long)bytes, (unsigned long long)least,
         (unsigned long long)all.messages, (unsigned long long)all.missing, (unsigned long long)all.missing_disposable,
         (unsigned long long)all.disordered, (unsigned long long)all.bad_lengths, stalls, (double)gap / 1e3,
         all.messages == 0 ? 0 : (double)all.delay_sum_us / 1e3 / (double)all.messages, delays_at_ms(0.5), delays_at_ms(0.99),
         (double)all.longest_delay_us / 1e3,
         closed, cpu_seconds);
  fflush(stdout);
}

/* How many have got media, and how many are closed. */
static int count_started(int connected, int *closed) {
  int started = 0;
  *closed = 0;
  for (int i = 0; i < connected; i++) {
    started += readers[i].flow.messages > 0;
    *closed += readers[i].closed;
  }
  return started;
}

static void begin(void) {
  for (int i = 0; i < reader_count; i++) {
    readers[i].bytes_at_start = readers[i].bytes;
    flow_reset_counts(&readers[i].flow);
  }
  memset(&delays, 0, sizeof delays);
  measuring = 1;
  puts("{\"event\":\"start\"}");
  fflush(stdout);
}

/* Once every receiver had media, lets `warmup` pass, prints "start", measures for `length`, prints "end" and returns. */
static void run_receivers(const struct sockaddr_in *address, uint64_t warmup, uint64_t length) {
  struct epoll_event events[MAX_EVENTS];
  int epoll = epoll_create1(EPOLL_CLOEXEC), connected = 0, closed = 0;
  uint64_t opened = now_us(), ready = 0, start = 0;
  double cpu = 0;
  if (epoll < 0) fail("epoll");
  for (;;) {
    for (int i = 0; i < CONNECT_STEP && connected < reader_count; i++) connect_one(&readers[connected++], address, epoll);
    int count = epoll_wait(epoll, events, MAX_EVENTS, 5);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    for (int i = 0; i < count; i++) on_event(events[i].data.ptr, events[i].events, epoll);
    uint64_t now = now_us();
    if (start != 0 && now - start >= length) return report(now - start, own_cpu_seconds() - cpu);
    if (start == 0 && ready != 0 && now - ready >= warmup) {
      start = now;
      cpu = own_cpu_seconds();
      begin();
    }
    if (ready != 0) continue;
    int started = count_started(connected, &closed);
    if (started == reader_count) ready = now;
    else if (closed > 0 || now - opened > CONNECT_LIMIT_US) {
      fprintf(stderr, "%d of %d receivers got media, %d closed\n", started, reader_count, closed);
      exit(1);
    }
  }
}

/* HOST PORT and the number of receivers; 0 when they are no good. */
static int prepare_receivers(struct sockaddr_in *address, const char *host, const char *port, int count) {
  struct rlimit limit;
  *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
  reader_count = count;
  if (inet_pton(AF_INET, host, &address->sin_addr) != 1 || count < 1 || bits_per_second <= AUDIO_BITS_PER_SECOND) return 0;
  signal(SIGPIPE, SIG_IGN);
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  readers = calloc((size_t)count, sizeof *readers);
  if (readers == NULL) fail("calloc");
  return 1;
}

#endif
