/*
 * Sending: descriptors that JavaScript wrote become messages of one sendmmsg, and runs of equal length to one place become
 * one message that the kernel cuts (UDP_SEGMENT).
 */
#include "udp.h"

#include <errno.h>
#include <string.h>

/* Words of a descriptor. */
enum { D_SLAB, D_OFFSET, D_LENGTH, D_HEAD_OFFSET, D_HEAD_LENGTH, D_ADDRESS, ADDRESS_WORDS = 6 };

typedef struct {
  uint8_t *bytes;
  size_t length;
} span;

typedef struct {
  udp_socket *socket;
  const int32_t *descriptors;
  int count;
  /* The arena, then the slabs. */
  span memory[1 + TX_SLABS];
  int slabs;
} job;

static const int32_t *descriptor(const job *it, int index) { return it->descriptors + (size_t)index * TX_WORDS; }

/* Only of a sound one. */
static int length_of(const int32_t *words) { return words[D_LENGTH] + words[D_HEAD_LENGTH]; }

static bool lies_in(const span *memory, int32_t offset, int32_t length) {
  return offset >= 0 && length >= 0 && (size_t)offset + (size_t)length <= memory->length;
}

static bool is_sound(const job *it, const int32_t *words) {
  if (words[D_SLAB] < 0 || words[D_SLAB] > it->slabs) return false;
  if (!lies_in(&it->memory[words[D_SLAB]], words[D_OFFSET], words[D_LENGTH])) return false;
  return lies_in(&it->memory[0], words[D_HEAD_OFFSET], words[D_HEAD_LENGTH]);
}

static int add_parts(const job *it, const int32_t *words, struct iovec *parts) {
  int used = 0;
  if (words[D_HEAD_LENGTH] > 0)
    parts[used++] = (struct iovec){it->memory[0].bytes + words[D_HEAD_OFFSET], (size_t)words[D_HEAD_LENGTH]};
  parts[used++] = (struct iovec){it->memory[words[D_SLAB]].bytes + words[D_OFFSET], (size_t)words[D_LENGTH]};
  return used;
}

/* How many datagrams from `first` on can go as one message: all as long as the first, the last perhaps shorter. */
static int run_length(const job *it, int first) {
  const int32_t *head = descriptor(it, first);
  int size = length_of(head);
  if (!it->socket->gso || size == 0 || size > it->socket->gso_limit) return 1;
  int total = size, run = 1;
  while (run < TX_SEGMENTS && first + run < it->count) {
    const int32_t *words = descriptor(it, first + run);
    if (!is_sound(it, words)) break;
    int length = length_of(words);
    if (length == 0 || length > size || total + length > TX_RUN_BYTES) break;
    if (memcmp(words + D_ADDRESS, head + D_ADDRESS, ADDRESS_WORDS * sizeof *words) != 0) break;
    total += length;
    run++;
    if (length < size) break;
  }
  return run;
}

static void set_segment(tx_state *tx, int index, int size) {
  struct msghdr *message = &tx->messages[index].msg_hdr;
  uint16_t segment = (uint16_t)size;
  message->msg_control = tx->controls[index].bytes;
  message->msg_controllen = CMSG_SPACE(sizeof segment);
  struct cmsghdr *header = CMSG_FIRSTHDR(message);
  header->cmsg_level = SOL_UDP;
  header->cmsg_type = UDP_SEGMENT;
  header->cmsg_len = CMSG_LEN(sizeof segment);
  memcpy(CMSG_DATA(header), &segment, sizeof segment);
}

/* Makes messages of the datagrams from `first` on; returns how many. 0: the first of them makes no sense. */
static int build(const job *it, int first) {
  tx_state *tx = &it->socket->data->tx;
  int messages = 0, parts = 0;
  while (first < it->count && messages < TX_MESSAGES) {
    const int32_t *words = descriptor(it, first);
    if (!is_sound(it, words)) break;
    int run = run_length(it, first);
    struct msghdr *message = &tx->messages[messages].msg_hdr;
    memset(message, 0, sizeof *message);
    if (words[D_ADDRESS] != 0) {
      message->msg_namelen = address_from_words(&tx->addresses[messages], words + D_ADDRESS, it->socket->family);
      if (message->msg_namelen == 0) break;
      message->msg_name = &tx->addresses[messages];
    }
    message->msg_iov = &tx->parts[parts];
    for (int i = 0; i < run; i++) parts += add_parts(it, descriptor(it, first + i), &tx->parts[parts]);
    message->msg_iovlen = (size_t)(&tx->parts[parts] - message->msg_iov);
    if (run > 1) set_segment(tx, messages, length_of(words));
    tx->counts[messages++] = run;
    first += run;
  }
  return messages;
}

