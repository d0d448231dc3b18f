/*
 * What a client of RTMP 1.0 has to say and to understand, for the players and the publishers of the bench: the simple handshake
 * (§5.2), chunks (§5.3), acknowledgements (§5.4.3) and the few commands of §7.2, in AMF0.
 */
#ifndef RTMP_PEER_H
#define RTMP_PEER_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define HANDSHAKE_BYTES 1536
#define CHUNK_STREAMS 64
#define OUR_CHUNK 4096u
/* Of each message so much is kept: all of a command, the head of media. */
#define KEPT 1024

enum { SET_CHUNK_SIZE = 1, ACKNOWLEDGEMENT = 3, USER_CONTROL = 4, WINDOW_SIZE = 5, COMMAND = 20 };
enum { CONTROL_CHUNKS = 2, COMMAND_CHUNKS = 3, AUDIO_CHUNKS = 4, VIDEO_CHUNKS = 6, STREAM_CHUNKS = 8 };
enum { SET_BUFFER = 3, PING_REQUEST = 6, PING_RESPONSE = 7 };

struct rtmp_message {
  uint32_t timestamp_ms;
  uint32_t delta_ms;
  uint32_t length;
  uint32_t got;
  int type;
  int extended;
  unsigned char kept[KEPT];
};

struct rtmp_link {
  int fd;
  /* Bytes of S0, S1 and S2 so far; the chunks follow them. */
  uint32_t shaken;
  unsigned char *s1;
  uint32_t chunk_size;
  uint32_t our_chunk;
  unsigned char header[18];
  unsigned header_length;
  uint32_t chunk_left;
  struct rtmp_message *current;
  struct rtmp_message *messages[CHUNK_STREAMS];
  uint32_t window;
  uint64_t received;
  uint64_t acknowledged;
  uint32_t stream_id;
  int failed;
};

/* Told by whoever includes this: the handshake is done; a whole message came. */
static void rtmp_shaken(struct rtmp_link *link);
static void rtmp_take_message(struct rtmp_link *link, const struct rtmp_message *message, uint64_t now_us);

static inline uint32_t get_be(const unsigned char *at, int bytes) {
  uint32_t value = 0;
  for (int i = 0; i < bytes; i++) value = value << 8 | at[i];
  return value;
}

static inline unsigned char *put_be(unsigned char *at, uint32_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; i--, value >>= 8) at[i] = (unsigned char)value;
  return at + bytes;
}

/* For what is small: it finds room in the socket, or the link has failed. */
static inline void rtmp_send_all(struct rtmp_link *link, const unsigned char *bytes, size_t length) {
  if (send(link->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)length) link->failed = 1;
}

/* Header of format 0. A time past 24 bits would have to be extended; nothing here plays for four hours. */
static inline unsigned char *rtmp_put_header(unsigned char *at, int chunks, int type, uint32_t stream_id,
                                             uint32_t timestamp_ms, uint32_t length) {
  *at++ = (unsigned char)chunks;
  at = put_be(at, timestamp_ms, 3);
  at = put_be(at, length, 3);
  *at++ = (unsigned char)type;
  for (int i = 0; i < 4; i++) *at++ = (unsigned char)(stream_id >> (8 * i));
  return at;
}

/* A message of one chunk. */
static inline void rtmp_send(struct rtmp_link *link, int chunks, int type, uint32_t stream_id, const unsigned char *body,
                             uint32_t length) {
  unsigned char bytes[12 + KEPT];
  if (length > KEPT || length > link->our_chunk) {
    link->failed = 1;
    return;
  }
  unsigned char *at = rtmp_put_header(bytes, chunks, type, stream_id, 0, length);
  memcpy(at, body, length);
  rtmp_send_all(link, bytes, (size_t)(at - bytes) + length);
}

static inline void rtmp_send_word(struct rtmp_link *link, int type, uint32_t value) {
  unsigned char body[4];
  put_be(body, value, 4);
  rtmp_send(link, CONTROL_CHUNKS, type, 0, body, 4);
}

static inline unsigned char *amf_text(unsigned char *at, const char *text) {
  at = put_be(at, (uint32_t)strlen(text), 2);
  memcpy(at, text, strlen(text));
  return at + strlen(text);
}

