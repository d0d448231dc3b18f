/*
 * The players: opens N connections, plays the same stream on each over RTMP, and reads as fast as it comes. Every message of the
 * publisher (rtmp-feeder) is checked for its number, its length and its time.
 *
 *   rtmp-sink HOST PORT APP NAME BITS_PER_SECOND READERS WARMUP_SECONDS SECONDS
 *
 * Output and exit status: see receivers.h; 2 for a bad call.
 */
#define _GNU_SOURCE
#include "receivers.h"
#include "rtmp-peer.h"

static struct rtmp_link *links;
static const char *app;
static const char *name;
static char url[512];

static struct reader *reader_of(const struct rtmp_link *link) { return &readers[link - links]; }

static void rtmp_shaken(struct rtmp_link *link) { rtmp_send_connect(link, app, url); }

static void send_buffer_length(struct rtmp_link *link) {
  unsigned char body[10];
  put_be(put_be(put_be(body, SET_BUFFER, 2), link->stream_id, 4), 3000, 4);
  rtmp_send(link, CONTROL_CHUNKS, USER_CONTROL, 0, body, sizeof body);
}

static void rtmp_take_message(struct rtmp_link *link, const struct rtmp_message *message, uint64_t now) {
  if (message->type == COMMAND) {
    uint32_t before = link->stream_id;
    rtmp_take_answer(link, message, "play", name);
    if (link->stream_id != before) send_buffer_length(link);
    if (rtmp_command_is(message, "onStatus") && rtmp_mentions(message, "error")) link->failed = 1;
    return;
  }
  flow_take(&reader_of(link)->flow, message->type, message->timestamp_ms, message->kept, message->length, bits_per_second, now);
}

static void reader_connected(struct reader *reader) {
  struct rtmp_link *link = &links[reader - readers];
  link->fd = reader->fd;
  rtmp_greet(link);
}

static int reader_take(struct reader *reader, const unsigned char *data, size_t length, uint64_t now) {
  struct rtmp_link *link = &links[reader - readers];
  rtmp_take(link, data, length, now);
  return !link->failed;
}

int main(int count, char **words) {
  struct sockaddr_in address;
  bits_per_second = count == 9 ? strtoull(words[5], NULL, 10) : 0;
  if (count != 9 || !prepare_receivers(&address, words[1], words[2], atoi(words[6]))) {
    fprintf(stderr, "usage: rtmp-sink HOST PORT APP NAME BITS_PER_SECOND READERS WARMUP_SECONDS SECONDS\n");
    return 2;
  }
  app = words[3];
  name = words[4];
  snprintf(url, sizeof url, "rtmp://%s:%s/%s", words[1], words[2], app);
  links = calloc((size_t)reader_count, sizeof *links);
  if (links == NULL) fail("calloc");
  run_receivers(&address, (uint64_t)(atof(words[7]) * 1e6), (uint64_t)(atof(words[8]) * 1e6));
  return 0;
}
