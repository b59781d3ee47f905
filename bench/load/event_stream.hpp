#pragma once
// Server-sent events as a client reads them (HTML Standard, 9.2).

#include <cstddef>
#include <optional>
#include <string_view>

namespace sluice::bench {

struct StreamEvent {
  std::string_view data;  // of its first line of data, as ours have one; empty: a comment, or an id alone
  std::size_t bytes = 0;  // of the event as a whole
};

// The event that `bytes` begin with; nothing if it is not whole. Of a server that is trusted: it checks nothing.
std::optional<StreamEvent> first_event(std::string_view bytes);

}  // namespace sluice::bench
