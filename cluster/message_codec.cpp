#include "cluster/message_codec.hpp"

#include "base/node_message.hpp"
#include "sluice/cluster/v1/message.pb.h"

namespace sluice::cluster {
namespace {

using base::Errc;
using base::fail;
using google::protobuf::RepeatedPtrField;

constexpr std::uint32_t format = 1;

// The enumerators of both sides count alike.
static_assert(static_cast<int>(workers::RoomKey::Kind::everyone) == v1::RoomKey::EVERYONE);
static_assert(static_cast<int>(workers::DataKind::arguments) == v1::Message::ARGUMENTS);
static_assert(static_cast<int>(workers::Deflation::always) == v1::Message::ALWAYS);
static_assert(static_cast<int>(workers::SlowPolicy::conflate) + 1 == v1::Message::CONFLATE);

void put(const std::vector<workers::RoomKey>& keys, RepeatedPtrField<v1::RoomKey>& out) {
  for (const workers::RoomKey& key : keys) {
    v1::RoomKey& one = *out.Add();
    one.set_kind(static_cast<v1::RoomKey::Kind>(key.kind));
    one.set_name(key.name);
  }
}

void put(const std::vector<base::ConnectionId>& ids, RepeatedPtrField<v1::ConnectionId>& out) {
  for (const base::ConnectionId& id : ids) base::put_id(id, *out.Add());
}

bool take(const RepeatedPtrField<v1::RoomKey>& keys, std::vector<workers::RoomKey>& out) {
  for (const v1::RoomKey& key : keys) {
    if (!v1::RoomKey::Kind_IsValid(key.kind())) return false;
    out.push_back({static_cast<workers::RoomKey::Kind>(key.kind()), key.name()});
  }
  return true;
}

bool take(const RepeatedPtrField<v1::ConnectionId>& ids, std::vector<base::ConnectionId>& out) {
  for (const v1::ConnectionId& id : ids) {
    const auto one = base::take_id(id);
    if (!one) return false;
    out.push_back(*one);
  }
  return true;
}

}  // namespace

std::string encode(const workers::Message& message) {
  v1::Message out;
  out.set_needs(format);
  put(message.target.rooms, *out.mutable_rooms());
  put(message.target.connections, *out.mutable_connections());
  put(message.target.except_rooms, *out.mutable_except_rooms());
  put(message.target.except_connections, *out.mutable_except_connections());
  if (message.event != workers::default_event) out.set_event(message.event);
  out.set_data(message.data);
  out.set_kind(static_cast<v1::Message::DataKind>(message.kind));
  for (const std::string& attachment : message.attachments) out.add_attachments(attachment);
  out.set_deflation(static_cast<v1::Message::Deflation>(message.deflation));
  if (message.slow_policy) {
    out.set_slow_policy(static_cast<v1::Message::SlowPolicy>(static_cast<int>(*message.slow_policy) + 1));
  }
  out.set_conflation_key(message.conflation_key);
  return out.SerializeAsString();
}

base::Result<std::shared_ptr<workers::Message>> decode(std::string_view bytes, base::NamespaceId name_space) {
  v1::Message in;
  if (bytes.size() > 0x7FFFFFFF || !in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(Errc::bad_request, "these bytes are no message of a node");
  }
  if (const auto status = base::check_format(in.needs(), format); !status) return status.error();
  auto message = std::make_shared<workers::Message>();
  workers::Target& target = message->target;
  target.name_space = name_space;
  const bool is_target = take(in.rooms(), target.rooms) && take(in.connections(), target.connections) &&
                         take(in.except_rooms(), target.except_rooms) &&
                         take(in.except_connections(), target.except_connections);
  const bool is_known = v1::Message::DataKind_IsValid(in.kind()) && v1::Message::Deflation_IsValid(in.deflation()) &&
                        v1::Message::SlowPolicy_IsValid(in.slow_policy());
  if (!is_target || !is_known || target.empty()) {
    return fail(Errc::bad_request, "the message of a node has a value that is none");
  }
  if (!in.event().empty()) message->event = std::move(*in.mutable_event());
  message->data = std::move(*in.mutable_data());
  message->kind = static_cast<workers::DataKind>(in.kind());
  for (std::string& attachment : *in.mutable_attachments()) message->attachments.push_back(std::move(attachment));
  message->deflation = static_cast<workers::Deflation>(in.deflation());
  if (in.slow_policy() != v1::Message::DEFAULT) {
    message->slow_policy = static_cast<workers::SlowPolicy>(in.slow_policy() - 1);
  }
  message->conflation_key = std::move(*in.mutable_conflation_key());
  return message;
}

}  // namespace sluice::cluster
