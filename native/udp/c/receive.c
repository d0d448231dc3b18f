/* Receiving: recvmmsg straight into the memory of the environment, coalesced messages taken apart by their segment size. */
#include "udp.h"

#include <errno.h>
#include <string.h>
#include <time.h>

enum { IDLE_ERRORS = 64, OLDEST_S = 10 };

/* What never changes between calls. */
void rx_prepare(rx_state *rx) {
  for (int i = 0; i < RX_MESSAGES; i++) {
    rx->parts[i].iov_len = 65536;
    rx->messages[i].msg_hdr.msg_iov = &rx->parts[i];
    rx->messages[i].msg_hdr.msg_iovlen = 1;
    rx->messages[i].msg_hdr.msg_name = &rx->addresses[i];
    rx->messages[i].msg_hdr.msg_control = rx->controls[i].bytes;
  }
}

static double now_real_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

typedef struct {
  int segment;
  double age_ns;
} message_facts;

/* The size of the segments, 0 for a message that is one datagram, and how long ago the kernel had it. */
static message_facts read_control(struct msghdr *message, double now_ns) {
  message_facts facts = {0, 0};
  for (struct cmsghdr *it = CMSG_FIRSTHDR(message); it != NULL; it = CMSG_NXTHDR(message, it)) {
    if (it->cmsg_level == SOL_UDP && it->cmsg_type == UDP_GRO) {
      memcpy(&facts.segment, CMSG_DATA(it), sizeof facts.segment);
    } else if (it->cmsg_level == SOL_SOCKET && it->cmsg_type == SCM_TIMESTAMPNS) {
      struct timespec stamp;
      memcpy(&stamp, CMSG_DATA(it), sizeof stamp);
      double age = now_ns - ((double)stamp.tv_sec * 1e9 + (double)stamp.tv_nsec);
      /* Beyond that somebody set the clock. */
      facts.age_ns = age > 0 && age < OLDEST_S * 1e9 ? age : 0;
    }
  }
  return facts;
}

static int receive_batch(udp_socket *socket, uint8_t *memory) {
  rx_state *rx = &socket->data->rx;
  for (int i = 0; i < RX_MESSAGES; i++) {
    struct msghdr *it = &rx->messages[i].msg_hdr;
    rx->parts[i].iov_base = memory + (size_t)i * RX_STRIDE;
    it->msg_namelen = sizeof rx->addresses[i];
    it->msg_controllen = sizeof rx->controls[i].bytes;
    it->msg_flags = 0;
  }
  int count;
  do count = recvmmsg(socket->fd, rx->messages, RX_MESSAGES, MSG_DONTWAIT, NULL);
  while (count < 0 && errno == EINTR);
  socket->receive_calls++;
  return count;
}

static bool deliver(udp_socket *socket, int packets) {
  udp_env *data = socket->data;
  data->delivering = true;
  bool open = socket_call(socket, EVENT_PACKETS, packets);
  data->delivering = false;
  return open;
}

/* Describes the datagrams of `count` messages and hands them over. False when the socket is no longer to be read. */
static bool describe(udp_socket *socket, uint8_t *memory, int count) {
  rx_state *rx = &socket->data->rx;
  double *ages = (double *)(memory + RX_AGES_AT);
  int32_t *offsets = (int32_t *)(memory + RX_OFFSETS_AT);
  int32_t *lengths = (int32_t *)(memory + RX_LENGTHS_AT);
  int32_t *senders = (int32_t *)(memory + RX_SENDERS_AT);
  int32_t *addresses = (int32_t *)(memory + RX_ADDRESSES_AT);
  double now_ns = now_real_ns();
  int packets = 0;
  for (int i = 0; i < count; i++) {
    struct msghdr *message = &rx->messages[i].msg_hdr;
    int length = (int)rx->messages[i].msg_len;
    message_facts facts = read_control(message, now_ns);
    if (message->msg_flags & MSG_TRUNC) socket->truncated++;
    address_to_words(&rx->addresses[i], addresses + i * RX_ADDRESS_WORDS);
    ages[i] = facts.age_ns;
    int segment = facts.segment > 0 && facts.segment < length ? facts.segment : length;
    if (segment < length) socket->coalesced++;
    int at = 0;
    do {
      if (packets == RX_PACKETS) {
        if (!deliver(socket, packets)) return false;
        /* JavaScript ran: the memory may be gone. */
        if (memory_of(socket->data->env, socket->data->rx_memory, RX_BYTES, NULL) != memory) return false;
        packets = 0;
      }
      int size = length - at < segment ? length - at : segment;
      offsets[packets] = i * RX_STRIDE + at;
      lengths[packets] = size;
      senders[packets++] = i;
      at += size;
    } while (at < length);
  }
  return deliver(socket, packets);
}

