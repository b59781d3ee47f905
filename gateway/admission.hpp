#pragma once
// Admission: as whom a client comes in, and what that gives it.

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "workers/credentials.hpp"
#include "workers/message.hpp"

namespace sluice::gateway {

struct Admission {
  std::string user;                                                   // empty: nobody in particular
  std::vector<workers::RoomKey> rooms;                                // named ones, that it is put into
  std::shared_ptr<const workers::Credentials> credentials = nullptr;  // null: none were asked for, or shown
};

// What its client is counted by is kept with its credentials, which live as long as its connection.
inline void hold(Admission& admission, std::shared_ptr<const void> place) {
  if (!place) return;
  auto credentials = admission.credentials ? *admission.credentials : workers::Credentials();
  credentials.places.push_back(std::move(place));
  admission.credentials = std::make_shared<const workers::Credentials>(std::move(credentials));
}

// Adds those of `more` that are not there.
inline void add_rooms(std::vector<workers::RoomKey>& rooms, const std::vector<workers::RoomKey>& more) {
  for (const workers::RoomKey& key : more) {
    if (std::find(rooms.begin(), rooms.end(), key) == rooms.end()) rooms.push_back(key);
  }
}

}  // namespace sluice::gateway
