#include "cluster/jetstream.hpp"

#include <openssl/evp.h>

#include <charconv>
#include <utility>
#include <vector>

#include "base/json_text.hpp"

namespace sluice::cluster {
namespace {

using base::Errc;
using base::fail;

namespace header {
constexpr std::string_view message_id = "Nats-Msg-Id";
constexpr std::string_view expected_last_subject_sequence = "Nats-Expected-Last-Subject-Sequence";
constexpr std::string_view stream = "Nats-Stream";
constexpr std::string_view subject = "Nats-Subject";
constexpr std::string_view sequence = "Nats-Sequence";
constexpr std::string_view last_sequence = "Nats-Last-Sequence";
constexpr std::string_view time_stamp = "Nats-Time-Stamp";
}  // namespace header

// What a server's errors are, by number (nats-server, server/errors.json).
namespace err_code {
constexpr std::int64_t stream_name_in_use = 10058;
constexpr std::int64_t stream_not_found = 10059;
constexpr std::int64_t subjects_overlap = 10065;
constexpr std::int64_t wrong_last_sequence = 10071;
constexpr std::int64_t wrong_last_sequence_constant = 10164;  // from 2.11 on
}  // namespace err_code

Errc code_of(const JsonObject& error) {
  const std::int64_t detailed = error.number("err_code");
  if (detailed == err_code::wrong_last_sequence || detailed == err_code::wrong_last_sequence_constant) {
    return Errc::already_exists;
  }
  switch (error.number("code")) {
    case 400:
      return Errc::bad_request;
    case 404:
      return Errc::not_found;
    case 408:
      return Errc::timed_out;
    default:
      return Errc::unavailable;
  }
}

base::Error error_of(const JsonObject& error) {
  return fail(code_of(error),
              "JetStream: " + error.text("description") + " (" + std::to_string(error.number("err_code")) + ")");
}

std::uint64_t number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && stopped == text.data() + text.size() ? number : 0;
}

StreamState state_of(const JsonObject& answer) {
  const JsonObject state = answer.object("state");
  return {.messages = static_cast<std::uint64_t>(state.number("messages")),
          .first_sequence = static_cast<std::uint64_t>(state.number("first_seq")),
          .last_sequence = static_cast<std::uint64_t>(state.number("last_seq")),
          .description = answer.object("config").text("description"),
          .created = parse_rfc3339(answer.text("created")).value_or(SystemTime())};
}

// The same settings on any node make the same stream, so one that was there before is as good as one just made.
base::Result<StreamState> checked_state(const StreamSettings& settings, const JsonObject& answer) {
  const std::string difference = settings.difference(answer.object("config"));
  if (difference.empty()) return state_of(answer);
  return fail(Errc::already_exists, "the stream " + settings.name + " has other settings: " + difference);
}

base::Result<PublishReceipt> receipt_of(const base::Result<NatsMessage>& reply) {
  if (!reply) return reply.error();
  const auto answer = JsonObject::parse(reply->payload);
  if (!answer) return fail(Errc::internal, "JetStream's acknowledgement is no JSON object");
  if (answer->has("error")) return error_of(answer->object("error"));
  const std::int64_t sequence = answer->number("seq");
  if (sequence <= 0) return fail(Errc::internal, "JetStream's acknowledgement has no sequence");
  return PublishReceipt{static_cast<std::uint64_t>(sequence), answer->is_true("duplicate")};
}

base::Result<StoredMessage> stored_of(const base::Result<NatsMessage>& reply) {
  if (!reply) return reply.error();
  auto headers = reply->headers();
  if (!headers) return headers.error();
  if (headers->status() == nats_status::not_found) return fail(Errc::not_found, "the stream has no such message");
  if (headers->status() != nats_status::none) {
    return fail(Errc::bad_request, "the stream refuses to read: " + std::to_string(headers->status()) + " " +
                                       std::string(headers->description()));
  }
  const auto text = [&headers](std::string_view name) { return headers->find_last(name).value_or(""); };
  StoredMessage message{
      .subject = text(header::subject), .payload = reply->payload, .sequence = number_of(text(header::sequence))};
  const auto stored_at = parse_rfc3339(text(header::time_stamp));
  if (message.subject.empty() || message.sequence == 0 || !stored_at) {
    return fail(Errc::internal, "the stream's answer does not say which message it is");
  }
  message.stored_at = *stored_at;
  message.headers = std::move(*headers);
  return message;
}

std::string quoted(std::string_view text) {
  std::string out;
  base::append_json_string(out, text);
  return out;
}

// Nothing if `text` is no base64.
std::optional<std::string> from_base64(const std::string& text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  bytes.resize(static_cast<std::size_t>(size) - padding);
  return bytes;
}

// A leader's answer is JSON, with what was stored in base64.
void tell_stored(const JsonObject& answer, const JetStream::OnStored& on_stored) {
  if (answer.has("error")) return on_stored(error_of(answer.object("error")));
  const JsonObject stored = answer.object("message");
  const std::string subject = stored.text("subject");
  const auto payload = from_base64(stored.text("data"));
  const auto block = from_base64(stored.text("hdrs"));
  const auto stored_at = parse_rfc3339(stored.text("time"));
  if (subject.empty() || !payload || !block || !stored_at || stored.number("seq") <= 0) {
    return on_stored(fail(Errc::internal, "the stream's answer does not say which message it is"));
  }
  auto headers = NatsHeaders::parse(*block);
  if (!headers) return on_stored(headers.error());
  on_stored(StoredMessage{.subject = subject,
                          .payload = *payload,
                          .sequence = static_cast<std::uint64_t>(stored.number("seq")),
                          .stored_at = *stored_at,
                          .headers = *std::move(headers)});
}

}  // namespace

