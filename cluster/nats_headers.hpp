#pragma once
// NatsHeaders: the headers of a message (ADR-4 of the NATS architecture and design documents), which may begin with a
// status: 503 no one listens to that subject, 404 no such message. Pure.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace sluice::cluster {

// Borrows its texts.
struct NatsHeader {
  std::string_view name, value;
};

namespace nats_status {
inline constexpr int none = 0;
inline constexpr int not_found = 404;
inline constexpr int bad_request = 408;    // of a direct get
inline constexpr int no_responders = 503;  // ADR-22
}  // namespace nats_status

class NatsHeaders {
 public:
  // Takes a whole block apart, from "NATS/1.0" to its empty line, and borrows it. An empty one has no headers.
  // Errc::bad_request says what is wrong in it.
  static base::Result<NatsHeaders> parse(std::string_view block);

  int status() const { return status_; }
  std::string_view description() const { return description_; }  // of the status; may be empty
  // The first value under exactly that name: the server's own names have one way of writing them.
  std::optional<std::string_view> find(std::string_view name) const;
  // The last one: a server appends its own headers to those of a publisher, who may have used their names.
  std::optional<std::string_view> find_last(std::string_view name) const;
  std::span<const NatsHeader> all() const { return all_; }

 private:
  base::Status take_status(std::string_view line);
  base::Status take_header(std::string_view line);

  int status_ = nats_status::none;
  std::string_view description_;
  std::vector<NatsHeader> all_;
};

// How many bytes append_headers() adds.
std::size_t header_bytes(std::span<const NatsHeader> headers);
// Appends a whole block. Requires are_headers(headers).
void append_headers(std::string& out, std::span<const NatsHeader> headers);
// Whether each has a name of visible ASCII without a colon, and a value without a line break.
bool are_headers(std::span<const NatsHeader> headers);

}  // namespace sluice::cluster
