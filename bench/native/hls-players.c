/*
 * Players of low-latency HLS: N connections, each of which asks for the playlist that has the next part in it (a blocking
 * request, rfc8216bis §6.2.5.2), then for that part, and so on. With files instead of a live stream they ask for the same, a
 * playlist and a part, each time that a part's duration has gone by.
 *
 *   hls-players HOST PORT PATH STREAMS PLAYERS PERIOD_MS WARMUP_SECONDS SECONDS [FILES]
 *
 * PATH is that of the folder; a `%` in it stands for the number of the stream, from 0. In the folder there is `v1.ll.m3u8`, or,
 * with FILES, `playlist.m3u8` and `part-0.m4s` to `part-(FILES-1).m4s`. PLAYERS is for each stream.
 *
 * Once every player had a part it lets WARMUP_SECONDS pass, prints {"event":"start"}, measures for SECONDS, prints
 * {"event":"end", ...} and ends. `late`: the next playlist took longer than two periods. `missed`: parts that were never seen
 * because the playlist already had later ones. `bad`: an answer other than 200, or a part that is no box.
 *
 * Exit status: 0; 1 when players had no part within 60 s; 2 for a bad call.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_EVENTS 512
#define HEAD_BYTES 2048
#define START_LIMIT_NS 60000000000ull
/* New connections in one go, so that the listener's queue never overflows. */
#define CONNECT_STEP 64

enum wanted { NOTHING, PLAYLIST, PART };

struct player {
  int fd;
  int stream;
  int number;
  enum wanted wanted;
  /* The head of an answer until its empty line, then its body. */
  int in_body;
  unsigned head_length;
  char head[HEAD_BYTES];
  uint64_t body_left;
  uint64_t body_at;
  /* Body of a playlist, or the beginning of a part. */
  char *text;
  size_t text_room;
  /* What the next playlist has to have. */
  long msn;
  long part;
  long last_msn;
  long last_part;
  char uri[256];
  int known;
  uint64_t seen_ns;
  uint64_t due_ns;
  int had_part;
  int closed;
};

static struct player *players;
static int player_count, alive, ready, epoll_fd;
static const char *host;
static int port;
static const char *folder;
static int files;
static uint64_t period_ns;
static int measuring;
static uint64_t bytes, playlists, parts, late, missed, bad, longest_ns;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void end_player(struct player *player) {
  if (player->closed) return;
  close(player->fd);
  player->closed = 1;
  alive--;
}

/* The folder's path, with the stream's number in it. */
static void write_folder(char *into, size_t room, const struct player *player) {
  const char *mark = strchr(folder, '%');
  if (mark == NULL) snprintf(into, room, "%s", folder);
  else snprintf(into, room, "%.*s%d%s", (int)(mark - folder), folder, player->stream, mark + 1);
}

static void ask(struct player *player, enum wanted wanted, const char *name) {
  char path[512], request[1024];
  write_folder(path, sizeof path, player);
  int length = snprintf(request, sizeof request, "GET %s/%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: player-%d\r\n\r\n",
                        path, name, host, player->number);
  player->wanted = wanted;
  player->in_body = 0;
  player->head_length = 0;
  player->body_at = 0;
  if (send(player->fd, request, (size_t)length, MSG_NOSIGNAL) != length) end_player(player);
}

static void ask_playlist(struct player *player) {
  char name[128];
  if (files > 0) snprintf(name, sizeof name, "playlist.m3u8");
  else if (!player->known) snprintf(name, sizeof name, "v1.ll.m3u8");
  else snprintf(name, sizeof name, "v1.ll.m3u8?_HLS_msn=%ld&_HLS_part=%ld", player->msn, player->part);
  ask(player, PLAYLIST, name);
}

