#pragma once
// SessionState: all of an Engine.IO session that goes on at another node as if nothing had happened.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "gateway/admission.hpp"
#include "gateway/recovery.hpp"
#include "workers/backend.hpp"
#include "workers/credentials.hpp"

namespace sluice::gateway {

// The rooms of a namespace in which a session has members.
struct NamespaceRooms {
  base::NamespaceId name_space;
  std::vector<workers::RoomKey> keys;
};

// A connection that was a member, and is to be one elsewhere.
struct MemberState {
  BrokenSocket socket;  // its rooms; `sid` is empty if it is no Socket.IO socket
  std::string pid;      // empty: its client cannot come back
  base::ConnectionId connection;
  base::Position given_through;  // it was given all stored messages up to there
  std::shared_ptr<const workers::Credentials> credentials = nullptr;
  std::uint64_t asks = 0;  // what it was asked under numbers below this may still be answered
};

struct MessagesState {
  MemberState member;
  bool is_enveloped = false;
};

struct SocketIoState {
  // What the session's request said, as SocketIoSession::Handshake has it.
  struct Handshake {
    std::vector<workers::RoomKey> rooms;
    workers::ConnectDetails details;
    base::Result<std::optional<Admission>> shown;
  };
  struct Pending {
    std::string text;
    std::vector<std::string> attachments;
  };
  std::optional<Handshake> handshake = {};
  std::vector<MemberState> sockets = {};
  std::optional<Pending> pending = {};                       // an event whose attachments are still to come
  std::optional<std::chrono::milliseconds> connect_in = {};  // a namespace has to be joined by then
};

struct SessionState {
  std::string frames;  // of a WebSocket, that were not polled
  bool awaits_pong = false;
  std::chrono::milliseconds beat{0};  // from now: the next ping, or the one that is awaited
  std::variant<MessagesState, SocketIoState> application = {};
};

// The rooms of its members, of each namespace at most one member.
std::vector<NamespaceRooms> rooms_of(const SessionState& state);
// Of the member of that namespace; nothing if there is none.
std::optional<base::Position> given_through(const SessionState& state, base::NamespaceId name_space);
// Empty: nobody in particular.
std::string user_of(const MemberState& member);

}  // namespace sluice::gateway
