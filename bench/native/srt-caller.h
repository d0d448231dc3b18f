/*
 * What a caller of SRT has to say to be let in, for the receivers and the publishers of the bench: the handshake of version
 * 5 (draft-sharabayko-srt §3.2.1, §4.3.1) with latency and stream-ID, control packets, and the clock. Nothing is encrypted.
 */
#ifndef SRT_CALLER_H
#define SRT_CALLER_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SRT_HEADER 16
#define SRT_PAYLOAD 1316
#define SRT_WINDOW 8192
#define SRT_CONTROL 0x80000000u
#define SRT_SEQUENCE 0x7fffffffu
#define SRT_RETRANSMITTED 0x04000000u
#define SRT_TICK_US 1000

enum srt_type { SRT_HANDSHAKE, SRT_KEEPALIVE, SRT_ACK, SRT_NAK, SRT_CONGESTION, SRT_SHUTDOWN, SRT_ACKACK, SRT_DROPREQ };
enum srt_state { SRT_INDUCTION, SRT_CONCLUSION, SRT_CONNECTED, SRT_CLOSED };

struct srt_caller {
  int fd;
  enum srt_state state;
  uint32_t id;
  uint32_t peer_id;
  uint32_t cookie;
  /* Number of the first packet, in either direction. */
  uint32_t first;
  /* Reason of the refusal, 1000 or more; 0 for none. */
  uint32_t refusal;
  uint32_t latency_ms;
  const char *stream_id;
  /* Our timestamps are 0 here. */
  uint64_t start_us;
  uint64_t connected_us;
  uint64_t next_request_us;
  uint64_t last_sent_us;
  uint64_t last_heard_us;
};

#define SRT_REQUEST_US 250000
#define SRT_IDLE_US 1000000
#define SRT_SILENCE_US 5000000

static inline void srt_fail(const char *what) {
  perror(what);
  exit(1);
}

static inline uint64_t srt_now_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_nsec / 1000u;
}

/* Sleeps to the next millisecond, so that one round serves many connections. Returns by how much it slept too long. */
static inline uint64_t srt_next_tick(void) {
  uint64_t next = (srt_now_us() / SRT_TICK_US + 1) * SRT_TICK_US;
  struct timespec time = {.tv_sec = (time_t)(next / 1000000u), .tv_nsec = (long)(next % 1000000u) * 1000};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
  uint64_t now = srt_now_us();
  return now > next ? now - next : 0;
}

static inline void srt_put(unsigned char *at, uint32_t value) {
  value = htonl(value);
  memcpy(at, &value, sizeof value);
}

static inline uint32_t srt_get(const unsigned char *at) {
  uint32_t value;
  memcpy(&value, at, sizeof value);
  return ntohl(value);
}

/* How far `a` is behind `b` in the circle of 2³¹; negative when it lies before. */
static inline int32_t srt_distance(uint32_t a, uint32_t b) {
  return (int32_t)((a - b) << 1) >> 1;
}

static inline uint32_t srt_timestamp(const struct srt_caller *caller, uint64_t now) {
  return (uint32_t)(now - caller->start_us);
}

