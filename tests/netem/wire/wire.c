/*
 * A wire between two network namespaces: one TUN device in each, and between them delay, jitter, loss, duplicates,
 * reordering and a bottleneck, each direction for itself. The decisions come from a seed.
 *
 *   wire NAMESPACE-FILE DEVICE NAMESPACE-FILE DEVICE SEED
 *
 * Prints "ready" once both devices exist; they go when it ends. Reads lines:
 *
 *   forward|back|both [clear] [delay MS] [jitter MS | loose-jitter MS] [loss %] [burst WORSE% BETTER%] [duplicate %]
 *                     [reorder % MS] [rate BITS-A-SECOND QUEUE-PACKETS]
 *   counters
 *
 * and answers each with one line: "ok", "wrong: ...", or the counters as JSON, which it also prints on SIGUSR1 and at
 * the end: when its input is closed, or on SIGTERM or SIGINT.
 */
#define _GNU_SOURCE
#include "direction.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define LINE_MOST 1024
/* Packets read from one side before the other gets its turn. */
#define TURN 64

struct end {
  int fd;
  struct direction away;
};

/* Both ends: what enters at 0 goes `forward`. */
static struct end ends[2];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

/* Makes a TUN device in a namespace. It belongs there from then on, whoever holds its file. */
static int open_device(const char *namespace_file, const char *name) {
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  int namespace = open(namespace_file, O_RDONLY | O_CLOEXEC);
  if (namespace < 0) fail(namespace_file);
  if (setns(namespace, CLONE_NEWNET) < 0) fail("setns");
  close(namespace);
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) fail("/dev/net/tun");
  if (strlen(name) >= IFNAMSIZ) {
    errno = ENAMETOOLONG;
    fail(name);
  }
  strcpy(request.ifr_name, name);
  if (ioctl(fd, TUNSETIFF, &request) < 0) fail("TUNSETIFF");
  return fd;
}

static void print_counters(void) {
  printf("{\"forward\":");
  direction_print(&ends[0].away, stdout);
  printf(",\"back\":");
  direction_print(&ends[1].away, stdout);
  printf("}\n");
  fflush(stdout);
}

static void obey(char *line) {
  char *words = strchr(line, ' ');
  const char *wrong = line;
  bool done;
  if (strcmp(line, "counters") == 0) {
    print_counters();
    return;
  }
  if (words != NULL) *words++ = '\0';
  if (words == NULL) {
    done = false;
  } else if (strcmp(line, "forward") == 0) {
    done = direction_set(&ends[0].away, words, &wrong);
  } else if (strcmp(line, "back") == 0) {
    done = direction_set(&ends[1].away, words, &wrong);
  } else if (strcmp(line, "both") == 0) {
    char copy[LINE_MOST];
    strcpy(copy, words);
    done = direction_set(&ends[0].away, words, &wrong) && direction_set(&ends[1].away, copy, &wrong);
  } else {
    done = false;
  }
  if (done) puts("ok");
  else printf("wrong: %s\n", wrong);
  fflush(stdout);
}

/* Takes what there is on standard input; false at its end. */
static bool read_lines(void) {
  static char text[LINE_MOST];
  static size_t length;
  ssize_t got = read(STDIN_FILENO, text + length, sizeof text - 1 - length);
  if (got <= 0) return got < 0 && errno == EINTR;
  length += (size_t)got;
  text[length] = '\0';
  char *start = text, *end;
  while ((end = strchr(start, '\n')) != NULL) {
    *end = '\0';
    obey(start);
    start = end + 1;
  }
  length -= (size_t)(start - text);
  memmove(text, start, length);
  if (length == sizeof text - 1) length = 0;
  return true;
}

/* Takes packets from one end; false when its device is gone. */
static bool receive(struct end *end) {
  unsigned char bytes[PACKET_MOST];
  for (int i = 0; i < TURN; i++) {
    ssize_t length = read(end->fd, bytes, sizeof bytes);
    if (length < 0) return errno == EAGAIN || errno == EINTR;
    direction_take(&end->away, bytes, (size_t)length, now_us());
  }
  return true;
}

static void pass_due(void) {
  uint64_t now = now_us();
  direction_pass(&ends[0].away, ends[1].fd, now);
  direction_pass(&ends[1].away, ends[0].fd, now);
}

/* How long nothing is due; NULL for ever. */
static struct timespec *until_due(struct timespec *timeout) {
  uint64_t a = direction_due_us(&ends[0].away), b = direction_due_us(&ends[1].away);
  uint64_t due = a < b ? a : b, now = now_us();
  if (due == UINT64_MAX) return NULL;
  uint64_t wait = due > now ? due - now : 0;
  *timeout = (struct timespec){.tv_sec = (time_t)(wait / 1000000u), .tv_nsec = (long)(wait % 1000000u) * 1000};
  return timeout;
}

static int open_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) fail("sigprocmask");
  int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0) fail("signalfd");
  return fd;
}

/* False when it is to end. */
static bool on_signal(int fd) {
  struct signalfd_siginfo info;
  if (read(fd, &info, sizeof info) != sizeof info) return true;
  if (info.ssi_signo != SIGUSR1) return false;
  print_counters();
  return true;
}

static void run(int signals) {
  struct pollfd polled[] = {
      {.fd = ends[0].fd, .events = POLLIN},
      {.fd = ends[1].fd, .events = POLLIN},
      {.fd = STDIN_FILENO, .events = POLLIN},
      {.fd = signals, .events = POLLIN},
  };
  for (;;) {
    struct timespec timeout;
    if (ppoll(polled, 4, until_due(&timeout), NULL) < 0 && errno != EINTR) fail("ppoll");
    pass_due();
    for (int i = 0; i < 2; i++) {
      if (polled[i].revents != 0 && !receive(&ends[i])) return;
    }
    pass_due();
    if (polled[2].revents != 0 && !read_lines()) return;
    if (polled[3].revents != 0 && !on_signal(signals)) return;
  }
}

int main(int count, char **words) {
  if (count != 6) {
    fprintf(stderr, "usage: wire NAMESPACE-FILE DEVICE NAMESPACE-FILE DEVICE SEED\n");
    return 2;
  }
  uint64_t seed = strtoull(words[5], NULL, 10);
  /* Sleeps end when they are to end, not up to 50 us later. */
  prctl(PR_SET_TIMERSLACK, 1000UL, 0, 0, 0);
  int signals = open_signals();
  for (int i = 0; i < 2; i++) {
    ends[i].fd = open_device(words[1 + 2 * i], words[2 + 2 * i]);
    direction_start(&ends[i].away, seed + (uint64_t)i * 7919);
  }
  puts("ready");
  fflush(stdout);
  run(signals);
  print_counters();
  return 0;
}
