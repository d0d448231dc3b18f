/*
 * The receivers: opens N connections of SRT as a caller, each with a socket of its own, and takes what comes. Each behaves as
 * a peer of SRT has to: it acknowledges every 10 ms, reports what is missing at once and again, and says so when it goes.
 * Counts bytes and packets, what was missing and what came of it, payloads that are no transport packets, and as a stall each
 * time that a receiver gets nothing for longer than a second. Nothing is held back until its time: bytes count on arrival.
 *
 *   srt-sink HOST PORT PORT_STEP STREAM_ID READERS LATENCY_MS WARMUP_SECONDS SECONDS
 *
 * Receiver i goes to PORT + i × PORT_STEP. Once every receiver has had data it lets WARMUP_SECONDS pass, prints
 * {"event":"start"}, measures for SECONDS, prints {"event":"end", ...} and ends.
 *
 * Exit status: 0; 1 when receivers could not be connected within 30 s; 2 for a bad call.
 */
#define _GNU_SOURCE
#include "delays.h"
#include "srt-caller.h"
#include <sys/epoll.h>

#define PACKET 188
#define SYNC 0x47
#define ROOM 2048
#define BATCH 32
#define MAX_EVENTS 256
#define MAX_GAPS 64
#define MAX_ACKS 16
#define STALL_US 1000000u
#define CONNECT_LIMIT_US 30000000u
#define ACK_US 10000
#define NAK_US 20000
/* New connections in one round. */
#define CONNECT_STEP 8

/* Packets that are missing, both ends included. */
struct gap {
  uint32_t low;
  uint32_t high;
  uint64_t since_us;
  uint64_t told_us;
};

struct receiver {
  struct srt_caller link;
  uint32_t expected;
  struct gap gaps[MAX_GAPS];
  int gap_count;
  uint32_t acknowledged;
  uint32_t ack_number;
  uint64_t next_ack_us;
  /* When the last acknowledgements went, for the round trip. */
  uint64_t ack_sent_us[MAX_ACKS];
  uint32_t rtt_us;
  uint32_t rtt_variance_us;
  /* For the rate that acknowledgements tell: since the second before last. */
  uint64_t rate_since_us;
  uint32_t rate_packets;
  uint32_t packets_per_second;
  uint64_t bytes;
  uint64_t bytes_at_start;
  uint64_t packets;
  uint64_t missing;
  uint64_t recovered;
  uint64_t lost;
  uint64_t duplicates;
  uint64_t bad_syncs;
  uint64_t last_us;
  uint64_t longest_gap_us;
  unsigned stalls;
};

static struct receiver *receivers;
static int receiver_count;
static int connected;
static int started;
static int measuring;
static double cpu_at_start;
static unsigned char room[BATCH][ROOM];
static struct mmsghdr messages[BATCH];
static struct iovec parts[BATCH];

static void remove_gap(struct receiver *receiver, int at) {
  receiver->gap_count--;
  memmove(receiver->gaps + at, receiver->gaps + at + 1, (size_t)(receiver->gap_count - at) * sizeof *receiver->gaps);
}

static void give_up(struct receiver *receiver, int at) {
  receiver->lost += (uint64_t)srt_distance(receiver->gaps[at].high, receiver->gaps[at].low) + 1;
  remove_gap(receiver, at);
}

static void send_loss_report(struct receiver *receiver, struct gap *gap, uint64_t now) {
  unsigned char packet[SRT_HEADER + 8];
  int single = gap->low == gap->high;
  srt_put(packet + SRT_HEADER, single ? gap->low : gap->low | SRT_CONTROL);
  srt_put(packet + SRT_HEADER + 4, gap->high);
  srt_send_control(&receiver->link, packet, SRT_NAK, 0, single ? 4 : 8, now);
  gap->told_us = now;
}

static void note_missing(struct receiver *receiver, uint32_t until, uint64_t now) {
  if (receiver->gap_count == MAX_GAPS) give_up(receiver, 0);
  struct gap *gap = &receiver->gaps[receiver->gap_count++];
  *gap = (struct gap){.low = receiver->expected, .high = (until - 1) & SRT_SEQUENCE, .since_us = now};
  receiver->missing += (uint64_t)srt_distance(until, receiver->expected);
  send_loss_report(receiver, gap, now);
}

