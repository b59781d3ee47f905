#pragma once
// Pieces: puts together what nodes had to cut, as one message of the broker does not hold it. Bounded: what does not
// come whole is let go. Pure.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace sluice::cluster {

struct Piece {
  std::uint32_t from = 0;  // the sender's incarnation, and the number of its message
  std::uint64_t number = 0;
  std::uint32_t place = 0;  // in the message, from 0
  bool has_more = false;
  std::string_view bytes = {};
};

class Pieces {
 public:
  struct Limits {
    std::size_t whole_bytes_max = std::size_t{8} << 20;
    std::size_t bytes_max = std::size_t{64} << 20;      // of all that is not whole yet
    std::size_t parts_max = 1024;                       // likewise
    base::Duration patience{std::chrono::seconds(10)};  // between two pieces
  };
  explicit Pieces(const Limits& limits) : limits_(limits) {}

  // Gives the whole with its last piece, and until then nothing. Errc::bad_request: one is missing before this;
  // Errc::too_large, exhausted: it is over a limit. The rest of such a message is an error, too.
  base::Result<std::optional<std::string>> take(const Piece& piece, base::TimePoint now);
  // Lets go of what nothing was added to for too long; gives how many there were.
  std::size_t trim(base::TimePoint now);
  // Nothing more comes from there.
  void forget(std::uint32_t from);

 private:
  using Key = std::pair<std::uint32_t, std::uint64_t>;
  struct Part {
    std::string bytes;
    std::uint32_t next = 0;  // the piece that it waits for
    base::TimePoint since{};
  };
  using Parts = std::map<Key, Part>;
  Parts::iterator erase(Parts::iterator part);

  const Limits limits_;
  Parts parts_;
  std::size_t bytes_ = 0;
};

}  // namespace sluice::cluster
