/*
 * Viewers of one HTTP-TS stream whose packets carry their number in the last eight bytes (big-endian).
 *
 *   watch HOST PORT PATH READERS SLEEPERS SECONDS SLEEP_SECONDS
 *
 * READERS read as fast as it comes and check every packet: sync byte, continuity counter of its PID, and that its number is
 * one more than that of the packet before. SLEEPERS ask for the stream and never read; each is closed and opened anew after
 * SLEEP_SECONDS. Every five seconds, and once more at the end, a line of JSON with the totals goes to standard output.
 *
 * Exit status: 0; 1 when something in the machine failed; 2 for a bad call.
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

#define PACKET 188
#define NO_CC 255
#define MAX_EVENTS 256
#define SECOND_NS 1000000000ull
#define REPORT_NS (5 * SECOND_NS)
/* A reader that gets nothing for so long has been stalled. */
#define STALL_NS (2 * SECOND_NS)
/* New connections in one go, so that the listener's queue never overflows. */
#define CONNECT_STEP 20

struct viewer {
  int fd;
  int sleeps;
  int asked;
  /* Characters of the blank line behind the header that were seen. */
  int header_end;
  int is_body;
  uint64_t opened_ns;
  uint64_t last_ns;
  uint64_t bytes;
  uint64_t next_number;
  unsigned have;
  unsigned char packet[PACKET];
  unsigned char cc[8192];
};

static struct viewer *viewers;
static int reader_count, sleeper_count, epoll;
static struct sockaddr_in address;
static char request[1024];
static unsigned char buffer[256 * 1024];
static uint64_t bad_syncs, cc_errors, gaps, lost_packets, closed, stalls, sleeper_turns, refused;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * SECOND_NS + (uint64_t)time.tv_nsec;
}

static void open_viewer(struct viewer *viewer) {
  struct epoll_event event = {.events = EPOLLOUT, .data.ptr = viewer};
  viewer->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (viewer->fd < 0) fail("socket");
  viewer->asked = viewer->header_end = viewer->is_body = 0;
  viewer->have = 0;
  viewer->next_number = 0;
  memset(viewer->cc, NO_CC, sizeof viewer->cc);
  viewer->opened_ns = viewer->last_ns = now_ns();
  if (connect(viewer->fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS) fail("connect");
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, viewer->fd, &event) < 0) fail("epoll_ctl");
}

static void close_viewer(struct viewer *viewer) {
  close(viewer->fd);
  viewer->fd = -1;
  if (!viewer->sleeps) closed++;
}

static void check_packet(struct viewer *viewer, const unsigned char *packet) {
  unsigned pid = (packet[1] & 0x1fu) << 8 | packet[2];
  unsigned char cc = packet[3] & 15, *last = &viewer->cc[pid];
  uint64_t number;
  memcpy(&number, packet + PACKET - 8, 8);
  number = __builtin_bswap64(number);
  if (packet[0] != 0x47) bad_syncs++;
  /* Only packets with a payload count (ISO/IEC 13818-1 §2.4.3.3); all of these have one. */
  if (*last != NO_CC && cc != ((*last + 1) & 15)) cc_errors++;
  *last = cc;
  if (viewer->next_number != 0 && number != viewer->next_number) {
    gaps++;
    if (number > viewer->next_number) lost_packets += number - viewer->next_number;
  }
  viewer->next_number = number + 1;
}

static void take_media(struct viewer *viewer, const unsigned char *data, size_t length) {
  viewer->bytes += length;
  if (viewer->have > 0) {
    size_t part = PACKET - viewer->have;
    if (part > length) part = length;
    memcpy(viewer->packet + viewer->have, data, part);
    viewer->have += (unsigned)part;
    data += part;
    length -= part;
    if (viewer->have < PACKET) return;
    check_packet(viewer, viewer->packet);
    viewer->have = 0;
  }
  for (; length >= PACKET; data += PACKET, length -= PACKET) check_packet(viewer, data);
  memcpy(viewer->packet, data, length);
  viewer->have = (unsigned)length;
}

static void take(struct viewer *viewer, const unsigned char *data, size_t length) {
  static const char blank[] = "\r\n\r\n";
  size_t at = 0;
  if (!viewer->is_body && viewer->header_end == 0 && length > 12 && memcmp(data + 9, "200", 3) != 0) {
    refused++;
    return close_viewer(viewer);
  }
  while (!viewer->is_body && at < length) {
    viewer->header_end = data[at] == (unsigned char)blank[viewer->header_end] ? viewer->header_end + 1 : data[at] == '\r';
    if (viewer->header_end == 4) viewer->is_body = 1;
    at++;
  }
  if (at < length) take_media(viewer, data + at, length - at);
}

