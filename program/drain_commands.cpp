// `sluice drain`, `sluice undrain` and `sluice shed`.

#include <google/protobuf/util/time_util.h>

#include <array>
#include <optional>

#include "program/amounts.hpp"
#include "program/client.hpp"
#include "program/command_line.hpp"
#include "sluice/v1/nodes.pb.h"
#include "workers/drain_plan.hpp"

namespace sluice::program {
namespace {

using google::protobuf::util::TimeUtil;

constexpr Manual drain_manual{
    .usage = "sluice drain [OPTION]... [NODE]",
    .about =
        "Takes a node out of service, the one that answers or another, as in `sluice node`: it is not ready\n"
        "from now on, takes no new connections, and ends those that it has, spread over a time. Prints\n"
        "progress until none is left. The process goes on: `sluice undrain` puts it back into service, and\n"
        "SIGTERM ends it once the drain is done. Ending this command does not stop the draining; calling it\n"
        "again starts a new plan for what is left. Exits with 1 if the draining is called off meanwhile.\n",
    .examples =
        "  sluice drain\n"
        "  sluice drain --seconds 300 --reason 'moving house'\n"
        "  sluice drain --per-second 200 --deadline-seconds 600 --order newest gateway-2\n",
};
constexpr Manual undrain_manual{
    .usage = "sluice undrain [OPTION]... [NODE]",
    .about =
        "Puts a node that drains, or was drained, back into service: it listens where it did, is ready, and\n"
        "ends nobody any more for a drain or a shed. Fails if somebody has one of its ports by now.\n",
    .examples =
        "  sluice undrain\n"
        "  sluice undrain gateway-2\n",
};
constexpr Manual shed_manual{
    .usage = "sluice shed [OPTION]... PERCENT [NODE]",
    .about =
        "Ends a part of a node's connections, spread over a time, so that their clients find other nodes.\n"
        "The node stays ready and takes new ones. Prints how many it will be, and does not wait for it;\n"
        "calling it again replaces what is left of the plan, and `sluice undrain` calls it off.\n",
    .examples =
        "  sluice shed 20\n"
        "  sluice shed 33 --seconds 120 --order idle gateway-1\n",
};

std::string_view seconds_misfit(std::string_view text) {
  const auto milliseconds = base::parse_milliseconds(text, "seconds");
  return milliseconds && *milliseconds <= 3'600'000 ? std::string_view{} : "a number from 0 to 3600";
}

std::string_view deadline_misfit(std::string_view text) {
  const auto milliseconds = base::parse_milliseconds(text, "seconds");
  return milliseconds && *milliseconds <= 86'400'000 ? std::string_view{} : "a number from 0 to 86400";
}

// What both have; empty: the gateway decides.
struct EndOptions {
  static constexpr std::string_view section = "Clients";
  std::string seconds, reason, return_within_seconds, idempotency_key;
  workers::DrainOrder order = workers::DrainOrder::chance;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.option("seconds", seconds,
                   {.unit = "n",
                    .sentence = "Time over which connections are ended; without it the gateway's --drain-seconds.",
                    .misfit = seconds_misfit});
    visitor.choice("order", order, workers::drain_order_names,
                   {.sentence = "Who goes first: anyone, who connected last, who connected first, or who had no "
                                "message for the longest time."});
    visitor.option("reason", reason, {.unit = "text", .sentence = "Told to clients, with WebSocket close code 1001."});
    visitor.option("return-within-seconds", return_within_seconds,
                   {.unit = "n",
                    .sentence = "Clients are told to come back after a random time of at most this, where their wire "
                                "can tell; without it 3.",
                    .misfit = seconds_misfit});
    visitor.option("idempotency-key", idempotency_key,
                   {.sentence = "With a key that was used before, no new plan starts; the rest is as the first time."});
  }

  template <class Request>
  void fill(Request& request) const {
    if (const auto over = base::parse_milliseconds(seconds, "seconds")) {
      *request.mutable_over() = TimeUtil::MillisecondsToDuration(static_cast<std::int64_t>(*over));
    }
    if (const auto within = base::parse_milliseconds(return_within_seconds, "seconds")) {
      *request.mutable_return_within() = TimeUtil::MillisecondsToDuration(static_cast<std::int64_t>(*within));
    }
    request.set_order(static_cast<v1::DrainOrder>(order));
    request.set_reason(reason);
    request.set_idempotency_key(idempotency_key);
  }
};

struct DrainOptions {
  static constexpr std::string_view section = "Drain";
  std::size_t per_second = 0;
  std::string deadline_seconds;
  std::chrono::milliseconds report_seconds{1000};
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.option("per-second", per_second,
                   {.unit = "connections",
                    .max = 1'000'000,
                    .sentence = "In place of --seconds: how many are ended a second; faster only if "
                                "--deadline-seconds needs that."});
    visitor.option("deadline-seconds", deadline_seconds,
                   {.unit = "n",
                    .sentence = "After this time whoever is left is cut off; without it each client has the gateway's "
                                "--close-timeout-seconds from its own close on.",
                    .misfit = deadline_misfit});
    visitor.option("report-seconds", report_seconds,
                   {.unit = "seconds", .min = 0.1, .max = 60, .sentence = "Time between two lines of progress."});
  }
};

