// `sluice subscribe`.

#include <cstdint>
#include <utility>

#include "program/amounts.hpp"
#include "program/client_port.hpp"
#include "program/command_line.hpp"
#include "program/heard_message.hpp"
#include "program/printable.hpp"
#include "program/random_number.hpp"
#include "program/sse_reader.hpp"

namespace sluice::program {
namespace {

constexpr Manual manual{
    .usage = "sluice subscribe [--room ROOM]... [OPTION]...",
    .about =
        "Prints the messages of rooms as they come, one a line: position, event, data. It is a client like\n"
        "any other, over server-sent events (GET /sse), until it is interrupted. When the connection ends it\n"
        "comes back by itself and has what it missed; if that is lost, it says so. With --json, data is a\n"
        "string, whatever was published.\n",
    .examples =
        "  sluice subscribe --room lobby\n"
        "  sluice subscribe --room a --room b --json | jq -r .data\n"
        "  sluice subscribe --room jobs --since 00c0ffee00c0ffee-42 --count 1\n"
        "  SLUICE_TOKEN=$(sluice token --user ann) sluice subscribe --url https://gateway.example\n",
};

struct SubscribeOptions {
  static constexpr std::string_view section = "Subscribe";
  std::uint64_t count = 0;
  std::size_t message_bytes_max = 67'108'864;
  std::chrono::milliseconds silence_seconds{90'000};
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.option("count", count, {.unit = "messages", .sentence = "End after so many messages; 0: never."});
    visitor.option("message-bytes-max", message_bytes_max,
                   {.unit = "bytes", .min = 1, .sentence = "A message that is larger ends the command."});
    visitor.option("silence-seconds", silence_seconds,
                   {.unit = "seconds",
                    .min = 0.1,
                    .max = 86'400,
                    .sentence = "A connection that says nothing for so long is given up, and made anew; more than the "
                                "gateway's --ping-interval-seconds."});
  }
};

class Subscriber {
 public:
  // The arguments outlive this.
  Subscriber(const Invocation& invocation, const ClientPortOptions& where, const SubscribeOptions& options)
      : invocation_(invocation),
        where_(where),
        options_(options),
        http_(where.tls_ca, foreground_),
        reader_(options.message_bytes_max, where.since) {}

  // Gives the exit code.
  int run();

 private:
  GetOutcome hear();
  bool take(const GetOutcome& answer, std::string_view bytes);
  bool take_events(std::string_view bytes);
  bool show(const SseReader::Event& event);
  bool show_gap(const std::string& data);
  std::string why_it_ended(const GetOutcome& outcome) const;

  const Invocation& invocation_;
  const ClientPortOptions& where_;
  const SubscribeOptions& options_;
  Foreground foreground_;
  HttpGet http_;
  SseReader reader_;
  std::string refusal_;  // the body of an answer that is no stream
  std::string failure_;  // what cannot become better
  bool was_connected_ = false, is_connected_ = false, is_done_ = false;
  unsigned failures_ = 0;  // in a row
  std::uint64_t shown_ = 0;
};

bool is_stream(const GetOutcome& answer) {
  return answer.status == 200 && answer.content_type.starts_with("text/event-stream");
}

int Subscriber::run() {
  for (;;) {
    const GetOutcome outcome = hear();
    if (is_done_ || foreground_.is_over()) return exit_ok;
    const std::string why = failure_.empty() ? why_it_ended(outcome) : failure_;
    const bool may_come_back = failure_.empty() && was_connected_ && (is_connected_ || may_pass(outcome));
    if (!may_come_back) {
      complain(invocation_.command, why);
      return exit_failed;
    }
    constexpr std::chrono::milliseconds usual_retry = std::chrono::seconds(2);
    const auto delay = retry_delay(reader_.retry().value_or(usual_retry), failures_, random_number<std::uint32_t>());
    complain(invocation_.command, why + "; trying again in " + duration_text(delay));
    ++failures_;
    if (!foreground_.wait(delay)) return exit_ok;
  }
}

// One connection, from its beginning to its end.
GetOutcome Subscriber::hear() {
  GetRequest request = request_for("/sse", where_);
  request.silence_patience = options_.silence_seconds;
  request.headers.emplace_back("Accept: text/event-stream");
  if (!reader_.last_id().empty()) request.headers.push_back("Last-Event-ID: " + reader_.last_id());
  reader_.start_over();
  refusal_.clear();
  is_connected_ = false;
  return http_.get(request, [this](const GetOutcome& answer, std::string_view bytes) { return take(answer, bytes); });
}

bool Subscriber::take(const GetOutcome& answer, std::string_view bytes) {
  if (!is_stream(answer)) {
    constexpr std::size_t refusal_bytes_max = 65'536;
    refusal_.append(bytes.substr(0, refusal_bytes_max - refusal_.size()));
    return refusal_.size() < refusal_bytes_max;
  }
  if (!std::exchange(is_connected_, true)) {
    failures_ = 0;
    if (std::exchange(was_connected_, true)) complain(invocation_.command, "connected again");
  }
  return take_events(bytes);
}

bool Subscriber::take_events(std::string_view bytes) {
  for (;;) {
    const auto event = reader_.take(bytes);
    if (!event) {
      failure_ = event.error().detail + " (--message-bytes-max)";
      return false;
    }
    if (!*event) return !foreground_.is_over();
    if (!show(**event)) return false;
    is_done_ = options_.count != 0 && shown_ == options_.count;
    if (is_done_) return false;
  }
}

bool Subscriber::show(const SseReader::Event& event) {
  // No message has this name: the gateway refuses to publish it.
  if (event.name == "gap") return show_gap(event.data);
  ++shown_;
  const HeardMessage message{event.id, event.name, event.data};
  return foreground_.write(where_.json ? message_json(message) : message_line(message));
}

bool Subscriber::show_gap(const std::string& data) {
  const std::string reason = gap_reason(data);
  if (where_.json) return foreground_.write(gap_json(reason));
  complain(invocation_.command, gap_text(reason));
  return true;
}

std::string Subscriber::why_it_ended(const GetOutcome& outcome) const {
  if (!is_connected_) return failure_text(outcome, refusal_, where_);
  if (outcome.end == GetEnd::whole) {
    const std::string& said = reader_.comment();
    return "the connection ended" + (said.empty() ? "" : " (" + printable(said) + ")");
  }
  return failure_text(outcome, {}, where_);
}

}  // namespace

int run_subscribe(const Invocation& invocation) {
  CommandLine line(invocation, manual, CommandLine::Variables::client_port);
  ClientPortOptions where;
  SubscribeOptions options;
  line.add(where);
  line.add(options);
  if (const auto code = line.read()) return *code;
  if (!line.words().empty()) return line.misuse("'" + line.words().front() + "' is not a flag; was --room meant?");
  return Subscriber(invocation, where, options).run();
}

}  // namespace sluice::program
