#pragma once
// PendingEvent: a Socket.IO packet whose attachments are still to come, each as a message of its own. Pure.

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/socket_io.hpp"

namespace sluice::gateway {

class PendingEvent {
 public:
  // `packet` was parsed from `text` and has attachments. All of it together may have `bytes_max` bytes.
  PendingEvent(std::string_view text, const socket_io::Packet& packet, std::size_t bytes_max)
      : text_(text), packet_(packet), bytes_left_(bytes_max - std::min(bytes_max, text.size())) {
    // The views move along with the text.
    const auto moved = [&](std::string_view view) {
      const bool is_inside = view.data() >= text.data() && view.data() <= text.data() + text.size();
      return is_inside
                 ? std::string_view(text_).substr(static_cast<std::size_t>(view.data() - text.data()), view.size())
                 : view;
    };
    packet_.name_space = moved(packet.name_space);
    packet_.payload = moved(packet.payload);
  }
  PendingEvent(const PendingEvent&) = delete;
  PendingEvent& operator=(const PendingEvent&) = delete;

  // Takes the next attachment; false if that is too much.
  bool add(std::string_view attachment) {
    if (attachment.size() > bytes_left_) return false;
    bytes_left_ -= attachment.size();
    attachments_.emplace_back(attachment);
    return true;
  }
  bool is_complete() const { return attachments_.size() == packet_.attachments; }
  const socket_io::Packet& packet() const { return packet_; }
  const std::string& text() const { return text_; }
  const std::vector<std::string>& attachments() const { return attachments_; }
  std::vector<std::string> take_attachments() { return std::move(attachments_); }

 private:
  std::string text_;
  socket_io::Packet packet_;
  std::size_t bytes_left_;
  std::vector<std::string> attachments_;
};

}  // namespace sluice::gateway
