// NatsPeers' messages: questions and what is told, answers, and taking apart what comes.

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "cluster/peers.hpp"

namespace sluice::cluster {

using base::Errc;
using base::fail;
using workers::PeerAnswer;
using namespace std::chrono_literals;

namespace {

// Of an answer to something that was asked: the question's number and, if it was for one node, a dot and that.
constexpr std::string_view reply_kind = "re.";
constexpr base::Duration told_patience = 10s;  // for what is told, which nobody waits for
constexpr std::size_t piece_bytes_min = 256, piece_bytes_max = std::size_t{1} << 20;

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

std::chrono::milliseconds patience_until(base::TimePoint until, base::TimePoint now) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now);
  return std::min<std::chrono::milliseconds>(left, 1h);
}

}  // namespace

// --- what goes out ---

base::Status NatsPeers::send(const Envelope& envelope, PeerMessage message, std::string_view payload) {
  if (!client_.is_connected()) return fail(Errc::unavailable, "the broker is away");
  if (payload.size() > settings_.pieces.whole_bytes_max) {
    return fail(Errc::too_large, "nodes send each other at most " + std::to_string(settings_.pieces.whole_bytes_max) +
                                     " bytes at a time, not " + std::to_string(payload.size()));
  }
  const std::size_t broker_bytes_max = client_.info().message_bytes_max;
  std::size_t piece_bytes = std::min(broker_bytes_max, piece_bytes_max + peer_message_bytes_beside);
  piece_bytes = std::max(piece_bytes, piece_bytes_min + peer_message_bytes_beside) - peer_message_bytes_beside;
  message.piece.from = settings_.incarnation;
  do {
    message.piece.bytes = payload.substr(0, piece_bytes);
    payload.remove_prefix(message.piece.bytes.size());
    message.piece.has_more = !payload.empty();
    const std::string bytes = encode(message);
    auto published =
        client_.publish({.subject = envelope.subject, .payload = bytes, .reply = envelope.reply, .headers = {}});
    if (!published) return published;
    ++message.piece.place;
  } while (message.piece.has_more);
  return base::ok();
}

void NatsPeers::ask(To to, std::string_view kind, std::string payload, base::TimePoint until, OnAnswers then) {
  post_([this, to = std::move(to), kind = std::string(kind), payload = std::move(payload), until,
         then = std::move(then)] { send_question(to, kind, payload, until, then); });
}

void NatsPeers::tell(To to, std::string_view kind, std::string payload) {
  post_([this, to = std::move(to), kind = std::string(kind), payload = std::move(payload)] {
    if (is_running_) send_told(to, kind, payload);
  });
}

base::Status NatsPeers::check_question(base::TimePoint until, base::TimePoint now) const {
  if (!is_running_) return fail(Errc::unavailable, "this node is in no cluster");
  if (!client_.is_connected()) return fail(Errc::unavailable, "the broker is away");
  if (until <= now) return fail(Errc::timed_out, "no time was left");
  if (questions_.size() < settings_.questions_max) return base::ok();
  return fail(Errc::exhausted, "too many questions to other nodes wait for answers");
}

