/*
 * The readers: opens N connections, asks each for the same stream, and reads as fast as it comes. Checks that every body is
 * whole transport-stream packets (a sync byte each 188 bytes, from its first byte), counts bytes, and counts as a stall
 * each time that a reader gets nothing for longer than a second.
 *
 *   sink HOST PORT PATH READERS WARMUP_SECONDS SECONDS [SLEEPERS [STAMPED]]
 *
 * Once every reader has had data it lets WARMUP_SECONDS pass, prints {"event":"start"}, measures for SECONDS, prints
 * {"event":"end", ...} and ends. `%100` in PATH is the number of the reader, from 0, modulo 100 (or another number). SLEEPERS more connections ask for the stream and never read. With STAMPED, whatever it is,
 * the packets' stamps (delays.h) tell how long they were under way.
 *
 * Exit status: 0; 1 when readers could not be connected within 30 s; 2 for a bad call.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
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

#define PACKET 188
#define SYNC 0x47
#define MAX_EVENTS 256
#define STALL_NS 1000000000ull
#define CONNECT_LIMIT_NS 30000000000ull
/* New connections in one go, so that the listener's queue never overflows. */
#define CONNECT_STEP 64

enum state { CONNECTING, HEADERS, CHUNK_SIZE, CHUNK_END, BODY, SLEEPING, CLOSED };

struct reader {
  int fd;
  enum state state;
  int chunked;
  int status;
  /* Header bytes so far; a line of the chunked coding later. */
  unsigned header_length;
  char header[4096];
  /* Bytes left of the chunk. */
  uint64_t chunk_left;
  /* Position in the packet. */
  unsigned phase;
  uint64_t bytes;
  uint64_t bytes_at_start;
  uint64_t bad_syncs;
  uint64_t last_ns;
  uint64_t longest_gap_ns;
  unsigned stalls;
  /* What has come of the packet, where stamps are read. */
  unsigned char packet[PACKET];
};

static struct reader *readers;
static int reader_count;
static int sleeper_count;
static int alive;
static int started;
static int measuring;
static int stamped;
static double cpu_at_start;
static char request[1024];
static char request_end[512];
/* Readers ask for so many paths in turn; 0 where all ask for the same one. */
static unsigned path_count;
static unsigned char buffer[256 * 1024];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void end_reader(struct reader *reader) {
  if (reader->state == CLOSED) return;
  close(reader->fd);
  reader->state = CLOSED;
  alive--;
}

static void note_gap(struct reader *reader, uint64_t now) {
  uint64_t gap = now - reader->last_ns;
  if (reader->last_ns == 0 || !measuring) return;
  if (gap > reader->longest_gap_ns) reader->longest_gap_ns = gap;
  if (gap > STALL_NS) reader->stalls++;
}

static double own_cpu_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void read_stamp(const unsigned char *packet, uint64_t now) {
  uint64_t sent_us;
  if (stamp_get(packet, &sent_us)) delays_note(now / 1000u - sent_us);
}

static void read_stamps(struct reader *reader, const unsigned char *data, uint64_t length, uint64_t now) {
  uint64_t at = 0;
  if (reader->phase > 0) {
    uint64_t part = PACKET - reader->phase < length ? PACKET - reader->phase : length;
    memcpy(reader->packet + reader->phase, data, part);
    if (reader->phase + part == PACKET) read_stamp(reader->packet, now);
    at = part;
  }
  for (; at + PACKET <= length; at += PACKET) read_stamp(data + at, now);
  if (at < length) memcpy(reader->packet, data + at, length - at);
}

static void take_media(struct reader *reader, const unsigned char *data, uint64_t length) {
  if (stamped) read_stamps(reader, data, length, reader->last_ns);
  uint64_t at = reader->phase == 0 ? 0 : PACKET - reader->phase;
  for (; at < length; at += PACKET)
    if (data[at] != SYNC) reader->bad_syncs++;
  reader->phase = (unsigned)((reader->phase + length) % PACKET);
  reader->bytes += length;
}

