/*
 * The bare loop that Millrace is measured against: one transport stream, N readers over HTTP, and nothing else. A file is
 * kept in memory and played in circles at a constant bit rate; every BATCH_MS all that has become due is handed to each
 * reader with one send(). Sockets do not block; a reader that falls behind by more than LAG_BYTES is dropped.
 *
 *   send-loop PORT FILE BITS_PER_SECOND BATCH_MS
 *
 * Prints "listening" when it is ready. Any GET is answered with the stream.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define PACKET 188
#define MAX_READERS 4096
#define MAX_EVENTS 256
#define LAG_BYTES (4u << 20)

struct reader {
  int fd;
  int playing;
  /* Bytes of the stream, from its beginning, that have been sent. */
  uint64_t position;
  unsigned matched;
};

static const char HEAD[] =
    "HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n";

static struct reader *readers[MAX_READERS];
static int reader_count;
static unsigned char *media;
static uint64_t media_size;
static uint64_t head;
static uint64_t dropped;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void load(const char *path) {
  struct stat info;
  int fd = open(path, O_RDONLY);
  if (fd < 0 || fstat(fd, &info) < 0) fail(path);
  media_size = (uint64_t)info.st_size / PACKET * PACKET;
  media = malloc(media_size);
  if (media_size == 0 || media == NULL) fail("media");
  for (uint64_t got = 0; got < media_size;) {
    ssize_t n = read(fd, media + got, media_size - got);
    if (n <= 0) fail("read");
    got += (uint64_t)n;
  }
  close(fd);
}

static int listen_on(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int on = 1;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 1024) < 0) fail("listen");
  return fd;
}

static void leave(struct reader *reader) {
  for (int i = 0; i < reader_count; i++) {
    if (readers[i] != reader) continue;
    readers[i] = readers[--reader_count];
    break;
  }
  close(reader->fd);
  free(reader);
}

static void enter(int epoll, int listener) {
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    struct reader *reader = reader_count < MAX_READERS ? calloc(1, sizeof *reader) : NULL;
    if (reader == NULL) {
      close(fd);
      continue;
    }
    reader->fd = fd;
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = reader};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll_ctl");
    readers[reader_count++] = reader;
  }
}

/* Reads a request up to its empty line, then the reader plays. Returns 0 when it has gone. */
static int take_request(struct reader *reader) {
  char text[4096];
  ssize_t n = recv(reader->fd, text, sizeof text, 0);
  if (n == 0 || (n < 0 && errno != EAGAIN)) return 0;
  for (ssize_t i = 0; i < n && !reader->playing; i++) {
    reader->matched = text[i] == "\r\n\r\n"[reader->matched] ? reader->matched + 1 : (text[i] == '\r');
    if (reader->matched < 4) continue;
    if (send(reader->fd, HEAD, sizeof HEAD - 1, MSG_NOSIGNAL) != (ssize_t)(sizeof HEAD - 1)) return 0;
    reader->playing = 1;
    reader->position = head;
  }
  return 1;
}

/* Sends what is due. Returns 0 when the reader has gone or is to go. */
static int serve(struct reader *reader) {
  if (!reader->playing) return 1;
  while (reader->position < head) {
    uint64_t at = reader->position % media_size;
    uint64_t length = head - reader->position;
    if (length > media_size - at) length = media_size - at;
    ssize_t n = send(reader->fd, media + at, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN) return 0;
    if (n < 0) break;
    reader->position += (uint64_t)n;
    if ((uint64_t)n < length) break;
  }
  if (head - reader->position <= LAG_BYTES) return 1;
  dropped++;
  return 0;
}

static void run(int listener, uint64_t rate, uint64_t batch_ns) {
  struct epoll_event events[MAX_EVENTS];
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  struct itimerspec period = {{.tv_sec = (time_t)(batch_ns / 1000000000u), .tv_nsec = (long)(batch_ns % 1000000000u)}, {0, 0}};
  period.it_value = period.it_interval;
  struct epoll_event on_listener = {.events = EPOLLIN, .data.ptr = &listener};
  struct epoll_event on_timer = {.events = EPOLLIN, .data.ptr = &timer};
  if (epoll < 0 || timer < 0 || timerfd_settime(timer, 0, &period, NULL) < 0) fail("timer");
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &on_listener);
  epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &on_timer);
  uint64_t start = now_ns();
  for (;;) {
    int count = epoll_wait(epoll, events, MAX_EVENTS, -1);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    int due = 0;
    for (int i = 0; i < count; i++) {
      uint64_t ticks;
      if (events[i].data.ptr == &listener) enter(epoll, listener);
      else if (events[i].data.ptr == &timer) due = read(timer, &ticks, sizeof ticks) > 0;
      else if (!take_request(events[i].data.ptr)) leave(events[i].data.ptr);
    }
    if (!due) continue;
    uint64_t elapsed = now_ns() - start;
    head = (uint64_t)((__uint128_t)elapsed * rate / 8 / 1000000000u) / PACKET * PACKET;
    for (int i = reader_count - 1; i >= 0; i--)
      if (!serve(readers[i])) leave(readers[i]);
  }
}

static void stop(int number) {
  (void)number;
  char text[64];
  int length = snprintf(text, sizeof text, "dropped %llu\n", (unsigned long long)dropped);
  if (write(STDOUT_FILENO, text, (size_t)length) < 0) _exit(1);
  _exit(0);
}

int main(int count, char **words) {
  if (count != 5) {
    fprintf(stderr, "usage: send-loop PORT FILE BITS_PER_SECOND BATCH_MS\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  signal(SIGTERM, stop);
  load(words[2]);
  int listener = listen_on(atoi(words[1]));
  puts("listening");
  fflush(stdout);
  run(listener, strtoull(words[3], NULL, 10), strtoull(words[4], NULL, 10) * 1000000u);
}
