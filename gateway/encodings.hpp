#pragma once
// Encodings: how messages look on each wire. A worker encodes a message once per format.

#include <optional>
#include <string>

#include "gateway/rfc7692.hpp"
#include "workers/wire.hpp"

namespace sluice::gateway {

struct WorkerContext;
class Deflater;

// What workers::WireFormat means. 0 is no format: the connection gets no messages. A bare WebSocket gets the data
// alone, where that tells all; an enveloped one event, room and position too, and notices.
inline constexpr workers::WireFormat bare_websocket = 1;
inline constexpr workers::WireFormat enveloped_websocket = 2;
// The same as Engine.IO messages, and as Socket.IO events.
inline constexpr workers::WireFormat bare_engine_io = 9;
inline constexpr workers::WireFormat enveloped_engine_io = 10;
inline constexpr workers::WireFormat socket_io_events = 11;
// Server-sent events; objects in the answers to polls.
inline constexpr workers::WireFormat sse_events = 12;
inline constexpr workers::WireFormat poll_objects = 13;
// The same objects as lines, or as datagrams.
inline constexpr workers::WireFormat line_objects = 14;

struct FormatTraits {
  bool is_enveloped = false;
  int window_bits = 0;  // in which messages may be deflated; 0: they are not
  bool is_own = false;  // in a context of the connection's own
  bool is_engine_io = false;
};
FormatTraits traits_of(workers::WireFormat format);
// The format of a connection that has agreed on `deflate`, or on none.
workers::WireFormat websocket_format(bool is_enveloped, const std::optional<DeflateTerms>& deflate);

// Appends the WebSocket frame of `message` without deflating it; `room` is null if it came by an implicit one.
void append_message(workers::WireFormat format, const workers::Message& message, const workers::RoomKey* room,
                    std::string& out);
// The same, deflated as the format says if that is worth it, or by `own`, the connection's own deflater.
void append_message(WorkerContext& context, workers::WireFormat format, Deflater* own, const workers::Message& message,
                    const workers::RoomKey* room, std::string& out);
// Appends `,"data":...` or `,"args":...`, and what the data is if JSON cannot say it by itself.
void append_data(const workers::Message& message, std::string& out);
// Appends an object as a line: between its members a line may end, inside its strings none does (RFC 8259, 7).
void append_line(std::string_view object, std::string& out);
// Appends `text` as one message that is for this client alone.
void append_text(workers::WireFormat format, std::string_view text, std::string& out);
// Appends the notice of a gap, or nothing if the format has no notices.
void append_gap(workers::WireFormat format, workers::GapReason reason, std::string& out);
// As notices and replies have it.
std::string_view name_of(workers::GapReason reason);
// The last object for a client that speaks objects: why its connection ends.
std::string end_notice(const workers::Ending& ending);
// Appends the frame with which an enveloped connection begins.
void append_open(workers::WireFormat format, const std::string& connection_id, const std::string& position,
                 std::string& out);

}  // namespace sluice::gateway
