#pragma once
// Admission: as whom a client comes in, and what that gives it.

#include <string>
#include <vector>

#include "workers/message.hpp"

namespace sluice::gateway {

struct Admission {
  std::string user;                     // empty: nobody in particular
  std::vector<workers::RoomKey> rooms;  // named ones, that it is put into
};

}  // namespace sluice::gateway
