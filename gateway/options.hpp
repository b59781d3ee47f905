#pragma once
// What can be set about clients: where they connect, what they may do, and every limit on what they send.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "gateway/repeated_addresses.hpp"
#include "gateway/rfc7692.hpp"

namespace sluice::gateway {

// What becomes of a message that a client sends.
enum class ClientMessages : std::uint8_t { backend, relay, echo, drop };
inline constexpr std::array<std::string_view, 4> client_messages_names{"backend", "relay", "echo", "drop"};

// Whether a backend says of each client if it may come in.
enum class ConnectVerdict : std::uint8_t { none, required };
inline constexpr std::array<std::string_view, 2> connect_verdict_names{"none", "required"};

// Which rooms a client may join by naming them.
enum class ClientRooms : std::uint8_t { automatic, open, granted };
inline constexpr std::array<std::string_view, 3> client_rooms_names{"auto", "open", "granted"};

// The origin list's words that are not origins.
inline constexpr std::string_view same_origin = "same-origin";
inline constexpr std::string_view any_origin = "*";

struct Options {
  static constexpr std::string_view section = "Clients";

  std::vector<base::Address> listen{base::Address::parse("[::]:8080").value()};
  bool share_port = false;
  std::size_t backlog = 4096;
  bool tcp_no_delay = true;

