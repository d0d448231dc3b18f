/*
 * The publishers: N connections that each publish a numbered stream (numbered-media.h) over RTMP, message by message as they
 * become due. A publisher whose socket is full waits and then sends what has gathered meanwhile; how late that is, is told.
 *
 *   rtmp-feeder HOST PORT APP NAME BITS_PER_SECOND COUNT
 *
 * `%` in NAME stands for the publisher's number. Prints {"event":"feeding"} when all publish, and {"event":"second",...} each
 * second from then on. Ends on SIGTERM.
 *
 * Exit status: 0; 1 when they could not all publish within 30 s; 2 for a bad call.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "numbered-media.h"
#include "rtmp-peer.h"

#define TICK_US 1000u
#define MAX_EVENTS 256
#define CONNECT_STEP 8
#define CONNECT_LIMIT_US 30000000u
#define GOP_US ((uint64_t)PICTURES_A_GOP * PICTURE_US)
/* Small, so that a server that does not read is noticed here and not hidden in our own memory. */
#define SEND_BUFFER (256 * 1024)
#define ROOM (MAX_MESSAGE + MAX_MESSAGE / OUR_CHUNK + 64)

struct publisher {
  struct rtmp_link link;
  char name[256];
  int connected;
  int closed;
  /* When its stream begins; 0 before it may publish. */
  uint64_t begin_us;
  uint32_t next_video;
  uint32_t next_audio;
  /* The rest of a message that did not fit into the socket. */
  unsigned char *rest;
  size_t rest_length;
};

static struct publisher *publishers;
static int publisher_count;
static int opened;
static uint64_t bits_per_second;
static const char *app;
static char url[512];
static volatile sig_atomic_t stopping;
static unsigned char filler[MAX_MESSAGE];
static unsigned char message[ROOM];
static uint64_t sent_messages, sent_bytes, latest_us, overslept_us;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_nsec / 1000u;
}

static void end_publisher(struct publisher *publisher) {
  if (publisher->closed) return;
  close(publisher->link.fd);
  publisher->closed = 1;
}

/* Sends, and keeps what the socket does not take. */
static void push(struct publisher *publisher, const unsigned char *bytes, size_t length) {
  ssize_t n = send(publisher->link.fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n < 0 && errno != EAGAIN) return end_publisher(publisher);
  size_t taken = n < 0 ? 0 : (size_t)n;
  sent_bytes += taken;
  if (taken == length) return;
  if (publisher->rest == NULL) publisher->rest = malloc(ROOM);
  if (publisher->rest == NULL) fail("malloc");
  publisher->rest_length = length - taken;
  memmove(publisher->rest, bytes + taken, publisher->rest_length);
}

/* A message cut into chunks: `head_length` bytes of `head`, then filler. */
static void push_message(struct publisher *publisher, int type, uint32_t timestamp_ms, const unsigned char *head,
                         uint32_t head_length, uint32_t length) {
  int chunks = type == VIDEO_TYPE ? VIDEO_CHUNKS : type == AUDIO_TYPE ? AUDIO_CHUNKS : STREAM_CHUNKS;
  unsigned char *at = rtmp_put_header(message, chunks, type, publisher->link.stream_id, timestamp_ms, length);
  for (uint32_t done = 0; done < length;) {
    uint32_t part = length - done < OUR_CHUNK ? length - done : OUR_CHUNK, of_head = 0;
    if (done > 0) *at++ = (unsigned char)(0xc0 | chunks);
    if (done < head_length) of_head = head_length - done < part ? head_length - done : part;
    memcpy(at, head + done, of_head);
    memcpy(at + of_head, filler + done + of_head, part - of_head);
    at += part;
    done += part;
  }
  sent_messages++;
  push(publisher, message, (size_t)(at - message));
}

