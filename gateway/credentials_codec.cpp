#include "gateway/credentials_codec.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "gateway/peer_message.hpp"
#include "sluice/cluster/v1/moves.pb.h"

namespace sluice::gateway::credentials_codec {
namespace {

using google::protobuf::RepeatedPtrField;
using std::chrono::milliseconds;
using std::chrono::system_clock;
namespace v1 = cluster::v1;

void put_labels(const base::Labels& labels, RepeatedPtrField<v1::Field>& out) {
  for (const auto& [name, value] : labels) {
    v1::Field& field = *out.Add();
    field.set_name(name);
    field.set_value(value);
  }
}

base::Labels take_labels(const RepeatedPtrField<v1::Field>& in) {
  base::Labels labels;
  for (const v1::Field& field : in) labels.emplace_back(field.name(), field.value());
  return labels;
}

std::int64_t milliseconds_of(system_clock::time_point time) {
  return std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count();
}

// The clock counts finer, and so not as far.
system_clock::time_point time_of(std::int64_t count) {
  constexpr milliseconds latest = std::chrono::floor<milliseconds>(system_clock::duration::max());
  return system_clock::time_point(std::clamp(milliseconds(count), -latest, latest));
}

void put_patterns(const std::vector<std::string>& patterns, v1::Patterns& out) {
  for (const std::string& one : patterns) out.add_patterns(one);
}

std::vector<std::string> take_patterns(const v1::Patterns& in) { return {in.patterns().begin(), in.patterns().end()}; }

void put_allowance(const workers::Allowance& allowance, v1::Allowance& out) {
  put_labels(allowance.labels, *out.mutable_labels());
  if (allowance.good_until) out.set_good_until_ms(milliseconds_of(*allowance.good_until));
  if (allowance.join) put_patterns(*allowance.join, *out.mutable_join());
  if (allowance.publish) put_patterns(*allowance.publish, *out.mutable_publish());
  for (const std::string& room : allowance.rooms) out.add_rooms(room);
}

std::shared_ptr<const workers::Allowance> take_allowance(const v1::Allowance& in) {
  auto allowance = std::make_shared<workers::Allowance>();
  allowance->labels = take_labels(in.labels());
  if (in.has_good_until_ms()) allowance->good_until = time_of(in.good_until_ms());
  if (in.has_join()) allowance->join = take_patterns(in.join());
  if (in.has_publish()) allowance->publish = take_patterns(in.publish());
  allowance->rooms.assign(in.rooms().begin(), in.rooms().end());
  return allowance;
}

}  // namespace

void put(const workers::Credentials& credentials, v1::Credentials& out) {
  out.set_subject(credentials.subject);
  out.set_token_id(credentials.token_id);
  if (credentials.issued) out.set_issued(*credentials.issued);
  if (credentials.good_until) out.set_good_until_ms(milliseconds_of(*credentials.good_until));
  if (credentials.join) put_patterns(*credentials.join, *out.mutable_join());
  if (credentials.publish) put_patterns(*credentials.publish, *out.mutable_publish());
  put_labels(credentials.labels, *out.mutable_labels());
  if (credentials.allowance) put_allowance(*credentials.allowance, *out.mutable_allowance());
}

std::shared_ptr<const workers::Credentials> take(const v1::Credentials& in) {
  auto credentials = std::make_shared<workers::Credentials>();
  credentials->subject = in.subject();
  credentials->token_id = in.token_id();
  if (in.has_issued()) credentials->issued = in.issued();
  if (in.has_good_until_ms()) credentials->good_until = time_of(in.good_until_ms());
  if (in.has_join()) credentials->join = take_patterns(in.join());
  if (in.has_publish()) credentials->publish = take_patterns(in.publish());
  credentials->labels = take_labels(in.labels());
  if (in.has_allowance()) credentials->allowance = take_allowance(in.allowance());
  return credentials;
}

void put(const Admission& admission, v1::Admission& out) {
  out.set_user(admission.user);
  for (const workers::RoomKey& room : admission.rooms) peer_message::put(room, *out.add_rooms());
  if (admission.credentials) put(*admission.credentials, *out.mutable_credentials());
}

base::Result<Admission> take(const v1::Admission& in) {
  Admission admission;
  admission.user = in.user();
  auto rooms = peer_message::keys_of(in.rooms());
  if (!rooms) return rooms.error();
  admission.rooms = *std::move(rooms);
  if (in.has_credentials()) admission.credentials = take(in.credentials());
  return admission;
}

}  // namespace sluice::gateway::credentials_codec
