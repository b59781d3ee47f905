#include "control/wire.hpp"

#include <grpcpp/impl/codegen/proto_utils.h>

#include "base/assert.hpp"

namespace sluice::control {

Problem parse(const grpc::ByteBuffer& bytes, std::size_t bytes_max, google::protobuf::Message& message) {
  if (bytes.Length() > bytes_max) {
    Failure failure = over_limit(base::Errc::too_large, "the request", "grpc-message-bytes-max", bytes_max, "bytes");
    failure.field.clear();
    return failure;
  }
  grpc::ByteBuffer taken(bytes);
  if (grpc::GenericDeserialize<grpc::ProtoBufferReader, google::protobuf::Message>(&taken, &message).ok()) return {};
  return Failure{base::Errc::bad_request,
                 "the request is not a valid " + message.GetTypeName() + ": malformed, or a text in it is not UTF-8"};
}

grpc::ByteBuffer serialize(const google::protobuf::Message& message) {
  grpc::ByteBuffer bytes;
  bool owns = false;
  const auto status =
      grpc::GenericSerialize<grpc::ProtoBufferWriter, google::protobuf::Message>(message, &bytes, &owns);
  SLUICE_ASSERT(status.ok());
  return bytes;
}

grpc::Status status_of(const Failure& failure) {
  return {static_cast<grpc::StatusCode>(failure.grpc_status()), failure.message, status_details(failure)};
}

}  // namespace sluice::control