static void push_config(struct publisher *publisher) {
  unsigned char script[256], *at = amf_string(amf_string(script, "@setDataFrame"), "onMetaData");
  *at++ = 8;
  at = put_be(at, 4, 4);
  at = amf_number(amf_text(at, "width"), 1280);
  at = amf_number(amf_text(at, "height"), 720);
  at = amf_number(amf_text(at, "videocodecid"), 7);
  at = amf_number(amf_text(at, "audiocodecid"), 10);
  at = put_be(at, 9, 3);
  push_message(publisher, SCRIPT_TYPE, 0, script, (uint32_t)(at - script), (uint32_t)(at - script));
  push_message(publisher, VIDEO_TYPE, 0, VIDEO_CONFIG, sizeof VIDEO_CONFIG, sizeof VIDEO_CONFIG);
  push_message(publisher, AUDIO_TYPE, 0, AUDIO_CONFIG, sizeof AUDIO_CONFIG, sizeof AUDIO_CONFIG);
}

static void send_due(struct publisher *publisher, uint64_t now) {
  unsigned char head[64];
  while (publisher->begin_us != 0 && now >= publisher->begin_us && !publisher->closed) {
    uint64_t video = video_due_us(publisher->next_video), audio = audio_due_us(publisher->next_audio);
    uint64_t due = video <= audio ? video : audio;
    if (publisher->rest_length > 0) {
      size_t length = publisher->rest_length;
      publisher->rest_length = 0;
      push(publisher, publisher->rest, length);
    }
    if (publisher->rest_length > 0) {
      uint64_t late = now - publisher->begin_us > due ? now - publisher->begin_us - due : 0;
      if (late > latest_us) latest_us = late;
      return;
    }
    if (now - publisher->begin_us < due) return;
    if (publisher->next_video == 0 && publisher->next_audio == 0) push_config(publisher);
    if (video <= audio) {
      uint32_t length = video_length(publisher->next_video, bits_per_second);
      unsigned head_length = put_video_head(head, publisher->next_video, length, now);
      push_message(publisher, VIDEO_TYPE, (uint32_t)(video / 1000u), head, head_length, length);
      publisher->next_video++;
    } else {
      unsigned head_length = put_audio_head(head, publisher->next_audio, now);
      push_message(publisher, AUDIO_TYPE, (uint32_t)(audio / 1000u), head, head_length, audio_length());
      publisher->next_audio++;
    }
  }
}

static void rtmp_shaken(struct rtmp_link *link) { rtmp_send_connect(link, app, url); }

static void rtmp_take_message(struct rtmp_link *link, const struct rtmp_message *got, uint64_t now) {
  struct publisher *publisher = (struct publisher *)link;
  if (got->type != COMMAND || rtmp_take_answer(link, got, "publish", publisher->name)) return;
  if (!rtmp_command_is(got, "onStatus")) return;
  if (!rtmp_mentions(got, "NetStream.Publish.Start")) link->failed = 1;
  /* Not all key frames in the same instant. */
  else if (publisher->begin_us == 0)
    publisher->begin_us = now + GOP_US * (uint64_t)(publisher - publishers) / (uint64_t)publisher_count;
}

static void on_event(struct publisher *publisher, uint32_t events, int epoll) {
  static unsigned char buffer[64 * 1024];
  if (publisher->closed) return;
  if (!publisher->connected) {
    struct epoll_event next = {.events = EPOLLIN, .data.ptr = publisher};
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) return end_publisher(publisher);
    publisher->connected = 1;
    epoll_ctl(epoll, EPOLL_CTL_MOD, publisher->link.fd, &next);
    return rtmp_greet(&publisher->link);
  }
  ssize_t n = recv(publisher->link.fd, buffer, sizeof buffer, 0);
  if (n < 0 && errno == EAGAIN) return;
  if (n > 0) rtmp_take(&publisher->link, buffer, (size_t)n, now_us());
  if (n <= 0 || publisher->link.failed) end_publisher(publisher);
}

static void open_one(struct publisher *publisher, const struct sockaddr_in *address, int epoll) {
  int on = 1, room = SEND_BUFFER;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  if (connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 && errno != EINPROGRESS) fail("connect");
  publisher->link.fd = fd;
  struct epoll_event event = {.events = EPOLLOUT, .data.ptr = publisher};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll_ctl");
}

