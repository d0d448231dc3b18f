/* Addresses as six words: family and port, address (four words, the first one only for IPv4), zone. */
#include "udp.h"

#include <arpa/inet.h>
#include <string.h>

enum { FAMILY_V4 = 4, FAMILY_V6 = 6 };

/* An IPv4 address becomes a mapped one (RFC 4291 §2.5.5.2) for a socket of IPv6. 0: it does not fit the socket. */
socklen_t address_from_words(address *to, const int32_t *words, int family) {
  uint32_t head = (uint32_t)words[0];
  uint16_t port = htons((uint16_t)(head & 0xffff));
  bool is_v4 = head >> 16 == FAMILY_V4;
  memset(to, 0, sizeof *to);
  if (family == AF_INET) {
    if (!is_v4) return 0;
    to->v4.sin_family = AF_INET;
    to->v4.sin_port = port;
    to->v4.sin_addr.s_addr = htonl((uint32_t)words[1]);
    return sizeof to->v4;
  }
  to->v6.sin6_family = AF_INET6;
  to->v6.sin6_port = port;
  uint32_t parts[4] = {0, 0, htonl(0xffff), htonl((uint32_t)words[1])};
  if (!is_v4) {
    for (int i = 0; i < 4; i++) parts[i] = htonl((uint32_t)words[1 + i]);
    to->v6.sin6_scope_id = (uint32_t)words[5];
  }
  memcpy(&to->v6.sin6_addr, parts, sizeof parts);
  return sizeof to->v6;
}

void address_to_words(const address *from, int32_t *words) {
  memset(words, 0, 6 * sizeof *words);
  if (from->any.sa_family == AF_INET) {
    words[0] = FAMILY_V4 << 16 | ntohs(from->v4.sin_port);
    words[1] = (int32_t)ntohl(from->v4.sin_addr.s_addr);
    return;
  }
  if (from->any.sa_family != AF_INET6) return;
  uint32_t parts[4];
  memcpy(parts, &from->v6.sin6_addr, sizeof parts);
  uint16_t port = ntohs(from->v6.sin6_port);
  if (IN6_IS_ADDR_V4MAPPED(&from->v6.sin6_addr)) {
    words[0] = FAMILY_V4 << 16 | port;
    words[1] = (int32_t)ntohl(parts[3]);
    return;
  }
  words[0] = FAMILY_V6 << 16 | port;
  for (int i = 0; i < 4; i++) words[1 + i] = (int32_t)ntohl(parts[i]);
  words[5] = (int32_t)from->v6.sin6_scope_id;
}
