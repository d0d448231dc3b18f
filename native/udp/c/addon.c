/* The module: data of one environment, and the functions that JavaScript sees. */
#include "udp.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>

udp_env *env_data(napi_env env) {
  void *data = NULL;
  if (napi_get_instance_data(env, &data) != napi_ok || data == NULL) {
    napi_throw_error(env, "ERR_UDP", "the addon is not set up in this environment");
    return NULL;
  }
  return data;
}

udp_socket *socket_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *arguments) {
  napi_value one[1];
  size_t given = count;
  void *socket = NULL;
  napi_value *into = arguments == NULL ? one : arguments;
  if (napi_get_cb_info(env, info, &given, into, NULL, NULL) != napi_ok ||
      napi_get_value_external(env, into[0], &socket) != napi_ok || socket == NULL) {
    napi_throw_type_error(env, "EINVAL", "not a socket of this addon");
    return NULL;
  }
  return socket;
}

napi_value number(napi_env env, double value) {
  napi_value made = NULL;
  if (napi_create_double(env, value, &made) != napi_ok) return NULL;
  return made;
}

uint8_t *memory_of(napi_env env, napi_ref reference, size_t least, size_t *length) {
  napi_value buffer;
  void *bytes;
  size_t size;
  if (reference == NULL || napi_get_reference_value(env, reference, &buffer) != napi_ok || buffer == NULL) return NULL;
  if (napi_get_arraybuffer_info(env, buffer, &bytes, &size) != napi_ok || size < least) return NULL;
  if (length != NULL) *length = size;
  return bytes;
}

/* The environment ends when its last socket is closed. */
void env_socket_gone(udp_env *data) {
  if (!data->ending || data->sockets != NULL) return;
  napi_async_destroy(data->env, data->async);
  napi_async_cleanup_hook_handle hook = data->hook;
  data->hook = NULL;
  if (hook != NULL) napi_remove_async_cleanup_hook(hook);
}

static void on_end(napi_async_cleanup_hook_handle hook, void *pointer) {
  udp_env *data = pointer;
  data->ending = true;
  data->hook = hook;
  for (udp_socket *it = data->sockets; it != NULL; it = it->next) socket_close(it);
  env_socket_gone(data);
}

static void on_data_gone(napi_env env, void *pointer, void *hint) {
  (void)env, (void)hint;
  free(pointer);
}

/* setUp(receiveMemory): once in each environment. */
static napi_value set_up(napi_env env, napi_callback_info info) {
  napi_value buffer;
  size_t count = 1;
  udp_env *data = env_data(env);
  if (data == NULL || napi_get_cb_info(env, info, &count, &buffer, NULL, NULL) != napi_ok) return NULL;
  if (data->rx_memory != NULL) napi_delete_reference(env, data->rx_memory);
  data->rx_memory = NULL;
  if (napi_create_reference(env, buffer, 1, &data->rx_memory) != napi_ok ||
      memory_of(env, data->rx_memory, RX_BYTES, NULL) == NULL)
    napi_throw_type_error(env, "EINVAL", "the receive memory is too small");
  return NULL;
}

/* interfaceIndex(name): 0 if there is none. */
static napi_value interface_index(napi_env env, napi_callback_info info) {
  napi_value name;
  size_t count = 1, length;
  char text[IF_NAMESIZE + 1];
  if (napi_get_cb_info(env, info, &count, &name, NULL, NULL) != napi_ok ||
      napi_get_value_string_utf8(env, name, text, sizeof text, &length) != napi_ok)
    return NULL;
  return number(env, length < IF_NAMESIZE ? if_nametoindex(text) : 0);
}

/* interfaceName(index): empty if there is none. */
static napi_value interface_name(napi_env env, napi_callback_info info) {
  napi_value index, made;
  size_t count = 1;
  uint32_t wanted;
  char text[IF_NAMESIZE] = "";
  if (napi_get_cb_info(env, info, &count, &index, NULL, NULL) != napi_ok ||
      napi_get_value_uint32(env, index, &wanted) != napi_ok)
    return NULL;
  if (if_indextoname(wanted, text) == NULL) text[0] = '\0';
  if (napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &made) != napi_ok) return NULL;
  return made;
}

static bool add_layout(napi_env env, napi_value exports) {
  static const struct {
    const char *name;
    int value;
  } entries[] = {
      {"abi", ABI_VERSION},
      {"receiveBytes", RX_BYTES},
      {"receiveMessages", RX_MESSAGES},
      {"receivePackets", RX_PACKETS},
      {"agesAt", RX_AGES_AT},
      {"offsetsAt", RX_OFFSETS_AT},
      {"lengthsAt", RX_LENGTHS_AT},
      {"sendersAt", RX_SENDERS_AT},
      {"addressesAt", RX_ADDRESSES_AT},
      {"addressWords", RX_ADDRESS_WORDS},
      {"sendPackets", TX_PACKETS},
      {"sendSlabs", TX_SLABS},
      {"descriptorsAt", TX_DESCRIPTORS_AT},
      {"descriptorWords", TX_WORDS},
      {"arenaAt", TX_ARENA_AT},
  };
  napi_value layout;
  if (napi_create_object(env, &layout) != napi_ok) return false;
  for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
    napi_value value = number(env, entries[i].value);
    if (value == NULL || napi_set_named_property(env, layout, entries[i].name, value) != napi_ok) return false;
  }
  return napi_set_named_property(env, exports, "layout", layout) == napi_ok;
}

static bool add_functions(napi_env env, napi_value exports) {
  static const struct {
    const char *name;
    napi_callback call;
  } entries[] = {
      {"setUp", set_up},
      {"open", udp_open},
      {"bind", udp_bind},
      {"connect", udp_connect},
      {"start", udp_start},
      {"close", udp_close},
      {"keepAlive", udp_keep_alive},
      {"setOption", udp_set_option},
      {"getOption", udp_get_option},
      {"localAddress", udp_local_address},
      {"counters", udp_counters},
      {"sendMemory", udp_send_memory},
      {"flush", udp_flush},
      {"receive", udp_receive},
      {"interfaceIndex", interface_index},
      {"interfaceName", interface_name},
  };
  for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
    napi_value function;
    if (napi_create_function(env, entries[i].name, NAPI_AUTO_LENGTH, entries[i].call, NULL, &function) != napi_ok ||
        napi_set_named_property(env, exports, entries[i].name, function) != napi_ok)
      return false;
  }
  return true;
}

static udp_env *make_data(napi_env env) {
  napi_value name;
  udp_env *data = calloc(1, sizeof *data);
  if (data == NULL) return NULL;
  data->env = env;
  rx_prepare(&data->rx);
  if (napi_get_uv_event_loop(env, &data->loop) == napi_ok &&
      napi_create_string_utf8(env, "UDP", NAPI_AUTO_LENGTH, &name) == napi_ok &&
      napi_async_init(env, NULL, name, &data->async) == napi_ok &&
      napi_set_instance_data(env, data, on_data_gone, NULL) == napi_ok)
    return data;
  free(data);
  return NULL;
}

NAPI_MODULE_INIT() {
  udp_env *data = make_data(env);
  if (data == NULL || napi_add_async_cleanup_hook(env, on_end, data, &data->hook) != napi_ok ||
      !add_layout(env, exports) || !add_functions(env, exports)) {
    napi_throw_error(env, "ERR_UDP", "the addon cannot be set up");
    return NULL;
  }
  return exports;
}
