// `sluice disconnect`.

#include "program/client.hpp"
#include "program/command_line.hpp"
#include "program/target_options.hpp"
#include "sluice/v1/gateway.pb.h"

namespace sluice::program {
namespace {

constexpr Manual manual{
    .usage = "sluice disconnect [ID]... [OPTION]...",
    .about =
        "Ends the connections with these ids, or all of a target, on all nodes, and prints how many there\n"
        "were. An id that is gone counts as none. Clients may connect again at once.\n",
    .examples =
        "  sluice disconnect 9f31c2d0-0-2a-1\n"
        "  sluice disconnect --user mary --code 1008 --reason 'signed out'\n"
        "  sluice disconnect --everyone --except-room staff\n",
};

struct DisconnectOptions {
  static constexpr std::string_view section = "Disconnect";
  std::uint32_t code = 1000;
  std::string reason, idempotency_key;
  bool local = false;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.option("code", code,
                   {.unit = "code",
                    .min = 1000,
                    .max = 4999,
                    .sentence = "WebSocket close code: 1000, 1001, 1008, 1011, 1012, 1013, or 3000 to 4999."});
    visitor.option("reason", reason, {.unit = "text", .sentence = "Told to the client; at most 123 bytes."});
    visitor.option("idempotency-key", idempotency_key,
                   {.sentence = "Makes repeating safe: the same key again does nothing and prints the first answer."});
    visitor.option("local", local, {.sentence = "Only those of the node that answers."});
  }
};

}  // namespace

int run_disconnect(const Invocation& invocation) {
  CommandLine line(invocation, manual, CommandLine::Variables::grpc_only);
  TargetOptions target;
  DisconnectOptions options;
  CallOptions call;
  line.add(target);
  line.add(options);
  line.add(call);
  if (const auto code = line.read()) return *code;
  target.connections.insert(target.connections.end(), line.words().begin(), line.words().end());
  if (target.is_empty()) return line.misuse("whom? give ids, or a --room or --user, or say --everyone");
  if (const auto wrong = target.what_is_wrong(); !wrong.empty()) return line.misuse(wrong);

  v1::DisconnectRequest request;
  target.write(*request.mutable_target());
  request.set_close_code(options.code);
  request.set_reason(options.reason);
  request.set_idempotency_key(options.idempotency_key);
  request.set_local(options.local);
  v1::DisconnectResponse response;
  if (const auto status = Client(call).disconnect(request, response); !status) {
    complain(invocation.command, status.error().detail);
    return exit_failed;
  }
  complain_of_silence(invocation.command, response);
  print(call.json ? json_line(response) : "matched=" + std::to_string(response.matched()) + "\n");
  return exit_ok;
}

}  // namespace sluice::program
