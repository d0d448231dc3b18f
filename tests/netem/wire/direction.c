#include "direction.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UDP 17
#define IPV4_MF_OR_OFFSET 0x3fff

/* xorshift128+: small, and the same everywhere. */
static uint64_t random_next(struct direction *direction) {
  uint64_t a = direction->random[0], b = direction->random[1];
  direction->random[0] = b;
  a ^= a << 23;
  direction->random[1] = a ^ b ^ (a >> 17) ^ (b >> 26);
  return direction->random[1] + b;
}

/* 0 up to, not including, 1. */
static double random_part(struct direction *direction) {
  return (double)(random_next(direction) >> 11) / 9007199254740992.0;
}

static bool happens(struct direction *direction, double chance) {
  return chance > 0 && random_part(direction) < chance;
}

void direction_start(struct direction *direction, uint64_t seed) {
  memset(direction, 0, sizeof *direction);
  /* splitmix64 fills the state from a seed that may be small. */
  for (int i = 0; i < 2; i++) {
    uint64_t z = seed += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    direction->random[i] = z ^ (z >> 31);
  }
  direction->settings.queue = 200;
  direction->settings.reorder_us = 5000;
  direction->under_way = calloc(UNDER_WAY_MOST, sizeof *direction->under_way);
  direction->spare = calloc(UNDER_WAY_MOST, sizeof *direction->spare);
  if (direction->under_way == NULL || direction->spare == NULL) {
    perror("calloc");
    exit(1);
  }
}

static bool before(const struct packet *a, const struct packet *b) {
  return a->due_us != b->due_us ? a->due_us < b->due_us : a->number < b->number;
}

static void heap_push(struct direction *direction, struct packet *packet) {
  struct packet **heap = direction->under_way;
  size_t at = direction->count++;
  while (at > 0 && before(packet, heap[(at - 1) / 2])) {
    heap[at] = heap[(at - 1) / 2];
    at = (at - 1) / 2;
  }
  heap[at] = packet;
}