base::Result<RepublishedFrom> RepublishedFrom::read(const NatsMessage& message) {
  const auto headers = message.headers();
  if (!headers) return headers.error();
  const auto text = [&headers](std::string_view name) { return headers->find_last(name).value_or(""); };
  const RepublishedFrom from{text(header::stream), text(header::subject), number_of(text(header::sequence)),
                             number_of(text(header::last_sequence))};
  if (from.sequence == 0) return fail(Errc::bad_request, "the message is no copy that a stream has republished");
  return from;
}

// --- streams ---

base::Status JetStream::ask(std::string_view verb, std::string_view stream, const std::string& json,
                            OnAnswer on_answer) const {
  if (!is_stream_name(stream)) return fail(Errc::bad_request, "that is no name of a stream");
  const std::string subject = "$JS.API.STREAM." + std::string(verb) + "." + std::string(stream);
  const auto take = [on_answer = std::move(on_answer)](const base::Result<NatsMessage>& reply) {
    if (!reply && reply.error().code == Errc::unavailable) {
      return on_answer(fail(Errc::unavailable, "JetStream does not answer: " + reply.error().detail));
    }
    if (!reply) return on_answer(reply.error());
    auto answer = JsonObject::parse(reply->payload);
    if (!answer) return on_answer(fail(Errc::internal, "JetStream's answer is no JSON object"));
    on_answer(*std::move(answer));
  };
  return client_->request({.subject = subject, .payload = json}, patience_, take);
}

base::Status JetStream::get_state(std::string_view stream, OnState on_state) const {
  return ask("INFO", stream, {}, [on_state = std::move(on_state)](const base::Result<JsonObject>& answer) {
    if (!answer) return on_state(answer.error());
    if (answer->has("error")) return on_state(error_of(answer->object("error")));
    on_state(state_of(*answer));
  });
}

base::Status JetStream::describe(const StreamSettings& settings, OnState on_state) const {
  const auto take = [settings, on_state = std::move(on_state)](const auto& answer) {
    if (!answer) return on_state(answer.error());
    if (answer->has("error")) return on_state(error_of(answer->object("error")));
    on_state(checked_state(settings, *answer));
  };
  return ask("UPDATE", settings.name, settings.json(), take);
}

base::Status JetStream::ensure_stream(const StreamSettings& settings, IfMissing if_missing, OnState on_state) const {
  const auto take = [self = *this, settings, if_missing, on_state = std::move(on_state)](const auto& answer) {
    if (!answer) return on_state(answer.error());
    if (!answer->has("error")) return on_state(checked_state(settings, *answer));
    const JsonObject error = answer->object("error");
    if (if_missing == IfMissing::tell || error.number("err_code") != err_code::stream_not_found)
      return on_state(error_of(error));
    if (const auto created = self.create(settings, on_state); !created) on_state(created.error());
  };
  return ask("INFO", settings.name, {}, take);
}