std::string progress_text(const v1::DrainProgress& progress) {
  const auto text = [](const auto& duration) {
    return duration_text(std::chrono::milliseconds(TimeUtil::DurationToMilliseconds(duration)));
  };
  return "left=" + std::to_string(progress.connections_left()) +
         " of=" + std::to_string(progress.connections_at_start()) + " elapsed=" + text(progress.elapsed()) +
         (progress.has_left() ? " plan=" + text(progress.left()) : "") + (progress.done() ? " done\n" : "\n");
}

int failed(const Invocation& invocation, const base::Status& status) {
  complain(invocation.command, status.error().detail);
  return exit_failed;
}

std::optional<double> percent_in(const std::string& text) {
  std::size_t end = 0;
  double percent = 0;
  try {
    percent = std::stod(text, &end);
  } catch (const std::exception&) {
    return std::nullopt;
  }
  if (end < text.size() && text.substr(end) != "%") return std::nullopt;
  return percent > 0 && percent <= 100 ? std::optional(percent) : std::nullopt;
}

}  // namespace

int run_drain(const Invocation& invocation) {
  CommandLine line(invocation, drain_manual, CommandLine::Variables::grpc_only);
  DrainOptions options;
  EndOptions ends;
  CallOptions call;
  line.add(options);
  line.add(ends);
  line.add(call);
  if (const auto code = line.read()) return *code;
  if (line.words().size() > 1) return line.misuse("one node is drained at a time; was --seconds meant?");

  v1::DrainRequest request;
  ends.fill(request);
  request.set_per_second(static_cast<std::uint32_t>(options.per_second));
  if (const auto deadline = base::parse_milliseconds(options.deadline_seconds, "seconds")) {
    *request.mutable_deadline() = TimeUtil::MillisecondsToDuration(static_cast<std::int64_t>(*deadline));
  }
  *request.mutable_report_every() = TimeUtil::MillisecondsToDuration(options.report_seconds.count());
  if (!line.words().empty()) request.set_node(line.words().front());
  const auto report = [&call](const v1::DrainProgress& progress) {
    print(call.json ? json_line(progress) : progress_text(progress));
    std::fflush(stdout);
  };
  if (const auto status = Client(call).drain(request, report); !status) return failed(invocation, status);
  return exit_ok;
}

int run_undrain(const Invocation& invocation) {
  CommandLine line(invocation, undrain_manual, CommandLine::Variables::grpc_only);
  CallOptions call;
  line.add(call);
  if (const auto code = line.read()) return *code;
  if (line.words().size() > 1) return line.misuse("one node at a time");

  v1::UndrainRequest request;
  if (!line.words().empty()) request.set_node(line.words().front());
  v1::UndrainResponse response;
  if (const auto status = Client(call).undrain(request, response); !status) return failed(invocation, status);
  print(call.json ? json_line(response) : response.was_draining() ? "in service again\n" : "it did not drain\n");
  return exit_ok;
}

int run_shed(const Invocation& invocation) {
  CommandLine line(invocation, shed_manual, CommandLine::Variables::grpc_only);
  EndOptions ends;
  CallOptions call;
  line.add(ends);
  line.add(call);
  if (const auto code = line.read()) return *code;
  if (line.words().empty() || line.words().size() > 2) return line.misuse("it takes PERCENT, and perhaps a node");
  const auto percent = percent_in(line.words().front());
  if (!percent) return line.misuse("PERCENT: '" + line.words().front() + "' is not a number above 0, up to 100");

  v1::ShedRequest request;
  ends.fill(request);
  request.set_percent(*percent);
  if (line.words().size() == 2) request.set_node(line.words().back());
  v1::ShedResponse response;
  if (const auto status = Client(call).shed(request, response); !status) return failed(invocation, status);
  print(call.json ? json_line(response) : "connections=" + std::to_string(response.connections()) + "\n");
  return exit_ok;
}

}  // namespace sluice::program