static struct packet *heap_take(struct direction *direction) {
  struct packet **heap = direction->under_way;
  struct packet *first = heap[0], *last = heap[--direction->count];
  size_t at = 0;
  for (;;) {
    size_t child = 2 * at + 1;
    if (child >= direction->count) break;
    if (child + 1 < direction->count && before(heap[child + 1], heap[child])) child++;
    if (!before(heap[child], last)) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = last;
  return first;
}

enum kind { OTHER, SRT_DATA, SRT_AGAIN, SRT_CONTROL };

/* What a packet is, taking every UDP packet over IPv4 for SRT. */
static enum kind kind_of(const unsigned char *bytes, size_t length) {
  if (length < 20 || bytes[0] >> 4 != 4 || bytes[9] != UDP) return OTHER;
  if (((bytes[6] << 8 | bytes[7]) & IPV4_MF_OR_OFFSET) != 0) return OTHER;
  size_t at = (size_t)(bytes[0] & 15) * 4 + 8;
  if (length < at + 16) return OTHER;
  if ((bytes[at] & 0x80) != 0) return SRT_CONTROL;
  return (bytes[at + 4] & 0x04) != 0 ? SRT_AGAIN : SRT_DATA;
}

static void count_kind(struct counters *counters, enum kind kind) {
  if (kind == SRT_DATA) counters->srt_data++;
  if (kind == SRT_AGAIN) counters->srt_again++;
  if (kind == SRT_CONTROL) counters->srt_control++;
}

static bool is_lost(struct direction *direction) {
  const struct settings *settings = &direction->settings;
  if (settings->burst_worse > 0) {
    direction->bad = direction->bad ? !happens(direction, settings->burst_better)
                                    : happens(direction, settings->burst_worse);
    if (direction->bad) return true;
  }
  return happens(direction, settings->loss);
}

/* When the last bit is through the bottleneck; false when its queue is full. */
static bool through_bottleneck(struct direction *direction, size_t length, uint64_t now_us, uint64_t *out_us) {
  uint64_t rate = direction->settings.rate;
  *out_us = now_us;
  if (rate == 0) return true;
  uint64_t packet_us = ((uint64_t)length * 8000000u + rate - 1) / rate;
  uint64_t start_us = direction->free_us > now_us ? direction->free_us : now_us;
  if (start_us - now_us > direction->settings.queue * packet_us) return false;
  *out_us = direction->free_us = start_us + packet_us;
  return true;
}

static bool schedule(struct direction *direction, const unsigned char *bytes, size_t length, uint64_t start_us) {
  const struct settings *settings = &direction->settings;
  uint64_t due_us = start_us + settings->delay_us;
  if (settings->jitter_us > 0) {
    double shift = (random_part(direction) * 2 - 1) * (double)settings->jitter_us;
    due_us = shift < 0 && (uint64_t)-shift > settings->delay_us ? start_us : (uint64_t)((double)due_us + shift);
  }
  if (!settings->jitter_reorders) {
    if (due_us < direction->last_due_us) due_us = direction->last_due_us;
    direction->last_due_us = due_us;
  }
  if (happens(direction, settings->reorder)) {
    direction->counters.held_back++;
    due_us += settings->reorder_us;
  }
  if (direction->count == UNDER_WAY_MOST) return false;
  struct packet *packet =
      direction->spares > 0 ? direction->spare[--direction->spares] : malloc(sizeof(struct packet));
  if (packet == NULL) return false;
  packet->due_us = due_us;
  packet->number = direction->next_number++;
  packet->length = length;
  memcpy(packet->bytes, bytes, length);
  heap_push(direction, packet);
  return true;
}

void direction_take(struct direction *direction, const unsigned char *bytes, size_t length, uint64_t now_us) {
  struct counters *counters = &direction->counters;
  enum kind kind = kind_of(bytes, length);
  uint64_t start_us;
  counters->packets++;
  counters->bytes += length;
  count_kind(counters, kind);
  if (is_lost(direction)) {
    counters->lost++;
  } else if (!through_bottleneck(direction, length, now_us, &start_us) ||
             !schedule(direction, bytes, length, start_us)) {
    counters->dropped++;
  } else {
    if (happens(direction, direction->settings.duplicate) && schedule(direction, bytes, length, start_us)) {
      counters->duplicated++;
    }
    return;
  }
  if (kind == SRT_DATA) counters->srt_data_lost++;
}

uint64_t direction_due_us(const struct direction *direction) {
  return direction->count == 0 ? UINT64_MAX : direction->under_way[0]->due_us;
}

void direction_pass(struct direction *direction, int fd, uint64_t now_us) {
  while (direction->count > 0 && direction->under_way[0]->due_us <= now_us) {
    struct packet *packet = heap_take(direction);
    if (write(fd, packet->bytes, packet->length) == (ssize_t)packet->length) {
      direction->counters.passed++;
      direction->counters.passed_bytes += packet->length;
    } else {
      direction->counters.refused++;
    }
    direction->spare[direction->spares++] = packet;
  }
}

static bool read_number(char **rest, double most, double *number) {
  char *word = strtok_r(NULL, " ", rest), *end;
  if (word == NULL) return false;
  errno = 0;
  *number = strtod(word, &end);
  return errno == 0 && end != word && *end == '\0' && isfinite(*number) && *number >= 0 && *number <= most;
}

#define MOST_MS 60000
#define MOST_RATE 1e11

/* One setting, whose name was read already, into `settings`. */
static bool set_one(struct settings *settings, const char *name, char **rest) {
  double a, b;
  if (strcmp(name, "clear") == 0) {
    *settings = (struct settings){.queue = 200, .reorder_us = 5000};
    return true;
  }
  if (strcmp(name, "delay") == 0) {
    if (!read_number(rest, MOST_MS, &a)) return false;
    settings->delay_us = (uint64_t)(a * 1000);
  } else if (strcmp(name, "jitter") == 0 || strcmp(name, "loose-jitter") == 0) {
    if (!read_number(rest, MOST_MS, &a)) return false;
    settings->jitter_us = (uint64_t)(a * 1000);
    settings->jitter_reorders = name[0] == 'l';
  } else if (strcmp(name, "loss") == 0) {
    if (!read_number(rest, 100, &a)) return false;
    settings->loss = a / 100;
  } else if (strcmp(name, "burst") == 0) {
    if (!read_number(rest, 100, &a) || !read_number(rest, 100, &b)) return false;
    settings->burst_worse = a / 100;
    settings->burst_better = b / 100;
  } else if (strcmp(name, "duplicate") == 0) {
    if (!read_number(rest, 100, &a)) return false;
    settings->duplicate = a / 100;
  } else if (strcmp(name, "reorder") == 0) {
    if (!read_number(rest, 100, &a) || !read_number(rest, MOST_MS, &b)) return false;
    settings->reorder = a / 100;
    settings->reorder_us = (uint64_t)(b * 1000);
  } else if (strcmp(name, "rate") == 0) {
    if (!read_number(rest, MOST_RATE, &a) || !read_number(rest, UNDER_WAY_MOST, &b)) return false;
    settings->rate = (uint64_t)a;
    settings->queue = (uint64_t)b;
  } else {
    return false;
  }
  return true;
}

bool direction_set(struct direction *direction, char *words, const char **wrong) {
  /* All or nothing. */
  struct settings settings = direction->settings;
  char *rest = NULL;
  for (char *name = strtok_r(words, " ", &rest); name != NULL; name = strtok_r(NULL, " ", &rest)) {
    *wrong = name;
    if (!set_one(&settings, name, &rest)) return false;
  }
  direction->settings = settings;
  return true;
}

void direction_print(const struct direction *direction, FILE *to) {
  const struct counters *c = &direction->counters;
  const struct {
    const char *name;
    uint64_t value;
  } fields[] = {
      {"packets", c->packets},       {"bytes", c->bytes},
      {"lost", c->lost},             {"dropped", c->dropped},
      {"duplicated", c->duplicated}, {"heldBack", c->held_back},
      {"passed", c->passed},         {"passedBytes", c->passed_bytes},
      {"refused", c->refused},       {"underWay", direction->count},
      {"srtData", c->srt_data},      {"srtAgain", c->srt_again},
      {"srtControl", c->srt_control}, {"srtDataLost", c->srt_data_lost},
  };
  for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
    fprintf(to, "%s\"%s\":%llu", i == 0 ? "{" : ",", fields[i].name, (unsigned long long)fields[i].value);
  }
  fputc('}', to);
}
