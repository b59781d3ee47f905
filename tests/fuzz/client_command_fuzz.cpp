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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (!is_utf8(text)) return 0;
  const ReadCommand read = read_command(text);
  if (!read.command) {
    require(!read.command.error().detail.empty());
    return 0;
  }
  require(read.id.has_value());
  const ClientCommand& command = *read.command;
  require(command.rooms.size() <= command_rooms_max);
  require(!sluice::workers::is_reserved_event(command.event));
  if (command.kind == ClientCommand::Kind::publish && command.data_kind == sluice::workers::DataKind::json) {
    require(sluice::base::is_json(command.data));
  }
  return 0;
}
