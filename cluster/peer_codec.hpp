#pragma once
// Messages between nodes in bytes (proto/sluice/cluster/v1/peers.proto). Pure.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "cluster/pieces.hpp"
#include "workers/peers.hpp"

namespace sluice::cluster {

struct PeerBeat {
  std::uint64_t instance = 0;
  workers::Peer peer;  // `incarnation` and `heard` are not part of it
  bool is_leaving = false;
  std::uint64_t secret_mark = 0;  // 0: of a version that tells none
};

struct PeerQuestion {
  std::chrono::milliseconds patience{0};  // 0: no answer is wanted
};

struct PeerReply {
  std::uint64_t question = 0;
  std::optional<base::Error> error;  // nothing: the payload is the answer
};

struct PeerMessage {
  std::variant<PeerBeat, PeerQuestion, PeerReply> what;
  Piece piece;
};

std::string encode(const PeerMessage& message);
// Errc::bad_request says why `bytes` are no message that this version understands. The piece borrows what `kept` holds.
base::Result<PeerMessage> decode(std::string_view bytes, std::string& kept);

// Numbers of questions, as nodes ask each other for them (NatsPeers::ask_again).
std::string encode_numbers(const std::vector<std::uint64_t>& numbers);
// Errc::bad_request: `bytes` are none.
base::Result<std::vector<std::uint64_t>> decode_numbers(std::string_view bytes);

// Bytes of a message beside those of its piece, at most; an error's sentence is cut to fit.
inline constexpr std::size_t peer_message_bytes_beside = 1024;

}  // namespace sluice::cluster
