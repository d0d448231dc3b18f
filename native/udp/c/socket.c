/* One UDP socket: its life, its options, and its calls into JavaScript. Calls return 0 or an errno, for JavaScript to name. */
#include "udp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COUNTERS = 8, GSO_NO_LIMIT = 65535, DROPS_AT = 8, MEMINFO_WORDS = 9 };

static void release(udp_socket *it) {
  if (--it->owners == 0) free(it);
}

static void on_external_gone(napi_env env, void *it, void *hint) {
  (void)env, (void)hint;
  release(it);
}

static void on_closed(uv_handle_t *handle) {
  udp_socket *it = handle->data;
  udp_env *data = it->data;
  napi_handle_scope scope;
  if (!data->ending && napi_open_handle_scope(data->env, &scope) == napi_ok) {
    socket_call(it, EVENT_CLOSED, 0);
    napi_close_handle_scope(data->env, scope);
  }
  napi_delete_reference(data->env, it->callback);
  napi_delete_reference(data->env, it->tx_memory);
  if (it->previous != NULL) it->previous->next = it->next;
  else data->sockets = it->next;
  if (it->next != NULL) it->next->previous = it->previous;
  release(it);
  env_socket_gone(data);
}

void socket_close(udp_socket *it) {
  if (it->closing) return;
  it->closing = true;
  uv_close((uv_handle_t *)&it->poll, on_closed);
  /* No longer watched since uv_close: the port is free for the next at once. */
  close(it->fd);
  it->fd = -1;
}

void socket_watch(udp_socket *it) {
  if (it->closing) return;
  uv_poll_start(&it->poll, UV_READABLE | (it->wants_writable ? UV_WRITABLE : 0), udp_on_poll);
}

