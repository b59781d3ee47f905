#pragma once
// GrpcCertificates: the certificates of the gRPC port. gRPC reads files by itself, again and again, and takes whatever
// it finds: a key that belongs to another certificate would leave the port without any. So it is given copies in
// memory, which are written only with what has been checked; what is wrong is refused whole, and the old ones stay.
// Belongs to the main thread, but for expires().

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/cell.hpp"
#include "base/result.hpp"
#include "control/memory_file.hpp"
#include "control/options.hpp"

namespace sluice::control {

class GrpcCertificates {
 public:
  // Reads the files that `options` name, which must be right the first time; an error begins with the option. There
  // have to be certificate and key.
  static base::Result<std::unique_ptr<GrpcCertificates>> load(const Options& options);

  // Those that were read, for whoever watches them.
  static std::vector<std::string> files(const Options& options);
  // Where gRPC finds the copies; the last is empty if callers' certificates are not wanted.
  const std::string& certificate_path() const { return certificate_.path(); }
  const std::string& key_path() const { return key_.path(); }
  std::string clients_path() const { return options_.grpc_client_ca.empty() ? "" : clients_.path(); }

  // Reads the files again, and says in the log what came of it.
  void reload();
  // When the certificate ends, as a Unix time in seconds. Any thread.
  std::uint64_t expires() const { return expires_.read(); }

 private:
  explicit GrpcCertificates(const Options& options) : options_(options) {}
  base::Status take();

  const Options& options_;
  MemoryFile certificate_, key_, clients_;
  base::Cell expires_;
};

}  // namespace sluice::control
