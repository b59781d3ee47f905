// `sluice poll`.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/option_values.hpp"
#include "program/amounts.hpp"
#include "program/client_port.hpp"
#include "program/command_line.hpp"
#include "program/poll_answer.hpp"
#include "program/printable.hpp"
#include "program/random_number.hpp"

namespace sluice::program {
namespace {

constexpr Manual manual{
    .usage = "sluice poll [--room ROOM]... [--cursor CURSOR] [OPTION]...",
    .about =
        "Asks once what came to rooms since a cursor (GET /poll), prints the messages, one a line: position,\n"
        "event, data; and, on standard error, the cursor for the next time. Without --cursor it begins from\n"
        "now. --json prints the answer as it came, in one line, with the rooms and the cursor. --follow asks\n"
        "on and on.\n",
    .examples =
        "  sluice poll --room lobby --json | jq -r .cursor\n"
        "  sluice poll --cursor 00c0ffee00c0ffee-43.AXAX --wait 25s\n"
        "  sluice poll --room a --room b --since 00c0ffee00c0ffee-42 --follow\n",
};

struct PollOptions {
  static constexpr std::string_view section = "Poll";
  std::string cursor;
  std::string wait;  // empty: 0, or 25s with `follow`
  bool follow = false;
  std::uint64_t count = 0;
  std::size_t answer_bytes_max = 268'435'456;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.option("cursor", cursor, {.unit = "cursor", .sentence = "That of the answer before, or a position."});
    visitor.option("wait", wait,
                   {.unit = "time",
                    .sentence = "How long the gateway is to wait for a message before its answer is empty, such as 25s "
                                "or 500ms; at most its --poll-wait-seconds-max. Default 0, with --follow 25s.",
                    .misfit = wait_misfit});
    visitor.option("follow", follow, {.sentence = "Ask on and on, until it is interrupted."});
    visitor.option("count", count,
                   {.unit = "messages",
                    .sentence = "With --follow, end with the answer that makes it so many messages; 0: never."});
    visitor.option("answer-bytes-max", answer_bytes_max,
                   {.unit = "bytes", .min = 1, .sentence = "An answer that is larger ends the command."});
  }

  std::vector<std::string> validate() const {
    if (count != 0 && !follow) return {"--count: needs --follow"};
    if (follow && wait_time().count() == 0) return {"--wait: must be more than 0 with --follow"};
    return {};
  }

  std::chrono::milliseconds wait_time() const {
    const auto said = base::parse_milliseconds(wait, "seconds");
    return std::chrono::milliseconds(said ? static_cast<std::int64_t>(*said) : follow ? 25'000 : 0);
  }

 private:
  static std::string_view wait_misfit(std::string_view text) {
    const auto milliseconds = base::parse_milliseconds(text, "seconds");
    const bool is_fit = text.empty() || (milliseconds && *milliseconds <= 3'600'000);
    return is_fit ? std::string_view{} : "a time from 0 to 1h, such as 25s";
  }
};

class Poller {
 public:
  // The arguments outlive this.
  Poller(const Invocation& invocation, const ClientPortOptions& where, const PollOptions& options)
      : invocation_(invocation),
        where_(where),
        options_(options),
        http_(where.tls_ca, foreground_),
        cursor_(options.cursor.empty() ? where.since : options.cursor) {}

  // Gives the exit code.
  int run();

 private:
  enum class Next { ask, end, fail };
  Next ask();
  Next take_answer();
  Next go_on_after(const GetOutcome& outcome);
  Next fail(std::string_view why) const;
  bool show(const PollAnswer& answer);

