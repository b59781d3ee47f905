#pragma once
// EventFilter: which events a group of backends wants. Pure; a copy is as good as the original.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "workers/backend.hpp"

namespace sluice::control {

class EventFilter {
 public:
  // What those are told who ask for nothing else: connections from beginning to end, and messages.
  static constexpr workers::KindSet usual_kinds = workers::kind_bit(workers::ClientEvent::Kind::connected) |
                                                  workers::kind_bit(workers::ClientEvent::Kind::disconnected) |
                                                  workers::kind_bit(workers::ClientEvent::Kind::message);
  // Each list has patterns, in which `*` stands for any run of characters. An empty list lets all pass.
  struct Patterns {
    std::vector<std::string> namespaces = {};
    std::vector<std::string> rooms =
        {};  // of messages and of what happens to rooms: at least one of the event's matches
    std::vector<std::string> events = {};  // names, of messages
    bool operator==(const Patterns&) const = default;
  };
  using NameOf = std::function<std::string_view(base::NamespaceId)>;

  // Lets the usual kinds pass.
  EventFilter() = default;
  // `name_of` is needed if there are patterns for namespaces.
  EventFilter(workers::KindSet kinds, Patterns patterns, NameOf name_of);

  workers::KindSet kinds() const { return kinds_; }
  const Patterns& patterns() const { return patterns_; }
  bool passes(const workers::ClientEvent& event) const;
  bool operator==(const EventFilter& other) const { return kinds_ == other.kinds_ && patterns_ == other.patterns_; }

 private:
  workers::KindSet kinds_ = usual_kinds;
  Patterns patterns_;
  NameOf name_of_;
};

}  // namespace sluice::control