  ClientMessages client_messages = ClientMessages::backend;
  ClientRooms client_rooms = ClientRooms::automatic;
  ConnectVerdict connect_verdict = ConnectVerdict::none;
  std::chrono::milliseconds connect_verdict_seconds_max{5'000};
  std::vector<std::string> backend_headers;
  bool allow_anonymous = false;
  std::vector<std::string> allowed_origins{std::string(same_origin)};

  std::size_t room_name_bytes_max = 256;
  std::size_t message_bytes_max = 1'000'000;
  std::size_t fragments_per_message_max = 131'072;
  std::size_t http_header_bytes_max = 16'384;

  Compression compression = Compression::shared;
  std::size_t compression_bytes_min = 1024;
  std::size_t compression_level = 3;

  // The names say the unit of the option; fractions of a second are fine.
  std::chrono::milliseconds handshake_seconds_max{10'000};
  std::chrono::milliseconds http_idle_seconds_max{75'000};
  std::chrono::milliseconds request_seconds_max{30'000};
  std::chrono::milliseconds poll_wait_seconds_max{60'000};
  std::chrono::milliseconds poll_linger_seconds{30'000};
  std::chrono::milliseconds ping_interval_seconds{25'000};
  std::chrono::milliseconds ping_timeout_seconds{20'000};
  std::string engine_io_path = "/engine.io/";
  std::string socket_io_path = "/socket.io/";
  bool allow_polling = true;
  bool allow_upgrades = true;
  std::chrono::milliseconds engine_ping_interval_ms{25'000};
  std::chrono::milliseconds engine_ping_timeout_ms{20'000};
  std::chrono::milliseconds engine_upgrade_timeout_ms{10'000};
  std::chrono::milliseconds socket_io_connect_timeout_ms{45'000};
  std::chrono::milliseconds recovery_seconds{120'000};
  std::size_t recovery_sockets_max = 100'000;
  std::chrono::milliseconds drain_delay_seconds{0};
  std::chrono::milliseconds drain_seconds{10'000};

  // What `automatic` stands for: with `backend` it is the backend who grants rooms.
  ClientRooms effective_client_rooms() const {
    if (client_rooms != ClientRooms::automatic) return client_rooms;
    return client_messages == ClientMessages::backend ? ClientRooms::granted : ClientRooms::open;
  }

  template <class Visitor>
  void describe(Visitor& visitor) {
    describe_listeners(visitor);
    describe_permissions(visitor);
    describe_limits(visitor);
    describe_compression(visitor);
    describe_engine_io(visitor);
    describe_times(visitor);
  }

  // Gives a sentence for each mistake that only several options together make.
  std::vector<std::string> validate() const;
  // Says what is wrong if anybody who reaches one of `addresses`, which `flag` gave, could use the gateway without
  // anyone having meant that; empty if all is well.
  std::string open_to_anyone(std::string_view flag, const std::vector<base::Address>& addresses) const;

 private:
  template <class Visitor>
  void describe_listeners(Visitor& visitor) {
    visitor.option("listen", listen,
                   {.sentence = "Where clients connect; [::] takes IPv4 too, port 0 is any free one."});
    visitor.option("share-port", share_port,
                   {.sentence = "Several processes may listen on the same ports, each a node of its own."});
    visitor.option("backlog", backlog,
                   {.unit = "connections",
                    .min = 1,
                    .max = 65'535,
                    .sentence = "Connections that the kernel holds until they are accepted, for each listener of each "
                                "worker; the kernel's somaxconn bounds it."});
    visitor.option("tcp-no-delay", tcp_no_delay,
                   {.sentence = "Small writes leave at once (TCP_NODELAY) instead of waiting to be joined."});
  }

  template <class Visitor>
  void describe_permissions(Visitor& visitor) {
    visitor.choice("client-messages", client_messages, client_messages_names,
                   {.sentence = "What becomes of a client's message: it goes to a backend, to every member of the "
                                "sender's rooms, back to the sender, or nowhere."});
    visitor.choice("client-rooms", client_rooms, client_rooms_names,
                   {.sentence = "Whether clients may join any room that they name, or only lobby and those granted to "
                                "them; auto is granted with --client-messages backend, else open."});
    visitor.choice(
        "connect-verdict", connect_verdict, connect_verdict_names,
        {.sentence = "Whether a backend is asked of each client if it may come in, and as whom; with required "
                     "and no such backend there, none may."});
    visitor.option("connect-verdict-seconds-max", connect_verdict_seconds_max,
                   {.unit = "seconds",
                    .min = 0.05,
                    .max = 60,
                    .sentence = "How long the verdict may take, to the second; then the client is refused."});
    visitor.option("backend-headers", backend_headers,
                   {.sentence = "Headers of a client's request that backends are told of when it comes, such as "
                                "user-agent or cookie.",
                    .misfit = header_misfit});
    visitor.option(
        "allow-anonymous", allow_anonymous,
        {.sentence = "Let clients in that show no token, and allow relay and echo beyond loopback though nobody "
                     "has to say who they are."});
    visitor.option("allowed-origins", allowed_origins,
                   {.sentence = "Web origins whose pages may connect: same-origin, origins such as "
                                "https://app.example:8443, or * for all.",
                    .misfit = origin_misfit});
  }

  template <class Visitor>
  void describe_limits(Visitor& visitor) {
    visitor.option("room-name-bytes-max", room_name_bytes_max,
                   {.unit = "bytes", .min = 1, .max = 4096, .sentence = "Length of a room's name."});
    visitor.option("message-bytes-max", message_bytes_max,
                   {.unit = "bytes",
                    .min = 1,
                    .max = 1 << 30,
                    .sentence = "One message of a client, inflated; a larger one ends the connection with 1009."});
    visitor.option("fragments-per-message-max", fragments_per_message_max,
                   {.unit = "frames",
                    .min = 1,
                    .max = 16'000'000,
                    .sentence = "Frames that one message may come in, as empty ones cost no bytes; one more ends the "
                                "connection with 1009."});
    visitor.option("http-header-bytes-max", http_header_bytes_max,
                   {.unit = "bytes",
                    .min = 512,
                    .max = 1 << 20,
                    .sentence = "Request line and headers of one request; larger ones are answered with 431."});
  }

  template <class Visitor>
  void describe_compression(Visitor& visitor) {
    visitor.choice(
        "compression", compression, compression_names,
        {.sentence = "permessage-deflate for WebSocket clients that offer it: none; each message deflated once "
                     "for all who get it; or in a context of each connection's own, which is smaller on the "
                     "wire and costs some 50 KB a connection and deflating for each."});
    visitor.option("compression-bytes-min", compression_bytes_min,
                   {.unit = "bytes", .max = 1 << 30, .sentence = "Messages shorter than this are sent as they are."});
    visitor.option("compression-level", compression_level,
                   {.unit = "levels", .min = 1, .max = 9, .sentence = "From fast (1) to small (9)."});
  }

  template <class Visitor>
  void describe_engine_io(Visitor& visitor) {
    visitor.option(
        "socket-io-path", socket_io_path,
        {.sentence = "Where Socket.IO clients connect; also without the slash at the end.", .misfit = path_misfit});
    visitor.option("engine-io-path", engine_io_path,
                   {.sentence = "Where Engine.IO clients connect, whose messages are plain ones as on a WebSocket.",
                    .misfit = path_misfit});
    visitor.option("allow-polling", allow_polling,
                   {.sentence = "Whether Engine.IO and Socket.IO clients may use HTTP long-polling; false: WebSocket "
                                "alone, which costs least."});
    visitor.option("allow-upgrades", allow_upgrades,
                   {.sentence = "Whether those that began with polling are offered a WebSocket."});
    visitor.option("engine-ping-interval-ms", engine_ping_interval_ms,
                   {.unit = "milliseconds",
                    .min = 50,
                    .max = 86'400'000,
                    .sentence = "Time from an Engine.IO client's answer to the next ping."});
    visitor.option("engine-ping-timeout-ms", engine_ping_timeout_ms,
                   {.unit = "milliseconds",
                    .min = 50,
                    .max = 86'400'000,
                    .sentence = "How long an Engine.IO client may take to answer one."});
    visitor.option("engine-upgrade-timeout-ms", engine_upgrade_timeout_ms,
                   {.unit = "milliseconds",
                    .min = 50,
                    .max = 3'600'000,
                    .sentence = "How long a WebSocket that is to take a polling session over may take to do so."});
    visitor.option("socket-io-connect-timeout-ms", socket_io_connect_timeout_ms,
                   {.unit = "milliseconds",
                    .min = 50,
                    .max = 3'600'000,
                    .sentence = "How long a Socket.IO client may be without a namespace at the start."});
    visitor.option("recovery-seconds", recovery_seconds,
                   {.unit = "seconds",
                    .min = 1,
                    .max = 604'800,
                    .sentence = "How long a Socket.IO client whose connection broke may come back as the same socket; "
                                "what it missed comes from the history."});
    visitor.option("recovery-sockets-max", recovery_sockets_max,
                   {.unit = "sockets",
                    .max = 16'000'000,
                    .sentence = "Such sockets that each worker remembers, the newest; 0: none comes back."});
  }

  static std::string_view path_misfit(std::string_view path) {
    constexpr std::string_view expected = "a path such as /socket.io/, with a slash at both ends";
    if (path.size() < 3 || path.size() > 256 || !path.starts_with('/') || !path.ends_with('/')) return expected;
    const auto is_odd = [](char c) { return c <= ' ' || c >= 0x7F || c == '?' || c == '#' || c == '%'; };
    return std::any_of(path.begin(), path.end(), is_odd) ? expected : std::string_view{};
  }

  template <class Visitor>
  void describe_times(Visitor& visitor) {
    visitor.option("handshake-seconds-max", handshake_seconds_max,
                   {.unit = "seconds",
                    .min = 0.05,
                    .max = 3600,
                    .sentence = "How long a request may take to arrive; then it is answered with 408."});
    visitor.option("http-idle-seconds-max", http_idle_seconds_max,
                   {.unit = "seconds",
                    .min = 0.05,
                    .max = 86'400,
                    .sentence = "How long a connection may stay without a request after an answer."});
    visitor.option(
        "request-seconds-max", request_seconds_max,
        {.unit = "seconds",
         .min = 0.05,
         .max = 3600,
         .sentence = "How long a client's request to a backend may take (sub-protocol sluice.v1.json); then it "
                     "is answered with an error."});
    visitor.option("poll-wait-seconds-max", poll_wait_seconds_max,
                   {.unit = "seconds",
                    .min = 1,
                    .max = 3600,
                    .sentence = "How long a client may ask that a poll be held (/poll?wait=)."});
    visitor.option("poll-linger-seconds", poll_linger_seconds,
                   {.unit = "seconds",
                    .min = 0.05,
                    .max = 3600,
                    .sentence = "How long after its last poll a client that polls counts as connected."});
    visitor.option("ping-interval-seconds", ping_interval_seconds,
                   {.unit = "seconds", .min = 0.05, .max = 86'400, .sentence = "Time between two pings to a client."});
    visitor.option("ping-timeout-seconds", ping_timeout_seconds,
                   {.unit = "seconds",
                    .min = 0.05,
                    .max = 86'400,
                    .sentence = "How long after a ping anything must have come from the client."});
    visitor.option("drain-delay-seconds", drain_delay_seconds,
                   {.unit = "seconds",
                    .max = 3600,
                    .sentence = "How long to go on accepting after SIGTERM, while load balancers learn of it."});
    visitor.option("drain-seconds", drain_seconds,
                   {.unit = "seconds",
                    .max = 86'400,
                    .sentence = "Over how long connections are closed after that, so that clients do not all come "
                                "back at once."});
  }

  static std::string_view header_misfit(std::string_view name) {
    constexpr std::string_view expected = "the name of a header, such as user-agent";
    const auto is_odd = [](char c) { return c <= ' ' || c >= 0x7F || c == ':' || c == ','; };
    return name.empty() || name.size() > 64 || std::any_of(name.begin(), name.end(), is_odd) ? expected
                                                                                             : std::string_view{};
  }

  static std::string_view origin_misfit(std::string_view origin) {
    constexpr std::string_view expected = "same-origin, * or an origin such as https://app.example:8443";
    if (origin == same_origin || origin == any_origin) return {};
    const auto scheme_bytes = origin.find("://");
    if (scheme_bytes == 0 || scheme_bytes == std::string_view::npos) return expected;
    const std::string_view host = origin.substr(scheme_bytes + 3);
    // Browsers send origins in lower case and without a path, so anything else would never match.
    const auto is_odd = [](char c) { return c <= ' ' || c == 0x7F || c == '/' || c == '*' || (c >= 'A' && c <= 'Z'); };
    return host.empty() || std::any_of(host.begin(), host.end(), is_odd) ? expected : std::string_view{};
  }
};

inline std::string Options::open_to_anyone(std::string_view flag, const std::vector<base::Address>& addresses) const {
  const bool is_open = client_messages == ClientMessages::relay || client_messages == ClientMessages::echo;
  const auto beyond = std::find_if(addresses.begin(), addresses.end(), [](const auto& a) { return !a.is_loopback(); });
  if (!is_open || allow_anonymous || beyond == addresses.end()) return {};
  return "--client-messages: " + std::string(client_messages_names[static_cast<std::size_t>(client_messages)]) +
         " on " + std::string(flag) + " " + beyond->text() +
         " lets anyone who reaches it use the gateway; give keys for tokens, say --allow-anonymous if that is meant, "
         "or listen on loopback "
         "(127.0.0.1 or [::1])";
}

inline std::vector<std::string> Options::validate() const {
  std::vector<std::string> problems;
  tell_repeated("--listen", listen, problems);
  if (allowed_origins.size() > 1 &&
      std::find(allowed_origins.begin(), allowed_origins.end(), any_origin) != allowed_origins.end()) {
    problems.push_back("--allowed-origins: * allows every origin and stands alone");
  }
  return problems;
}

}  // namespace sluice::gateway
