#pragma once
// Subjects: by which names a cluster's messages travel. What is published under sluice.CLUSTER.p. is stored in the
// cluster's stream, which republishes a copy of it under sluice.CLUSTER.c., to which nodes subscribe as they have
// members. Pure.

#include <cstdint>
#include <string>
#include <string_view>

#include "workers/message.hpp"

namespace sluice::cluster {

class Subjects {
 public:
  explicit Subjects(const std::string& cluster_name);

  const std::string& stream() const { return stream_; }     // its name
  std::string all_stored() const { return stored_ + '>'; }  // what the stream takes
  std::string all_copies() const { return copies_ + '>'; }

  // Behind either prefix. A message for one room or user, or for everyone, travels under the name of that; one for
  // connections of a single node under that node's; any other under one of `many_shards` that all nodes hear, so that
  // the bound of a subject's messages is not soon that of all of them.
  static std::string of(std::string_view name_space, const workers::RoomKey& key);
  static std::string of_node(std::string_view name_space, std::uint32_t incarnation);
  static std::string of_many(std::string_view name_space, unsigned shard);
  static std::string of_all_many(std::string_view name_space);  // a pattern
  static std::string of(std::string_view name_space, const workers::Target& target, unsigned shard);
  // A sign of life in the order, and one by which a node finds where in it its subscriptions took effect.
  static std::string tick() { return "t"; }
  static std::string barrier(std::uint32_t incarnation);

  std::string stored(std::string_view what) const { return stored_ + std::string(what); }
  std::string copy(std::string_view what) const { return copies_ + std::string(what); }

  static constexpr unsigned many_shards = 16;

 private:
  std::string stream_, stored_, copies_;
};

// A name as one token of a subject: what a subject may not have is written as =XX; of a long one, its hash stands for
// it.
std::string subject_token(std::string_view name);

}  // namespace sluice::cluster
