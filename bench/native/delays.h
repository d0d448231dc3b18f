/*
 * How long something was under way: a histogram that any number of receivers share, and stamps within transport packets for
 * those who send and receive such. One clock, that of the machine, for both sides.
 */
#ifndef DELAYS_H
#define DELAYS_H

#include <stdint.h>
#include <string.h>

#define DELAY_STEP_US 20u
#define DELAY_BUCKETS 100000u

struct delays {
  uint64_t count;
  uint64_t longest_us;
  /* What is longer than all buckets together counts in the last one. */
  uint32_t buckets[DELAY_BUCKETS];
};

static struct delays delays;

static inline void delays_note(uint64_t delay_us) {
  uint64_t bucket = delay_us / DELAY_STEP_US;
  delays.count++;
  if (delay_us > delays.longest_us) delays.longest_us = delay_us;
  delays.buckets[bucket < DELAY_BUCKETS ? bucket : DELAY_BUCKETS - 1]++;
}

/* The delay that this share of all did not pass, rounded up to a step; 0 for none. */
static inline double delays_at_ms(double share) {
  uint64_t wanted = (uint64_t)(share * (double)delays.count), seen = 0;
  if (delays.count == 0) return 0;
  for (uint32_t i = 0; i < DELAY_BUCKETS; i++) {
    seen += delays.buckets[i];
    if (seen > wanted) {
      uint64_t end_us = (uint64_t)(i + 1) * DELAY_STEP_US;
      return (double)(end_us < delays.longest_us ? end_us : delays.longest_us) / 1e3;
    }
  }
  return (double)delays.longest_us / 1e3;
}

#define STAMP_PACKET 188u
#define STAMP_BYTES 14u
#define STAMP_AT (STAMP_PACKET - STAMP_BYTES)
#define STAMP_PID 0x100u

/* Four bytes of a mark and ten of seven bits each, none below 0x80: no start code can come of it. */
static const unsigned char STAMP_MARK[] = {0xd5, 0xab, 0xb9, 0x9d};

/* Video packets only: tables have a checksum at their end. */
static inline int stamp_fits(const unsigned char *packet) {
  unsigned pid = (unsigned)(packet[1] & 0x1f) << 8 | packet[2];
  return packet[0] == 0x47 && pid == STAMP_PID && (packet[1] & 0x40) == 0 && (packet[3] & 0x30) == 0x10;
}

static inline void stamp_put(unsigned char *packet, uint64_t time_us) {
  unsigned char *at = packet + STAMP_AT;
  memcpy(at, STAMP_MARK, sizeof STAMP_MARK);
  for (int i = STAMP_BYTES - 1; i >= (int)sizeof STAMP_MARK; i--, time_us >>= 7)
    at[i] = (unsigned char)(0x80 | (time_us & 0x7f));
}

/* Returns 0 where there is no stamp. */
static inline int stamp_get(const unsigned char *packet, uint64_t *time_us) {
  const unsigned char *at = packet + STAMP_AT;
  if (!stamp_fits(packet) || memcmp(at, STAMP_MARK, sizeof STAMP_MARK) != 0) return 0;
  *time_us = 0;
  for (unsigned i = sizeof STAMP_MARK; i < STAMP_BYTES; i++) *time_us = *time_us << 7 | (at[i] & 0x7f);
  return 1;
}

/* Stamps whatever packet of a datagram can bear it; `length` is a multiple of a packet's. */
static inline void stamp_all(unsigned char *datagram, unsigned length, uint64_t time_us) {
  for (unsigned at = 0; at + STAMP_PACKET <= length; at += STAMP_PACKET)
    if (stamp_fits(datagram + at)) stamp_put(datagram + at, time_us);
}

#endif
