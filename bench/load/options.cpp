#include "bench/load/options.hpp"

#include <functional>
#include <map>
#include <stdexcept>
#include <string_view>

namespace sluice::bench {

namespace {

constexpr std::string_view usage =
    R"(usage: sluice-bench-load --mode fan-out|echo|idle|churn|mixed --port PORT [options]

modes
  fan-out   --clients receive what one more sends, --window in flight or --rate a second
  echo      --clients send and get back, --depth in flight each or --echo-rate a second each
  idle      --clients connect and stay for --hold seconds; --close-all ends them and looks at the memory again
  churn     connect, upgrade, close, --concurrency at a time; --close-handshake closes by WebSocket's handshake
  mixed     a fan-out at --rate while --echo-clients measure echoes at --echo-rate (default 20), on a thread of their own

the server   --host --port --path --echo-path ({i} in a path: the connection's number; {i/10}: ten share one) --header 'Name: value'
             --access websocket|sse|poll (how listeners get messages, with --mode fan-out or idle; polls are held, and only idle)
             --publisher-path (default: --path)
             --pid PID (again for each of its processes) --language raw|socketio|centrifuge --channel NAME
             --tls (any certificate) --deflate (offer permessage-deflate) --inflate-every N (only one in N clients does)
the load     --clients N --echo-clients N --size BYTES --json --window N --depth N --rate R --echo-rate R --concurrency N
             --threads N --sources N --warm S --seconds S --settle S --hold S
)";

[[noreturn]] void fail(const std::string& problem) { throw std::invalid_argument(problem + "\n" + std::string(usage)); }

template <class Enum>
Enum choice(const std::string& text, const std::map<std::string, Enum>& choices) {
  const auto found = choices.find(text);
  if (found == choices.end()) throw std::invalid_argument(text);
  return found->second;
}

using Setters = std::map<std::string, std::function<void(const std::string&)>>;

Setters setters_of_load(Options& options) {
  const auto count = [](std::size_t& member) { return [&](const std::string& text) { member = std::stoul(text); }; };
  const auto number = [](double& member) { return [&](const std::string& text) { member = std::stod(text); }; };
  return {{"--clients", count(options.clients)},
          {"--echo-clients", count(options.echo_clients)},
          {"--threads", count(options.threads)},
          {"--size", count(options.size)},
          {"--window", count(options.window)},
          {"--depth", count(options.depth)},
          {"--concurrency", count(options.concurrency)},
          {"--sources", count(options.sources)},
          {"--inflate-every", count(options.inflate_every)},
          {"--rate", number(options.rate)},
          {"--echo-rate", number(options.echo_rate)},
          {"--warm", number(options.warm)},
          {"--seconds", number(options.seconds)},
          {"--settle", number(options.settle)},
          {"--hold", number(options.hold)}};
}

Setters setters_of_server(Options& options) {
  const auto text = [](std::string& member) { return [&](const std::string& value) { member = value; }; };
  return {
      {"--mode",
       [&](const std::string& value) {
         options.mode = choice<Mode>(value, {{"fan-out", Mode::fan_out},
                                             {"echo", Mode::echo},
                                             {"idle", Mode::idle},
                                             {"churn", Mode::churn},
                                             {"mixed", Mode::mixed}});
       }},
      {"--language",
       [&](const std::string& value) {
         options.language = choice<Language>(
             value, {{"raw", Language::raw}, {"socketio", Language::socketio}, {"centrifuge", Language::centrifuge}});
       }},
      {"--access",
       [&](const std::string& value) {
         options.access =
             choice<Access>(value, {{"websocket", Access::websocket}, {"sse", Access::sse}, {"poll", Access::poll}});
       }},
      {"--host", text(options.host)},
      {"--port", [&](const std::string& value) { options.port = static_cast<std::uint16_t>(std::stoul(value)); }},
      {"--path", text(options.path)},
      {"--echo-path", text(options.echo_path)},
      {"--publisher-path", text(options.publisher_path)},
      {"--channel", text(options.channel)},
      {"--header", [&](const std::string& value) { options.headers += value + "\r\n"; }},
      {"--pid", [&](const std::string& value) { options.pids.push_back(std::stoi(value)); }}};
}

std::map<std::string, bool*> flags_of(Options& options) {
  return {{"--tls", &options.tls},
          {"--deflate", &options.deflate},
          {"--json", &options.json},
          {"--close-handshake", &options.close_handshake},
          {"--close-all", &options.close_all}};
}

void check(const Options& options) {
  const bool has_rate = options.rate > 0;
  if (options.mode == Mode::mixed && !has_rate) fail("--mode mixed: needs --rate");
  if (options.json && options.language != Language::raw) fail("--json: only with --language raw");
  if (options.deflate && options.language != Language::raw) fail("--deflate: only with --language raw");
  const bool has_idle_listeners = options.mode == Mode::idle;
  if (options.access == Access::sse && !has_idle_listeners && options.mode != Mode::fan_out) {
    fail("--access sse: only with --mode fan-out or idle");
  }
  if (options.access == Access::poll && !has_idle_listeners) fail("--access poll: only with --mode idle");
  if (options.access != Access::websocket && options.language != Language::raw) {
    fail("--access sse, poll: only with --language raw");
  }
  if (options.size < 16) fail("--size: at least 16, as each message carries the time at which it was sent");
  if (options.threads < 1 || options.concurrency < 1 || options.inflate_every < 1) {
    fail("--threads, --concurrency, --inflate-every: at least 1");
  }
}

}  // namespace

Options parse_options(int count, const char* const* arguments) {
  Options options;
  Setters setters = setters_of_load(options);
  setters.merge(setters_of_server(options));
  const auto flags = flags_of(options);
  for (int at = 1; at < count; ++at) {
    const std::string name = arguments[at];
    if (const auto flag = flags.find(name); flag != flags.end()) {
      *flag->second = true;
      continue;
    }
    const auto setter = setters.find(name);
    if (setter == setters.end()) fail(name + ": no such option");
    if (++at == count) fail(name + ": needs a value");
    try {
      setter->second(arguments[at]);
    } catch (const std::exception&) {
      fail(name + ": cannot be " + arguments[at]);
    }
  }
  if (options.mode == Mode::mixed && options.echo_rate <= 0) options.echo_rate = 20;
  check(options);
  return options;
}

}  // namespace sluice::bench
