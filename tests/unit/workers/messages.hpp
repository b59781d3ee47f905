#pragma once
// Messages as the tests of this folder publish them.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "workers/message.hpp"

namespace sluice::workers {

inline std::vector<RoomKey> rooms_named(const std::vector<std::string>& names) {
  std::vector<RoomKey> keys;
  keys.reserve(names.size());
  for (const std::string& name : names) keys.push_back(RoomKey::room(name));
  return keys;
}

inline std::shared_ptr<Message> message_to(const std::vector<std::string>& rooms, std::string data) {
  auto message = std::make_shared<Message>();
  message->target.rooms = rooms_named(rooms);
  message->data = std::move(data);
  message->accepted = base::Clock::now();
  return message;
}
inline std::shared_ptr<Message> message_to(const char* room, std::string data) {
  return message_to(std::vector<std::string>{room}, std::move(data));
}

}  // namespace sluice::workers
