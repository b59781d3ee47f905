// Commands of clients: what is taken says what its text says, and no more than is allowed.

#include <cstdlib>
#include <string_view>

#include "base/json_scanner.hpp"
#include "gateway/client_command.hpp"
#include "gateway/utf8.hpp"
#include "workers/event_names.hpp"

using namespace sluice::gateway;

namespace {

void require(bool is_true) {
  if (!is_true) std::abort();
}

void check(std::string_view text, Dialect dialect) {
  const ReadCommand read = read_command(text, dialect);
  if (!read.command) return require(!read.command.error().detail.empty());
  const ClientCommand& command = *read.command;
  require(read.id.has_value() || dialect != Dialect::websocket);
  require((command.kind == ClientCommand::Kind::subscribe) <= (dialect == Dialect::datagrams));
  require(command.rooms.size() <= command_rooms_max);
  require(!sluice::workers::is_reserved_event(command.event));
  if (command.kind == ClientCommand::Kind::publish && command.data_kind == sluice::workers::DataKind::json) {
    require(sluice::base::is_json(command.data));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (!is_utf8(text)) return 0;
  for (const Dialect dialect : {Dialect::websocket, Dialect::lines, Dialect::datagrams}) check(text, dialect);
  return 0;
}