static int count_publishing(int *closed) {
  int publishing = 0;
  *closed = 0;
  for (int i = 0; i < opened; i++) {
    publishing += publishers[i].begin_us != 0;
    *closed += publishers[i].closed;
  }
  return publishing;
}

static void report(int closed) {
  printf("{\"event\":\"second\",\"publishers\":%d,\"closed\":%d,\"messages\":%llu,\"bytes\":%llu,\"latestMs\":%.1f,"
         "\"oversleptMs\":%.1f}\n",
         publisher_count, closed, (unsigned long long)sent_messages, (unsigned long long)sent_bytes, (double)latest_us / 1e3,
         (double)overslept_us / 1e3);
  fflush(stdout);
  latest_us = overslept_us = 0;
}

/* Sleeps to the next millisecond, so that one round serves many connections. */
static void sleep_to_tick(void) {
  uint64_t next = (now_us() / TICK_US + 1) * TICK_US;
  struct timespec time = {.tv_sec = (time_t)(next / 1000000u), .tv_nsec = (long)(next % 1000000u) * 1000};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
  uint64_t now = now_us();
  if (now > next && now - next > overslept_us) overslept_us = now - next;
}

static void run(const struct sockaddr_in *address) {
  struct epoll_event events[MAX_EVENTS];
  int epoll = epoll_create1(EPOLL_CLOEXEC), closed = 0;
  uint64_t start = now_us(), next_report = 0;
  if (epoll < 0) fail("epoll");
  while (!stopping) {
    for (int i = 0; i < CONNECT_STEP && opened < publisher_count; i++) open_one(&publishers[opened++], address, epoll);
    int count = epoll_wait(epoll, events, MAX_EVENTS, 0);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    for (int i = 0; i < count; i++) on_event(events[i].data.ptr, events[i].events, epoll);
    uint64_t now = now_us();
    for (int i = 0; i < opened; i++) send_due(&publishers[i], now);
    if (next_report == 0) {
      int publishing = count_publishing(&closed);
      if (publishing == publisher_count) {
        puts("{\"event\":\"feeding\"}");
        fflush(stdout);
        next_report = now + 1000000u;
      } else if (closed > 0 || now - start > CONNECT_LIMIT_US) {
        fprintf(stderr, "%d of %d publish, %d closed\n", publishing, publisher_count, closed);
        exit(1);
      }
    } else if (now >= next_report) {
      count_publishing(&closed);
      report(closed);
      next_report += 1000000u;
    }
    sleep_to_tick();
  }
}

static void stop(int number) {
  (void)number;
  stopping = 1;
}

static int name_streams(const char *pattern) {
  for (int i = 0; i < publisher_count; i++) {
    const char *mark = strchr(pattern, '%');
    int before = mark == NULL ? (int)strlen(pattern) : (int)(mark - pattern);
    int length = mark == NULL ? snprintf(publishers[i].name, 256, "%s", pattern)
                              : snprintf(publishers[i].name, 256, "%.*s%d%s", before, pattern, i, mark + 1);
    if (length > 255) return 0;
  }
  return 1;
}

int main(int count, char **words) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  struct rlimit limit;
  publisher_count = count == 7 ? atoi(words[6]) : 0;
  bits_per_second = count == 7 ? strtoull(words[5], NULL, 10) : 0;
  publishers = publisher_count < 1 ? NULL : calloc((size_t)publisher_count, sizeof *publishers);
  if (publishers == NULL || bits_per_second <= AUDIO_BITS_PER_SECOND || inet_pton(AF_INET, words[1], &address.sin_addr) != 1 ||
      !name_streams(words[4])) {
    fprintf(stderr, "usage: rtmp-feeder HOST PORT APP NAME BITS_PER_SECOND COUNT\n");
    return 2;
  }
  address.sin_port = htons((uint16_t)atoi(words[2]));
  app = words[3];
  snprintf(url, sizeof url, "rtmp://%s:%s/%s", words[1], words[2], app);
  for (unsigned i = 0; i < sizeof filler; i++) filler[i] = (unsigned char)(0x80 | i * 2654435761u >> 25);
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  signal(SIGTERM, stop);
  signal(SIGPIPE, SIG_IGN);
  run(&address);
  return 0;
}