static inline void srt_send(struct srt_caller *caller, const unsigned char *packet, size_t length, uint64_t now) {
  /* What cannot be sent is lost, as on any network: the protocol mends it. */
  if (send(caller->fd, packet, length, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) caller->last_sent_us = now;
}

/* A control packet whose body lies already behind its header; bodies are not empty. */
static inline void srt_send_control(struct srt_caller *caller, unsigned char *packet, enum srt_type type, uint32_t info,
                                    size_t body, uint64_t now) {
  srt_put(packet, SRT_CONTROL | (uint32_t)type << 16);
  srt_put(packet + 4, info);
  srt_put(packet + 8, srt_timestamp(caller, now));
  srt_put(packet + 12, caller->peer_id);
  srt_send(caller, packet, SRT_HEADER + body, now);
}

/* A control packet that says no more than its type. */
static inline void srt_send_bare(struct srt_caller *caller, enum srt_type type, uint32_t info, uint64_t now) {
  unsigned char packet[SRT_HEADER + 4] = {0};
  srt_send_control(caller, packet, type, info, 4, now);
}

/* The extensions of the conclusion: HSREQ, and SID where there is a stream-ID. Returns their length. */
static inline size_t srt_put_extensions(const struct srt_caller *caller, unsigned char *at) {
  size_t length = strlen(caller->stream_id), words = (length + 3) / 4;
  srt_put(at, 1u << 16 | 3);
  srt_put(at + 4, 0x010501);
  /* TSBPD both ways, knows of encryption, drops what is late, reports losses repeatedly, knows retransmitted packets. */
  srt_put(at + 8, 0x3f);
  srt_put(at + 12, caller->latency_ms << 16 | caller->latency_ms);
  if (words == 0) return 16;
  srt_put(at + 16, 5u << 16 | (uint32_t)words);
  /* The characters of each word stand in reverse order (§3.2.1.3). */
  memset(at + 20, 0, words * 4);
  for (size_t i = 0; i < length; i++) at[20 + (i ^ 3)] = (unsigned char)caller->stream_id[i];
  return 20 + words * 4;
}

static inline void srt_send_request(struct srt_caller *caller, uint64_t now) {
  unsigned char packet[SRT_HEADER + 48 + 16 + 4 + 512] = {0}, *body = packet + SRT_HEADER;
  int concludes = caller->state == SRT_CONCLUSION;
  srt_put(body, concludes ? 5 : 4);
  srt_put(body + 4, concludes ? (caller->stream_id[0] != 0 ? 5 : 1) : 2);
  srt_put(body + 8, caller->first);
  srt_put(body + 12, 1500);
  srt_put(body + 16, SRT_WINDOW);
  srt_put(body + 20, concludes ? 0xffffffffu : 1);
  srt_put(body + 24, caller->id);
  srt_put(body + 28, caller->cookie);
  memcpy(body + 32, (const unsigned char[]){127, 0, 0, 1}, 4);
  srt_send_control(caller, packet, SRT_HANDSHAKE, 0, 48 + (concludes ? srt_put_extensions(caller, body + 48) : 0), now);
  caller->next_request_us = now + SRT_REQUEST_US;
}

/* A handshake packet of the listener. */
static inline void srt_take_handshake(struct srt_caller *caller, const unsigned char *packet, size_t length, uint64_t now) {
  const unsigned char *body = packet + SRT_HEADER;
  if (length < SRT_HEADER + 48 || srt_get(packet + 12) != caller->id) return;
  uint32_t request = srt_get(body + 20);
  if (caller->state == SRT_INDUCTION && request == 1) {
    caller->cookie = srt_get(body + 28);
    caller->state = SRT_CONCLUSION;
    srt_send_request(caller, now);
  } else if (caller->state == SRT_CONCLUSION && request == 0xffffffffu) {
    caller->peer_id = srt_get(body + 24);
    caller->first = srt_get(body + 8);
    caller->state = SRT_CONNECTED;
    caller->connected_us = now;
  } else if (caller->state == SRT_CONCLUSION && request >= 1000 && request < SRT_CONTROL) {
    caller->refusal = request;
    caller->state = SRT_CLOSED;
  }
}

/* Control packets that mean the same to both sides. Returns 1 when it was one of those. */
static inline int srt_take_common(struct srt_caller *caller, const unsigned char *packet, size_t length, uint64_t now) {
  uint32_t type = srt_get(packet) >> 16 & 0x7fff;
  caller->last_heard_us = now;
  if (type == SRT_HANDSHAKE) srt_take_handshake(caller, packet, length, now);
  else if (type == SRT_SHUTDOWN) caller->state = SRT_CLOSED;
  else return type == SRT_KEEPALIVE;
  return 1;
}

/* What time alone brings about: requests again, signs of life, the end of a silent connection. */
static inline void srt_pass_time(struct srt_caller *caller, uint64_t now) {
  if (caller->state == SRT_CLOSED) return;
  if (caller->state != SRT_CONNECTED) {
    if (now >= caller->next_request_us) srt_send_request(caller, now);
  } else if (now - caller->last_heard_us > SRT_SILENCE_US) {
    caller->state = SRT_CLOSED;
  } else if (now - caller->last_sent_us > SRT_IDLE_US) {
    srt_send_bare(caller, SRT_KEEPALIVE, 0, now);
  }
}

static inline void srt_open(struct srt_caller *caller, const struct sockaddr_in *address, uint64_t now) {
  int size = 2 << 20;
  caller->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (caller->fd < 0 || connect(caller->fd, (const struct sockaddr *)address, sizeof *address) < 0) srt_fail("socket");
  setsockopt(caller->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  setsockopt(caller->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  caller->id = 1 + ((uint32_t)random() & 0x3ffffffe);
  caller->first = (uint32_t)random() & SRT_SEQUENCE;
  caller->start_us = now;
  caller->last_heard_us = now;
  caller->next_request_us = now;
}

static inline int srt_parse_address(struct sockaddr_in *address, const char *host, int port) {
  *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  return inet_pton(AF_INET, host, &address->sin_addr) == 1 && port > 0 && port < 65536;
}

/* As many sockets as the system lets us have. */
static inline void srt_prepare(void) {
  struct rlimit limit;
  struct timespec time;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  clock_gettime(CLOCK_REALTIME, &time);
  srandom((unsigned)time.tv_nsec ^ (unsigned)getpid());
}

#endif
