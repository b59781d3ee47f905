// `sluice connections` and `sluice rooms`.

#include <array>

#include "program/amounts.hpp"
#include "program/client.hpp"
#include "program/command_line.hpp"
#include "program/table.hpp"
#include "sluice/v1/gateway.pb.h"

namespace sluice::program {
namespace {

constexpr Manual connections_manual{
    .usage = "sluice connections [OPTION]... [ID]...",
    .about =
        "Lists the clients that are connected, on all nodes, or those with the given ids. AGE is the time\n"
        "since they connected, SILENT since they last sent anything, OUTBOX what waits to be written to\n"
        "them. --json shows more of each.\n",
    .examples =
        "  sluice connections\n"
        "  sluice connections --room lobby --no-headings | awk '{print $1}' | xargs -r sluice disconnect\n"
        "  sluice connections --json | jq 'select(.outbox.bytes != \"0\")'\n",
};
constexpr Manual rooms_manual{
    .usage = "sluice rooms [OPTION]...",
    .about =
        "Lists the rooms of a namespace that have members or history, on all nodes together. HISTORY is how\n"
        "many messages are kept for clients that resume.\n",
    .examples =
        "  sluice rooms\n"
        "  sluice rooms --prefix game- --json\n",
};

enum class Speaks { any, http, websocket, engine_io, socket_io, sse, poll, tcp, udp };
constexpr std::array<std::string_view, 9> speaks_names{"any", "http", "websocket", "engineio", "socketio",
                                                       "sse", "poll", "tcp",       "udp"};

struct ConnectionsOptions {
  static constexpr std::string_view section = "Filters";
  std::string room, user, name_space;
  Speaks protocol = Speaks::any;
  bool local = false;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.option("room", room, {.sentence = "Only members of this room."});
    visitor.option("user", user, {.sentence = "Only connections of this user."});
    visitor.option("namespace", name_space, {.sentence = "Only this one; default all, or / with --room or --user."});
    visitor.choice("protocol", protocol, speaks_names, {.sentence = "Only connections that speak this."});
    visitor.option("local", local, {.sentence = "Only those of the node that answers."});
  }
};

struct RoomsOptions {
  static constexpr std::string_view section = "Filters";
  std::string prefix, name_space = "/";
  bool local = false;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.option("prefix", prefix, {.sentence = "Only rooms whose names begin so."});
    visitor.option("namespace", name_space, {.sentence = "The namespace to look in."});
    visitor.option("local", local, {.sentence = "Only those of the node that answers."});
  }
};

struct ListOptions {
  static constexpr std::string_view section = "List";
  bool no_headings = false;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.option("no-headings", no_headings, {.sentence = "Leave out the line that names the columns."});
  }
};

std::chrono::milliseconds milliseconds_of(const google::protobuf::Duration& duration) {
  return std::chrono::milliseconds(duration.seconds() * 1000 + duration.nanos() / 1'000'000);
}

std::string age_text(const google::protobuf::Timestamp& since) {
  const std::chrono::milliseconds began(since.seconds() * 1000 + since.nanos() / 1'000'000);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(now) - began;
  // The clock of another machine may be ahead of ours.
  return duration_text(std::max(age, std::chrono::milliseconds(0)));
}

std::string protocol_text(v1::Protocol protocol) {
  const auto place = static_cast<std::size_t>(protocol);
  return place > 0 && place < speaks_names.size() ? std::string(speaks_names[place]) : "other";
}

// Prints what comes: JSON at once, a table when all of it is there, since its columns depend on all rows.
class Printer {
 public:
  Printer(std::vector<std::string> headings, bool as_json, bool no_headings)
      : table_(std::move(headings)), as_json_(as_json), no_headings_(no_headings) {}