void NatsPeers::send_question(const To& to, const std::string& kind, const std::string& payload, base::TimePoint until,
                              const OnAnswers& then) {
  const base::TimePoint now = base::Clock::now();
  Questions::Asked asked{.nodes = {}, .since = now, .until = until, .then = counted(then, now)};
  for (const auto& [incarnation, peer] : leases_.all()) {
    if (!to || std::ranges::find(*to, incarnation) != to->end()) asked.nodes.emplace(incarnation, peer.name);
  }
  for (const std::uint32_t incarnation : to.value_or(std::vector<std::uint32_t>())) {
    if (asked.nodes.contains(incarnation)) continue;
    asked.answers.push_back({incarnation, {}, fail(Errc::unavailable, "there is no such node")});
  }
  const auto checked = check_question(until, now);
  if (!checked) {
    for (auto& [incarnation, name] : asked.nodes) asked.answers.push_back({incarnation, name, checked.error()});
    asked.nodes.clear();
  }
  const Questions::Names nodes = asked.nodes;
  // All are asked even if nobody is known: one that has just come does its share, though nobody waits for its answer.
  if (nodes.empty() && (to || !checked)) return asked.then(std::move(asked.answers));

  const std::uint64_t number = ++last_number_;
  if (nodes.empty()) {
    asked.then(std::move(asked.answers));
  } else {
    metrics_.asked.add();
    questions_.add(number, std::move(asked));
    set_deadline();
  }
  const std::string reply = own_prefix_ + std::string(reply_kind) + std::to_string(number);
  const PeerMessage message{.what = PeerQuestion{patience_until(until, now)}, .piece = {.number = number}};
  if (!to) {
    const auto sent = send({all_prefix_ + kind, reply}, message, payload);
    for (const auto& [node, name] : nodes) {
      if (!sent) questions_.fail(number, node, sent.error());
    }
    return;
  }
  for (const auto& [node, name] : nodes) {
    const auto sent = send({subject_of(node, kind), reply + "." + base::incarnation_text(node)}, message, payload);
    if (!sent) questions_.fail(number, node, sent.error());
  }
}

// What comes of it is measured, whoever asked.
workers::Peers::OnAnswers NatsPeers::counted(const OnAnswers& then, base::TimePoint began) {
  return [this, then, began](std::vector<PeerAnswer> answers) {
    for (const PeerAnswer& answer : answers) metrics_.unanswered.add(answer.payload ? 0 : 1);
    metrics_.answered_after.observe(base::Clock::now() - began);
    then(std::move(answers));
  };
}

void NatsPeers::send_told(const To& to, const std::string& kind, const std::string& payload) {
  const PeerMessage message{.what = PeerQuestion{}, .piece = {.number = ++last_number_}};
  const auto note = [this, &kind](const base::Status& sent) {
    if (sent || !log_limit_.allows(base::Clock::now())) return;
    base::log_warning("node_not_told",
                      {{"what", kind}, {"why", sent.error().detail}, {"suppressed", log_limit_.take_suppressed()}});
  };
  if (!to) return note(send({all_prefix_ + kind}, message, payload));
  for (const std::uint32_t node : *to) note(send({subject_of(node, kind)}, message, payload));
}

void NatsPeers::set_deadline() {
  if (const auto next = questions_.deadline()) deadline_timer_.set(*next);
}

void NatsPeers::expire_questions() {
  questions_.expire(base::Clock::now());
  set_deadline();
}

// The broker may lose a question or its answer together with one of its servers, and neither node sees that by itself:
// so whoever waits for long asks whether it is still waited with reason.
void NatsPeers::ask_again(base::TimePoint now) {
  next_ask_again_ = now + settings_.ask_again_every;
  for (auto& [node, numbers] : questions_.asked_before(now - settings_.ask_again_every)) {
    // What the node answered before this goes ahead of it.
    const auto take_unknown = [this, node = node](const std::vector<PeerAnswer>& answers) {
      const auto& payload = answers.front().payload;
      const auto unknown =
          payload ? decode_numbers(*payload) : base::Result<std::vector<std::uint64_t>>(payload.error());
      if (!unknown) return;
      for (const std::uint64_t number : *unknown) {
        questions_.fail(number, node, fail(Errc::unavailable, "the question or its answer was lost on its way"));
      }
    };
    send_question(To(std::vector{node}), std::string(unknown_questions_kind), encode_numbers(numbers),
                  now + settings_.ask_again_every, take_unknown);
  }
}

std::vector<std::uint64_t> NatsPeers::unknown_of(std::uint32_t from, std::vector<std::uint64_t> numbers) const {
  std::set<std::uint64_t> known;
  for (const auto& [number, served] : served_) {
    if (served.from == from) known.insert(served.number);
  }
  std::erase_if(numbers, [&known](std::uint64_t number) { return known.contains(number); });
  return numbers;
}

// --- what comes ---