/* Takes a packet that came late out of the gaps. Returns 0 when it was not missing. */
static int fill_gap(struct receiver *receiver, uint32_t sequence) {
  for (int i = 0; i < receiver->gap_count; i++) {
    struct gap *gap = &receiver->gaps[i];
    if (srt_distance(sequence, gap->low) < 0 || srt_distance(sequence, gap->high) > 0) continue;
    receiver->recovered++;
    if (gap->low == gap->high) remove_gap(receiver, i);
    else if (sequence == gap->low) gap->low = (gap->low + 1) & SRT_SEQUENCE;
    else if (sequence == gap->high) gap->high = (gap->high - 1) & SRT_SEQUENCE;
    else if (receiver->gap_count == MAX_GAPS) give_up(receiver, i);
    else {
      memmove(gap + 1, gap, (size_t)(receiver->gap_count - i) * sizeof *gap);
      receiver->gap_count++;
      gap[0].high = (sequence - 1) & SRT_SEQUENCE;
      gap[1].low = (sequence + 1) & SRT_SEQUENCE;
    }
    return 1;
  }
  return 0;
}

static void note_arrival(struct receiver *receiver, uint64_t now) {
  uint64_t gap = now - receiver->last_us;
  if (receiver->last_us == 0 || !measuring) return;
  if (gap > receiver->longest_gap_us) receiver->longest_gap_us = gap;
  if (gap > STALL_US) receiver->stalls++;
}

static void take_media(struct receiver *receiver, const unsigned char *data, size_t length, uint64_t now) {
  if (length % PACKET != 0) receiver->bad_syncs++;
  for (size_t at = 0; at + PACKET <= length; at += PACKET) {
    uint64_t sent_us;
    if (data[at] != SYNC) receiver->bad_syncs++;
    else if (measuring && stamp_get(data + at, &sent_us)) delays_note(now - sent_us);
  }
  note_arrival(receiver, now);
  receiver->last_us = now;
  if (receiver->packets++ == 0) started++;
  receiver->bytes += length;
  receiver->rate_packets++;
}

static void take_data(struct receiver *receiver, const unsigned char *packet, size_t length, uint64_t now) {
  uint32_t sequence = srt_get(packet);
  int32_t ahead = srt_distance(sequence, receiver->expected);
  receiver->link.last_heard_us = now;
  if (ahead < 0 && !fill_gap(receiver, sequence)) {
    receiver->duplicates++;
    return;
  }
  if (ahead > 0) note_missing(receiver, sequence, now);
  if (ahead >= 0) receiver->expected = (sequence + 1) & SRT_SEQUENCE;
  take_media(receiver, packet + SRT_HEADER, length - SRT_HEADER, now);
}

static void take_answer_to_ack(struct receiver *receiver, uint32_t number, uint64_t now) {
  uint64_t sent = receiver->ack_sent_us[number % MAX_ACKS];
  if (sent == 0 || receiver->ack_number - number >= MAX_ACKS) return;
  uint32_t rtt = (uint32_t)(now - sent);
  uint32_t apart = rtt > receiver->rtt_us ? rtt - receiver->rtt_us : receiver->rtt_us - rtt;
  receiver->rtt_variance_us = (receiver->rtt_variance_us * 3 + apart) / 4;
  receiver->rtt_us = (receiver->rtt_us * 7 + rtt) / 8;
}

/* The sender will not send these any more. */
static void take_drop(struct receiver *receiver, const unsigned char *body, uint64_t now) {
  uint32_t low = srt_get(body), high = srt_get(body + 4);
  if (srt_distance(high, low) < 0 || srt_distance(high, receiver->expected) > SRT_WINDOW) return;
  if (srt_distance(high, receiver->expected) >= 0) {
    if (srt_distance(low, receiver->expected) > 0) note_missing(receiver, low, now);
    uint32_t count = (uint32_t)srt_distance(high, srt_distance(low, receiver->expected) > 0 ? low : receiver->expected) + 1;
    receiver->missing += count;
    receiver->lost += count;
    receiver->expected = (high + 1) & SRT_SEQUENCE;
  }
  for (int i = receiver->gap_count - 1; i >= 0; i--)
    if (srt_distance(receiver->gaps[i].low, low) >= 0 && srt_distance(receiver->gaps[i].high, high) <= 0)
      give_up(receiver, i);
}

static void take(struct receiver *receiver, const unsigned char *packet, size_t length, uint64_t now) {
  struct srt_caller *link = &receiver->link;
  if (length < SRT_HEADER || srt_get(packet + 12) != link->id) return;
  if ((srt_get(packet) & SRT_CONTROL) == 0) {
    if (link->state == SRT_CONNECTED) take_data(receiver, packet, length, now);
    return;
  }
  uint32_t type = srt_get(packet) >> 16 & 0x7fff;
  int connecting = link->state != SRT_CONNECTED;
  if (srt_take_common(link, packet, length, now)) {
    if (connecting && link->state == SRT_CONNECTED) receiver->expected = receiver->acknowledged = link->first;
  } else if (type == SRT_ACKACK) {
    take_answer_to_ack(receiver, srt_get(packet + 4), now);
  } else if (type == SRT_DROPREQ && length >= SRT_HEADER + 8) {
    take_drop(receiver, packet + SRT_HEADER, now);
  }
}