/* Finds the newest part, and which one comes next. */
static int read_playlist(struct player *player) {
  char *text = player->text;
  long msn = 0, open_parts = 0, whole_parts = 0;
  char *newest = NULL;
  for (char *line = text; line != NULL && *line != 0;) {
    char *end = strchr(line, '\n');
    if (strncmp(line, "#EXT-X-MEDIA-SEQUENCE:", 22) == 0) msn += atol(line + 22);
    else if (strncmp(line, "#EXTINF:", 8) == 0) {
      msn++;
      whole_parts = open_parts;
      open_parts = 0;
    } else if (strncmp(line, "#EXT-X-PART:", 12) == 0) {
      open_parts++;
      newest = line;
    }
    line = end == NULL ? NULL : end + 1;
  }
  if (newest == NULL) return 0;
  char *uri = strstr(newest, "URI=\"");
  if (uri == NULL || sscanf(uri, "URI=\"%255[^\"]\"", player->uri) != 1) return 0;
  long last_msn = open_parts > 0 ? msn : msn - 1, last_part = (open_parts > 0 ? open_parts : whole_parts) - 1;
  if (player->known && measuring) {
    if (last_msn == player->last_msn && last_part > player->last_part + 1)
      missed += (uint64_t)(last_part - player->last_part - 1);
    if (last_msn > player->last_msn && last_part > 0 && open_parts > 1) missed += (uint64_t)last_part;
  }
  player->last_msn = last_msn;
  player->last_part = last_part;
  player->msn = msn;
  player->part = open_parts;
  player->known = 1;
  return 1;
}

static void note_playlist(struct player *player, uint64_t now) {
  if (measuring && player->seen_ns != 0) {
    uint64_t gap = now - player->seen_ns;
    if (gap > longest_ns) longest_ns = gap;
    if (gap > 2 * period_ns) late++;
  }
  player->seen_ns = now;
  if (measuring) playlists++;
}

static void end_answer(struct player *player, uint64_t now) {
  if (player->wanted == PLAYLIST) {
    player->text[player->body_at] = 0;
    note_playlist(player, now);
    if (files > 0) {
      snprintf(player->uri, sizeof player->uri, "part-%ld.m4s", player->part++ % files);
    } else if (!read_playlist(player)) {
      bad++;
      ask_playlist(player);
      return;
    }
    ask(player, PART, player->uri);
    return;
  }
  if (measuring) parts++;
  if (!player->had_part) {
    player->had_part = 1;
    ready++;
  }
  if (files == 0) ask_playlist(player);
  else player->wanted = NOTHING;
}

static int begin_body(struct player *player) {
  player->head[player->head_length] = 0;
  int status = -1;
  sscanf(player->head, "HTTP/1.%*d %d", &status);
  const char *length = strcasestr(player->head, "\r\ncontent-length:");
  if (length == NULL) return 0;
  player->body_left = strtoull(length + 17, NULL, 10);
  player->in_body = 1;
  if (player->body_left + 1 > player->text_room && player->wanted == PLAYLIST) {
    player->text_room = player->body_left * 2 + 1;
    player->text = realloc(player->text, player->text_room);
    if (player->text == NULL) fail("realloc");
  }
  if (status != 200) {
    if (measuring || ready == player_count) bad++;
    /* It is not there yet, or not any more: start over. */
    player->known = 0;
    return status > 0;
  }
  return 1;
}

static void take_body(struct player *player, const char *data, size_t length) {
  if (player->wanted == PLAYLIST) memcpy(player->text + player->body_at, data, length);
  else if (player->body_at < 8 && player->body_at + length >= 8 && player->body_at == 0) {
    if (memcmp(data + 4, "moof", 4) != 0 && memcmp(data + 4, "styp", 4) != 0 && memcmp(data + 4, "prft", 4) != 0 &&
        memcmp(data + 4, "emsg", 4) != 0)
      bad++;
  }
  player->body_at += length;
  player->body_left -= length;
  if (measuring) bytes += length;
}

static void take(struct player *player, const char *data, size_t length, uint64_t now) {
  while (length > 0 && !player->closed) {
    if (!player->in_body) {
      while (length > 0 && !player->in_body) {
        if (player->head_length >= HEAD_BYTES - 1) {
          end_player(player);
          return;
        }
        player->head[player->head_length++] = *data++;
        length--;
        if (player->head_length >= 4 && memcmp(player->head + player->head_length - 4, "\r\n\r\n", 4) == 0 &&
            !begin_body(player)) {
          bad++;
          end_player(player);
          return;
        }
      }
      if (!player->in_body) return;
    }
    size_t share = length < player->body_left ? length : (size_t)player->body_left;
    take_body(player, data, share);
    data += share;
    length -= share;
    if (player->body_left == 0) end_answer(player, now);
  }
}

