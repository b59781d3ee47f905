#include "cluster/peer_codec.hpp"

#include "base/node_message.hpp"
#include "sluice/cluster/v1/peers.pb.h"

namespace sluice::cluster {
namespace {

using base::Errc;
using base::fail;
using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr std::uint32_t format = 1;
constexpr std::size_t detail_bytes_max = 512, name_bytes_max = 256;
constexpr std::int64_t started_ms_max = 9'000'000'000'000;  // the year 2255: within what a time point holds

// A sentence of ours may quote what a client named; where it is cut there may be half of a character.
std::string cut(std::string text) {
  if (text.size() <= detail_bytes_max) return text;
  std::size_t end = detail_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text;
}

void put(const PeerBeat& beat, v1::PeerMessage& out) {
  v1::Beat& to = *out.mutable_beat();
  const auto started = std::chrono::duration_cast<milliseconds>(beat.peer.started.time_since_epoch());
  to.set_instance(beat.instance);
  to.set_name(beat.peer.name);
  to.set_version(beat.peer.version);
  to.set_started_ms(started.count());
  to.set_connections(beat.peer.load.connections);
  to.set_ready(beat.peer.load.is_ready);
  to.set_draining(beat.peer.load.is_draining);
  to.set_leaving(beat.is_leaving);
  to.set_secret_mark(beat.secret_mark);
}

void put(const PeerQuestion& question, v1::PeerMessage& out) {
  out.mutable_question()->set_patience_ms(static_cast<std::uint32_t>(question.patience.count()));
}

void put(const PeerReply& reply, v1::PeerMessage& out) {
  v1::Answer& to = *out.mutable_answer();
  to.set_question(reply.question);
  if (!reply.error) return;
  to.set_error(std::string(base::row_of(reply.error->code).name));
  to.set_detail(cut(reply.error->detail));
}

base::Result<PeerBeat> take(const v1::Beat& from) {
  // Far more than any name has, and still no burden for whoever lists nodes.
  if (from.name().empty() || from.name().size() > name_bytes_max || from.version().size() > name_bytes_max) {
    return fail(Errc::bad_request, "a node's name or version is none");
  }
  if (from.started_ms() < 0 || from.started_ms() > started_ms_max) {
    return fail(Errc::bad_request, "a node's start is no time");
  }
  PeerBeat beat{
      .instance = from.instance(), .peer = {}, .is_leaving = from.leaving(), .secret_mark = from.secret_mark()};
  beat.peer.name = from.name();
  beat.peer.version = from.version();
  beat.peer.started = system_clock::time_point(milliseconds(from.started_ms()));
  beat.peer.load = {from.connections(), from.ready(), from.draining()};
  return beat;
}

PeerReply take(const v1::Answer& from) {
  PeerReply reply{.question = from.question(), .error = {}};
  if (!from.error().empty()) reply.error = fail(base::errc_named(from.error()), from.detail());
  return reply;
}

}  // namespace

std::string encode(const PeerMessage& message) {
  v1::PeerMessage out;
  out.set_needs(format);
  out.set_from(message.piece.from);
  out.set_number(message.piece.number);
  std::visit([&out](const auto& what) { put(what, out); }, message.what);
  out.set_piece(message.piece.place);
  out.set_has_more(message.piece.has_more);
  out.set_payload(std::string(message.piece.bytes));
  return out.SerializeAsString();
}

base::Result<PeerMessage> decode(std::string_view bytes, std::string& kept) {
  v1::PeerMessage in;
  if (bytes.size() > 0x7FFFFFFF || !in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(Errc::bad_request, "these bytes are no message of a node");
  }
  if (const auto status = base::check_format(in.needs(), format); !status) return status.error();
  PeerMessage message;
  switch (in.what_case()) {
    case v1::PeerMessage::kBeat: {
      auto beat = take(in.beat());
      if (!beat) return beat.error();
      message.what = *std::move(beat);
      break;
    }
    case v1::PeerMessage::kQuestion:
      message.what = PeerQuestion{milliseconds(in.question().patience_ms())};
      break;
    case v1::PeerMessage::kAnswer:
      message.what = take(in.answer());
      break;
    case v1::PeerMessage::WHAT_NOT_SET:
      return fail(Errc::bad_request, "the message of a node is of no kind that is known");
  }
  kept = std::move(*in.mutable_payload());
  message.piece = {in.from(), in.number(), in.piece(), in.has_more(), kept};
  return message;
}

std::string encode_numbers(const std::vector<std::uint64_t>& numbers) {
  v1::QuestionNumbers out;
  out.mutable_numbers()->Add(numbers.begin(), numbers.end());
  return out.SerializeAsString();
}

base::Result<std::vector<std::uint64_t>> decode_numbers(std::string_view bytes) {
  v1::QuestionNumbers in;
  if (bytes.size() > 0x7FFFFFFF || !in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(Errc::bad_request, "these bytes are no numbers of questions");
  }
  return std::vector<std::uint64_t>(in.numbers().begin(), in.numbers().end());
}

}  // namespace sluice::cluster
