/*
 * Batched UDP for Node.js on Linux: what the files of this addon share.
 *
 * Every environment (main thread or worker) has data of its own; nothing is static. Memory that JavaScript hands over is
 * looked up anew at every call, so that a detached buffer is an error and never a stray pointer.
 */
#ifndef MILLRACE_UDP_H
#define MILLRACE_UDP_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#define NAPI_VERSION 9

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

#include "node_api.h"

/* Linux 4.18 and 5.0; older headers lack them. */
#ifndef SOL_UDP
#define SOL_UDP 17
#endif
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif
#ifndef SO_MEMINFO
#define SO_MEMINFO 55
#endif

/* Raised whenever what JavaScript and C tell each other changes its form. */
#define ABI_VERSION 1

enum {
  /* Messages of one recvmmsg, each as large as UDP allows. */
  RX_MESSAGES = 32,
  /* Not a power of two: the starts of the messages, often all that is used of them, fall into different cache sets. */
  RX_STRIDE = 65536 + 1408,
  /* Datagrams of one call into JavaScript; a coalesced message holds up to 128. */
  RX_PACKETS = 4096,
  RX_ADDRESS_WORDS = 8,
  RX_CONTROL_BYTES = 128,
  /* recvmmsg calls before other handles of the loop get their turn. */
  RX_ROUNDS = 8,

  TX_PACKETS = 256,
  TX_WORDS = 12,
  TX_HEAD_WORDS = 4,
  TX_MESSAGES = 64,
  TX_SLABS = 16,
  TX_CONTROL_BYTES = 32,
  /* UDP_MAX_SEGMENTS of the oldest kernels that segment. */
  TX_SEGMENTS = 64,
  /* Below 65535 less the headers of IPv6 and UDP. */
  TX_RUN_BYTES = 65000,
};

/* Receive memory, one block for all sockets of an environment: byte offsets. */
enum {
  RX_AGES_AT = RX_MESSAGES * RX_STRIDE,
  RX_OFFSETS_AT = RX_AGES_AT + RX_MESSAGES * 8,
  RX_LENGTHS_AT = RX_OFFSETS_AT + RX_PACKETS * 4,
  RX_SENDERS_AT = RX_LENGTHS_AT + RX_PACKETS * 4,
  RX_ADDRESSES_AT = RX_SENDERS_AT + RX_PACKETS * 4,
  RX_BYTES = RX_ADDRESSES_AT + RX_MESSAGES * RX_ADDRESS_WORDS * 4,
};

/* Send memory, one block for each socket: results, descriptors, then bytes. */
enum {
  TX_DESCRIPTORS_AT = TX_HEAD_WORDS * 4,
  TX_ARENA_AT = TX_DESCRIPTORS_AT + TX_PACKETS * TX_WORDS * 4,
};

/* What the callback of a socket is called for. */
enum { EVENT_PACKETS = 0, EVENT_WRITABLE = 1, EVENT_ERROR = 2, EVENT_CLOSED = 3 };

typedef union {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
} address;

typedef struct {
  struct mmsghdr messages[RX_MESSAGES];
  struct iovec parts[RX_MESSAGES];
  address addresses[RX_MESSAGES];
  /* A union aligns as cmsghdr wants it. */
  union {
    struct cmsghdr header;
    char bytes[RX_CONTROL_BYTES];
  } controls[RX_MESSAGES];
} rx_state;

typedef struct {
  struct mmsghdr messages[TX_MESSAGES];
  struct iovec parts[TX_PACKETS * 2];
  address addresses[TX_MESSAGES];
  union {
    struct cmsghdr header;
    char bytes[TX_CONTROL_BYTES];
  } controls[TX_MESSAGES];
  /* Datagrams in each message. */
  int counts[TX_MESSAGES];
} tx_state;

struct udp_socket;

typedef struct {
  napi_env env;
  uv_loop_t *loop;
  napi_async_cleanup_hook_handle hook;
  napi_async_context async;
  napi_ref rx_memory;
  struct udp_socket *sockets;
  /* The environment is going: no more calls into JavaScript. */
  bool ending;
  /* A callback with packets runs: the receive memory is in use. */
  bool delivering;
  /* JavaScript called and waits: callbacks are plain calls, and what they throw goes to it. */
  bool called;
  rx_state rx;
  tx_state tx;
} udp_env;

typedef struct udp_socket {
  uv_poll_t poll;
  udp_env *data;
  struct udp_socket *previous, *next;
  napi_ref callback;
  napi_ref tx_memory;
  int fd;
  int family;
  /* The poll handle and the JavaScript value that stands for it. */
  int owners;
  bool closing;
  bool wants_writable;
  bool gro;
  bool gso;
  /* Longer datagrams are not segmented by the kernel: the path's MTU refused it. */
  int gso_limit;
  /* POLLERR in a row that said nothing. */
  int idle_errors;
  /* Counters, for good. */
  double truncated, send_errors, receive_errors, receive_calls, send_calls, coalesced, segmented;
} udp_socket;

/* address.c */
socklen_t address_from_words(address *to, const int32_t *words, int family);
void address_to_words(const address *from, int32_t *words);

/* receive.c */
napi_value udp_receive(napi_env env, napi_callback_info info);
void udp_on_poll(uv_poll_t *poll, int status, int events);
void rx_prepare(rx_state *rx);

/* send.c */
napi_value udp_flush(napi_env env, napi_callback_info info);

/* socket.c */
napi_value udp_open(napi_env env, napi_callback_info info);
napi_value udp_bind(napi_env env, napi_callback_info info);
napi_value udp_connect(napi_env env, napi_callback_info info);
napi_value udp_send_memory(napi_env env, napi_callback_info info);
napi_value udp_start(napi_env env, napi_callback_info info);
napi_value udp_close(napi_env env, napi_callback_info info);
napi_value udp_set_option(napi_env env, napi_callback_info info);
napi_value udp_get_option(napi_env env, napi_callback_info info);
napi_value udp_local_address(napi_env env, napi_callback_info info);
napi_value udp_keep_alive(napi_env env, napi_callback_info info);
napi_value udp_counters(napi_env env, napi_callback_info info);
void socket_close(udp_socket *socket);
void socket_watch(udp_socket *socket);
/* Calls the socket's callback. False when the socket was closed by it or cannot be called. */
bool socket_call(udp_socket *socket, int event, int value);

/* addon.c */
udp_env *env_data(napi_env env);
void env_socket_gone(udp_env *data);
/* The socket that is the call's first argument, and the others; NULL after a JavaScript exception was thrown. */
udp_socket *socket_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *arguments);
napi_value number(napi_env env, double value);
/* Bytes of the ArrayBuffer behind a reference; NULL when it is smaller than `least`, as a detached one is. */
uint8_t *memory_of(napi_env env, napi_ref reference, size_t least, size_t *length);

#endif
