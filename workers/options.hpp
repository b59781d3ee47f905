#pragma once
// What can be set about workers, rooms, outboxes and history.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "workers/message.hpp"
#include "workers/namespaces.hpp"

namespace sluice::workers {

inline constexpr std::array<std::string_view, 4> slow_policy_names{"close", "drop-newest", "drop-oldest", "conflate"};

// What befalls a client that sends faster than it may.
enum class OverRate : std::uint8_t { delay, drop, close };
inline constexpr std::array<std::string_view, 3> over_rate_names{"delay", "drop", "close"};

struct Options {
  static constexpr std::string_view section = "Workers";

  std::size_t workers = 0;
  bool pin_workers = false;
  std::size_t connections_max = 0;
  std::size_t rooms_per_connection_max = 128;
  std::size_t messages_per_second_max = 0, bytes_per_second_max = 0;
  OverRate over_rate = OverRate::delay;
  std::chrono::milliseconds close_timeout_seconds{5'000};
  std::chrono::milliseconds connection_age_seconds_max{0};
  std::vector<std::string> namespaces;  // beside "/", which always exists
  std::vector<std::string> namespace_patterns;
  std::size_t namespaces_max = 1024;

  std::size_t history_messages = 256;
  std::chrono::seconds history_seconds{120};
  std::size_t history_bytes_max = std::size_t{64} << 20;

  std::size_t outbox_bytes_max = std::size_t{1} << 20;
  std::size_t outbox_messages_max = 16384;
  std::chrono::milliseconds outbox_age_ms_max{30000};
  SlowPolicy slow_policy = SlowPolicy::close;
  std::size_t queued_bytes_max = std::size_t{1} << 30;
  std::size_t mailbox_bytes_max = std::size_t{64} << 20;
  std::size_t mailbox_messages_max = 65536;
  std::size_t socket_send_bytes_max = 0;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.option("workers", workers,
                   {.unit = "threads",
                    .max = 256,
                    .sentence = "Worker threads; 0: as many as the cores that the process may use, or its cgroup's CPU "
                                "limit rounded up if that is less."});
    visitor.option("pin-workers", pin_workers, {.sentence = "Keep each worker on a core of its own."});
    visitor.option("connections-max", connections_max,
                   {.unit = "connections",
                    .max = 16'000'000,
                    .sentence = "Client connections at a time, over all workers: so many with a socket, and as many "
                                "without (pollers, UDP); 0: as many as the limit on open files leaves room for."});
    visitor.option("rooms-per-connection-max", rooms_per_connection_max,
                   {.unit = "rooms", .min = 1, .max = 65'535, .sentence = "Rooms that one connection may be in."});
    describe_rates(visitor);
    visitor.option(
        "close-timeout-seconds", close_timeout_seconds,
        {.unit = "seconds", .min = 0.05, .max = 3600, .sentence = "How long a client may take to answer a close."});
    visitor.option("connection-age-seconds-max", connection_age_seconds_max,
                   {.unit = "seconds",
                    .max = 31'536'000,
                    .sentence = "How old a connection may become: each ends at a random moment of the last fifth of "
                                "that, and its client comes back, perhaps elsewhere; 0: any age."});
    visitor.option("namespace", namespaces,
                   {.sentence = "A namespace to serve beside /, which always exists; begins with /.",
                    .misfit = Namespaces::misfit});
    visitor.option("namespace-pattern", namespace_patterns,
                   {.sentence = "Names of namespaces that come into being when first asked for; each * stands for any "
                                "run of characters: /tenant-*.",
                    .misfit = Namespaces::misfit});
    visitor.option("namespaces-max", namespaces_max,
                   {.unit = "namespaces",
                    .min = 1,
                    .max = 65'535,
                    .sentence = "Namespaces at a time, / included; one that came by a pattern stays."});
    describe_history(visitor);
    describe_queues(visitor);
  }

  template <class Visitor>
  void describe_rates(Visitor& visitor) {
    visitor.option("messages-per-second-max", messages_per_second_max,
                   {.unit = "messages",
                    .max = 100'000'000,
                    .sentence = "Messages a second that one client may send, a second's worth of them at once; 0: any "
                                "number."});
    visitor.option("bytes-per-second-max", bytes_per_second_max,
                   {.unit = "bytes",
                    .max = bytes_max,
                    .sentence = "Payload a second that one client may send, a second's worth of it at once; 0: any."});
    visitor.choice(
        "over-rate", over_rate, over_rate_names,
        {.sentence = "What befalls a client that sends faster: it is read no further until it may go on, its "
                     "messages are dropped, or it is closed with 1008."});
  }

  template <class Visitor>
  void describe_history(Visitor& visitor) {
    visitor.option("history-messages", history_messages,
                   {.unit = "messages",
                    .max = 1'000'000,
                    .sentence = "Messages kept of each room for clients that resume; 0: none."});
    visitor.option("history-seconds", history_seconds,
                   {.unit = "seconds", .min = 1, .max = 604'800, .sentence = "How long each of them is kept."});
    visitor.option("history-bytes-max", history_bytes_max,
                   {.unit = "bytes",
                    .min = 65536,
                    .max = bytes_max,
                    .sentence = "Memory for the history of all rooms together; the oldest messages leave first."});
  }

  template <class Visitor>
  void describe_queues(Visitor& visitor) {
    visitor.option("outbox-bytes-max", outbox_bytes_max,
                   {.unit = "bytes",
                    .min = 1024,
                    .max = bytes_max,
                    .sentence = "What may wait to be written to one connection before the slow policy applies."});
    visitor.option("outbox-messages-max", outbox_messages_max,
                   {.unit = "messages", .min = 1, .max = 16'000'000, .sentence = "The same, counted in messages."});
    visitor.option("outbox-age-ms-max", outbox_age_ms_max,
                   {.unit = "milliseconds",
                    .min = 10,
                    .max = 3'600'000,
                    .sentence = "The same, as the age of the oldest message that waits."});
    visitor.choice("slow-policy", slow_policy, slow_policy_names,
                   {.sentence = "What befalls a client whose outbox is full, unless the message says otherwise."});
    visitor.option("queued-bytes-max", queued_bytes_max,
                   {.unit = "bytes",
                    .min = 1 << 20,
                    .max = bytes_max,
                    .sentence = "All that may wait in the outboxes of the process together."});
    visitor.option("mailbox-bytes-max", mailbox_bytes_max,
                   {.unit = "bytes",
                    .min = 65536,
                    .max = bytes_max,
                    .sentence = "What may wait for one worker before a publish is refused."});
    visitor.option("mailbox-messages-max", mailbox_messages_max,
                   {.unit = "messages", .min = 64, .max = 16'000'000, .sentence = "The same, counted in messages."});
    visitor.option("socket-send-bytes-max", socket_send_bytes_max,
                   {.unit = "bytes",
                    .max = 1 << 30,
                    .sentence = "The kernel's send buffer of each client's socket, which queues like an outbox; 0: as "
                                "the kernel has it."});
  }

  // Gives a sentence for each mistake that only several options together make.
  std::vector<std::string> validate() const;

 private:
  static constexpr double bytes_max = 1ULL << 40;
};

inline std::vector<std::string> Options::validate() const {
  std::vector<std::string> problems;
  if (outbox_bytes_max > queued_bytes_max) {
    problems.push_back("--outbox-bytes-max: is more than --queued-bytes-max, which bounds all outboxes together");
  }
  if (namespaces.size() >= namespaces_max) {
    problems.push_back("--namespaces-max: is not more than the namespaces that are declared, beside /");
  }
  return problems;
}

}  // namespace sluice::workers
