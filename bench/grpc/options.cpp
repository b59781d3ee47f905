#include "bench/grpc/options.hpp"

#include <functional>
#include <map>
#include <stdexcept>

namespace sluice::bench::grpc_load {

namespace {

constexpr char usage[] =
    R"(usage: sluice-bench-grpc --call CALL --server HOST:PORT [options]

calls
  publish      Publish, --in-flight at a time
  batch        PublishBatch of --per-item messages, --in-flight at a time
  stream       PublishStream, --in-flight items unanswered, --per-item messages in each
  echo         the bare server's unary call, --in-flight at a time
  echo-stream  the bare server's stream, --in-flight items unanswered
  make-rooms   puts the only member of each room holder-0 to holder-(--holders - 1) into rooms --first to --rooms
  join-leave   puts the member of each of --movers rooms named --mover into --room and out again, over and over

options  --pid PID (again for each process) --room NAME --rooms N --size BYTES --warm S --seconds S
         {n} in --room: a number below --rooms, another each time (join-leave: the mover's); in --mover: the mover's
)";

[[noreturn]] void fail(const std::string& problem) { throw std::invalid_argument(problem + "\n" + std::string(usage)); }

const std::map<std::string, Call> calls{{"publish", Call::publish},         {"batch", Call::batch},
                                        {"stream", Call::stream},           {"echo", Call::echo},
                                        {"echo-stream", Call::echo_stream}, {"make-rooms", Call::make_rooms},
                                        {"join-leave", Call::join_leave}};

std::map<std::string, std::function<void(const std::string&)>> setters_of(Options& options) {
  const auto count = [](std::size_t& member) { return [&](const std::string& text) { member = std::stoul(text); }; };
  const auto number = [](double& member) { return [&](const std::string& text) { member = std::stod(text); }; };
  const auto text = [](std::string& member) { return [&](const std::string& value) { member = value; }; };
  return {{"--call", [&](const std::string& value) { options.call = calls.at(value); }},
          {"--server", text(options.server)},
          {"--pid", [&](const std::string& value) { options.pids.push_back(std::stoi(value)); }},
          {"--room", text(options.room)},
          {"--rooms", count(options.rooms)},
          {"--size", count(options.size)},
          {"--in-flight", count(options.in_flight)},
          {"--per-item", count(options.per_item)},
          {"--warm", number(options.warm)},
          {"--seconds", number(options.seconds)},
          {"--first", count(options.first)},
          {"--holders", count(options.holders)},
          {"--mover", text(options.mover)},
          {"--movers", count(options.movers)}};
}

}  // namespace

Options parse_options(int count, const char* const* arguments) {
  Options options;
  const auto setters = setters_of(options);
  for (int at = 1; at < count; ++at) {
    const std::string name = arguments[at];
    const auto setter = setters.find(name);
    if (setter == setters.end()) fail(name + ": no such option");
    if (++at == count) fail(name + ": needs a value");
    try {
      setter->second(arguments[at]);
    } catch (const std::exception&) {
      fail(name + ": cannot be " + arguments[at]);
    }
  }
  if (options.in_flight < 1 || options.per_item < 1 || options.rooms < 1 || options.holders < 1) {
    fail("--in-flight, --per-item, --rooms, --holders: at least 1");
  }
  return options;
}

std::string numbered(std::string pattern, std::size_t number) {
  const auto at = pattern.find("{n}");
  return at == std::string::npos ? pattern : pattern.replace(at, 3, std::to_string(number));
}

}  // namespace sluice::bench::grpc_load