  void show(const v1::Connection& one) {
    if (as_json_) return print(json_line(one));
    std::string rooms;
    for (const std::string& room : one.rooms()) rooms.append(rooms.empty() ? "" : ",").append(room);
    table_.add({one.id(), one.namespace_(), protocol_text(one.protocol()), one.remote_address(),
                age_text(one.connected_at()), duration_text(milliseconds_of(one.silent_for())),
                bytes_text(one.outbox().bytes()), one.user(), rooms});
  }
  void show(const v1::Room& one) {
    if (as_json_) return print(json_line(one));
    table_.add({std::to_string(one.members()), std::to_string(one.history_messages()), one.name()});
  }
  bool has_shown() const { return !table_.is_empty(); }
  void finish() const {
    if (!as_json_) print(table_.text(!no_headings_));
  }

 private:
  Table table_;
  const bool as_json_, no_headings_;
};

base::Status show_named(Client& client, const std::vector<std::string>& ids, Printer& printer) {
  for (const std::string& id : ids) {
    v1::GetConnectionRequest request;
    v1::GetConnectionResponse response;
    request.set_id(id);
    if (auto status = client.get_connection(request, response); !status) return status;
    printer.show(response.connection());
  }
  return base::ok();
}

base::Status show_connections(Client& client, v1::ListConnectionsRequest request, Printer& printer) {
  do {
    v1::ListConnectionsResponse response;
    if (auto status = client.list_connections(request, response); !status) return status;
    complain_of_silence("connections", response);
    for (const v1::Connection& connection : response.connections()) printer.show(connection);
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return base::ok();
}

base::Status show_rooms(Client& client, v1::ListRoomsRequest request, Printer& printer) {
  do {
    v1::ListRoomsResponse response;
    if (auto status = client.list_rooms(request, response); !status) return status;
    complain_of_silence("rooms", response);
    for (const v1::Room& room : response.rooms()) printer.show(room);
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return base::ok();
}

// What was shown before a failure stays on the screen.
int finish(const Invocation& invocation, const Printer& printer, const base::Status& status) {
  if (status || printer.has_shown()) printer.finish();
  if (status) return exit_ok;
  complain(invocation.command, status.error().detail);
  return exit_failed;
}

}  // namespace

int run_connections(const Invocation& invocation) {
  CommandLine line(invocation, connections_manual, CommandLine::Variables::grpc_only);
  ConnectionsOptions filters;
  ListOptions list;
  CallOptions call;
  line.add(filters);
  line.add(list);
  line.add(call);
  if (const auto code = line.read()) return *code;

  Client client(call);
  Printer printer({"ID", "NAMESPACE", "PROTOCOL", "REMOTE", "AGE", "SILENT", "OUTBOX", "USER", "ROOMS"}, call.json,
                  list.no_headings);
  if (!line.words().empty()) return finish(invocation, printer, show_named(client, line.words(), printer));
  v1::ListConnectionsRequest request;
  request.set_namespace_(filters.name_space);
  request.set_room(filters.room);
  request.set_user(filters.user);
  request.set_protocol(static_cast<v1::Protocol>(filters.protocol));
  request.set_local(filters.local);
  return finish(invocation, printer, show_connections(client, std::move(request), printer));
}

int run_rooms(const Invocation& invocation) {
  CommandLine line(invocation, rooms_manual, CommandLine::Variables::grpc_only);
  RoomsOptions filters;
  ListOptions list;
  CallOptions call;
  line.add(filters);
  line.add(list);
  line.add(call);
  if (const auto code = line.read()) return *code;
  if (!line.words().empty()) return line.misuse("'" + line.words().front() + "' is not a flag; was --prefix meant?");

  Client client(call);
  Printer printer({"MEMBERS", "HISTORY", "ROOM"}, call.json, list.no_headings);
  v1::ListRoomsRequest request;
  request.set_namespace_(filters.name_space);
  request.set_prefix(filters.prefix);
  request.set_local(filters.local);
  return finish(invocation, printer, show_rooms(client, std::move(request), printer));
}

}  // namespace sluice::program