void NatsPeers::take(const NatsMessage& message, std::string_view kind) {
  if (message.payload.empty() && !message.header_block.empty()) return take_status(message, kind);
  std::string bytes;
  auto parsed = decode(message.payload, bytes);
  if (!parsed) return note_malformed(parsed.error());
  const std::uint32_t from = parsed->piece.from;
  if (const auto* const beat = std::get_if<PeerBeat>(&parsed->what)) return take_beat(*beat, from);
  if (from == settings_.incarnation) return;  // what we have said to all
  auto payload = pieces_.take(parsed->piece, base::Clock::now());
  if (!payload) return note_malformed(payload.error());
  if (!*payload) return;
  if (const auto* const reply = std::get_if<PeerReply>(&parsed->what)) {
    return take_reply(*reply, from, **std::move(payload));
  }
  take_question({.from = from, .payload = **std::move(payload), .until = {}},
                {.from = from, .number = parsed->piece.number, .reply = std::string(message.reply)},
                std::get<PeerQuestion>(parsed->what).patience, kind);
}

// The broker itself says that nobody hears a subject (ADR-22): that node's connection has ended.
void NatsPeers::take_status(const NatsMessage& message, std::string_view kind) {
  const auto headers = message.headers();
  if (!headers || headers->status() != nats_status::no_responders || !kind.starts_with(reply_kind)) return;
  kind.remove_prefix(reply_kind.size());
  const std::size_t dot = std::min(kind.find('.'), kind.size());
  const auto number = number_of(kind.substr(0, dot));
  const auto node = base::parse_incarnation(kind.substr(std::min(dot + 1, kind.size())));
  if (number && node) questions_.fail(*number, *node, fail(Errc::unavailable, "the node cannot be reached"));
}

void NatsPeers::take_reply(const PeerReply& reply, std::uint32_t from, std::string payload) {
  const auto peer = leases_.all().find(from);
  PeerAnswer answer{from, peer == leases_.all().end() ? std::string() : peer->second.name, std::move(payload)};
  if (reply.error) answer.payload = *reply.error;
  questions_.take(reply.question, std::move(answer));
}

void NatsPeers::take_question(Question question, Served served, std::chrono::milliseconds patience,
                              std::string_view kind) {
  const bool wants_answer = patience.count() > 0 && !served.reply.empty();
  served.until = question.until = base::Clock::now() + (wants_answer ? patience : told_patience);
  const auto handler = handlers_.find(kind);
  if (handler == handlers_.end()) {
    if (!wants_answer) return;
    return send_answer(served, fail(Errc::not_found, "the node does not know this question; it is of another version"));
  }
  if (!wants_answer) return handler->second(std::move(question), [](const auto&) {});
  if (served_.size() >= settings_.served_max) {
    metrics_.refused.add();
    return send_answer(served, fail(Errc::exhausted, "the node has too many questions to answer"));
  }
  metrics_.served.add();
  const std::uint64_t number = ++last_served_;
  served_.emplace(number, std::move(served));
  handler->second(std::move(question), [this, post = post_, number](base::Result<std::string> payload) {
    post([this, number, payload = std::move(payload)] { take_answer(number, payload); });
  });
}

void NatsPeers::take_answer(std::uint64_t number, const base::Result<std::string>& payload) {
  const auto served = served_.extract(number);
  // It may wait no more, or have been answered.
  if (!served.empty()) send_answer(served.mapped(), payload);
}

void NatsPeers::send_answer(const Served& served, const base::Result<std::string>& payload) {
  const auto reply = [&] {
    return PeerMessage{.what = PeerReply{.question = served.number, .error = {}}, .piece = {.number = ++last_number_}};
  };
  const auto refuse = [&](const base::Error& error) {
    PeerMessage refusal = reply();
    std::get<PeerReply>(refusal.what).error = error;
    static_cast<void>(send({served.reply}, std::move(refusal), {}));
  };
  if (!payload) return refuse(payload.error());
  const auto sent = send({served.reply}, reply(), *payload);
  // Whoever asked is to know why there is no answer, where that can still be told.
  if (!sent) refuse(sent.error());
}

void NatsPeers::note_malformed(const base::Error& error) {
  metrics_.malformed.add();
  if (!log_limit_.allows(base::Clock::now())) return;
  base::log_warning("node_message_malformed", {{"why", error.detail}, {"suppressed", log_limit_.take_suppressed()}});
}

}  // namespace sluice::cluster
