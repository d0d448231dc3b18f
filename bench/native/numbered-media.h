/*
 * A stream of H.264 and AAC messages made up on the spot, 25 pictures a second with a key frame each two seconds, whose every
 * message tells its own number and when it was sent: whoever gets it knows what is missing, and how large it has to be.
 */
#ifndef NUMBERED_MEDIA_H
#define NUMBERED_MEDIA_H

#include <stdint.h>
#include <string.h>

#include "delays.h"

#define AUDIO_TYPE 8
#define VIDEO_TYPE 9
#define SCRIPT_TYPE 18

#define PICTURES_A_GOP 50
#define PICTURE_US 40000u
#define AUDIO_RATE 48000u
#define AUDIO_SAMPLES 1024u
#define AUDIO_BITS_PER_SECOND 128000u
/* A key frame is so many times as large as another picture. */
#define KEY_WEIGHT 6
#define MAX_MESSAGE (1u << 20)

/* What stands before the number: the body's header, and the length and first byte of the one NAL unit. */
#define VIDEO_NUMBER_AT 10
#define AUDIO_NUMBER_AT 2
/* The number has four bytes of seven bits, the time in steps of 100 us five: no byte is 0, so that nothing has to be escaped. */
#define NUMBER_BYTES 4
#define TIME_BYTES 5
#define STEP_US 100u
#define MESSAGE_HEAD (VIDEO_NUMBER_AT + NUMBER_BYTES + TIME_BYTES)
#define LEAST_PICTURE 64u

/* Sequence headers: 1280 x 720, High profile; AAC-LC, 48 kHz, two channels. */
static const unsigned char VIDEO_CONFIG[] = {
    0x17, 0x00, 0x00, 0x00, 0x00, 0x01, 0x64, 0x00, 0x1f, 0xff, 0xe1, 0x00, 0x1a, 0x67, 0x64, 0x00, 0x1f, 0xac,
    0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0x20, 0xf1,
    0x83, 0x19, 0x60, 0x01, 0x00, 0x06, 0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0, 0xfd, 0xf8, 0xf8, 0x00};
static const unsigned char AUDIO_CONFIG[] = {0xaf, 0x00, 0x11, 0x90};

static inline void put_sevens(unsigned char *at, uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; i--, value >>= 7) at[i] = (unsigned char)(0x80 | (value & 0x7f));
}

static inline uint64_t get_sevens(const unsigned char *at, int bytes) {
  uint64_t value = 0;
  for (int i = 0; i < bytes; i++) value = value << 7 | (at[i] & 0x7f);
  return value;
}

static inline uint64_t audio_due_us(uint32_t number) {
  return (uint64_t)number * AUDIO_SAMPLES * 1000000u / AUDIO_RATE;
}

static inline uint64_t video_due_us(uint32_t number) { return (uint64_t)number * PICTURE_US; }

static inline uint32_t audio_length(void) {
  return AUDIO_NUMBER_AT + (uint32_t)((uint64_t)AUDIO_BITS_PER_SECOND * AUDIO_SAMPLES / AUDIO_RATE / 8);
}

/* Length of a picture's body: pictures between key frames vary by a fifth either way. */
static inline uint32_t video_length(uint32_t number, uint64_t bits_per_second) {
  uint64_t gop = (bits_per_second - AUDIO_BITS_PER_SECOND) / 8 * PICTURES_A_GOP * PICTURE_US / 1000000u;
  uint64_t usual = gop / (PICTURES_A_GOP - 1 + KEY_WEIGHT);
  uint64_t length = number % PICTURES_A_GOP == 0 ? usual * KEY_WEIGHT : usual * (80 + number * 2654435761u % 41) / 100;
  if (length < LEAST_PICTURE) length = LEAST_PICTURE;
  return (uint32_t)(length < MAX_MESSAGE ? length : MAX_MESSAGE);
}

