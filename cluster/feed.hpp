#pragma once
// Feed: one subscription to copies of what the stream stores, and how far it has come.

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/nats_client.hpp"
#include "workers/sequencer.hpp"

namespace sluice::cluster {

struct Feed {
  workers::Sequencer* sequencer = nullptr;
  std::optional<workers::RoomKey> key;  // nothing: not of one room
  std::string source;                   // the subject in the stream; a pattern, if there are several
  bool is_many = false;                 // of messages for several rooms, whose subjects are shards
  NatsSubscription subscription;

  bool is_live = false;  // all that comes after `begin` comes here
  std::uint64_t begin = 0;
  bool is_covered = false;  // and what is up to there was handed on
  bool reads_backlog = false;

  // The last one that came under one of its subjects, and how many have; and what both were when an audit began.
  struct Last {
    std::uint64_t sequence = 0, audited = 0;
    std::uint64_t count = 0, audited_count = 0;
  };
  Last& last_of(std::string_view subject) {
    const std::size_t shard = is_many ? shard_of(subject) : 0;
    if (shard >= lasts.size()) lasts.resize(shard + 1);
    return lasts[shard];
  }
  std::vector<Last> lasts;
  std::uint64_t count() const {
    std::uint64_t sum = 0;
    for (const Last& last : lasts) sum += last.count;
    return sum;
  }

 private:
  static std::size_t shard_of(std::string_view subject) {
    constexpr std::size_t shards_max = 1024;  // of whatever version
    const std::string_view digits = subject.substr(subject.rfind('.') + 1);
    std::size_t shard = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), shard);
    return shard % shards_max;
  }
};

}  // namespace sluice::cluster