static void read_all(struct receiver *receiver) {
  int count;
  do {
    count = recvmmsg(receiver->link.fd, messages, BATCH, MSG_DONTWAIT, NULL);
    uint64_t now = srt_now_us();
    for (int i = 0; i < count; i++) take(receiver, room[i], messages[i].msg_len, now);
  } while (count == BATCH);
}

/* A full acknowledgement (§3.2.4), if there is anything new to say. */
static void acknowledge(struct receiver *receiver, uint64_t now) {
  unsigned char packet[SRT_HEADER + 28], *body = packet + SRT_HEADER;
  uint32_t next = receiver->gap_count > 0 ? receiver->gaps[0].low : receiver->expected;
  if (next == receiver->acknowledged) return;
  receiver->acknowledged = next;
  receiver->ack_number++;
  receiver->ack_sent_us[receiver->ack_number % MAX_ACKS] = now;
  srt_put(body, next);
  srt_put(body + 4, receiver->rtt_us);
  srt_put(body + 8, receiver->rtt_variance_us);
  srt_put(body + 12, SRT_WINDOW - 2);
  srt_put(body + 16, receiver->packets_per_second);
  srt_put(body + 20, 100000);
  srt_put(body + 24, receiver->packets_per_second * (SRT_PAYLOAD + SRT_HEADER));
  srt_send_control(&receiver->link, packet, SRT_ACK, receiver->ack_number, 28, now);
}

static void pass_time(struct receiver *receiver, uint64_t now) {
  srt_pass_time(&receiver->link, now);
  if (receiver->link.state != SRT_CONNECTED) return;
  if (now >= receiver->next_ack_us) {
    acknowledge(receiver, now);
    receiver->next_ack_us += ((now - receiver->next_ack_us) / ACK_US + 1) * ACK_US;
  }
  if (now - receiver->rate_since_us >= 1000000) {
    receiver->packets_per_second = receiver->rate_packets;
    receiver->rate_packets = 0;
    receiver->rate_since_us = now;
  }
  for (int i = receiver->gap_count - 1; i >= 0; i--) {
    struct gap *gap = &receiver->gaps[i];
    if (now - gap->since_us > receiver->link.latency_ms * 1000ull) give_up(receiver, i);
    else if (now - gap->told_us > NAK_US + receiver->rtt_us) send_loss_report(receiver, gap, now);
  }
}

/* CPU time of this program so far. */
static double cpu_seconds(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void report(uint64_t measured_us) {
  uint64_t bytes = 0, packets = 0, bad = 0, least = UINT64_MAX, most = 0, gap = 0, rtt = 0;
  uint64_t missing = 0, recovered = 0, lost = 0, duplicates = 0;
  unsigned stalls = 0, closed = 0;
  for (int i = 0; i < receiver_count; i++) {
    struct receiver *receiver = &receivers[i];
    uint64_t got = receiver->bytes - receiver->bytes_at_start;
    note_arrival(receiver, srt_now_us());
    bytes += got;
    packets += receiver->packets;
    bad += receiver->bad_syncs;
    missing += receiver->missing;
    recovered += receiver->recovered;
    lost += receiver->lost;
    duplicates += receiver->duplicates;
    stalls += receiver->stalls;
    closed += receiver->link.state != SRT_CONNECTED;
    rtt += receiver->rtt_us;
    if (got < least) least = got;
    if (got > most) most = got;
    if (receiver->longest_gap_us > gap) gap = receiver->longest_gap_us;
  }
  printf("{\"event\":\"end\",\"readers\":%d,\"seconds\":%.3f,\"bytes\":%llu,\"leastBytes\":%llu,\"mostBytes\":%llu,"
         "\"packets\":%llu,\"missing\":%llu,\"recovered\":%llu,\"lost\":%llu,\"duplicates\":%llu,\"badSyncs\":%llu,"
         "\"stalls\":%u,\"longestGapMs\":%.1f,\"rttMs\":%.3f,\"closed\":%u,"
         "\"sinkCpuSeconds\":%.3f,\"stamps\":%llu,\"p50Ms\":%.2f,\"p99Ms\":%.2f,\"mostMs\":%.2f}\n",
         receiver_count, (double)measured_us / 1e6, (unsigned long long)bytes, (unsigned long long)least,
         (unsigned long long)most, (unsigned long long)packets, (unsigned long long)missing,
         (unsigned long long)recovered, (unsigned long long)lost, (unsigned long long)duplicates,
         (unsigned long long)bad, stalls, (double)gap / 1e3, (double)rtt / receiver_count / 1e3, closed,
         cpu_seconds() - cpu_at_start,
         (unsigned long long)delays.count, delays_at_ms(0.5), delays_at_ms(0.99), (double)delays.longest_us / 1e3);
  fflush(stdout);
}

static void begin(void) {
  for (int i = 0; i < receiver_count; i++) {
    struct receiver *receiver = &receivers[i];
    receiver->bytes_at_start = receiver->bytes;
    receiver->packets = 0;
    receiver->missing = receiver->recovered = receiver->lost = receiver->duplicates = receiver->bad_syncs = 0;
  }
  cpu_at_start = cpu_seconds();
  memset(&delays, 0, sizeof delays);
  measuring = 1;
  puts("{\"event\":\"start\"}");
  fflush(stdout);
}

static void say_goodbye(void) {
  for (int i = 0; i < connected; i++)
    if (receivers[i].link.state == SRT_CONNECTED) srt_send_bare(&receivers[i].link, SRT_SHUTDOWN, 0, srt_now_us());
}

/* Ends the program when a receiver is refused or left, or gets nothing for too long, before the measurement. */
static void check_start(uint64_t waited_us) {
  int closed = 0;
  uint32_t refusal = 0;
  for (int i = 0; i < connected; i++) {
    closed += receivers[i].link.state == SRT_CLOSED;
    if (receivers[i].link.refusal != 0) refusal = receivers[i].link.refusal;
  }
  if (closed == 0 && waited_us <= CONNECT_LIMIT_US) return;
  fprintf(stderr, "%d of %d readers got data, %d closed", started, receiver_count, closed);
  fprintf(stderr, refusal == 0 ? "\n" : ", refused with %u\n", refusal);
  say_goodbye();
  exit(1);
}

static void open_one(int i, struct sockaddr_in address, int step, int epoll) {
  struct receiver *receiver = &receivers[i];
  uint64_t now = srt_now_us();
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = receiver};
  address.sin_port = htons((uint16_t)(ntohs(address.sin_port) + i * step));
  srt_open(&receiver->link, &address, now);
  receiver->rtt_us = 1000;
  receiver->rtt_variance_us = 500;
  receiver->rate_since_us = now;
  /* Not all at once. */
  receiver->next_ack_us = now + (uint64_t)(i * ACK_US / receiver_count);
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, receiver->link.fd, &event) < 0) srt_fail("epoll_ctl");
}

