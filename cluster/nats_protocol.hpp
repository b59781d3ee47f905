#pragma once
// What we send to a NATS server (docs.nats.io, Reference, NATS Protocols, Client Protocol), and which subjects there
// may be. Pure.

#include <cstdint>
#include <string>
#include <string_view>

#include "cluster/nats_message.hpp"

namespace sluice::cluster {

namespace nats_protocol {

inline constexpr std::uint16_t default_port = 4222;
// Servers end connections that send a longer control line, if nothing else is set (max_control_line).
inline constexpr std::size_t control_line_bytes_max = 4096;
// What one line needs beside its subjects: its word, blanks, numbers and line break.
inline constexpr std::size_t control_line_bytes_beside = 64;

inline constexpr std::string_view ping = "PING\r\n", pong = "PONG\r\n";

// CONNECT; empty texts are left out.
struct Connect {
  std::string_view name = {};  // by which operators know the connection
  std::string_view user = {}, password = {}, token = {};
  std::string_view jwt = {}, public_key = {}, signature = {};  // of the server's nonce, base64url
  bool is_secured = false;
  bool wants_echo = true;  // of its own messages
};
void append_connect(std::string& out, const Connect& connect);

// PUB or HPUB. Requires check(publication).
void append_publish(std::string& out, const NatsPublication& publication);
// At most as many bytes as append_publish() adds.
std::size_t publish_bytes_max(const NatsPublication& publication);
// Those that count toward a server's max_payload.
std::size_t message_bytes(const NatsPublication& publication);
// Errc::bad_request names what cannot be written: a subject, a reply or a header.
base::Status check(const NatsPublication& publication);

// Requires is_pattern(pattern), and is_queue_group(queue_group) unless that is empty.
void append_subscribe(std::string& out, std::string_view pattern, std::string_view queue_group, std::uint64_t number);
// At once, or when `after` messages have come since it was made. 0: at once.
void append_unsubscribe(std::string& out, std::uint64_t number, std::uint64_t after);

}  // namespace nats_protocol

// Whether something can be published there: tokens between dots, none empty, no white space, no wildcards; short enough
// for a control line.
bool is_subject(std::string_view text);
// The same, where "*" may stand for a token and ">" for all the last ones.
bool is_pattern(std::string_view text);
bool is_queue_group(std::string_view text);

}  // namespace sluice::cluster
