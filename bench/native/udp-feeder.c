/*
 * Sends one transport stream over UDP to COUNT ports, PORT, PORT+1 and so on, at a constant bit rate, until it is killed.
 *
 *   udp-feeder HOST PORT FILE BITS_PER_SECOND COUNT [STAMPED]
 *
 * With STAMPED, whatever it is, packets tell when they were sent (delays.h).
 *
 * Prints "feeding" when it begins.
 */
#define _GNU_SOURCE
#include "delays.h"
#include "paced-media.h"
#include "srt-caller.h"

#define MOST 512
/* Of one round; more only when the machine stood still. */
#define MOST_DUE 64

int main(int count, char **words) {
  static struct sockaddr_in addresses[MOST];
  static struct mmsghdr messages[MOST];
  struct iovec part = {.iov_len = MEDIA_DATAGRAM};
  int targets = count == 6 || count == 7 ? atoi(words[5]) : 0;
  if (targets < 1 || targets > MOST) {
    fprintf(stderr, "usage: udp-feeder HOST PORT FILE BITS_PER_SECOND COUNT [STAMPED]\n");
    return 2;
  }
  for (int i = 0; i < targets; i++) {
    if (!srt_parse_address(&addresses[i], words[1], atoi(words[2]) + i)) return 2;
    messages[i].msg_hdr = (struct msghdr){
        .msg_name = &addresses[i], .msg_namelen = sizeof addresses[i], .msg_iov = &part, .msg_iovlen = 1};
  }
  struct media media = media_load(words[3], strtoull(words[4], NULL, 10));
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) srt_fail("socket");
  puts("feeding");
  fflush(stdout);
  uint64_t start = srt_now_us(), sent = 0;
  for (;;) {
    uint64_t due = media_due(&media, srt_now_us() - start);
    for (int i = 0; i < MOST_DUE && sent < due; i++, sent++) {
      part.iov_base = media_at(&media, sent);
      if (count == 7) stamp_all(part.iov_base, MEDIA_DATAGRAM, srt_now_us());
      for (int done = 0; done < targets;) {
        int n = sendmmsg(fd, messages + done, (unsigned)(targets - done), 0);
        /* A target that is not there answers with an error to the next packet: go past it. */
        done += n > 0 ? n : 1;
      }
    }
    srt_next_tick();
  }
}