/* Reads until nothing is left or others are to have their turn. */
static void receive(udp_socket *socket, int rounds) {
  udp_env *data = socket->data;
  for (int round = 0; round < rounds; round++) {
    napi_handle_scope scope;
    if (napi_open_handle_scope(data->env, &scope) != napi_ok) return;
    uint8_t *memory = memory_of(data->env, data->rx_memory, RX_BYTES, NULL);
    int count = memory == NULL ? 0 : receive_batch(socket, memory);
    bool more = count == RX_MESSAGES;
    if (count > 0) more = describe(socket, memory, count) && more;
    else if (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
      /* An answer of the network to something sent (ICMP), which does not keep what follows from being read. */
      int code = errno;
      socket->receive_errors++;
      more = socket_call(socket, EVENT_ERROR, code);
    }
    napi_close_handle_scope(data->env, scope);
    if (!more) return;
  }
}

/* libuv says no more than that there is an error, and has stopped watching: the socket knows which. */
static void on_error(udp_socket *socket) {
  int code = 0;
  socklen_t length = sizeof code;
  if (getsockopt(socket->fd, SOL_SOCKET, SO_ERROR, &code, &length) < 0) code = errno;
  char discarded[1];
  struct iovec part = {discarded, sizeof discarded};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  bool drained = false;
  while (recvmsg(socket->fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0) drained = true;
  socket->idle_errors = code == 0 && !drained ? socket->idle_errors + 1 : 0;
  bool open = true;
  if (code != 0) {
    socket->receive_errors++;
    napi_handle_scope scope;
    if (napi_open_handle_scope(socket->data->env, &scope) != napi_ok) return;
    open = socket_call(socket, EVENT_ERROR, code);
    napi_close_handle_scope(socket->data->env, scope);
  }
  if (open && socket->idle_errors < IDLE_ERRORS) socket_watch(socket);
}

void udp_on_poll(uv_poll_t *poll, int status, int events) {
  udp_socket *socket = poll->data;
  if (socket->closing) return;
  if (status < 0) {
    on_error(socket);
    return;
  }
  if (events & UV_WRITABLE) {
    socket->wants_writable = false;
    socket_watch(socket);
    napi_handle_scope scope;
    if (napi_open_handle_scope(socket->data->env, &scope) != napi_ok) return;
    bool open = socket_call(socket, EVENT_WRITABLE, 0);
    napi_close_handle_scope(socket->data->env, scope);
    if (!open) return;
  }
  if (events & UV_READABLE) receive(socket, RX_ROUNDS);
}

/* receive(socket): reads what waits, now. False inside of a callback with packets, whose memory it would overwrite. */
napi_value udp_receive(napi_env env, napi_callback_info info) {
  napi_value result;
  udp_socket *socket = socket_arguments(env, info, 1, NULL);
  if (socket == NULL) return NULL;
  bool may = !socket->data->delivering && !socket->closing;
  if (may) {
    socket->data->called = true;
    receive(socket, RX_ROUNDS);
    socket->data->called = false;
  }
  if (napi_get_boolean(env, may, &result) != napi_ok) return NULL;
  return result;
}
