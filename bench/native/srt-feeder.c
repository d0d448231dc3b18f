/*
 * The publishers: COUNT connections of SRT as a caller, each sending the same transport stream at a constant bit rate, their
 * packets spread over time as those of strangers are. What the peer reports missing is sent again while it is young enough,
 * acknowledgements are answered. A packet's time is that at which it is due, so nothing needs to be kept of what was sent.
 *
 *   srt-feeder HOST PORT STREAM_ID FILE BITS_PER_SECOND COUNT LATENCY_MS [STAMPED]
 *
 * With STAMPED, whatever it is, transport packets tell their time (delays.h).
 *
 * `%` in STREAM_ID is the number of the connection, from 0. Prints {"event":"feeding"} once all are connected, then each
 * second {"event":"second", ...} with counts from the beginning; upon SIGTERM it says goodbye and ends.
 *
 * Exit status: 0; 1 when a connection is refused, or not made within 10 s; 2 for a bad call.
 */
#define _GNU_SOURCE
#include "delays.h"
#include "paced-media.h"
#include "srt-caller.h"
#include <signal.h>
#include <sys/epoll.h>

#define ROOM 2048
#define BATCH 16
#define MAX_EVENTS 256
#define CONNECT_LIMIT_US 10000000u
#define CONNECT_STEP 8
/* Packets of one connection in one round; more are due only when the machine stood still. */
#define MOST_DUE 32
/* A packet is not sent again once it is older than this, or than the latency (as libsrt drops). */
#define LEAST_DROP_US 1000000u
#define DROP_SPARE_US 20000u

struct publisher {
  struct srt_caller link;
  char stream_id[513];
  /* Packets sent and acknowledged, from the first. */
  uint64_t sent;
  uint64_t acknowledged;
  uint64_t begin_us;
  uint64_t last_ack_us;
  uint64_t longest_ack_gap_us;
};

static struct publisher *publishers;
static int publisher_count;
static int opened;
static struct media media;
static uint64_t drop_us;
static int stamped;
static volatile sig_atomic_t stopping;
static unsigned char room[BATCH][ROOM];
static struct mmsghdr messages[BATCH];
static struct iovec parts[BATCH];
/* Of all together. */
static uint64_t sent, loss_reports, reported_lost, sent_again, refused_again, blocked, latest_us, overslept_us;

