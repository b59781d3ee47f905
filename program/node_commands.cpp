// `sluice node`.

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

}  // namespace sluice::program
