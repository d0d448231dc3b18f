/*
 * Publishes an FLV file in real time with librtmp, called as OBS Studio calls its own copy of it: `URL FILE`.
 *
 * The library's header comes in another package than the library: what is needed of it is declared here.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

typedef struct {
  char *text;
  int length;
} AVal;

/* Only the first fields of what RTMP_Alloc makes are touched. */
typedef struct {
  int in_chunk_bytes;
  int out_chunk_bytes;
} RTMP;

typedef struct {
  uint8_t header_type;
  uint8_t packet_type;
  uint8_t has_absolute_timestamp;
  int channel;
  uint32_t timestamp;
  int32_t info_field_2;
  uint32_t body_bytes;
  uint32_t bytes_read;
  void *chunk;
  char *body;
} RTMPPacket;

RTMP *RTMP_Alloc(void);
void RTMP_Free(RTMP *);
void RTMP_Init(RTMP *);
int RTMP_SetupURL(RTMP *, char *url);
int RTMP_SetOpt(RTMP *, const AVal *name, AVal *value);
void RTMP_EnableWrite(RTMP *);
int RTMP_Connect(RTMP *, RTMPPacket *);
int RTMP_ConnectStream(RTMP *, int seek_ms);
int RTMP_SendPacket(RTMP *, RTMPPacket *, int queue);
int RTMP_Write(RTMP *, const char *, int bytes);
int RTMP_Socket(RTMP *);
int RTMP_IsConnected(RTMP *);
void RTMP_Close(RTMP *);

enum {
  CHUNK_BYTES = 4096,
  /* Room that the library wants ahead of a body for its header. */
  HEADER_ROOM = 18,
  TAG_HEADER = 11,
  TAG_TRAILER = 4,
  FILE_HEADER = 13
};

static void fail(const char *what) {
  fprintf(stderr, "librtmp: %s\n", what);
  exit(1);
}

/* The size of chunks to come, as OBS sends it. */
static void set_chunk_size(RTMP *rtmp) {
  char room[HEADER_ROOM + 4] = {0};
  RTMPPacket packet = {.packet_type = 1, .channel = 2, .body_bytes = 4, .body = room + HEADER_ROOM};
  packet.body[2] = (char)(CHUNK_BYTES >> 8);
  packet.body[3] = (char)(CHUNK_BYTES & 0xff);
  if (!RTMP_SendPacket(rtmp, &packet, 0)) fail("cannot send the chunk size");
  rtmp->out_chunk_bytes = CHUNK_BYTES;
}

static double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static void sleep_ms(double ms) {
  if (ms <= 0) return;
  struct timespec pause = {(time_t)(ms / 1e3), (long)((ms - 1e3 * (time_t)(ms / 1e3)) * 1e6)};
  nanosleep(&pause, NULL);
}

/* OBS throws away what the server says while it publishes: no ping is answered. */
static void discard(int socket) {
  char bytes[4096];
  while (recv(socket, bytes, sizeof bytes, MSG_DONTWAIT) > 0) {
  }
}

static uint32_t u24(const unsigned char *at) { return (uint32_t)at[0] << 16 | at[1] << 8 | at[2]; }

static char *read_file(const char *path, long *bytes) {
  FILE *file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) fail("cannot open the file");
  *bytes = ftell(file);
  rewind(file);
  char *all = malloc(*bytes);
  if (all == NULL || fread(all, 1, *bytes, file) != (size_t)*bytes) fail("cannot read the file");
  fclose(file);
  return all;
}

/* Writes tag by tag, each when it is due. */
static void publish(RTMP *rtmp, const char *all, long bytes) {
  double started = now_ms();
  long at = FILE_HEADER;
  while (at + TAG_HEADER <= bytes) {
    const unsigned char *tag = (const unsigned char *)all + at;
    long size = TAG_HEADER + u24(tag + 1) + TAG_TRAILER;
    uint32_t timestamp = u24(tag + 4) | (uint32_t)tag[7] << 24;
    sleep_ms(timestamp - (now_ms() - started));
    if (at + size > bytes) fail("the file ends within a tag");
    if (!RTMP_IsConnected(rtmp) || RTMP_Write(rtmp, all + at, (int)size) <= 0) fail("the server hung up");
    discard(RTMP_Socket(rtmp));
    at += size;
  }
}

int main(int argc, char **argv) {
  if (argc != 3) fail("usage: URL FILE");
  long bytes = 0;
  char *all = read_file(argv[2], &bytes);
  RTMP *rtmp = RTMP_Alloc();
  if (rtmp == NULL) fail("no memory");
  RTMP_Init(rtmp);
  if (!RTMP_SetupURL(rtmp, argv[1])) fail("cannot read the URL");
  AVal name = {"flashver", 8};
  AVal version = {"FMLE/3.0 (compatible; FMSc/1.0)", 31};
  if (!RTMP_SetOpt(rtmp, &name, &version)) fail("cannot set the version");
  RTMP_EnableWrite(rtmp);
  if (!RTMP_Connect(rtmp, NULL)) fail("cannot connect");
  set_chunk_size(rtmp);
  if (!RTMP_ConnectStream(rtmp, 0)) fail("may not publish");
  publish(rtmp, all, bytes);
  RTMP_Close(rtmp);
  RTMP_Free(rtmp);
  free(all);
  return 0;
}