base::Status JetStream::create(const StreamSettings& settings, OnState on_state) const {
  const auto take = [self = *this, settings, on_state = std::move(on_state)](const auto& answer) {
    if (!answer) return on_state(answer.error());
    if (!answer->has("error")) return on_state(checked_state(settings, *answer));
    const JsonObject error = answer->object("error");
    const std::int64_t number = error.number("err_code");
    const bool is_overlap = number == err_code::subjects_overlap;
    if (number != err_code::stream_name_in_use && !is_overlap) return on_state(error_of(error));
    // Another node was faster. Subjects overlap with the stream that it has just made, or with somebody else's.
    const auto take_theirs = [on_state, is_overlap,
                              refusal = error_of(error)](const base::Result<StreamState>& theirs) {
      const bool is_elsewhere = is_overlap && !theirs && theirs.error().code == Errc::not_found;
      is_elsewhere ? on_state(refusal) : on_state(theirs);
    };
    if (const auto asked = self.ensure_stream(settings, IfMissing::tell, take_theirs); !asked) on_state(asked.error());
  };
  return ask("CREATE", settings.name, settings.json(), take);
}

// --- messages ---

base::Status JetStream::publish(const StreamPublication& publication, OnReceipt on_receipt) const {
  NatsPublication message = publication.message;
  std::vector<NatsHeader> headers(message.headers.begin(), message.headers.end());
  if (!publication.message_id.empty()) headers.push_back({header::message_id, publication.message_id});
  const std::string sequence = std::to_string(publication.expected_last_sequence.value_or(0));
  if (publication.expected_last_sequence) headers.push_back({header::expected_last_subject_sequence, sequence});
  message.headers = headers;
  return client_->request(message, patience_,
                          [on_receipt = std::move(on_receipt)](const auto& reply) { on_receipt(receipt_of(reply)); });
}

base::Status JetStream::ask_direct(std::string_view stream, const std::string& json, OnStored on_stored) const {
  if (!is_stream_name(stream)) return fail(Errc::bad_request, "that is no name of a stream");
  const std::string subject = "$JS.API.DIRECT.GET." + std::string(stream);
  return client_->request({.subject = subject, .payload = json}, patience_,
                          [on_stored = std::move(on_stored)](const auto& reply) { on_stored(stored_of(reply)); });
}

base::Status JetStream::get(std::string_view stream, std::uint64_t sequence, OnStored on_stored) const {
  return ask_direct(stream, "{\"seq\":" + std::to_string(sequence) + "}", std::move(on_stored));
}

base::Status JetStream::get_last(std::string_view stream, std::string_view subject, OnStored on_stored) const {
  return ask_direct(stream, "{\"last_by_subj\":" + quoted(subject) + "}", std::move(on_stored));
}

base::Status JetStream::get_next(std::string_view stream, std::string_view pattern, std::uint64_t sequence,
                                 OnStored on_stored) const {
  return ask_direct(stream, "{\"seq\":" + std::to_string(sequence) + ",\"next_by_subj\":" + quoted(pattern) + "}",
                    std::move(on_stored));
}

base::Status JetStream::get_next_of_leader(std::string_view stream, std::string_view pattern, std::uint64_t sequence,
                                           OnStored on_stored) const {
  return ask("MSG.GET", stream, "{\"seq\":" + std::to_string(sequence) + ",\"next_by_subj\":" + quoted(pattern) + "}",
             [on_stored = std::move(on_stored)](const auto& answer) {
               if (!answer) return on_stored(answer.error());
               tell_stored(*answer, on_stored);
             });
}

base::Status JetStream::purge(std::string_view stream, std::string_view subject, std::uint64_t upto,
                              OnStatus on_status) const {
  // The server's number is the first one that stays.
  return ask("PURGE", stream, "{\"filter\":" + quoted(subject) + ",\"seq\":" + std::to_string(upto + 1) + "}",
             [on_status = std::move(on_status)](const base::Result<JsonObject>& answer) {
               if (!answer) return on_status(answer.error());
               if (answer->has("error")) return on_status(error_of(answer->object("error")));
               on_status(base::ok());
             });
}

}  // namespace sluice::cluster
