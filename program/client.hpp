#pragma once
// Client: calls a running gateway over gRPC, one call at a time.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace google::protobuf {
class Message;
}

namespace sluice::v1 {
class DisconnectRequest;
class DisconnectResponse;
class DrainProgress;
class DrainRequest;
class GetConnectionRequest;
class GetConnectionResponse;
class GetNodeRequest;
class GetNodeResponse;
class ListConnectionsRequest;
class ListConnectionsResponse;
class ListNodesRequest;
class ListNodesResponse;
class ListRoomsRequest;
class ListRoomsResponse;
class PresenceRequest;
class PresenceResponse;
class PublishRequest;
class PublishResponse;
class ShedRequest;
class ShedResponse;
class UndrainRequest;
class UndrainResponse;
class WatchNodesRequest;
class WatchNodesResponse;
}  // namespace sluice::v1

namespace sluice::program {

// The options of every command that calls.
struct CallOptions {
  static constexpr std::string_view section = "Calls";

  std::string grpc = "127.0.0.1:8081";
  std::string api_key, tls_ca, tls_cert, tls_key;
  std::chrono::milliseconds timeout_seconds{10'000};
  bool json = false;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.option("json", json, {.sentence = "Print JSON, one object a line."});
    visitor.option("grpc", grpc,
                   {.unit = "address",
                    .sentence = "The gateway's gRPC port; the variable SLUICE_GRPC sets it too.",
                    .misfit = address_misfit});
    visitor.option(
        "api-key", api_key,
        {.unit = "key",
         .sentence = "Says who calls: an API key, or a token; better given by the variable SLUICE_API_KEY, as "
                     "others see a command line.",
         .is_secret = true});
    visitor.option(
        "tls-ca", tls_ca,
        {.unit = "file", .sentence = "Call over TLS, and trust servers whose certificate is of this one (PEM)."});
    visitor.option("tls-cert", tls_cert, {.unit = "file", .sentence = "A client certificate to show (PEM)."});
    visitor.option("tls-key", tls_key, {.unit = "file", .sentence = "Its private key (PEM)."});
    visitor.option("timeout-seconds", timeout_seconds,
                   {.unit = "seconds", .min = 0.001, .max = 86'400, .sentence = "How long to wait for each answer."});
  }

  std::vector<std::string> validate() const {
    if (tls_cert.empty() != tls_key.empty()) return {"--tls-cert and --tls-key: one needs the other"};
    if (!tls_cert.empty() && tls_ca.empty()) return {"--tls-cert: needs --tls-ca, too"};
    return {};
  }

 private:
  static std::string_view address_misfit(std::string_view address) {
    const auto colon = address.rfind(':');
    const bool has_both = colon != std::string_view::npos && colon > 0 && colon + 1 < address.size();
    return has_both ? std::string_view{} : "a host and a port, such as 127.0.0.1:8081 or gateway.example:8081";
  }
};

// Each call writes the answer, or fails with a sentence for the user that names the address if that may be at fault.
class Client {
 public:
  explicit Client(const CallOptions& options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  base::Status publish(const v1::PublishRequest& request, v1::PublishResponse& answer);
  base::Status disconnect(const v1::DisconnectRequest& request, v1::DisconnectResponse& answer);
  base::Status get_connection(const v1::GetConnectionRequest& request, v1::GetConnectionResponse& answer);
  base::Status list_connections(const v1::ListConnectionsRequest& request, v1::ListConnectionsResponse& answer);
  base::Status list_rooms(const v1::ListRoomsRequest& request, v1::ListRoomsResponse& answer);
  base::Status presence(const v1::PresenceRequest& request, v1::PresenceResponse& answer);
  base::Status list_nodes(const v1::ListNodesRequest& request, v1::ListNodesResponse& answer);
  // Calls `report` for each response until the gateway goes away, which is an error.
  base::Status watch_nodes(const v1::WatchNodesRequest& request,
                           const std::function<void(const v1::WatchNodesResponse&)>& report);
  base::Status undrain(const v1::UndrainRequest& request, v1::UndrainResponse& answer);
  base::Status shed(const v1::ShedRequest& request, v1::ShedResponse& answer);
  base::Status get_node(const v1::GetNodeRequest& request, v1::GetNodeResponse& answer);
  // Calls `report` for each report until the last; the timeout holds only until the gateway has answered at all.
  base::Status drain(const v1::DrainRequest& request, const std::function<void(const v1::DrainProgress&)>& report);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

void complain_of_silence(std::string_view command, const std::string& node, const std::string& why);
// Prints a line on standard error about each node whose share is not in an answer.
template <class Response>
void complain_of_silence(std::string_view command, const Response& response) {
  for (const auto& node : response.silent_nodes()) {
    complain_of_silence(command, node.name().empty() ? node.incarnation() : node.name(), node.error().message());
  }
}

// Gives the message in proto3's JSON form, with the schema's names and all fields, as one line.
std::string json_line(const google::protobuf::Message& message);

}  // namespace sluice::program
