#pragma once
// Translator: checks what callers send and turns it into the heart's words. Pure: no pool, no clock. Immutable, so any
// thread may use it. Each member gives what was wrong, or nothing after having written its result.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/failure.hpp"
#include "control/names.hpp"
#include "sluice/v1/backends.pb.h"
#include "sluice/v1/gateway.pb.h"
#include "workers/backend.hpp"
#include "workers/commands.hpp"
#include "workers/ending.hpp"
#include "workers/message.hpp"
#include "workers/namespaces.hpp"

namespace sluice::control {

using Problem = std::optional<Failure>;

struct TranslatorLimits {
  std::size_t room_name_bytes_max = 256;
  std::size_t publish_batch_max = 1000;
  std::size_t list_page_max = 1000;
};

// Whether a list of patterns can be one, and what it should be.
bool are_patterns(const google::protobuf::RepeatedPtrField<std::string>& given);
inline constexpr std::string_view patterns_wanted = "at most 100 patterns of 1 to 256 bytes without control characters";

class Translator {
 public:
  using Names = google::protobuf::RepeatedPtrField<std::string>;

  // `namespaces` outlive this. One that a call names may come into being by that.
  Translator(workers::Namespaces& namespaces, TranslatorLimits limits);

  Problem message(const v1::PublishRequest& request, workers::Message& message) const;
  // `target` is the request's field of that name.
  Problem target(const v1::Target& target, workers::Target& out) const;
  // The rooms to join or leave; no key comes twice in `out`.
  Problem changed_rooms(const Names& rooms, std::vector<workers::RoomKey>& out) const;
  Problem verdict(const v1::Verdict& request, workers::Verdict& out) const;
  Problem ending(const v1::DisconnectRequest& request, workers::Ending& out) const;
  Problem connection_id(std::string_view field, const std::string& text, base::ConnectionId& out) const;
  Problem filter(const v1::ListConnectionsRequest& request, workers::ConnectionFilter& out) const;
  Problem name_space(std::string_view field, const std::string& name, base::NamespaceId& out) const;
  Problem room(std::string_view field, const std::string& name) const;
  Problem position(std::string_view field, const std::string& text, std::optional<base::Position>& out) const;
  Problem page_size(std::string_view field, std::uint32_t given, std::size_t& out) const;
  Problem batch_size(std::size_t messages) const;
  // The arguments and attachments of `payload`, a part of the request's field `field`.
  Problem arguments(const std::string& field, const v1::Payload& payload, workers::Message& message) const;
  Problem idempotency_key(const std::string& key) const;
  // What a client may be told at its end.
  Problem reason(const std::string& text) const;

 private:
  Problem allowance(const v1::Allow& request, workers::Allowance& out) const;
  Problem payload(const v1::Payload& payload, workers::Message& message) const;
  Problem attachments(const std::string& field, const v1::Payload& payload, workers::Message& message) const;
  Problem delivery(const v1::DeliveryOptions& options, workers::Message& message) const;
  Problem keys(std::string_view field, const Names& names, workers::RoomKey::Kind kind,
               std::vector<workers::RoomKey>& out) const;
  Problem connections(std::string_view field, const Names& ids, std::vector<base::ConnectionId>& out) const;

  workers::Namespaces& namespaces_;
  const TranslatorLimits limits_;
};

}  // namespace sluice::control
