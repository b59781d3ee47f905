#pragma once
// Credentials: what a client showed to be let in, and until when that is good. Shared by the connections of one client;
// immutable.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/labels.hpp"

namespace sluice::workers {

// What a backend's verdict adds to a client's token, and takes from it.
struct Allowance {
  base::Labels labels;                                              // beside those that it has
  std::optional<std::chrono::system_clock::time_point> good_until;  // it ends no later
  std::optional<std::vector<std::string>> join, publish;            // in the place of the token's
  std::vector<std::string> rooms;                                   // that it may ask for in any case
  bool empty() const { return labels.empty() && !good_until && !join && !publish && rooms.empty(); }
};

struct Credentials {
  std::string subject, token_id;
  std::optional<std::int64_t> issued;                               // Unix time in seconds
  std::optional<std::chrono::system_clock::time_point> good_until;  // nothing: for ever
  std::optional<std::vector<std::string>> join;     // patterns of rooms that it may ask for; nothing: as for anyone
  std::optional<std::vector<std::string>> publish;  // patterns of rooms that it may speak to; nothing: all of its own
  base::Labels labels = {};
  std::shared_ptr<const Allowance> allowance = nullptr;  // what of these is a verdict's; null: nothing
  // What the edge counts its client by, for as long as somebody holds these.
  std::vector<std::shared_ptr<const void>> places = {};
};

// Which credentials are good no more: those of one token, or those of a subject that were issued before a time.
struct Revoked {
  std::string token_id;  // empty: the subject's
  std::string subject;
  std::int64_t issued_before = 0;

  bool holds(const Credentials& one) const {
    if (!token_id.empty()) return one.token_id == token_id;
    return one.subject == subject && (!one.issued || *one.issued < issued_before);
  }
};

}  // namespace sluice::workers
