#pragma once
// Messages as gRPC carries them. Requests are parsed here rather than by gRPC, which would answer a malformed one, or
// one whose text is not UTF-8, with UNIMPLEMENTED and no word about it.

#include <google/protobuf/message.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include "base/clock.hpp"
#include "control/failure.hpp"
#include "control/translator.hpp"

namespace sluice::control {

Problem parse(const grpc::ByteBuffer& bytes, std::size_t bytes_max, google::protobuf::Message& message);
grpc::ByteBuffer serialize(const google::protobuf::Message& message);
grpc::Status status_of(const Failure& failure);

}  // namespace sluice::control
