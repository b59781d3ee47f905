// `sluice publish`.

#include <array>
#include <iostream>
#include <iterator>

#include "gateway/utf8.hpp"
#include "program/client.hpp"
#include "program/command_line.hpp"
#include "program/target_options.hpp"
#include "sluice/v1/gateway.pb.h"

namespace sluice::program {
namespace {

constexpr Manual manual{
    .usage = "sluice publish [--room ROOM]... [OPTION]... TEXT",
    .about =
        "Sends one message to every connection of a target, once each, and prints its position and how many\n"
        "connections matched. TEXT is one argument; - reads standard input instead, without its last line\n"
        "break. Behind --, TEXT may begin with a dash.\n",
    .examples =
        "  sluice publish --room lobby hi\n"
        "  sluice publish --everyone --event notice --json-data '{\"text\":\"back at 9\"}'\n"
        "  date | sluice publish --room clock --volatile --slow-policy conflate --conflation-key now -\n"
        "  sluice publish --room a --room b --except-user mary 'to a and b, but not to mary'\n",
};

enum class Slow { node, close, drop_newest, drop_oldest, conflate };
constexpr std::array<std::string_view, 5> slow_names{"node", "close", "drop-newest", "drop-oldest", "conflate"};

struct PublishOptions {
  static constexpr std::string_view section = "Message";

  std::string event = "message";
  bool json_data = false, binary = false, is_volatile = false;
  Slow slow_policy = Slow::node;
  std::string conflation_key, idempotency_key;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.option("event", event, {.sentence = "The event's name."});
    visitor.option("json-data", json_data, {.sentence = "TEXT is a JSON value."});
    visitor.option("binary", binary, {.sentence = "TEXT is any bytes, sent as a binary message."});
    visitor.option("volatile", is_volatile,
                   {.sentence = "Keep it out of the history: clients that resume do not get it."});
    visitor.choice("slow-policy", slow_policy, slow_names,
                   {.sentence = "What befalls clients whose outbox is full; node: what the gateway's option says."});
    visitor.option("conflation-key", conflation_key,
                   {.sentence = "With conflate: a message with this key that still waits is replaced by this one."});
    visitor.option("idempotency-key", idempotency_key,
                   {.sentence = "Makes repeating safe: the same key again does nothing and prints the first answer."});
  }

  std::vector<std::string> validate() const {
    if (json_data && binary) return {"--binary: cannot stand beside --json-data"};
    if (slow_policy == Slow::conflate && conflation_key.empty()) {
      return {"--slow-policy: conflate needs a --conflation-key"};
    }
    return {};
  }
};

std::string read_data(const std::string& word, bool is_binary) {
  if (word != "-") return word;
  std::string data{std::istreambuf_iterator<char>(std::cin), {}};
  if (!is_binary && data.ends_with('\n')) data.pop_back();
  return data;
}

v1::PublishRequest make_request(const PublishOptions& options, const TargetOptions& target, std::string data) {
  v1::PublishRequest request;
  target.write(*request.mutable_target());
  v1::Payload& payload = *request.mutable_payload();
  payload.set_event(options.event);
  if (options.binary) {
    payload.set_binary(std::move(data));
  } else if (options.json_data) {
    payload.set_json(std::move(data));
  } else {
    payload.set_text(std::move(data));
  }
  v1::DeliveryOptions& delivery = *request.mutable_options();
  delivery.set_idempotency_key(options.idempotency_key);
  delivery.set_volatile_(options.is_volatile);
  delivery.set_slow_policy(static_cast<v1::SlowPolicy>(options.slow_policy));
  delivery.set_conflation_key(options.conflation_key);
  return request;
}

std::string receipt_text(const v1::Receipt& receipt) {
  std::string text = "position=" + receipt.position();
  if (receipt.count_case() == v1::Receipt::kMatchedAtMost) {
    text += " matched_at_most=" + std::to_string(receipt.matched_at_most());
  } else {
    text += " matched=" + std::to_string(receipt.matched());
  }
  return text + "\n";
}

}  // namespace

int run_publish(const Invocation& invocation) {
  CommandLine line(invocation, manual, CommandLine::Variables::grpc_only);
  TargetOptions target;
  PublishOptions options;
  CallOptions call;
  line.add(target);
  line.add(options);
  line.add(call);
  if (const auto code = line.read()) return *code;
  if (line.words().empty()) return line.misuse("what? give the text, or - to read it from standard input");
  if (line.words().size() > 1) return line.misuse("the text is one argument; put quotes around it");
  if (const auto wrong = target.what_is_wrong(); !wrong.empty()) return line.misuse(wrong);

  std::string data = read_data(line.words().front(), options.binary);
  if (!options.binary && !gateway::is_utf8(data)) return line.misuse("the text is not UTF-8; --binary sends any bytes");
  const v1::PublishRequest request = make_request(options, target, std::move(data));
  v1::PublishResponse response;
  if (const auto status = Client(call).publish(request, response); !status) {
    complain(invocation.command, status.error().detail);
    return exit_failed;
  }
  print(call.json ? json_line(response.receipt()) : receipt_text(response.receipt()));
  return exit_ok;
}

}  // namespace sluice::program
