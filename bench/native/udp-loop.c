/*
 * Nothing but the system calls: sends or receives datagrams of 1,316 bytes in batches, segmented and coalesced by the kernel,
 * and says what that took.
 *
 *   udp-loop receive COUNT          prints "port PORT", then the result
 *   udp-loop send PORT COUNT        to 127.0.0.1
 *
 * The receiver acknowledges every 128 datagrams with one of 8 bytes, their number, and the sender keeps at most 512 under
 * way, so that none is lost. The first tenth does not count. Result: "packets N cpu-us N".
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif
#ifndef SOL_UDP
#define SOL_UDP 17
#endif

enum { SIZE = 1316, BATCH = 64, RUN = 49, WINDOW = 512, ACK_EVERY = 128, MESSAGES = 32, MESSAGE_BYTES = 65536 + 1408, WARM_UP = 10 };

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double cpu_us(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

static int open_socket(int port_to_connect) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), bytes = 4 << 20;
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof own) < 0) fail("bind");
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  if (port_to_connect == 0) return fd;
  own.sin_port = htons((uint16_t)port_to_connect);
  if (connect(fd, (struct sockaddr *)&own, sizeof own) < 0) fail("connect");
  return fd;
}

static void wait_for(int fd) {
  struct pollfd one = {.fd = fd, .events = POLLIN};
  if (poll(&one, 1, 10000) == 0) {
    fprintf(stderr, "nothing came for ten seconds\n");
    exit(1);
  }
}

static void report(long packets, double us) { printf("packets %ld cpu-us %.0f\n", packets, us); }

static int segment_of(struct msghdr *message) {
  int size = 0;
  for (struct cmsghdr *it = CMSG_FIRSTHDR(message); it != NULL; it = CMSG_NXTHDR(message, it))
    if (it->cmsg_level == SOL_UDP && it->cmsg_type == UDP_GRO) memcpy(&size, CMSG_DATA(it), sizeof size);
  return size;
}

static uint8_t memory[MESSAGES * MESSAGE_BYTES];
static volatile unsigned touched;

static void receive(long count) {
  static struct mmsghdr messages[MESSAGES];
  static struct iovec parts[MESSAGES];
  static struct sockaddr_in names[MESSAGES];
  static char controls[MESSAGES][64] __attribute__((aligned(16)));
  int fd = open_socket(0), on = 1;
  struct sockaddr_in own;
  socklen_t length = sizeof own;
  setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof on);
  getsockname(fd, (struct sockaddr *)&own, &length);
  printf("port %d\n", ntohs(own.sin_port));
  fflush(stdout);
  long got = 0, acknowledged = 0, from = 0;
  double begin = 0;
  while (got < count) {
    for (int i = 0; i < MESSAGES; i++) {
      parts[i] = (struct iovec){memory + (size_t)i * MESSAGE_BYTES, 65536};
      messages[i].msg_hdr = (struct msghdr){.msg_name = &names[i], .msg_namelen = sizeof names[i], .msg_iov = &parts[i],
          .msg_iovlen = 1, .msg_control = controls[i], .msg_controllen = sizeof controls[i]};
    }
    int n = recvmmsg(fd, messages, MESSAGES, MSG_DONTWAIT, NULL);
    if (n < 0) {
      if (errno != EAGAIN) fail("recvmmsg");
      wait_for(fd);
      continue;
    }
    for (int i = 0; i < n; i++) {
      int size = segment_of(&messages[i].msg_hdr), whole = (int)messages[i].msg_len;
      if (size == 0) size = whole;
      for (int at = 0; at < whole; at += size, got++) touched += memory[(size_t)i * MESSAGE_BYTES + (size_t)at];
    }
    if (begin == 0 && got >= count / WARM_UP) begin = cpu_us(), from = got;
    if (got - acknowledged < ACK_EVERY && got < count) continue;
    acknowledged = got;
    uint64_t number = (uint64_t)got;
    sendto(fd, &number, sizeof number, 0, (struct sockaddr *)&names[0], sizeof names[0]);
  }
  report(got - from, cpu_us() - begin);
}

/* Sends one batch in messages of up to RUN datagrams. */
static void send_batch(int fd) {
  static struct mmsghdr messages[2];
  static struct iovec parts[BATCH];
  static char controls[2][CMSG_SPACE(sizeof(uint16_t))] __attribute__((aligned(16)));
  for (int i = 0; i < BATCH; i++) parts[i] = (struct iovec){memory + (size_t)i * SIZE, SIZE};
  for (int i = 0, at = 0; i < 2; i++, at += RUN) {
    struct msghdr *it = &messages[i].msg_hdr;
    *it = (struct msghdr){.msg_iov = parts + at, .msg_iovlen = (size_t)(BATCH - at < RUN ? BATCH - at : RUN),
        .msg_control = controls[i], .msg_controllen = sizeof controls[i]};
    struct cmsghdr *header = CMSG_FIRSTHDR(it);
    uint16_t size = SIZE;
    header->cmsg_level = SOL_UDP;
    header->cmsg_type = UDP_SEGMENT;
    header->cmsg_len = CMSG_LEN(sizeof size);
    memcpy(CMSG_DATA(header), &size, sizeof size);
  }
  for (int done = 0; done < 2;) {
    int n = sendmmsg(fd, messages + done, (unsigned)(2 - done), 0);
    if (n < 0 && errno != EAGAIN) fail("sendmmsg");
    done += n > 0 ? n : 0;
  }
}

static void transmit(int port, long count) {
  int fd = open_socket(port);
  long sent = 0, acknowledged = 0, from = 0;
  double begin = 0;
  while (acknowledged < count) {
    if (sent < count && sent - acknowledged <= WINDOW - BATCH) {
      send_batch(fd);
      sent += BATCH;
      if (begin == 0 && sent >= count / WARM_UP) begin = cpu_us(), from = sent;
      continue;
    }
    uint64_t number;
    if (recv(fd, &number, sizeof number, MSG_DONTWAIT) == sizeof number) acknowledged = (long)number;
    else wait_for(fd);
  }
  report(sent - from, cpu_us() - begin);
}

int main(int count, char **words) {
  if (count == 3 && strcmp(words[1], "receive") == 0) receive(atol(words[2]));
  else if (count == 4 && strcmp(words[1], "send") == 0) transmit(atoi(words[2]), atol(words[3]));
  else {
    fprintf(stderr, "usage: udp-loop receive COUNT | udp-loop send PORT COUNT\n");
    return 2;
  }
  return 0;
}