static void on_readable(struct player *player) {
  static char buffer[256 * 1024];
  for (;;) {
    ssize_t got = recv(player->fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      end_player(player);
      return;
    }
    take(player, buffer, (size_t)got, now_ns());
    if (player->closed || (size_t)got < sizeof buffer) return;
  }
}

static void connect_player(struct player *player, int number, int per_stream) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  inet_pton(AF_INET, host, &address.sin_addr);
  player->number = number;
  player->stream = number / per_stream;
  player->text_room = 16384;
  player->text = malloc(player->text_room);
  player->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (player->fd < 0 || player->text == NULL) fail("socket");
  if (connect(player->fd, (struct sockaddr *)&address, sizeof address) < 0) fail("connect");
  int one = 1;
  setsockopt(player->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = player};
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, player->fd, &event) < 0) fail("epoll_ctl");
  alive++;
  ask_playlist(player);
}

/* With files: all players ask again at the same moment, as they do when a part is there. */
static void ask_due(uint64_t now) {
  static uint64_t due;
  if (files == 0 || now < due) return;
  due = (due == 0 ? now : due) + period_ns;
  for (int i = 0; i < player_count; i++)
    if (players[i].fd > 0 && !players[i].closed && players[i].wanted == NOTHING) ask_playlist(&players[i]);
}

static void poll_once(int timeout_ms) {
  struct epoll_event events[MAX_EVENTS];
  int count = epoll_wait(epoll_fd, events, MAX_EVENTS, timeout_ms);
  for (int i = 0; i < count; i++)
    if (!((struct player *)events[i].data.ptr)->closed) on_readable(events[i].data.ptr);
  ask_due(now_ns());
}

static void run_for(uint64_t ns) {
  for (uint64_t end = now_ns() + ns; now_ns() < end;) poll_once(files > 0 ? 5 : 50);
}

int main(int count, char **words) {
  if (count < 9) {
    fprintf(stderr, "usage: %s HOST PORT PATH STREAMS PLAYERS PERIOD_MS WARMUP_S SECONDS [FILES]\n", words[0]);
    return 2;
  }
  host = words[1];
  port = atoi(words[2]);
  folder = words[3];
  int streams = atoi(words[4]), per_stream = atoi(words[5]);
  period_ns = (uint64_t)(atof(words[6]) * 1e6);
  double warm_up_s = atof(words[7]), seconds = atof(words[8]);
  files = count > 9 ? atoi(words[9]) : 0;
  player_count = streams * per_stream;
  if (player_count < 1 || period_ns == 0 || seconds <= 0) return 2;
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  players = calloc((size_t)player_count, sizeof *players);
  epoll_fd = epoll_create1(0);
  if (players == NULL || epoll_fd < 0) fail("start");
  for (int i = 0; i < player_count; i++) {
    connect_player(&players[i], i, per_stream);
    if (i % CONNECT_STEP == CONNECT_STEP - 1) poll_once(1);
  }
  for (uint64_t end = now_ns() + START_LIMIT_NS; ready < player_count;) {
    poll_once(50);
    if (now_ns() > end || alive < player_count) {
      fprintf(stderr, "%d of %d players had a part, %d are connected\n", ready, player_count, alive);
      return 1;
    }
  }
  run_for((uint64_t)(warm_up_s * 1e9));
  bad = 0;
  for (int i = 0; i < player_count; i++) players[i].seen_ns = 0;
  measuring = 1;
  printf("{\"event\":\"start\"}\n");
  fflush(stdout);
  uint64_t started = now_ns();
  run_for((uint64_t)(seconds * 1e9));
  printf("{\"event\":\"end\",\"seconds\":%.3f,\"bytes\":%llu,\"playlists\":%llu,\"parts\":%llu,\"late\":%llu,"
         "\"missed\":%llu,\"bad\":%llu,\"longestGapMs\":%.1f,\"closed\":%d}\n",
         (double)(now_ns() - started) / 1e9, (unsigned long long)bytes, (unsigned long long)playlists,
         (unsigned long long)parts, (unsigned long long)late, (unsigned long long)missed, (unsigned long long)bad,
         (double)longest_ns / 1e6, player_count - alive);
  fflush(stdout);
  return 0;
}