static void run(const struct sockaddr_in *address, int step, uint64_t warmup_us, uint64_t length_us) {
  struct epoll_event events[MAX_EVENTS];
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  uint64_t opened_us = srt_now_us(), ready_us = 0, start_us = 0;
  if (epoll < 0) srt_fail("epoll");
  for (;;) {
    for (int i = 0; i < CONNECT_STEP && connected < receiver_count; i++) open_one(connected++, *address, step, epoll);
    /* Many are read in turns, which costs less; one alone is read at once, so that its stamps tell the truth. */
    int count = epoll_wait(epoll, events, MAX_EVENTS, receiver_count == 1 ? 1 : 0);
    if (count < 0 && errno != EINTR) srt_fail("epoll_wait");
    for (int i = 0; i < count; i++) read_all(events[i].data.ptr);
    uint64_t now = srt_now_us();
    for (int i = 0; i < connected; i++) pass_time(&receivers[i], now);
    if (start_us != 0 && now - start_us >= length_us) return report(now - start_us);
    if (start_us == 0 && ready_us != 0 && now - ready_us >= warmup_us) {
      start_us = now;
      begin();
    }
    if (ready_us == 0 && started == receiver_count) ready_us = now;
    if (ready_us == 0) check_start(now - opened_us);
    if (receiver_count > 1) srt_next_tick();
  }
}

int main(int count, char **words) {
  struct sockaddr_in address;
  int step = count == 9 ? atoi(words[3]) : -1;
  if (step < 0 || strlen(words[4]) > 512 || !srt_parse_address(&address, words[1], atoi(words[2])) ||
      (receiver_count = atoi(words[5])) < 1) {
    fprintf(stderr, "usage: srt-sink HOST PORT PORT_STEP STREAM_ID READERS LATENCY_MS WARMUP_SECONDS SECONDS\n");
    return 2;
  }
  srt_prepare();
  receivers = calloc((size_t)receiver_count, sizeof *receivers);
  if (receivers == NULL) srt_fail("calloc");
  for (int i = 0; i < receiver_count; i++) {
    receivers[i].link.stream_id = words[4];
    receivers[i].link.latency_ms = (uint32_t)atoi(words[6]);
  }
  for (int i = 0; i < BATCH; i++) {
    parts[i] = (struct iovec){.iov_base = room[i], .iov_len = ROOM};
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
  }
  run(&address, step, (uint64_t)(atof(words[7]) * 1e6), (uint64_t)(atof(words[8]) * 1e6));
  say_goodbye();
  return 0;
}
