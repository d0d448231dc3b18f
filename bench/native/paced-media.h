/*
 * A transport stream kept in memory and played in circles at a constant bit rate, in datagrams of seven packets.
 */
#ifndef PACED_MEDIA_H
#define PACED_MEDIA_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEDIA_DATAGRAM 1316

struct media {
  unsigned char *bytes;
  uint64_t datagrams;
  uint64_t bits_per_second;
};

static inline struct media media_load(const char *path, uint64_t bits_per_second) {
  struct media media = {.bits_per_second = bits_per_second};
  struct stat info;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &info) < 0) {
    perror(path);
    exit(1);
  }
  media.datagrams = (uint64_t)info.st_size / MEDIA_DATAGRAM;
  uint64_t size = media.datagrams * MEDIA_DATAGRAM, got = 0;
  media.bytes = malloc(size);
  while (media.bytes != NULL && got < size) {
    ssize_t n = read(fd, media.bytes + got, size - got);
    if (n <= 0) break;
    got += (uint64_t)n;
  }
  close(fd);
  if (size == 0 || got < size || bits_per_second == 0) {
    fprintf(stderr, "%s: no media, or no rate\n", path);
    exit(1);
  }
  return media;
}

static inline unsigned char *media_at(const struct media *media, uint64_t number) {
  return media->bytes + number % media->datagrams * MEDIA_DATAGRAM;
}

/* How many datagrams are due after so long. */
static inline uint64_t media_due(const struct media *media, uint64_t elapsed_us) {
  return (uint64_t)((__uint128_t)elapsed_us * media->bits_per_second / (MEDIA_DATAGRAM * 8) / 1000000u);
}

/* When the datagram with this number is due, microseconds from the start. */
static inline uint64_t media_due_us(const struct media *media, uint64_t number) {
  return (uint64_t)((__uint128_t)number * (MEDIA_DATAGRAM * 8) * 1000000u / media->bits_per_second);
}

#endif
