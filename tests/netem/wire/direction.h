/*
 * One direction of the wire: what happens to its packets, those under way, and what was counted.
 */
#ifndef DIRECTION_H
#define DIRECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The largest packet that the devices carry. */
#define PACKET_MOST 2048
/* Packets under way in one direction; more are dropped, and counted. */
#define UNDER_WAY_MOST 65536

struct settings {
  uint64_t delay_us, jitter_us;
  bool jitter_reorders;
  /* All chances are parts of one. */
  double loss, burst_worse, burst_better, duplicate, reorder;
  uint64_t reorder_us;
  /* Bits a second, 0: no bottleneck; and packets that may wait for it. */
  uint64_t rate, queue;
};

struct counters {
  uint64_t packets, bytes;
  uint64_t lost, dropped, duplicated, held_back;
  uint64_t passed, passed_bytes, refused;
  /* Of packets that look like SRT: data sent first, sent again, control; and first ones that were lost or dropped. */
  uint64_t srt_data, srt_again, srt_control, srt_data_lost;
};

struct packet {
  uint64_t due_us, number;
  size_t length;
  unsigned char bytes[PACKET_MOST];
};

struct direction {
  struct settings settings;
  struct counters counters;
  uint64_t random[2];
  bool bad;
  uint64_t free_us, last_due_us, next_number;
  /* A heap: the packet that is due first lies at 0. */
  struct packet **under_way;
  size_t count;
  struct packet **spare;
  size_t spares;
};

void direction_start(struct direction *direction, uint64_t seed);
/* A packet came in at `now_us`. */
void direction_take(struct direction *direction, const unsigned char *bytes, size_t length, uint64_t now_us);
/* When the next packet is due; UINT64_MAX when there is none. */
uint64_t direction_due_us(const struct direction *direction);
/* Writes what is due to `fd`. */
void direction_pass(struct direction *direction, int fd, uint64_t now_us);
/* Reads words such as "loss 5 delay 20"; false, and the word that it did not understand, when it could not. */
bool direction_set(struct direction *direction, char *words, const char **wrong);
void direction_print(const struct direction *direction, FILE *to);

#endif
