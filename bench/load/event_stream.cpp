#include "bench/load/event_stream.hpp"

namespace sluice::bench {

std::optional<StreamEvent> first_event(std::string_view bytes) {
  constexpr std::string_view field = "data: ";
  const auto end = bytes.find("\n\n");
  if (end == std::string_view::npos) return std::nullopt;
  StreamEvent event{{}, end + 2};
  for (std::string_view rest = bytes.substr(0, end); !rest.empty();) {
    const auto line_end = rest.find('\n');
    if (rest.starts_with(field)) {
      event.data = rest.substr(0, line_end).substr(field.size());
      break;
    }
    if (line_end == std::string_view::npos) break;
    rest.remove_prefix(line_end + 1);
  }
  return event;
}

}  // namespace sluice::bench