static void send_packet(struct publisher *publisher, uint64_t number, uint32_t again, uint64_t now) {
  struct srt_caller *link = &publisher->link;
  unsigned char header[SRT_HEADER];
  struct iovec both[2] = {{header, SRT_HEADER}, {media_at(&media, number), MEDIA_DATAGRAM}};
  struct msghdr message = {.msg_iov = both, .msg_iovlen = 2};
  uint64_t due_us = publisher->begin_us + media_due_us(&media, number);
  srt_put(header, (link->first + (uint32_t)number) & SRT_SEQUENCE);
  /* A message of one packet, numbered from 1. */
  srt_put(header + 4, 0xc0000000u | again | ((uint32_t)(number + 1) & 0x03ffffff));
  srt_put(header + 8, srt_timestamp(link, due_us));
  srt_put(header + 12, link->peer_id);
  if (sendmsg(link->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) blocked++;
  else link->last_sent_us = now;
}

static void send_due(struct publisher *publisher, uint64_t now) {
  if (publisher->link.state != SRT_CONNECTED || now < publisher->begin_us) return;
  uint64_t due = media_due(&media, now - publisher->begin_us);
  for (int i = 0; i < MOST_DUE && publisher->sent < due; i++, publisher->sent++, sent++) {
    uint64_t late = now - publisher->begin_us - media_due_us(&media, publisher->sent + 1);
    if (late > latest_us && late < UINT64_MAX / 2) latest_us = late;
    /* The time that the packet itself tells, from which the peer counts its latency; sent again it keeps its stamp. */
    if (stamped) {
      uint64_t due_us = publisher->begin_us + media_due_us(&media, publisher->sent);
      stamp_all(media_at(&media, publisher->sent), MEDIA_DATAGRAM, due_us);
    }
    send_packet(publisher, publisher->sent, 0, now);
  }
}

static void send_drop(struct publisher *publisher, uint64_t low, uint64_t high, uint64_t now) {
  unsigned char packet[SRT_HEADER + 8];
  srt_put(packet + SRT_HEADER, (publisher->link.first + (uint32_t)low) & SRT_SEQUENCE);
  srt_put(packet + SRT_HEADER + 4, (publisher->link.first + (uint32_t)high) & SRT_SEQUENCE);
  srt_send_control(&publisher->link, packet, SRT_DROPREQ, (uint32_t)(low + 1) & 0x03ffffff, 8, now);
}

/* Packets that the peer misses, as their numbers from the first. */
static void send_missing(struct publisher *publisher, uint64_t low, uint64_t high, uint64_t now) {
  uint64_t dropped = 0;
  for (uint64_t number = low; number <= high; number++) {
    if (now - publisher->begin_us < media_due_us(&media, number) + drop_us) {
      send_packet(publisher, number, SRT_RETRANSMITTED, now);
      sent_again++;
    } else {
      dropped++;
    }
  }
  refused_again += dropped;
  if (dropped > 0) send_drop(publisher, low, low + dropped - 1, now);
}

static void take_loss_report(struct publisher *publisher, const unsigned char *body, size_t length, uint64_t now) {
  loss_reports++;
  for (size_t at = 0; at + 4 <= length;) {
    uint32_t low = srt_get(body + at), high = low & SRT_SEQUENCE;
    at += 4;
    if ((low & SRT_CONTROL) != 0) {
      if (at + 4 > length) return;
      high = srt_get(body + at);
      at += 4;
    }
    int32_t span = srt_distance(high, low & SRT_SEQUENCE);
    /* Counted from the last packet sent, which it has to lie before. */
    int64_t last = (int64_t)publisher->sent + srt_distance(high, (publisher->link.first + (uint32_t)publisher->sent) & SRT_SEQUENCE);
    if (span < 0 || span > SRT_WINDOW || last >= (int64_t)publisher->sent || last - span < 0) continue;
    reported_lost += (uint64_t)span + 1;
    send_missing(publisher, (uint64_t)(last - span), (uint64_t)last, now);
  }
}

static void take_ack(struct publisher *publisher, const unsigned char *packet, uint64_t now) {
  uint32_t number = srt_get(packet + 4), next = srt_get(packet + SRT_HEADER);
  int64_t behind = srt_distance((publisher->link.first + (uint32_t)publisher->sent) & SRT_SEQUENCE, next);
  if (publisher->last_ack_us != 0 && now - publisher->last_ack_us > publisher->longest_ack_gap_us)
    publisher->longest_ack_gap_us = now - publisher->last_ack_us;
  publisher->last_ack_us = now;
  if (behind >= 0 && behind <= (int64_t)publisher->sent) publisher->acknowledged = publisher->sent - (uint64_t)behind;
  /* A light acknowledgement has no number, and wants no answer. */
  if (number != 0) srt_send_bare(&publisher->link, SRT_ACKACK, number, now);
}

static void take(struct publisher *publisher, const unsigned char *packet, size_t length, uint64_t now) {
  struct srt_caller *link = &publisher->link;
  if (length < SRT_HEADER || srt_get(packet + 12) != link->id || (srt_get(packet) & SRT_CONTROL) == 0) return;
  int connecting = link->state != SRT_CONNECTED;
  uint32_t type = srt_get(packet) >> 16 & 0x7fff;
  if (srt_take_common(link, packet, length, now)) {
    /* Not all in the same instant: the second packet of the first is that far from the first. */
    if (connecting && link->state == SRT_CONNECTED)
      publisher->begin_us = now + media_due_us(&media, 1) * (uint64_t)(publisher - publishers) / (uint64_t)publisher_count;
  } else if (link->state == SRT_CONNECTED && type == SRT_ACK && length >= SRT_HEADER + 4) {
    take_ack(publisher, packet, now);
  } else if (link->state == SRT_CONNECTED && type == SRT_NAK) {
    take_loss_report(publisher, packet + SRT_HEADER, length - SRT_HEADER, now);
  }
}

static void read_all(struct publisher *publisher) {
  int count;
  do {
    count = recvmmsg(publisher->link.fd, messages, BATCH, MSG_DONTWAIT, NULL);
    uint64_t now = srt_now_us();
    for (int i = 0; i < count; i++) take(publisher, room[i], messages[i].msg_len, now);
  } while (count == BATCH);
}

static int count_in(enum srt_state state) {
  int count = 0;
  for (int i = 0; i < opened; i++) count += publishers[i].link.state == state;
  return count;
}

static void report(void) {
  uint64_t behind = 0, ack_gap = 0;
  for (int i = 0; i < publisher_count; i++) {
    struct publisher *publisher = &publishers[i];
    if (publisher->sent - publisher->acknowledged > behind) behind = publisher->sent - publisher->acknowledged;
    if (publisher->longest_ack_gap_us > ack_gap) ack_gap = publisher->longest_ack_gap_us;
    publisher->longest_ack_gap_us = 0;
  }
  printf("{\"event\":\"second\",\"publishers\":%d,\"closed\":%d,\"sent\":%llu,\"lossReports\":%llu,\"reportedLost\":%llu,"
         "\"sentAgain\":%llu,\"refusedAgain\":%llu,\"blocked\":%llu,\"mostUnacknowledged\":%llu,\"longestAckGapMs\":%.1f,"
         "\"latestMs\":%.1f,\"oversleptMs\":%.1f}\n",
         publisher_count, count_in(SRT_CLOSED), (unsigned long long)sent, (unsigned long long)loss_reports,
         (unsigned long long)reported_lost, (unsigned long long)sent_again, (unsigned long long)refused_again,
         (unsigned long long)blocked, (unsigned long long)behind, (double)ack_gap / 1e3, (double)latest_us / 1e3,
         (double)overslept_us / 1e3);
  fflush(stdout);
  latest_us = overslept_us = 0;
}

static void say_goodbye(void) {
  for (int i = 0; i < opened; i++)
    if (publishers[i].link.state == SRT_CONNECTED) srt_send_bare(&publishers[i].link, SRT_SHUTDOWN, 0, srt_now_us());
}

/* Ends the program when a connection is refused, or not made in time. */
static void check_start(uint64_t waited_us) {
  uint32_t refusal = 0;
  for (int i = 0; i < opened; i++)
    if (publishers[i].link.refusal != 0) refusal = publishers[i].link.refusal;
  if (count_in(SRT_CLOSED) == 0 && waited_us <= CONNECT_LIMIT_US) return;
  fprintf(stderr, "%d of %d publishers connected", count_in(SRT_CONNECTED), publisher_count);
  fprintf(stderr, refusal == 0 ? "\n" : ", refused with %u\n", refusal);
  say_goodbye();
  exit(1);
}

static void open_one(int i, const struct sockaddr_in *address, int epoll) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = &publishers[i]};
  srt_open(&publishers[i].link, address, srt_now_us());
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, publishers[i].link.fd, &event) < 0) srt_fail("epoll_ctl");
}