static void on_event(struct viewer *viewer, uint32_t events) {
  struct epoll_event next = {.events = viewer->sleeps ? 0 : EPOLLIN, .data.ptr = viewer};
  if (viewer->fd < 0) return;
  if (!viewer->asked) {
    if ((events & (EPOLLERR | EPOLLHUP)) != 0 || send(viewer->fd, request, strlen(request), MSG_NOSIGNAL) < 0)
      return close_viewer(viewer);
    viewer->asked = 1;
    epoll_ctl(epoll, EPOLL_CTL_MOD, viewer->fd, &next);
    return;
  }
  if (viewer->sleeps) return close_viewer(viewer);
  ssize_t n = recv(viewer->fd, buffer, sizeof buffer, 0);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) return close_viewer(viewer);
  uint64_t now = now_ns();
  if (viewer->bytes > 0 && now - viewer->last_ns > STALL_NS) stalls++;
  viewer->last_ns = now;
  take(viewer, buffer, (size_t)n);
}

static void wake_sleepers(uint64_t now, uint64_t sleep_ns) {
  for (int i = reader_count; i < reader_count + sleeper_count; i++) {
    struct viewer *viewer = &viewers[i];
    if (viewer->fd >= 0 && now - viewer->opened_ns < sleep_ns) continue;
    if (viewer->fd >= 0) close_viewer(viewer);
    open_viewer(viewer);
    sleeper_turns++;
  }
}

static void report(uint64_t elapsed_ns) {
  uint64_t bytes = 0, least = UINT64_MAX, first = UINT64_MAX, last = 0;
  int open = 0;
  for (int i = 0; i < reader_count; i++) {
    struct viewer *viewer = &viewers[i];
    open += viewer->fd >= 0;
    bytes += viewer->bytes;
    if (viewer->bytes < least) least = viewer->bytes;
    if (viewer->next_number < first) first = viewer->next_number;
    if (viewer->next_number > last) last = viewer->next_number;
  }
  printf("{\"seconds\":%.1f,\"open\":%d,\"bytes\":%llu,\"leastBytes\":%llu,\"firstNext\":%llu,\"lastNext\":%llu,"
         "\"badSyncs\":%llu,\"ccErrors\":%llu,\"gaps\":%llu,\"lostPackets\":%llu,\"closed\":%llu,\"refused\":%llu,"
         "\"stalls\":%llu,\"sleeperTurns\":%llu}\n",
         (double)elapsed_ns / 1e9, open, (unsigned long long)bytes, (unsigned long long)least, (unsigned long long)first,
         (unsigned long long)last, (unsigned long long)bad_syncs, (unsigned long long)cc_errors,
         (unsigned long long)gaps, (unsigned long long)lost_packets, (unsigned long long)closed,
         (unsigned long long)refused, (unsigned long long)stalls, (unsigned long long)sleeper_turns);
  fflush(stdout);
}

static void run(uint64_t length_ns, uint64_t sleep_ns) {
  struct epoll_event events[MAX_EVENTS];
  uint64_t start = now_ns(), reported = start;
  int opened = 0;
  for (;;) {
    for (int i = 0; i < CONNECT_STEP && opened < reader_count; i++) open_viewer(&viewers[opened++]);
    int count = epoll_wait(epoll, events, MAX_EVENTS, 5);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    for (int i = 0; i < count; i++) on_event(events[i].data.ptr, events[i].events);
    uint64_t now = now_ns();
    wake_sleepers(now, sleep_ns);
    if (now - reported >= REPORT_NS || now - start >= length_ns) {
      reported = now;
      report(now - start);
    }
    if (now - start >= length_ns) return;
  }
}

int main(int count, char **words) {
  struct rlimit limit;
  if (count != 8) {
    fprintf(stderr, "usage: watch HOST PORT PATH READERS SLEEPERS SECONDS SLEEP_SECONDS\n");
    return 2;
  }
  address.sin_family = AF_INET;
  address.sin_port = htons((uint16_t)atoi(words[2]));
  reader_count = atoi(words[4]);
  sleeper_count = atoi(words[5]);
  if (inet_pton(AF_INET, words[1], &address.sin_addr) != 1 || reader_count < 1 || sleeper_count < 0) return 2;
  signal(SIGPIPE, SIG_IGN);
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s:%s\r\nUser-Agent: millrace-soak\r\n\r\n", words[3],
           words[1], words[2]);
  epoll = epoll_create1(EPOLL_CLOEXEC);
  viewers = calloc((size_t)(reader_count + sleeper_count), sizeof *viewers);
  if (epoll < 0 || viewers == NULL) fail("start");
  for (int i = reader_count; i < reader_count + sleeper_count; i++) {
    viewers[i].fd = -1;
    viewers[i].sleeps = 1;
  }
  run((uint64_t)(atof(words[6]) * 1e9), (uint64_t)(atof(words[7]) * 1e9));
  return 0;
}
