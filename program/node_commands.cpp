// `sluice node` and `sluice drain`.

#include <google/protobuf/util/time_util.h>

#include "program/amounts.hpp"
#include "program/client.hpp"
#include "program/command_line.hpp"
#include "sluice/v1/nodes.pb.h"

namespace sluice::program {
namespace {

constexpr Manual node_manual{
    .usage = "sluice node [OPTION]... [NODE]",
    .about =
        "Shows a node: what it is, what it carries, and how much of its limits is used. NODE is the name or\n"
        "the incarnation of one of the cluster; without it the node that answers is shown.\n",
    .examples =
        "  sluice node\n"
        "  sluice node gateway-2\n"
        "  sluice node --grpc 127.0.0.1:9081 --json | jq .connections\n",
};
constexpr Manual drain_manual{
    .usage = "sluice drain [OPTION]... [NODE]",
    .about =
        "Takes a node out of service, the one that answers or another, as in `sluice node`: it is not ready\n"
        "from now on, takes no new connections until it is restarted, and ends those that it has, spread\n"
        "over a time. Prints progress until none is left. The process goes on, and SIGTERM ends it. Ending\n"
        "this command does not stop the draining; calling it again starts a new plan for what is left.\n",
    .examples =
        "  sluice drain\n"
        "  sluice drain --seconds 300 --reason 'moving house'\n"
        "  sluice drain gateway-2\n",
};

struct DrainOptions {
  static constexpr std::string_view section = "Drain";
  std::string seconds;  // empty: what the gateway's own option says
  std::string reason, idempotency_key;
  std::chrono::milliseconds report_seconds{1000};
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.option("seconds", seconds,
                   {.unit = "n",
                    .sentence = "Time over which connections are ended; without it the gateway's --drain-seconds.",
                    .misfit = seconds_misfit});
    visitor.option("reason", reason, {.unit = "text", .sentence = "Told to clients, with WebSocket close code 1001."});
    visitor.option("report-seconds", report_seconds,
                   {.unit = "seconds", .min = 0.1, .max = 60, .sentence = "Time between two lines of progress."});
    visitor.option(
        "idempotency-key", idempotency_key,
        {.sentence = "With a key that was used before, no new plan starts; progress is shown all the same."});
  }

 private:
  static std::string_view seconds_misfit(std::string_view text) {
    const auto milliseconds = base::parse_milliseconds(text, "seconds");
    return milliseconds && *milliseconds <= 3'600'000 ? std::string_view{} : "a number from 0 to 3600";
  }
};

void append(std::string& text, std::string_view name, std::string_view value) {
  text.append(name).append(16 - name.size(), ' ').append(value).append("\n");
}

std::string used_text(std::uint64_t used, std::uint64_t most) { return bytes_text(used) + " of " + bytes_text(most); }

std::string node_text(const v1::Node& node) {
  using google::protobuf::util::TimeUtil;
  std::string text;
  append(text, "name", node.name());
  append(text, "version", node.version());
  append(text, "incarnation", node.incarnation());
  append(text, "started", TimeUtil::ToString(node.started_at()));
  append(text, "state", node.draining() ? "draining" : node.ready() ? "ready" : "not ready");
  append(text, "connections", std::to_string(node.connections()));
  append(text, "queued", used_text(node.queued_bytes(), node.queued_bytes_max()));
  append(text, "history", used_text(node.history_bytes(), node.history_bytes_max()));
  for (int at = 0; at < node.workers_size(); ++at) {
    const v1::WorkerState& worker = node.workers(at);
    append(
        text, "worker " + std::to_string(at),
        "connections=" + std::to_string(worker.connections()) + " mailbox=" + std::to_string(worker.mailbox_depth()));
  }
  for (const v1::NamespaceState& state : node.namespaces()) {
    append(text, "namespace",
           state.name() + " position=" + state.position() + " rooms=" + std::to_string(state.rooms()) +
               " history=" + std::to_string(state.history_messages()));
  }
  return text;
}

std::string progress_text(const v1::DrainProgress& progress) {
  using google::protobuf::util::TimeUtil;
  const std::chrono::milliseconds elapsed(TimeUtil::DurationToMilliseconds(progress.elapsed()));
  return "left=" + std::to_string(progress.connections_left()) +
         " of=" + std::to_string(progress.connections_at_start()) + " elapsed=" + duration_text(elapsed) +
         (progress.done() ? " done\n" : "\n");
}

int failed(const Invocation& invocation, const base::Status& status) {
  complain(invocation.command, status.error().detail);
  return exit_failed;
}

}  // namespace

int run_node(const Invocation& invocation) {
  CommandLine line(invocation, node_manual, CommandLine::Variables::grpc_only);
  CallOptions call;
  line.add(call);
  if (const auto code = line.read()) return *code;
  if (line.words().size() > 1) return line.misuse("one node is shown at a time; `sluice nodes` lists all");

  v1::GetNodeRequest request;
  if (!line.words().empty()) request.set_node(line.words().front());
  v1::GetNodeResponse response;
  if (const auto status = Client(call).get_node(request, response); !status) return failed(invocation, status);
  print(call.json ? json_line(response.node()) : node_text(response.node()));
  return exit_ok;
}

int run_drain(const Invocation& invocation) {
  CommandLine line(invocation, drain_manual, CommandLine::Variables::grpc_only);
  DrainOptions options;
  CallOptions call;
  line.add(options);
  line.add(call);
  if (const auto code = line.read()) return *code;
  if (line.words().size() > 1) return line.misuse("one node is drained at a time; was --seconds meant?");

  using google::protobuf::util::TimeUtil;
  v1::DrainRequest request;
  if (const auto over = base::parse_milliseconds(options.seconds, "seconds")) {
    *request.mutable_over() = TimeUtil::MillisecondsToDuration(static_cast<std::int64_t>(*over));
  }
  *request.mutable_report_every() = TimeUtil::MillisecondsToDuration(options.report_seconds.count());
  request.set_reason(options.reason);
  request.set_idempotency_key(options.idempotency_key);
  if (!line.words().empty()) request.set_node(line.words().front());
  const auto report = [&call](const v1::DrainProgress& progress) {
    print(call.json ? json_line(progress) : progress_text(progress));
    std::fflush(stdout);
  };
  if (const auto status = Client(call).drain(request, report); !status) return failed(invocation, status);
  return exit_ok;
}

}  // namespace sluice::program