static void run(const struct sockaddr_in *address) {
  struct epoll_event events[MAX_EVENTS];
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  uint64_t start_us = srt_now_us(), report_us = 0;
  if (epoll < 0) srt_fail("epoll");
  while (!stopping) {
    for (int i = 0; i < CONNECT_STEP && opened < publisher_count; i++) open_one(opened++, address, epoll);
    int count = epoll_wait(epoll, events, MAX_EVENTS, 0);
    if (count < 0 && errno != EINTR) srt_fail("epoll_wait");
    for (int i = 0; i < count; i++) read_all(events[i].data.ptr);
    uint64_t now = srt_now_us();
    for (int i = 0; i < opened; i++) {
      send_due(&publishers[i], now);
      srt_pass_time(&publishers[i].link, now);
    }
    if (report_us != 0 && now >= report_us) {
      report();
      report_us += 1000000;
    } else if (report_us == 0 && count_in(SRT_CONNECTED) == publisher_count) {
      puts("{\"event\":\"feeding\"}");
      fflush(stdout);
      report_us = now + 1000000;
    } else if (report_us == 0) {
      check_start(now - start_us);
    }
    uint64_t too_long = srt_next_tick();
    if (too_long > overslept_us) overslept_us = too_long;
  }
}

static void stop(int number) {
  (void)number;
  stopping = 1;
}

/* STREAM_ID with the number in the place of `%`. */
static int name_streams(const char *pattern, uint32_t latency_ms) {
  for (int i = 0; i < publisher_count; i++) {
    char *out = publishers[i].stream_id;
    const char *mark = strchr(pattern, '%');
    int before = mark == NULL ? (int)strlen(pattern) : (int)(mark - pattern);
    int length = mark == NULL ? snprintf(out, 513, "%s", pattern)
                              : snprintf(out, 513, "%.*s%d%s", before, pattern, i, mark + 1);
    if (length > 512) return 0;
    publishers[i].link.stream_id = out;
    publishers[i].link.latency_ms = latency_ms;
  }
  return 1;
}

int main(int count, char **words) {
  struct sockaddr_in address;
  publisher_count = count == 8 || count == 9 ? atoi(words[6]) : 0;
  stamped = count == 9;
  publishers = publisher_count < 1 ? NULL : calloc((size_t)publisher_count, sizeof *publishers);
  if (publishers == NULL || !srt_parse_address(&address, words[1], atoi(words[2])) ||
      !name_streams(words[3], (uint32_t)atoi(words[7]))) {
    fprintf(stderr, "usage: srt-feeder HOST PORT STREAM_ID FILE BITS_PER_SECOND COUNT LATENCY_MS [STAMPED]\n");
    return 2;
  }
  drop_us = (uint32_t)atoi(words[7]) * 1000u;
  if (drop_us < LEAST_DROP_US) drop_us = LEAST_DROP_US;
  drop_us += DROP_SPARE_US;
  srt_prepare();
  signal(SIGTERM, stop);
  media = media_load(words[4], strtoull(words[5], NULL, 10));
  for (int i = 0; i < BATCH; i++) {
    parts[i] = (struct iovec){.iov_base = room[i], .iov_len = ROOM};
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
  }
  run(&address);
  say_goodbye();
  return 0;
}
