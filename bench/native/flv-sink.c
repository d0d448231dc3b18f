/*
 * The players over HTTP: opens N connections, asks each for the same FLV, and reads as fast as it comes. Every tag of the
 * publisher's (rtmp-feeder) is checked for its number, its length and its time, and for the size that stands behind it.
 *
 *   flv-sink HOST PORT PATH BITS_PER_SECOND READERS WARMUP_SECONDS SECONDS
 *
 * Output and exit status: see receivers.h; 2 for a bad call.
 */
#define _GNU_SOURCE
#include "receivers.h"

#define TAG_HEADER 11
#define TAG_TRAILER 4
#define FILE_HEADER 13

/* LINE is the size of a chunk of the chunked coding (RFC 9112 §7.1), or the empty line behind one. */
enum coding { HEADERS, LINE, BODY };

struct parser {
  enum coding coding;
  int chunked;
  uint64_t chunk_left;
  unsigned text_length;
  char text[2048];
  /* Bytes of the file header, then of the tag so far. */
  uint32_t got;
  int in_tags;
  uint32_t body_length;
  unsigned char head[TAG_HEADER + MESSAGE_HEAD];
  unsigned char trailer[TAG_TRAILER];
};

static struct parser *parsers;
static char request[1024];

static uint32_t get24(const unsigned char *at) { return (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2]; }

static void end_tag(struct reader *reader, struct parser *parser, uint64_t now) {
  const unsigned char *head = parser->head;
  uint32_t size = (uint32_t)parser->trailer[0] << 24 | get24(parser->trailer + 1);
  if (size != TAG_HEADER + parser->body_length) reader->flow.bad_lengths++;
  flow_take(&reader->flow, head[0] & 0x1f, get24(head + 4) | (uint32_t)head[7] << 24, head + TAG_HEADER, parser->body_length,
            bits_per_second, now);
  parser->got = 0;
}

/* Bytes of the file, of any number. Returns 0 when they are no FLV. */
static int take_file(struct reader *reader, struct parser *parser, const unsigned char *data, size_t length, uint64_t now) {
  for (size_t at = 0; at < length;) {
    if (!parser->in_tags) {
      if (parser->got < 3 && data[at] != "FLV"[parser->got]) return 0;
      at++;
      if (++parser->got < FILE_HEADER) continue;
      parser->in_tags = 1;
      parser->got = 0;
      continue;
    }
    uint32_t end = parser->got < TAG_HEADER ? TAG_HEADER : TAG_HEADER + parser->body_length + TAG_TRAILER;
    uint32_t part = end - parser->got < length - at ? end - parser->got : (uint32_t)(length - at);
    for (uint32_t i = parser->got; i < sizeof parser->head && i < parser->got + part; i++)
      parser->head[i] = data[at + i - parser->got];
    uint32_t trailer = TAG_HEADER + parser->body_length;
    for (uint32_t i = parser->got > trailer ? parser->got : trailer; end > trailer && i < parser->got + part; i++)
      parser->trailer[i - trailer] = data[at + i - parser->got];
    parser->got += part;
    at += part;
    if (parser->got == TAG_HEADER) parser->body_length = get24(parser->head + 1);
    else if (parser->got == end) end_tag(reader, parser, now);
  }
  return 1;
}

/* One byte of the headers, or of a line of the chunked coding. Returns 0 when the answer is of no use. */
static int take_text(struct parser *parser, char byte) {
  if (parser->text_length == sizeof parser->text - 1) return 0;
  parser->text[parser->text_length++] = byte;
  parser->text[parser->text_length] = 0;
  if (parser->coding == LINE) {
    if (byte != '\n') return 1;
    parser->chunk_left = strtoull(parser->text, NULL, 16);
    int bare = parser->text_length <= 2;
    parser->text_length = 0;
    if (parser->chunk_left > 0) parser->coding = BODY;
    return bare || parser->chunk_left > 0;
  }
  if (parser->text_length < 4 || strcmp(parser->text + parser->text_length - 4, "\r\n\r\n") != 0) return 1;
  int status = 0;
  if (sscanf(parser->text, "HTTP/1.%*d %d", &status) != 1 || status != 200) return 0;
  parser->chunked = strcasestr(parser->text, "\r\ntransfer-encoding: chunked") != NULL;
  parser->coding = parser->chunked ? LINE : BODY;
  parser->text_length = 0;
  return 1;
}

static int reader_take(struct reader *reader, const unsigned char *data, size_t length, uint64_t now) {
  struct parser *parser = &parsers[reader - readers];
  for (size_t at = 0; at < length;) {
    if (parser->coding != BODY) {
      if (!take_text(parser, (char)data[at++])) return 0;
      continue;
    }
    size_t part = length - at;
    if (parser->chunked && part > parser->chunk_left) part = parser->chunk_left;
    if (!take_file(reader, parser, data + at, part, now)) return 0;
    at += part;
    if (!parser->chunked) continue;
    parser->chunk_left -= part;
    if (parser->chunk_left == 0) parser->coding = LINE;
  }
  return 1;
}

static void reader_connected(struct reader *reader) {
  if (send(reader->fd, request, strlen(request), MSG_NOSIGNAL) < 0) end_reader(reader);
}

int main(int count, char **words) {
  struct sockaddr_in address;
  bits_per_second = count == 8 ? strtoull(words[4], NULL, 10) : 0;
  if (count != 8 || !prepare_receivers(&address, words[1], words[2], atoi(words[5]))) {
    fprintf(stderr, "usage: flv-sink HOST PORT PATH BITS_PER_SECOND READERS WARMUP_SECONDS SECONDS\n");
    return 2;
  }
  snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s:%s\r\nUser-Agent: millrace-sink\r\n\r\n", words[3],
           words[1], words[2]);
  parsers = calloc((size_t)reader_count, sizeof *parsers);
  if (parsers == NULL) fail("calloc");
  run_receivers(&address, (uint64_t)(atof(words[6]) * 1e6), (uint64_t)(atof(words[7]) * 1e6));
  return 0;
}