/* One line of the chunked coding (RFC 9112 §7.1), byte by byte. */
static void take_chunk_byte(struct reader *reader, char byte) {
  if (byte != '\n') {
    if (reader->header_length < sizeof reader->header - 1) reader->header[reader->header_length++] = byte;
    return;
  }
  reader->header[reader->header_length] = 0;
  reader->header_length = 0;
  if (reader->state == CHUNK_END) {
    reader->state = CHUNK_SIZE;
    return;
  }
  reader->chunk_left = strtoull(reader->header, NULL, 16);
  if (reader->chunk_left == 0) end_reader(reader);
  else reader->state = BODY;
}

static void end_headers(struct reader *reader) {
  reader->header[reader->header_length] = 0;
  if (sscanf(reader->header, "HTTP/1.%*d %d", &reader->status) != 1) reader->status = -1;
  reader->chunked = strcasestr(reader->header, "\r\ntransfer-encoding: chunked") != NULL;
  reader->header_length = 0;
  if (reader->status != 200) end_reader(reader);
  else reader->state = reader->chunked ? CHUNK_SIZE : BODY;
}

static void take(struct reader *reader, const unsigned char *data, size_t length) {
  size_t at = 0;
  while (at < length && reader->state != CLOSED) {
    if (reader->state == HEADERS) {
      if (reader->header_length >= sizeof reader->header - 1) return end_reader(reader);
      reader->header[reader->header_length++] = (char)data[at++];
      if (reader->header_length >= 4 && memcmp(reader->header + reader->header_length - 4, "\r\n\r\n", 4) == 0)
        end_headers(reader);
    } else if (reader->state == BODY) {
      uint64_t part = length - at;
      if (reader->chunked && part > reader->chunk_left) part = reader->chunk_left;
      if (reader->bytes == 0 && part > 0) started++;
      take_media(reader, data + at, part);
      at += part;
      reader->chunk_left -= reader->chunked ? part : 0;
      if (reader->chunked && reader->chunk_left == 0) reader->state = CHUNK_END;
    } else {
      take_chunk_byte(reader, (char)data[at++]);
    }
  }
}

static int ask(const struct reader *reader) {
  char numbered[sizeof request + sizeof request_end + 16];
  const char *text = request;
  if (path_count > 0) {
    snprintf(numbered, sizeof numbered, "%s%u%s", request, (unsigned)(reader - readers) % path_count, request_end);
    text = numbered;
  }
  return send(reader->fd, text, strlen(text), MSG_NOSIGNAL) >= 0;
}

static void on_event(struct reader *reader, uint32_t events, int epoll) {
  if (reader->state == CLOSED) return;
  if (reader->state == CONNECTING || reader->state == SLEEPING) {
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) return end_reader(reader);
    if (!ask(reader)) return end_reader(reader);
    struct epoll_event next = {.events = reader->state == SLEEPING ? 0 : EPOLLIN, .data.ptr = reader};
    if (reader->state == CONNECTING) reader->state = HEADERS;
    epoll_ctl(epoll, EPOLL_CTL_MOD, reader->fd, &next);
    return;
  }
  ssize_t n = recv(reader->fd, buffer, sizeof buffer, 0);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) return end_reader(reader);
  uint64_t now = now_ns();
  note_gap(reader, now);
  reader->last_ns = now;
  take(reader, buffer, (size_t)n);
}

static void connect_one(struct reader *reader, const struct sockaddr_in *address, int epoll, int sleeps) {
  reader->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (reader->fd < 0) fail("socket");
  reader->state = sleeps ? SLEEPING : CONNECTING;
  if (connect(reader->fd, (const struct sockaddr *)address, sizeof *address) < 0 && errno != EINPROGRESS) fail("connect");
  struct epoll_event event = {.events = EPOLLOUT, .data.ptr = reader};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, reader->fd, &event) < 0) fail("epoll_ctl");
  alive++;
}