/* The first bytes of a picture's body. Every second picture is one that no other refers to. Returns how many. */
static inline unsigned put_video_head(unsigned char *at, uint32_t number, uint32_t length, uint64_t now_us) {
  int key = number % PICTURES_A_GOP == 0;
  uint32_t nal = length - 9;
  unsigned char head[] = {key ? 0x17 : 0x27, 1, 0, 0, 0, (unsigned char)(nal >> 24), (unsigned char)(nal >> 16),
                          (unsigned char)(nal >> 8), (unsigned char)nal,
                          key ? 0x65 : number % PICTURES_A_GOP % 2 ? 0x01 : 0x41};
  memcpy(at, head, sizeof head);
  put_sevens(at + VIDEO_NUMBER_AT, number, NUMBER_BYTES);
  put_sevens(at + VIDEO_NUMBER_AT + NUMBER_BYTES, now_us / STEP_US, TIME_BYTES);
  return MESSAGE_HEAD;
}

static inline unsigned put_audio_head(unsigned char *at, uint32_t number, uint64_t now_us) {
  at[0] = 0xaf;
  at[1] = 1;
  put_sevens(at + AUDIO_NUMBER_AT, number, NUMBER_BYTES);
  put_sevens(at + AUDIO_NUMBER_AT + NUMBER_BYTES, now_us / STEP_US, TIME_BYTES);
  return AUDIO_NUMBER_AT + NUMBER_BYTES + TIME_BYTES;
}

/* What one receiver has seen of one medium. */
struct medium {
  int begun;
  uint32_t number;
  uint32_t timestamp_ms;
};

/* What one receiver has seen. */
struct flow {
  struct medium video;
  struct medium audio;
  uint64_t messages;
  /* Numbers that were passed over, and those of them that no other picture refers to. */
  uint64_t missing;
  uint64_t missing_disposable;
  /* Numbers or times that went back, and messages of another length than theirs. */
  uint64_t disordered;
  uint64_t bad_lengths;
  uint64_t delay_sum_us;
  uint64_t longest_delay_us;
};

static inline void flow_reset_counts(struct flow *flow) {
  struct medium video = flow->video, audio = flow->audio;
  *flow = (struct flow){.video = video, .audio = audio};
}

/* Takes a whole message: its first bytes, and its length. */
static inline void flow_take(struct flow *flow, int type, uint32_t timestamp_ms, const unsigned char *head, uint32_t length,
                             uint64_t bits_per_second, uint64_t now_us) {
  /* Metadata and sequence headers come when the server likes. */
  if ((type != AUDIO_TYPE && type != VIDEO_TYPE) || length < 2 || head[1] == 0) return;
  flow->messages++;
  unsigned at = type == VIDEO_TYPE ? VIDEO_NUMBER_AT : AUDIO_NUMBER_AT;
  if (length < at + NUMBER_BYTES + TIME_BYTES) {
    flow->bad_lengths++;
    return;
  }
  uint32_t number = (uint32_t)get_sevens(head + at, NUMBER_BYTES);
  struct medium *medium = type == VIDEO_TYPE ? &flow->video : &flow->audio;
  if (length != (type == VIDEO_TYPE ? video_length(number, bits_per_second) : audio_length())) flow->bad_lengths++;
  if (medium->begun) {
    if (number <= medium->number || (int32_t)(timestamp_ms - medium->timestamp_ms) < 0) flow->disordered++;
    else flow->missing += number - medium->number - 1;
    for (uint32_t lost = medium->number + 1; type == VIDEO_TYPE && lost < number; lost++)
      flow->missing_disposable += lost % PICTURES_A_GOP % 2;
  }
  *medium = (struct medium){1, number, timestamp_ms};
  uint64_t sent = get_sevens(head + at + NUMBER_BYTES, TIME_BYTES), mask = ((uint64_t)1 << (7 * TIME_BYTES)) - 1;
  uint64_t delay = ((now_us / STEP_US - sent) & mask) * STEP_US;
  flow->delay_sum_us += delay;
  delays_note(delay);
  if (delay > flow->longest_delay_us) flow->longest_delay_us = delay;
}

#endif
