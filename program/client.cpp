#include "program/client.hpp"

#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/util/json_util.h>
#include <grpc/support/log.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <stdexcept>

#include "base/read_file.hpp"
#include "program/amounts.hpp"
#include "program/command.hpp"
#include "program/printable.hpp"
#include "sluice/v1/gateway.grpc.pb.h"
#include "sluice/v1/nodes.grpc.pb.h"

namespace sluice::program {

struct Client::State {
  std::string address;
  std::chrono::milliseconds timeout;
  std::string api_key;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::Gateway::Stub> gateway;
  std::unique_ptr<v1::Nodes::Stub> nodes;

  void show_credentials(grpc::ClientContext& context) const {
    if (!api_key.empty()) context.AddMetadata("authorization", "Bearer " + api_key);
  }
  template <class Stub, class Request, class Answer>
  base::Status call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Answer*),
                    const Request& request, Answer& answer) const {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + timeout);
    show_credentials(context);
    return result_of((stub.*method)(&context, request, &answer));
  }
  // Of the service Nodes. The stream may last for hours; that nobody answers is to be found out sooner.
  template <class Request, class Answer>
  base::Status stream(std::unique_ptr<grpc::ClientReader<Answer>> (v1::Nodes::Stub::*method)(grpc::ClientContext*,
                                                                                             const Request&),
                      const Request& request, const std::function<void(const Answer&)>& report) const {
    v1::GetNodeResponse node;
    if (auto status = call(*nodes, &v1::Nodes::Stub::GetNode, v1::GetNodeRequest(), node); !status) return status;
    grpc::ClientContext context;
    show_credentials(context);
    const auto reader = (nodes.get()->*method)(&context, request);
    Answer answer;
    while (reader->Read(&answer)) report(answer);
    return result_of(reader->Finish());
  }
  base::Status result_of(const grpc::Status& status) const;
  std::string failure_text(const grpc::Status& status) const;
};

namespace {

std::string content_of(const std::string& path) {
  if (path.empty()) return {};
  auto text = base::read_file(path);
  if (!text) throw std::runtime_error(text.error().detail);
  if (text->empty()) throw std::runtime_error(path + ": is empty");
  return std::move(*text);
}

std::shared_ptr<grpc::ChannelCredentials> credentials_of(const CallOptions& options) {
  if (options.tls_ca.empty()) return grpc::InsecureChannelCredentials();
  return grpc::SslCredentials({content_of(options.tls_ca), content_of(options.tls_key), content_of(options.tls_cert)});
}

std::shared_ptr<grpc::Channel> connect(const CallOptions& options) {
  // What goes wrong is told by the calls' own statuses; the libraries' lines beside them only confuse.
  gpr_set_log_function([](gpr_log_func_args*) {});
  google::protobuf::SetLogHandler(nullptr);
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel(options.grpc, credentials_of(options), arguments);
}

base::Errc error_code(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::INVALID_ARGUMENT:
      return base::Errc::bad_request;
    case grpc::StatusCode::NOT_FOUND:
      return base::Errc::not_found;
    case grpc::StatusCode::UNAVAILABLE:
      return base::Errc::unavailable;
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return base::Errc::timed_out;
    default:
      return base::Errc::internal;
  }
}

}  // namespace

base::Status Client::State::result_of(const grpc::Status& status) const {
  if (status.ok()) return base::ok();
  return base::fail(error_code(status.error_code()), failure_text(status));
}

std::string Client::State::failure_text(const grpc::Status& status) const {
  // What the gateway itself says comes with details, and is a sentence.
  if (!status.error_details().empty()) return status.error_message();
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      if (status.error_message().find("http1") != std::string::npos) {
        return "what answers at " + address + " does not speak gRPC; --grpc wants the gateway's gRPC port (8081)";
      }
      return "no gateway answers at " + address +
             "; is `sluice serve` running? --grpc or SLUICE_GRPC names another address";
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return "no answer from " + address + " within " + duration_text(timeout) + " (--timeout-seconds)";
    case grpc::StatusCode::UNIMPLEMENTED:
      return "what answers at " + address + " does not know this call; is it a gateway, and not an older one?";
    default:
      return status.error_message() + " (from " + address + ")";
  }
}

Client::Client(const CallOptions& options)
    : state_(new State{options.grpc, options.timeout_seconds, options.api_key, connect(options), nullptr, nullptr}) {
  state_->gateway = v1::Gateway::NewStub(state_->channel);
  state_->nodes = v1::Nodes::NewStub(state_->channel);
}

Client::~Client() = default;

base::Status Client::publish(const v1::PublishRequest& request, v1::PublishResponse& answer) {
  return state_->call(*state_->gateway, &v1::Gateway::Stub::Publish, request, answer);
}

base::Status Client::disconnect(const v1::DisconnectRequest& request, v1::DisconnectResponse& answer) {
  return state_->call(*state_->gateway, &v1::Gateway::Stub::Disconnect, request, answer);
}

base::Status Client::get_connection(const v1::GetConnectionRequest& request, v1::GetConnectionResponse& answer) {
  return state_->call(*state_->gateway, &v1::Gateway::Stub::GetConnection, request, answer);
}

base::Status Client::list_connections(const v1::ListConnectionsRequest& request, v1::ListConnectionsResponse& answer) {
  return state_->call(*state_->gateway, &v1::Gateway::Stub::ListConnections, request, answer);
}

base::Status Client::list_rooms(const v1::ListRoomsRequest& request, v1::ListRoomsResponse& answer) {
  return state_->call(*state_->gateway, &v1::Gateway::Stub::ListRooms, request, answer);
}

base::Status Client::presence(const v1::PresenceRequest& request, v1::PresenceResponse& answer) {
  return state_->call(*state_->gateway, &v1::Gateway::Stub::Presence, request, answer);
}

base::Status Client::list_nodes(const v1::ListNodesRequest& request, v1::ListNodesResponse& answer) {
  return state_->call(*state_->nodes, &v1::Nodes::Stub::ListNodes, request, answer);
}

base::Status Client::watch_nodes(const v1::WatchNodesRequest& request,
                                 const std::function<void(const v1::WatchNodesResponse&)>& report) {
  return state_->stream(&v1::Nodes::Stub::WatchNodes, request, report);
}

base::Status Client::get_node(const v1::GetNodeRequest& request, v1::GetNodeResponse& answer) {
  return state_->call(*state_->nodes, &v1::Nodes::Stub::GetNode, request, answer);
}

base::Status Client::undrain(const v1::UndrainRequest& request, v1::UndrainResponse& answer) {
  return state_->call(*state_->nodes, &v1::Nodes::Stub::Undrain, request, answer);
}

base::Status Client::shed(const v1::ShedRequest& request, v1::ShedResponse& answer) {
  return state_->call(*state_->nodes, &v1::Nodes::Stub::Shed, request, answer);
}

base::Status Client::drain(const v1::DrainRequest& request,
                           const std::function<void(const v1::DrainProgress&)>& report) {
  return state_->stream(&v1::Nodes::Stub::Drain, request, report);
}

void complain_of_silence(std::string_view command, const std::string& node, const std::string& why) {
  complain(command, "node " + printable(node) + " is not part of this: " + printable(why));
}

std::string json_line(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string line;
  if (!google::protobuf::util::MessageToJsonString(message, &line, options).ok()) return "{}\n";
  return line + "\n";
}

}  // namespace sluice::program