static void report(uint64_t measured_ns) {
  uint64_t bytes = 0, bad = 0, least = UINT64_MAX, most = 0, gap = 0;
  unsigned stalls = 0, closed = 0, refused = 0;
  for (int i = 0; i < reader_count; i++) {
    struct reader *reader = &readers[i];
    uint64_t got = reader->bytes - reader->bytes_at_start;
    note_gap(reader, now_ns());
    bytes += got;
    bad += reader->bad_syncs;
    stalls += reader->stalls;
    closed += reader->state == CLOSED;
    refused += reader->status != 200;
    if (got < least) least = got;
    if (got > most) most = got;
    if (reader->longest_gap_ns > gap) gap = reader->longest_gap_ns;
  }
  printf("{\"event\":\"end\",\"readers\":%d,\"seconds\":%.3f,\"bytes\":%llu,\"leastBytes\":%llu,\"mostBytes\":%llu,"
         "\"badSyncs\":%llu,\"stalls\":%u,\"longestGapMs\":%.1f,\"closed\":%u,\"refused\":%u,"
         "\"sinkCpuSeconds\":%.3f,\"stamps\":%llu,\"p50Ms\":%.2f,\"p99Ms\":%.2f,\"mostMs\":%.2f}\n",
         reader_count, (double)measured_ns / 1e9, (unsigned long long)bytes, (unsigned long long)least,
         (unsigned long long)most, (unsigned long long)bad, stalls, (double)gap / 1e6, closed, refused,
         own_cpu_seconds() - cpu_at_start, (unsigned long long)delays.count, delays_at_ms(0.5), delays_at_ms(0.99),
         (double)delays.longest_us / 1e3);
  fflush(stdout);
}

static void begin(void) {
  for (int i = 0; i < reader_count; i++) readers[i].bytes_at_start = readers[i].bytes;
  memset(&delays, 0, sizeof delays);
  cpu_at_start = own_cpu_seconds();
  measuring = 1;
  puts("{\"event\":\"start\"}");
  fflush(stdout);
}

static void run(const struct sockaddr_in *address, uint64_t warmup_ns, uint64_t length_ns) {
  struct epoll_event events[MAX_EVENTS];
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  uint64_t opened_ns = now_ns(), ready_ns = 0, start_ns = 0;
  int connected = 0, total = reader_count + sleeper_count;
  if (epoll < 0) fail("epoll");
  for (;;) {
    for (int i = 0; i < CONNECT_STEP && connected < total; i++, connected++)
      connect_one(&readers[connected], address, epoll, connected >= reader_count);
    int count = epoll_wait(epoll, events, MAX_EVENTS, 5);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    for (int i = 0; i < count; i++) on_event(events[i].data.ptr, events[i].events, epoll);
    uint64_t now = now_ns();
    if (start_ns != 0 && now - start_ns >= length_ns) return report(now - start_ns);
    if (start_ns == 0 && ready_ns != 0 && now - ready_ns >= warmup_ns) {
      start_ns = now;
      begin();
    }
    if (ready_ns == 0 && started == reader_count) ready_ns = now;
    if (ready_ns == 0 && (alive < connected - sleeper_count || now - opened_ns > CONNECT_LIMIT_NS)) {
      fprintf(stderr, "%d of %d readers got data, %d closed\n", started, reader_count, connected - alive);
      exit(1);
    }
  }
}

int main(int count, char **words) {
  if (count < 7 || count > 9) {
    fprintf(stderr, "usage: sink HOST PORT PATH READERS WARMUP_SECONDS SECONDS [SLEEPERS [STAMPED]]\n");
    return 2;
  }
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(words[2]))};
  struct rlimit limit;
  reader_count = atoi(words[4]);
  sleeper_count = count >= 8 ? atoi(words[7]) : 0;
  stamped = count == 9;
  if (inet_pton(AF_INET, words[1], &address.sin_addr) != 1 || reader_count < 1 || sleeper_count < 0) {
    fprintf(stderr, "sink: bad address or number of readers\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  const char *mark = strchr(words[3], '%');
  const char *end = "";
  int before = (int)strlen(words[3]);
  if (mark != NULL) {
    before = (int)(mark - words[3]);
    path_count = (unsigned)strtoul(mark + 1, (char **)&end, 10);
  }
  snprintf(request_end, sizeof request_end, "%s HTTP/1.1\r\nHost: %s:%s\r\nUser-Agent: millrace-sink\r\n\r\n", end, words[1],
           words[2]);
  snprintf(request, sizeof request, "GET %.*s%s", before, words[3], path_count > 0 ? "" : request_end);
  readers = calloc((size_t)(reader_count + sleeper_count), sizeof *readers);
  if (readers == NULL) fail("calloc");
  run(&address, (uint64_t)(atof(words[5]) * 1e9), (uint64_t)(atof(words[6]) * 1e9));
  return 0;
}