bool socket_call(udp_socket *it, int event, int value) {
  udp_env *data = it->data;
  napi_env env = data->env;
  napi_value callback, global, arguments[2];
  if (data->ending) return false;
  if (napi_get_reference_value(env, it->callback, &callback) != napi_ok || callback == NULL ||
      napi_get_global(env, &global) != napi_ok || napi_create_int32(env, event, &arguments[0]) != napi_ok ||
      napi_create_int32(env, value, &arguments[1]) != napi_ok)
    return false;
  napi_status status = data->called ? napi_call_function(env, global, callback, 2, arguments, NULL)
                                    : napi_make_callback(env, data->async, global, callback, 2, arguments, NULL);
  if (status == napi_pending_exception) {
    if (data->called) return false;
    napi_value error;
    /* As when an event of any other socket throws. */
    if (napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
  } else if (status != napi_ok) {
    return false;
  }
  return !it->closing && !data->ending;
}

static int make(udp_env *data, int family, udp_socket **made) {
  udp_socket *it = calloc(1, sizeof *it);
  if (it == NULL) return ENOMEM;
  it->data = data;
  it->family = family;
  it->gso_limit = GSO_NO_LIMIT;
  it->fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (it->fd < 0) {
    int code = errno;
    free(it);
    return code;
  }
  int segment = 0;
  socklen_t length = sizeof segment;
  it->gso = getsockopt(it->fd, SOL_UDP, UDP_SEGMENT, &segment, &length) == 0;
  int status = uv_poll_init(data->loop, &it->poll, it->fd);
  if (status < 0) {
    close(it->fd);
    free(it);
    return -status;
  }
  it->poll.data = it;
  it->owners = 1;
  it->next = data->sockets;
  if (it->next != NULL) it->next->previous = it;
  data->sockets = it;
  *made = it;
  return 0;
}

/* open(family, callback, sendMemory): the socket, or an errno. Counts of events go to the callback: (event, value). */
napi_value udp_open(napi_env env, napi_callback_info info) {
  napi_value arguments[3], external;
  size_t count = 3;
  int32_t family;
  udp_env *data = env_data(env);
  if (data == NULL || napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok ||
      napi_get_value_int32(env, arguments[0], &family) != napi_ok)
    return NULL;
  if (data->ending) return number(env, ECANCELED);
  udp_socket *it = NULL;
  int code = make(data, family == 6 ? AF_INET6 : AF_INET, &it);
  if (code != 0) return number(env, code);
  if (napi_create_reference(env, arguments[1], 1, &it->callback) != napi_ok ||
      napi_create_reference(env, arguments[2], 1, &it->tx_memory) != napi_ok ||
      napi_create_external(env, it, on_external_gone, NULL, &external) != napi_ok) {
    socket_close(it);
    return NULL;
  }
  it->owners++;
  return external;
}

/* sendMemory(socket, memory): other send memory, of any size that holds the descriptors. */
napi_value udp_send_memory(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  napi_ref reference;
  udp_socket *it = socket_arguments(env, info, 2, arguments);
  if (it == NULL || it->closing || napi_create_reference(env, arguments[1], 1, &reference) != napi_ok) return NULL;
  napi_delete_reference(env, it->tx_memory);
  it->tx_memory = reference;
  return NULL;
}

static bool words_of(napi_env env, napi_value value, int32_t **words) {
  napi_typedarray_type type;
  size_t length;
  void *bytes;
  if (napi_get_typedarray_info(env, value, &type, &length, &bytes, NULL, NULL) != napi_ok ||
      type != napi_int32_array || length < 6) {
    napi_throw_type_error(env, "EINVAL", "an address is six words");
    return false;
  }
  *words = bytes;
  return true;
}

typedef int (*address_call)(int fd, const struct sockaddr *to, socklen_t length);

static napi_value with_address(napi_env env, napi_callback_info info, address_call call) {
  napi_value arguments[2];
  int32_t *words;
  address to;
  udp_socket *it = socket_arguments(env, info, 2, arguments);
  if (it == NULL || !words_of(env, arguments[1], &words)) return NULL;
  socklen_t length = address_from_words(&to, words, it->family);
  if (length == 0) return number(env, EAFNOSUPPORT);
  return number(env, call(it->fd, &to.any, length) < 0 ? errno : 0);
}

napi_value udp_bind(napi_env env, napi_callback_info info) { return with_address(env, info, bind); }
napi_value udp_connect(napi_env env, napi_callback_info info) { return with_address(env, info, connect); }

/* start(socket, coalesce, segment): begins to watch. Either is left out where the kernel does not know it. */
napi_value udp_start(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  bool coalesce, segment;
  int on = 1;
  udp_socket *it = socket_arguments(env, info, 3, arguments);
  if (it == NULL || napi_get_value_bool(env, arguments[1], &coalesce) != napi_ok ||
      napi_get_value_bool(env, arguments[2], &segment) != napi_ok)
    return NULL;
  if (it->closing) return number(env, EBADF);
  it->gro = coalesce && setsockopt(it->fd, SOL_UDP, UDP_GRO, &on, sizeof on) == 0;
  it->gso = it->gso && segment;
  setsockopt(it->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  int status = uv_poll_start(&it->poll, UV_READABLE, udp_on_poll);
  return number(env, status < 0 ? -status : 0);
}

napi_value udp_close(napi_env env, napi_callback_info info) {
  udp_socket *it = socket_arguments(env, info, 1, NULL);
  if (it != NULL) socket_close(it);
  return NULL;
}

/* keepAlive(socket, on): whether the socket keeps the event loop running. */
napi_value udp_keep_alive(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  bool on;
  udp_socket *it = socket_arguments(env, info, 2, arguments);
  if (it == NULL || napi_get_value_bool(env, arguments[1], &on) != napi_ok) return NULL;
  if (on) uv_ref((uv_handle_t *)&it->poll);
  else uv_unref((uv_handle_t *)&it->poll);
  return NULL;
}

typedef struct {
  udp_socket *socket;
  int32_t level, name;
  void *bytes;
  size_t length;
} option;

static bool option_of(napi_env env, napi_callback_info info, option *found) {
  napi_value arguments[4];
  napi_typedarray_type type;
  found->socket = socket_arguments(env, info, 4, arguments);
  if (found->socket == NULL || napi_get_value_int32(env, arguments[1], &found->level) != napi_ok ||
      napi_get_value_int32(env, arguments[2], &found->name) != napi_ok)
    return false;
  if (napi_get_typedarray_info(env, arguments[3], &type, &found->length, &found->bytes, NULL, NULL) == napi_ok &&
      type == napi_uint8_array)
    return true;
  napi_throw_type_error(env, "EINVAL", "the value of an option is a Uint8Array");
  return false;
}

/* setOption(socket, level, name, bytes) */
napi_value udp_set_option(napi_env env, napi_callback_info info) {
  option it;
  if (!option_of(env, info, &it)) return NULL;
  int status = setsockopt(it.socket->fd, it.level, it.name, it.bytes, (socklen_t)it.length);
  return number(env, status < 0 ? errno : 0);
}

/* getOption(socket, level, name, bytes): into the bytes */
napi_value udp_get_option(napi_env env, napi_callback_info info) {
  option it;
  if (!option_of(env, info, &it)) return NULL;
  socklen_t length = (socklen_t)it.length;
  return number(env, getsockopt(it.socket->fd, it.level, it.name, it.bytes, &length) < 0 ? errno : 0);
}

/* localAddress(socket, words): into the words */
napi_value udp_local_address(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  int32_t *words;
  address own;
  socklen_t length = sizeof own;
  udp_socket *it = socket_arguments(env, info, 2, arguments);
  if (it == NULL || !words_of(env, arguments[1], &words)) return NULL;
  if (getsockname(it->fd, &own.any, &length) < 0) return number(env, errno);
  address_to_words(&own, words);
  return number(env, 0);
}

/* What the kernel threw away since the socket's buffer was full, as SO_RXQ_OVFL tells it with every message. */
static double kernel_drops(int fd) {
  uint32_t words[MEMINFO_WORDS] = {0};
  socklen_t length = sizeof words;
  if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_MEMINFO, words, &length) < 0) return -1;
  if (length <= DROPS_AT * sizeof *words) return -1;
  return words[DROPS_AT];
}

/* counters(socket, Float64Array of 8): into the array */
napi_value udp_counters(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  napi_typedarray_type type;
  size_t length;
  void *bytes;
  udp_socket *it = socket_arguments(env, info, 2, arguments);
  if (it == NULL) return NULL;
  if (napi_get_typedarray_info(env, arguments[1], &type, &length, &bytes, NULL, NULL) != napi_ok ||
      type != napi_float64_array || length < COUNTERS) {
    napi_throw_type_error(env, "EINVAL", "counters are eight doubles");
    return NULL;
  }
  const double counters[COUNTERS] = {kernel_drops(it->fd), it->truncated,    it->send_errors, it->receive_errors,
                                     it->receive_calls,    it->send_calls, it->coalesced,   it->segmented};
  memcpy(bytes, counters, sizeof counters);
  return NULL;
}
