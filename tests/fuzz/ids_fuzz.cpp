// Ids and positions as callers and clients write them: what is taken is exactly the text that the id itself has, and
// what an id says of itself is taken.

#include <cstdlib>
#include <cstring>

#include "base/ids.hpp"

using namespace sluice::base;

namespace {

void require(bool is_true) {
  if (!is_true) std::abort();
}

template <class Id>
void check_text(std::string_view text) {
  const auto id = Id::parse(text);
  require(!id || id->text() == text);
}

template <class Id>
void check_round_trip(const Id& id) {
  const auto back = Id::parse(id.text());
  require(back && *back == id);
}

template <class Number>
Number number_at(const std::uint8_t* bytes) {
  Number number;
  std::memcpy(&number, bytes, sizeof number);
  return number;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_text<ConnectionId>(text);
  check_text<Position>(text);
  if (size < 16) return 0;
  check_round_trip(Position{number_at<std::uint64_t>(data), number_at<std::uint64_t>(data + 8)});
  check_round_trip(ConnectionId{number_at<std::uint32_t>(data), WorkerId{number_at<std::uint16_t>(data + 4)},
                                number_at<std::uint32_t>(data + 8), number_at<std::uint32_t>(data + 12)});
  return 0;
}
