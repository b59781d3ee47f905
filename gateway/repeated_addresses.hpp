#pragma once
// What is said of an address that an option is given twice. Port 0 is another one each time.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"

namespace sluice::gateway {

// Appends a sentence for each.
inline void tell_repeated(std::string_view flag, const std::vector<base::Address>& addresses,
                          std::vector<std::string>& problems) {
  for (auto address = addresses.begin(); address != addresses.end(); ++address) {
    if (address->port() == 0 || std::find(addresses.begin(), address, *address) == address) continue;
    problems.push_back(std::string(flag) + ": " + address->text() + " is given twice");
  }
}

}  // namespace sluice::gateway
