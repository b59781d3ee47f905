#pragma once
// Socket.IO sockets between two connections, as nodes tell each other of them and keep them
// (proto/sluice/cluster/v1/sockets.proto). Pure, but that a namespace may be made by its name.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "gateway/recovery.hpp"
#include "workers/namespaces.hpp"

namespace sluice::cluster::v1 {
class Socket;
}  // namespace sluice::cluster::v1

namespace sluice::gateway::socket_codec {

// For other codecs: a socket as a part of a message.
void put(const BrokenSocket& socket, const workers::Namespaces& namespaces, cluster::v1::Socket& out);
base::Result<BrokenSocket> take(const cluster::v1::Socket& in, workers::Namespaces& namespaces);

// What a node answers to whoever claims a socket.
struct Claimed {
  std::optional<BrokenSocket> socket;
  std::uint64_t revision = 0;
  std::uint32_t elsewhere = 0;  // without a socket: the node that has claimed it a moment ago; 0: none
};
// What the store has of one.
struct Record {
  BrokenSocket socket;
  std::uint32_t holder = 0;
};

std::string encode_claim(const std::string& pid);
std::string encode(const Claimed& claimed, const workers::Namespaces& namespaces);
std::string encode(const Record& record, const workers::Namespaces& namespaces);

// Errc::bad_request says why `bytes` are none that this version understands; others, why there is no such namespace
// here.
base::Result<std::string> decode_claim(std::string_view bytes);
base::Result<Claimed> decode_claimed(std::string_view bytes, workers::Namespaces& namespaces);
base::Result<Record> decode_record(std::string_view bytes, workers::Namespaces& namespaces);

}  // namespace sluice::gateway::socket_codec
