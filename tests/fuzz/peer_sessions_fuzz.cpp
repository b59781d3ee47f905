// What other nodes say of sessions: whatever the bytes are, they are refused or understood; and what was understood is
// the same when it is said again.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/move_codec.hpp"
#include "gateway/session_codec.hpp"
#include "gateway/socket_codec.hpp"

using namespace sluice::gateway;

namespace {

sluice::workers::Namespaces& namespaces() {
  static sluice::workers::Namespaces all({.declared = {"/a"}});
  return all;
}

// `decode` and `encode` are each other's reverse, but for what a decoder leaves out.
template <class Decode, class Encode>
void check(std::string_view bytes, Decode decode, Encode encode) {
  auto read = decode(bytes);
  if (!read) return;
  const std::string said = encode(*read);
  auto again = decode(said);
  if (!again || encode(*again) != said) std::abort();
}

constexpr auto encoded = [](const auto& message) { return session_codec::encode(message); };
constexpr auto moved = [](const auto& message) { return move_codec::encode(message); };
const auto moved_in = [](const auto& message) { return move_codec::encode(message, namespaces()); };
const auto socket_in = [](const auto& message) { return socket_codec::encode(message, namespaces()); };

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0] % 8) {
    case 0:
      check(
          bytes, [](auto one) { return session_codec::decode_request(one, 7); }, encoded);
      break;
    case 1:
      check(
          bytes, [](auto one) { return session_codec::decode_reply(one); }, encoded);
      break;
    case 2:
      check(
          bytes, [](auto one) { return socket_codec::decode_record(one, namespaces()); }, socket_in);
      break;
    case 3:
      check(
          bytes, [](auto one) { return socket_codec::decode_claimed(one, namespaces()); }, socket_in);
      break;
    case 4:
      static_cast<void>(socket_codec::decode_claim(bytes));
      break;
    case 5:
      check(
          bytes, [](auto one) { return move_codec::decode_request(one, 7); }, moved);
      break;
    case 6:
      check(
          bytes, [](auto one) { return move_codec::decode_begun(one, namespaces()); }, moved_in);
      break;
    default:
      check(
          bytes, [](auto one) { return move_codec::decode_state(one, namespaces()); }, moved_in);
  }
  return 0;
}
