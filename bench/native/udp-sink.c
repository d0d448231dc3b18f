/*
 * A receiver of a stamped transport stream over UDP: how long packets were under way (delays.h).
 *
 *   udp-sink PORT WARMUP_SECONDS SECONDS
 *
 * Prints "listening", once WARMUP_SECONDS have passed since the first datagram {"event":"start"}, and after SECONDS
 * {"event":"end", ...}. Exit status: 0; 1 when nothing comes for 30 s; 2 for a bad call.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#include "delays.h"

#define PATIENCE_MS 30000
#define ROOM 65536
#define BUFFER_BYTES (4 << 20)

static uint64_t now_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_nsec / 1000u;
}

static double own_cpu_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void run(int fd, uint64_t warmup, uint64_t length) {
  static unsigned char room[ROOM];
  uint64_t first = 0, start = 0, bytes = 0;
  double cpu = 0;
  for (;;) {
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    if (poll(&waiting, 1, PATIENCE_MS) <= 0) {
      fputs("nothing comes\n", stderr);
      exit(1);
    }
    ssize_t n = recv(fd, room, sizeof room, 0);
    uint64_t now = now_us(), sent_us;
    if (n <= 0) continue;
    if (first == 0) first = now;
    if (start == 0 && now - first >= warmup) {
      start = now;
      cpu = own_cpu_seconds();
      puts("{\"event\":\"start\"}");
      fflush(stdout);
    }
    if (start == 0) continue;
    bytes += (uint64_t)n;
    for (ssize_t at = 0; at + (ssize_t)STAMP_PACKET <= n; at += STAMP_PACKET)
      if (stamp_get(room + at, &sent_us)) delays_note(now - sent_us);
    if (now - start < length) continue;
    printf("{\"event\":\"end\",\"readers\":1,\"seconds\":%.3f,\"bytes\":%llu,\"sinkCpuSeconds\":%.3f,\"stamps\":%llu,"
           "\"p50Ms\":%.2f,\"p99Ms\":%.2f,\"mostMs\":%.2f}\n",
           (double)(now - start) / 1e6, (unsigned long long)bytes, own_cpu_seconds() - cpu,
           (unsigned long long)delays.count, delays_at_ms(0.5), delays_at_ms(0.99), (double)delays.longest_us / 1e3);
    fflush(stdout);
    return;
  }
}

int main(int count, char **words) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), room = BUFFER_BYTES;
  if (count != 4) {
    fprintf(stderr, "usage: udp-sink PORT WARMUP_SECONDS SECONDS\n");
    return 2;
  }
  address.sin_port = htons((uint16_t)atoi(words[1]));
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
    perror("udp-sink");
    return 1;
  }
  puts("listening");
  fflush(stdout);
  run(fd, (uint64_t)(atof(words[2]) * 1e6), (uint64_t)(atof(words[3]) * 1e6));
  return 0;
}