/* The kernel, the device or the path does not segment this: it is to be done without. False if that is not what is wrong. */
static bool without_segments(udp_socket *socket, int code, int size) {
  if (code == EINVAL || code == EMSGSIZE) {
    socket->gso_limit = size - 1;
    return true;
  }
  if (code != EIO && code != EOPNOTSUPP && code != ENOPROTOOPT) return false;
  socket->gso = false;
  return true;
}

/* Sends in order. Returns how many datagrams are done with, the refused ones among them. */
static int send_all(job *it, int *errors, int *last_error) {
  udp_socket *socket = it->socket;
  tx_state *tx = &socket->data->tx;
  int done = 0, failed_at = -1;
  while (done < it->count) {
    int messages = build(it, done);
    int sent = 0, code = EFAULT;
    if (messages > 0) {
      do sent = sendmmsg(socket->fd, tx->messages, (unsigned)messages, MSG_DONTWAIT | MSG_NOSIGNAL);
      while (sent < 0 && errno == EINTR);
      code = errno;
      socket->send_calls++;
    } else {
      tx->counts[0] = 1;
    }
    if (sent > 0) {
      for (int i = 0; i < sent; i++) {
        done += tx->counts[i];
        if (tx->counts[i] > 1) socket->segmented++;
      }
      continue;
    }
    if (messages > 0 && (code == EAGAIN || code == EWOULDBLOCK)) break;
    if (tx->counts[0] > 1 && without_segments(socket, code, length_of(descriptor(it, done)))) continue;
    *last_error = code;
    if (messages > 0 && failed_at != done) {
      /* It may be about an earlier datagram (ICMP), told once: a whole run is not to be lost for that. */
      failed_at = done;
      if (tx->counts[0] > 1) continue;
    }
    *errors += tx->counts[0];
    done += tx->counts[0];
  }
  return done;
}

static bool find_slabs(napi_env env, napi_value list, int32_t count, job *it) {
  if (count < 0 || count > TX_SLABS) return false;
  for (int32_t i = 0; i < count; i++) {
    napi_value slab;
    napi_typedarray_type kind;
    void *bytes;
    size_t length;
    if (napi_get_element(env, list, (uint32_t)i, &slab) != napi_ok) return false;
    if (napi_get_typedarray_info(env, slab, &kind, &length, &bytes, NULL, NULL) != napi_ok) return false;
    if (kind != napi_uint8_array) return false;
    it->memory[1 + i] = (span){bytes, length};
  }
  it->slabs = count;
  return true;
}

/*
 * flush(socket, count, slabs, slabCount): sends the first `count` descriptors and returns how many are done with; when those are not
 * all, the socket's buffer is full and the callback will say when it no longer is. In the head of the send memory: the
 * datagrams that were refused, and the system's number for why.
 */
napi_value udp_flush(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  udp_socket *socket = socket_arguments(env, info, 4, arguments);
  if (socket == NULL) return NULL;
  job it = {.socket = socket};
  size_t length = 0;
  uint8_t *memory = memory_of(env, socket->tx_memory, TX_ARENA_AT, &length);
  int32_t count, slabs;
  if (memory == NULL || napi_get_value_int32(env, arguments[1], &count) != napi_ok || count < 0 ||
      count > TX_PACKETS || napi_get_value_int32(env, arguments[3], &slabs) != napi_ok ||
      !find_slabs(env, arguments[2], slabs, &it)) {
    napi_throw_type_error(env, "EINVAL", "flush: wrong memory, count or slabs");
    return NULL;
  }
  int32_t *head = (int32_t *)memory;
  int errors = 0, last_error = 0, done = count;
  it.descriptors = (const int32_t *)(memory + TX_DESCRIPTORS_AT);
  it.memory[0] = (span){memory + TX_ARENA_AT, length - TX_ARENA_AT};
  it.count = count;
  if (!socket->closing) {
    done = send_all(&it, &errors, &last_error);
    socket->send_errors += errors;
    if (done < count && !socket->wants_writable) {
      socket->wants_writable = true;
      socket_watch(socket);
    }
  }
  head[0] = errors;
  head[1] = last_error;
  return number(env, done);
}
