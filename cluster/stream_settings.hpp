#pragma once
// StreamSettings: how a stream of JetStream is to be (docs.nats.io, JetStream, Streams, Configuration; ADR-31 for
// direct gets, ADR-28 for republishing). Pure.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cluster/json_object.hpp"

namespace sluice::cluster {

struct StreamSettings {
  enum class Storage : std::uint8_t { file, memory };
  enum class Discard : std::uint8_t { oldest, newest };  // what goes when the stream is full
  struct Republish {
    std::string source, destination;  // of what is stored under the one, a copy is published under the other
  };
  static constexpr std::int64_t unbounded = -1;

  std::string name;  // no white space, no . * > / or backslash
  std::vector<std::string> subjects;
  std::optional<Republish> republish = {};
  std::int64_t messages_per_subject_max = unbounded;
  std::int64_t messages_max = unbounded;
  std::int64_t bytes_max = unbounded;
  std::chrono::nanoseconds age_max{0};  // 0: unbounded
  Storage storage = Storage::file;
  Discard discard = Discard::oldest;
  int replicas = 1;  // 1 to 5
  // A message id that comes again within it stores nothing. 100 ms at least, and not above `age_max`.
  std::chrono::nanoseconds duplicate_window = std::chrono::minutes(2);
  bool allows_direct = true;   // gets that any replica answers
  bool allows_rollup = false;  // a message may take the place of all earlier ones
  bool denies_delete = false;
  std::string description = {};  // what the maker of the stream says stays; it makes no difference

  // What STREAM.CREATE takes.
  std::string json() const;
  // Says in which settings a stream is another one than this, each with what it is and what was expected; empty: in
  // none. `config` is what a server says of the stream. What is not set here may be whatever it is.
  std::string difference(const JsonObject& config) const;
};

// Whether a stream may have that name.
bool is_stream_name(std::string_view text);

}  // namespace sluice::cluster
