// `sluice presence`.

#include <map>
#include <utility>

#include "program/client.hpp"
#include "program/command_line.hpp"
#include "program/table.hpp"
#include "sluice/v1/gateway.pb.h"

namespace sluice::program {
namespace {

constexpr Manual manual{
    .usage = "sluice presence [OPTION]... ROOM",
    .about =
        "Lists who is in a room, on all nodes: the connections, and the users and labels that they came in\n"
        "with.\n",
    .examples =
        "  sluice presence lobby\n"
        "  sluice presence lobby --count\n"
        "  sluice presence lobby --json | jq -r .user | sort -u\n",
};

struct PresenceOptions {
  static constexpr std::string_view section = "Presence";
  std::string name_space = "/";
  bool count = false, local = false, no_headings = false;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.option("count", count, {.sentence = "Print only how many there are, and on which nodes."});
    visitor.option("namespace", name_space, {.sentence = "The namespace of the room."});
    visitor.option("local", local, {.sentence = "Only those of the node that answers."});
    visitor.option("no-headings", no_headings, {.sentence = "Leave out the line that names the columns."});
  }
};

std::string labels_text(const v1::Member& member) {
  const std::map<std::string, std::string> sorted(member.labels().begin(), member.labels().end());
  std::string text;
  for (const auto& [name, value] : sorted) text.append(text.empty() ? "" : ",").append(name).append("=").append(value);
  return text;
}

std::string count_text(const v1::PresenceResponse& response) {
  std::string text = "count=" + std::to_string(response.count()) + "\n";
  for (const v1::NodePresence& node : response.nodes()) {
    text +=
        "node=" + node.node() + " incarnation=" + node.incarnation() + " count=" + std::to_string(node.count()) + "\n";
  }
  return text;
}

// All pages; what was shown before a failure stays on the screen.
base::Status show_members(Client& client, v1::PresenceRequest request, Table& table, bool as_json) {
  do {
    v1::PresenceResponse response;
    if (auto status = client.presence(request, response); !status) return status;
    complain_of_silence("presence", response);
    for (const v1::Member& member : response.members()) {
      if (as_json) {
        print(json_line(member));
      } else {
        table.add({member.connection(), member.session(), member.user(), labels_text(member)});
      }
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return base::ok();
}

base::Status show_count(Client& client, v1::PresenceRequest request, bool as_json) {
  request.set_only_count(true);
  v1::PresenceResponse response;
  if (auto status = client.presence(request, response); !status) return status;
  complain_of_silence("presence", response);
  print(as_json ? json_line(response) : count_text(response));
  return base::ok();
}

}  // namespace

int run_presence(const Invocation& invocation) {
  CommandLine line(invocation, manual, CommandLine::Variables::grpc_only);
  PresenceOptions options;
  CallOptions call;
  line.add(options);
  line.add(call);
  if (const auto code = line.read()) return *code;
  if (line.words().size() != 1) return line.misuse("one room is shown at a time: give its name");

  v1::PresenceRequest request;
  request.set_namespace_(options.name_space);
  request.set_room(line.words().front());
  request.set_local(options.local);
  Client client(call);
  Table table({"ID", "SESSION", "USER", "LABELS"});
  const auto status = options.count ? show_count(client, std::move(request), call.json)
                                    : show_members(client, std::move(request), table, call.json);
  const bool has_table = !options.count && !call.json && (status || !table.is_empty());
  if (has_table) print(table.text(!options.no_headings));
  if (status) return exit_ok;
  complain(invocation.command, status.error().detail);
  return exit_failed;
}

}  // namespace sluice::program