  const Invocation& invocation_;
  const ClientPortOptions& where_;
  const PollOptions& options_;
  Foreground foreground_;
  HttpGet http_;
  std::string cursor_;  // empty: from now
  std::string body_;
  bool was_answered_ = false, has_new_cursor_ = false;
  unsigned failures_ = 0;  // in a row
  std::uint64_t shown_ = 0;
};

int Poller::run() {
  Next next = Next::ask;
  while (next == Next::ask && !foreground_.is_over()) next = ask();
  // Also of what was asked before a failure: it is where to go on from.
  if (has_new_cursor_ && !where_.json) complain(invocation_.command, "cursor " + printable(cursor_));
  return next == Next::fail ? exit_failed : exit_ok;
}

Poller::Next Poller::ask() {
  GetRequest request = request_for("/poll", where_);
  request.takes_gzip = true;
  request.answer_patience += options_.wait_time();
  if (!cursor_.empty()) request.query.emplace_back("cursor", cursor_);
  request.query.emplace_back("wait", std::to_string(options_.wait_time().count()) + "ms");
  body_.clear();
  const GetOutcome outcome = http_.get(request, [this](const GetOutcome&, std::string_view bytes) {
    if (bytes.size() > options_.answer_bytes_max - body_.size()) return false;
    body_ += bytes;
    return true;
  });
  if (foreground_.is_over()) return Next::end;
  if (outcome.end == GetEnd::stopped) {
    return fail("an answer has more than " + std::to_string(options_.answer_bytes_max) + " bytes (--answer-bytes-max)");
  }
  if (outcome.end == GetEnd::whole && outcome.status == 200) return take_answer();
  return go_on_after(outcome);
}

Poller::Next Poller::take_answer() {
  auto answer = read_poll_answer(body_);
  if (!answer) return fail("what answers at " + where_.url + " is no gateway's client port; --url names another");
  was_answered_ = true;
  failures_ = 0;
  shown_ += answer->messages.size();
  if (!show(*answer)) return Next::end;
  cursor_ = std::move(answer->cursor);
  has_new_cursor_ = true;
  const bool is_enough = !options_.follow || (options_.count != 0 && shown_ >= options_.count);
  return is_enough ? Next::end : Next::ask;
}

bool Poller::show(const PollAnswer& answer) {
  if (where_.json) {
    // Between the values of JSON, line breaks are blanks; inside of them there are none.
    std::ranges::replace_if(
        body_, [](char c) { return c == '\n' || c == '\r'; }, ' ');
    body_.resize(body_.find_last_not_of(' ') + 1);
    return foreground_.write(body_ += '\n');
  }
  if (answer.has_gap) complain(invocation_.command, gap_text(answer.reason));
  return std::ranges::all_of(answer.messages,
                             [this](const HeardMessage& message) { return foreground_.write(message_line(message)); });
}

// An answer that is none ends the command, but for what passes while it follows.
Poller::Next Poller::go_on_after(const GetOutcome& outcome) {
  const std::string why = failure_text(outcome, body_, where_);
  if (!options_.follow || !was_answered_) return fail(why);
  constexpr long gone = 410;  // the connection of the cursor; its position begins a new one
  const auto point = cursor_.find('.');
  if (outcome.end == GetEnd::whole && outcome.status == gone && point != std::string::npos) {
    cursor_.resize(point);
    return Next::ask;
  }
  if (!may_pass(outcome)) return fail(why);
  constexpr std::chrono::milliseconds retry = std::chrono::seconds(1);
  const auto delay = retry_delay(retry, failures_, random_number<std::uint32_t>());
  complain(invocation_.command, why + "; trying again in " + duration_text(delay));
  ++failures_;
  return foreground_.wait(delay) ? Next::ask : Next::end;
}

Poller::Next Poller::fail(std::string_view why) const {
  complain(invocation_.command, why);
  return Next::fail;
}

}  // namespace

int run_poll(const Invocation& invocation) {
  CommandLine line(invocation, manual, CommandLine::Variables::client_port);
  ClientPortOptions where;
  PollOptions options;
  line.add(where);
  line.add(options);
  if (const auto code = line.read()) return *code;
  if (!line.words().empty()) return line.misuse("'" + line.words().front() + "' is not a flag; was --room meant?");
  if (!options.cursor.empty() && !where.since.empty()) return line.misuse("--since: cannot stand beside --cursor");
  return Poller(invocation, where, options).run();
}

}  // namespace sluice::program