static inline unsigned char *amf_string(unsigned char *at, const char *text) {
  *at++ = 2;
  return amf_text(at, text);
}

static inline unsigned char *amf_number(unsigned char *at, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  *at++ = 0;
  at = put_be(at, (uint32_t)(bits >> 32), 4);
  return put_be(at, (uint32_t)bits, 4);
}

static inline unsigned char *amf_null(unsigned char *at) {
  *at++ = 5;
  return at;
}

static inline double amf_number_at(const unsigned char *at) {
  uint64_t bits = (uint64_t)get_be(at, 4) << 32 | get_be(at + 4, 4);
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* C0 and C1. */
static inline void rtmp_greet(struct rtmp_link *link) {
  unsigned char hello[1 + HANDSHAKE_BYTES] = {3};
  for (int i = 9; i <= HANDSHAKE_BYTES; i++) hello[i] = (unsigned char)(i * 7);
  link->chunk_size = link->our_chunk = 128;
  rtmp_send_all(link, hello, sizeof hello);
}

/* `connect` with what servers look at, transaction 1; chunks of ours are larger from here on. */
static inline void rtmp_send_connect(struct rtmp_link *link, const char *app, const char *url) {
  unsigned char body[KEPT], *at = body;
  rtmp_send_word(link, SET_CHUNK_SIZE, OUR_CHUNK);
  link->our_chunk = OUR_CHUNK;
  at = amf_number(amf_string(at, "connect"), 1);
  *at++ = 3;
  at = amf_string(amf_text(at, "app"), app);
  at = amf_string(amf_text(at, "flashVer"), "LNX 9,0,124,2");
  at = amf_string(amf_text(at, "tcUrl"), url);
  at = put_be(at, 9, 3);
  rtmp_send(link, COMMAND_CHUNKS, COMMAND, 0, body, (uint32_t)(at - body));
}

static inline void rtmp_send_create_stream(struct rtmp_link *link) {
  unsigned char body[64], *at = amf_null(amf_number(amf_string(body, "createStream"), 2));
  rtmp_send(link, COMMAND_CHUNKS, COMMAND, 0, body, (uint32_t)(at - body));
}

/* `play` or `publish`, transaction 3. */
static inline void rtmp_send_name(struct rtmp_link *link, const char *command, const char *name) {
  unsigned char body[KEPT], *at = amf_null(amf_number(amf_string(body, command), 3));
  at = amf_string(at, name);
  if (strcmp(command, "publish") == 0) at = amf_string(at, "live");
  rtmp_send(link, STREAM_CHUNKS, COMMAND, link->stream_id, body, (uint32_t)(at - body));
}

static inline int rtmp_command_is(const struct rtmp_message *message, const char *name) {
  size_t length = strlen(name);
  return message->type == COMMAND && message->length >= length + 12 && message->kept[0] == 2 &&
         get_be(message->kept + 1, 2) == length && memcmp(message->kept + 3, name, length) == 0;
}

static inline int rtmp_mentions(const struct rtmp_message *message, const char *words) {
  size_t length = message->length < KEPT ? message->length : KEPT;
  return memmem(message->kept, length, words, strlen(words)) != NULL;
}

/* Goes on to createStream, and to `command` on the stream that it gives. Returns whether the message was an answer. */
static inline int rtmp_take_answer(struct rtmp_link *link, const struct rtmp_message *message, const char *command,
                                   const char *name) {
  if (rtmp_command_is(message, "_error")) link->failed = 1;
  if (!rtmp_command_is(message, "_result")) return 0;
  double transaction = amf_number_at(message->kept + 11);
  if (transaction == 1) {
    rtmp_send_create_stream(link);
  } else if (transaction == 2 && message->length >= 29) {
    /* Null and the number stand behind the transaction. */
    link->stream_id = (uint32_t)amf_number_at(message->kept + 21);
    rtmp_send_name(link, command, name);
  }
  return 1;
}

static inline void rtmp_complete(struct rtmp_link *link, struct rtmp_message *message, uint64_t now_us) {
  message->got = 0;
  if (message->type == SET_CHUNK_SIZE) link->chunk_size = get_be(message->kept, 4) & 0x7fffffff;
  else if (message->type == WINDOW_SIZE) link->window = get_be(message->kept, 4);
  if (message->type == USER_CONTROL && get_be(message->kept, 2) == PING_REQUEST) {
    unsigned char body[6];
    put_be(body, PING_RESPONSE, 2);
    memcpy(body + 2, message->kept + 2, 4);
    rtmp_send(link, CONTROL_CHUNKS, USER_CONTROL, 0, body, 6);
  }
  rtmp_take_message(link, message, now_us);
}

/* How long the header is, as far as its bytes so far tell; 0 where the chunk stream is none of those kept. */
static inline unsigned rtmp_header_length(const struct rtmp_link *link) {
  static const unsigned lengths[] = {11, 7, 3, 0};
  int format = link->header[0] >> 6, chunks = link->header[0] & 0x3f;
  unsigned length = 1 + lengths[format];
  if (chunks < 2) return 0;
  if (format == 3) return length + (link->messages[chunks] != NULL && link->messages[chunks]->extended ? 4 : 0);
  if (link->header_length < 4) return length;
  return length + (get_be(link->header + 1, 3) == 0xffffff ? 4 : 0);
}

static inline void rtmp_begin_chunk(struct rtmp_link *link) {
  int format = link->header[0] >> 6, chunks = link->header[0] & 0x3f;
  struct rtmp_message *message = link->messages[chunks];
  if (message == NULL) message = link->messages[chunks] = calloc(1, sizeof *message);
  if (message == NULL) abort();
  if (format < 3) {
    uint32_t time = get_be(link->header + 1, 3);
    message->extended = time == 0xffffff;
    if (message->extended) time = get_be(link->header + link->header_length - 4, 4);
    message->delta_ms = time;
    if (format == 0) message->timestamp_ms = time;
    if (format < 2) {
      message->length = get_be(link->header + 4, 3);
      message->type = link->header[7];
    }
  }
  if (format != 0 && message->got == 0) message->timestamp_ms += message->delta_ms;
  link->current = message;
  link->chunk_left = message->length - message->got;
  if (link->chunk_left > link->chunk_size) link->chunk_left = link->chunk_size;
  link->header_length = 0;
}

static inline size_t rtmp_take_handshake(struct rtmp_link *link, const unsigned char *data, size_t length) {
  const uint32_t s1_end = 1 + HANDSHAKE_BYTES, all = 1 + 2 * HANDSHAKE_BYTES;
  if (link->s1 == NULL) link->s1 = malloc(HANDSHAKE_BYTES);
  if (link->s1 == NULL) abort();
  size_t at = 0;
  for (; at < length && link->shaken < all; at++, link->shaken++) {
    if (link->shaken >= 1 && link->shaken < s1_end) link->s1[link->shaken - 1] = data[at];
    if (link->shaken == s1_end - 1) rtmp_send_all(link, link->s1, HANDSHAKE_BYTES);
  }
  if (link->shaken == all) {
    free(link->s1);
    link->s1 = NULL;
    rtmp_shaken(link);
  }
  return at;
}

/* Takes what came, of any length. */
static inline void rtmp_take(struct rtmp_link *link, const unsigned char *data, size_t length, uint64_t now_us) {
  size_t at = 0;
  link->received += length;
  if (link->shaken < 1 + 2 * HANDSHAKE_BYTES) at = rtmp_take_handshake(link, data, length);
  while (at < length && !link->failed) {
    if (link->current == NULL) {
      link->header[link->header_length++] = data[at++];
      unsigned wanted = rtmp_header_length(link);
      if (wanted == 0) link->failed = 1;
      else if (link->header_length == wanted) rtmp_begin_chunk(link);
      if (link->current == NULL || link->chunk_left > 0) continue;
    }
    struct rtmp_message *message = link->current;
    size_t part = length - at < link->chunk_left ? length - at : link->chunk_left;
    if (message->got < KEPT) memcpy(message->kept + message->got, data + at, part < KEPT - message->got ? part : KEPT - message->got);
    message->got += (uint32_t)part;
    link->chunk_left -= (uint32_t)part;
    at += part;
    if (link->chunk_left > 0) break;
    link->current = NULL;
    if (message->got == message->length) rtmp_complete(link, message, now_us);
  }
  if (link->window == 0 || link->received - link->acknowledged < link->window) return;
  link->acknowledged = link->received;
  rtmp_send_word(link, ACKNOWLEDGEMENT, (uint32_t)link->received);
}

#endif
