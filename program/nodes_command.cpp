// `sluice nodes`.

#include <google/protobuf/util/time_util.h>

#include "program/amounts.hpp"
#include "program/client.hpp"
#include "program/command_line.hpp"
#include "program/printable.hpp"
#include "program/table.hpp"
#include "sluice/v1/nodes.pb.h"

namespace sluice::program {
namespace {

constexpr Manual manual{
    .usage = "sluice nodes [OPTION]...",
    .about =
        "Lists the nodes of the cluster, as each says of itself once a second. HEARD is how long ago that\n"
        "was; the node that answers hears itself. STATE has other-secret if the --secret-file of that node\n"
        "is another than that of the node that answers. With --watch prints a line for each node that is\n"
        "there, then one for each that comes, changes, leaves, or is lost: was killed, or is cut off.\n",
    .examples =
        "  sluice nodes\n"
        "  sluice nodes --watch\n"
        "  sluice nodes --json | jq -r 'select(.draining) | .name'\n",
};

struct NodesOptions {
  static constexpr std::string_view section = "Nodes";
  bool watch = false, no_headings = false;
  std::chrono::milliseconds report_seconds{1000};
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.option("watch", watch, {.sentence = "Go on, and tell of changes, until it is interrupted."});
    visitor.option("report-seconds", report_seconds,
                   {.unit = "seconds", .min = 0.1, .max = 60, .sentence = "Time between two lines about a node."});
    visitor.option("no-headings", no_headings, {.sentence = "Leave out the line that names the columns."});
  }
};

std::string state_of(const v1::Node& node) {
  const std::string state = node.draining() ? "draining" : node.ready() ? "ready" : "not-ready";
  return node.other_secret() ? state + ",other-secret" : state;
}

std::string heard_text(const v1::Node& node) {
  using google::protobuf::util::TimeUtil;
  return duration_text(std::chrono::milliseconds(TimeUtil::DurationToMilliseconds(node.silent_for())));
}

std::string kind_text(v1::NodeChange::Kind kind) {
  switch (kind) {
    case v1::NodeChange::KIND_HERE:
      return "here";
    case v1::NodeChange::KIND_CAME:
      return "came";
    case v1::NodeChange::KIND_CHANGED:
      return "changed";
    case v1::NodeChange::KIND_LEFT:
      return "left";
    case v1::NodeChange::KIND_LOST:
      return "lost";
    default:
      return "other";
  }
}

std::string change_text(const v1::NodeChange& change) {
  const v1::Node& node = change.node();
  return kind_text(change.kind()) + " " + printable(node.name()) + " incarnation=" + node.incarnation() +
         " version=" + printable(node.version()) + " state=" + state_of(node) +
         " connections=" + std::to_string(node.connections()) + "\n";
}

void show(const v1::ListNodesResponse& response, const NodesOptions& options, bool as_json) {
  Table table({"NAME", "INCARNATION", "VERSION", "STATE", "CONNECTIONS", "HEARD"});
  for (const v1::Node& node : response.nodes()) {
    if (as_json) {
      print(json_line(node));
    } else {
      table.add({node.name(), node.incarnation(), node.version(), state_of(node), std::to_string(node.connections()),
                 heard_text(node)});
    }
  }
  if (!as_json) print(table.text(!options.no_headings));
}

base::Status watch(Client& client, const NodesOptions& options, bool as_json) {
  using google::protobuf::util::TimeUtil;
  v1::WatchNodesRequest request;
  *request.mutable_report_every() = TimeUtil::MillisecondsToDuration(options.report_seconds.count());
  return client.watch_nodes(request, [as_json](const v1::WatchNodesResponse& response) {
    for (const v1::NodeChange& change : response.changes()) print(as_json ? json_line(change) : change_text(change));
    std::fflush(stdout);
  });
}

}  // namespace

int run_nodes(const Invocation& invocation) {
  CommandLine line(invocation, manual, CommandLine::Variables::grpc_only);
  NodesOptions options;
  CallOptions call;
  line.add(options);
  line.add(call);
  if (const auto code = line.read()) return *code;
  if (!line.words().empty())
    return line.misuse("'" + line.words().front() + "' is not a flag; `sluice node` shows one");

  Client client(call);
  v1::ListNodesResponse response;
  const auto status = options.watch ? watch(client, options, call.json) : client.list_nodes({}, response);
  if (!status) {
    complain(invocation.command, status.error().detail);
    return exit_failed;
  }
  if (!options.watch) show(response, options, call.json);
  return exit_ok;
}

}  // namespace sluice::program
