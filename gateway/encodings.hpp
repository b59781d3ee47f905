#pragma once
// Encodings: how messages look on each wire. A worker encodes a message once per format. Pure.

#include <string>

#include "workers/wire.hpp"

namespace sluice::gateway {

// What workers::WireFormat means. 0 is no format: the connection gets no messages.
inline constexpr workers::WireFormat bare_websocket = 1;       // the data alone, where that tells all
inline constexpr workers::WireFormat enveloped_websocket = 2;  // with event, room and position; and notices

// Appends the WebSocket frame of `message`; `room` is null if it came by an implicit one.
void append_message(workers::WireFormat format, const workers::Message& message, const workers::RoomKey* room,
                    std::string& out);
// Appends the notice of a gap, or nothing if the format has no notices.
void append_gap(workers::WireFormat format, workers::GapReason reason, std::string& out);
// Appends the frame with which an enveloped connection begins.
void append_open(const std::string& connection_id, const std::string& position, std::string& out);

}  // namespace sluice::gateway
