#include "control/event_stream.hpp"

#include <algorithm>
#include <utility>

#include "base/control_character.hpp"
#include "control/wire.hpp"

namespace sluice::control {
namespace {

// How often to look whether the workers have caught up.
constexpr base::Duration look_every = std::chrono::milliseconds(1);
constexpr std::size_t response_events_max = 1024, response_bytes_max = 262'144;
// Results that a backend may leave unread, and commands that may be under way, before it is heard no further.
constexpr std::size_t results_max = 1024, commands_max = 1024;
constexpr std::uint64_t credits_default = 1000, credits_max = 1'000'000;
constexpr std::size_t group_bytes_max = 128;
constexpr base::Duration look_at_owner_every = std::chrono::seconds(1);

// A command has no deadline of its own.
base::TimePoint far() { return base::Clock::now() + std::chrono::hours(1); }

}  // namespace

EventStream::EventStream(StreamParts parts, EventHub& hub, Asks& asks, grpc::CallbackServerContext& context,
                         Owner owner)
    : parts_(parts), hub_(hub), asks_(asks), context_(context), owner_(std::move(owner)) {
  parts_.metrics.call_began(Method::subscribe_events);
  StartRead(&request_);
}

// --- requests ---

void EventStream::OnReadDone(bool ok) {
  parts_.executor.post([this, ok] { take_request(ok); });
}

void EventStream::take_request(bool ok) {
  if (has_finished_) return;
  if (!ok) return finish(grpc::Status::OK);
  v1::SubscribeEventsRequest request;
  Problem problem = parse(request_, parts_.message_bytes_max, request);
  if (!problem) problem = perform(request);
  if (problem) return finish(status_of(*problem));
  pump();
  read();
}

Problem EventStream::perform(const v1::SubscribeEventsRequest& request) {
  if (replica_ == 0 && !request.has_subscribe()) return misfit("subscribe", "set in the first request");
  switch (request.request_case()) {
    case v1::SubscribeEventsRequest::kSubscribe:
      return subscribe(request.subscribe());
    case v1::SubscribeEventsRequest::kAcknowledge:
      return acknowledge(request.acknowledge());
    case v1::SubscribeEventsRequest::kCredit:
      return credit(request.credit());
    case v1::SubscribeEventsRequest::kCommand:
      return command(request.command());
    case v1::SubscribeEventsRequest::REQUEST_NOT_SET:
      break;
  }
  return misfit("request", "set to acknowledge, credit or command");
}

Problem EventStream::subscribe(const v1::Subscribe& request) {
  if (replica_ != 0) return misfit("subscribe", "set in the first request alone");
  const std::string group = request.group().empty() ? "default" : request.group();
  if (group.size() > group_bytes_max || base::has_control_character(group))
    return misfit("subscribe.group", "1 to 128 bytes without control characters");
  if (request.credits() > credits_max) return misfit("subscribe.credits", "at most 1,000,000");
  const std::uint64_t credits = request.credits() == 0 ? credits_default : request.credits();
  // A wake-up may be on its way when this has gone.
  const auto wake = [&executor = parts_.executor, self = std::weak_ptr(self_)] {
    executor.post([self] {
      if (const auto alive = self.lock()) (*alive)->pump();
    });
  };
  EventHub::Wish wish{group, credits, request.verdicts()};
  if (auto problem = parts_.calls.filter(request, wish.filter)) return problem;
  const auto attached = hub_.attach(wish, wake);
  if (!attached) {
    Failure failure = misfit("subscribe", "what fits: " + attached.error().detail);
    failure.code = attached.error().code;
    return failure;
  }
  replica_ = *attached;
  if (owner_.gatekeeper.is_wanted()) look_at_owner();
  return {};
}

Problem EventStream::acknowledge(const v1::Acknowledge& request) {
  if (hub_.acknowledge(replica_, request.cursor())) return {};
  return misfit("acknowledge.cursor", "one that a response of this stream had");
}

Problem EventStream::credit(const v1::Credit& request) {
  if (request.events() == 0 || request.events() > credits_max) return misfit("credit.events", "1 to 1,000,000");
  hub_.credit(replica_, request.events());
  return {};
}

// What fails is told as a result; it does not end the stream.
Problem EventStream::command(const v1::Command& command) {
  const std::uint64_t id = command.id();
  switch (command.command_case()) {
    case v1::Command::kPublish:
      parts_.calls.publish(command.publish(), far(),
                           result_of<v1::PublishResponse>(id, [](v1::CommandResult& result, v1::PublishResponse got) {
                             *result.mutable_published() = std::move(got);
                           }));
      return {};
    case v1::Command::kJoinRooms:
      parts_.calls.join_rooms(command.join_rooms(), far(),
                              audited<v1::JoinRoomsResponse>(id, Method::join_rooms, command.join_rooms(),
                                                             [](v1::CommandResult& result, v1::JoinRoomsResponse got) {
                                                               *result.mutable_joined() = std::move(got);
                                                             }));
      return {};
    case v1::Command::kLeaveRooms:
      parts_.calls.leave_rooms(
          command.leave_rooms(), far(),
          audited<v1::LeaveRoomsResponse>(
              id, Method::leave_rooms, command.leave_rooms(),
              [](v1::CommandResult& result, v1::LeaveRoomsResponse got) { *result.mutable_left() = std::move(got); }));
      return {};
    case v1::Command::kDisconnect:
      parts_.calls.disconnect(
          command.disconnect(), far(),
          audited<v1::DisconnectResponse>(id, Method::disconnect, command.disconnect(),
                                          [](v1::CommandResult& result, v1::DisconnectResponse got) {
                                            *result.mutable_disconnected() = std::move(got);
                                          }));
      return {};
    case v1::Command::kReply: {
      parts_.calls.reply(command.reply(), far(),
                         result_of<v1::Replied>(id, [](v1::CommandResult& result, v1::Replied got) {
                           *result.mutable_replied() = std::move(got);
                         }));
      return {};
    }
    case v1::Command::kVerdict: {
      parts_.calls.judge(command.verdict(), far(),
                         result_of<v1::Judged>(id, [](v1::CommandResult& result, v1::Judged got) {
                           *result.mutable_judged() = std::move(got);
                         }));
      return {};
    }
    case v1::Command::kAsk: {
      asks_.ask(command.ask(), result_of<v1::Asked>(id, [](v1::CommandResult& result, v1::Asked got) {
                  *result.mutable_asked() = std::move(got);
                }));
      return {};
    }
    case v1::Command::COMMAND_NOT_SET:
      break;
  }
  return misfit("command", "set to publish, join_rooms, leave_rooms, disconnect, reply, verdict or ask");
}

template <class Response, class Request, class Set>
Answer<Response> EventStream::audited(std::uint64_t id, Method method, const Request& request, Set set) {
  Answer<Response> told = result_of<Response>(id, set);
  if (!owner_.gatekeeper.audits(method)) return told;
  return [this, method, request = std::make_shared<const Request>(request),
          told = std::move(told)](Outcome<Response> outcome) {
    const int status = outcome ? 0 : outcome.failure().grpc_status();
    owner_.gatekeeper.audit(method, owner_.name, owner_.shown.peer, status, request.get());
    told(std::move(outcome));
  };
}

// Who is let in no more, by a token that was revoked or a key that was taken away, is heard no more.
void EventStream::look_at_owner() {
  auto admitted = owner_.gatekeeper.admit(Method::subscribe_events, owner_.shown);
  if (admitted.refusal) {
    if (is_writing_) return context_.TryCancel();
    return finish(status_of(*admitted.refusal));
  }
  owner_timer_ = parts_.executor.at(base::Clock::now() + look_at_owner_every, [this] { look_at_owner(); });
}

template <class Response, class Set>
Answer<Response> EventStream::result_of(std::uint64_t id, Set set) {
  ++commands_;
  return [this, id, set](Outcome<Response> outcome) {
    // It may come inside the call or later, on the executor in both cases.
    --commands_;
    if (!has_finished_ && (id != 0 || !outcome)) {
      v1::CommandResult& result = results_.emplace_back();
      result.set_id(id);
      if (outcome) {
        set(result, *std::move(outcome));
      } else {
        *result.mutable_error() = error_of(outcome.failure());
      }
      pump();
    }
    end_if_done();
  };
}

// A backend that publishes faster than the workers deliver or the broker takes, or reads no results, is held back by
// flow control.
void EventStream::read() {
  if (has_finished_) return;
  if (parts_.calls.is_crowded() || results_.size() > results_max || commands_ >= commands_max) {
    timer_ = parts_.executor.at(base::Clock::now() + look_every, [this] { read(); });
    return;
  }
  timer_.reset();
  StartRead(&request_);
}

// --- responses ---

void EventStream::pump() {
  if (has_finished_ || replica_ == 0) return;
  if (auto why = hub_.misfortune(replica_)) return let_go(*std::move(why));
  if (is_writing_) return;
  const v1::SubscribeEventsResponse response = next();
  const bool is_empty =
      !response.has_hello() && response.events().empty() && response.results().empty() && response.lost() == 0;
  if (is_empty) {
    if (hub_.is_closing() && commands_ == 0 && hub_.may_end(replica_)) {
      finish({grpc::StatusCode::UNAVAILABLE, "the gateway is going away"});
    }
    return;
  }
  is_writing_ = true;
  response_ = serialize(response);
  StartWrite(&response_);
}

// More waits for it than it will ever catch up with, say.
void EventStream::let_go(const base::Error& why) {
  // A write that nobody reads cannot be waited for: then the stream is cut off, and OnCancel comes.
  if (is_writing_) return context_.TryCancel();
  finish(status_of(failure_of(why)));
}

v1::SubscribeEventsResponse EventStream::next() {
  v1::SubscribeEventsResponse response;
  if (!std::exchange(has_said_hello_, true)) parts_.calls.show_node(*response.mutable_hello());
  const EventHub::Batch batch = hub_.take(replica_, response_events_max, response_bytes_max);
  for (const EventHub::Entry& entry : batch.entries) {
    if (entry.event) {
      parts_.calls.show_event(entry.number, *entry.event, *response.add_events());
    } else {
      response.add_events()->Swap(entry.foreign->event.get());
    }
  }
  response.set_cursor(batch.cursor);
  response.set_lost(batch.lost);
  for (v1::CommandResult& result : std::exchange(results_, {})) *response.add_results() = std::move(result);
  return response;
}

void EventStream::OnWriteDone(bool ok) {
  parts_.executor.post([this, ok] {
    is_writing_ = false;
    if (ok) return pump();
    finish(grpc::Status::CANCELLED);
  });
}

// --- the end ---

void EventStream::OnCancel() {
  parts_.executor.post([this] { finish(grpc::Status::CANCELLED); });
}

void EventStream::finish(const grpc::Status& status) {
  if (has_finished_) return;
  has_finished_ = true;
  timer_.reset();
  owner_timer_.reset();
  if (replica_ != 0) hub_.detach(std::exchange(replica_, 0));
  status_ = status.error_code();
  Finish(status);
}

void EventStream::OnDone() {
  // Behind whatever a wake-up or OnCancel() may have left there.
  parts_.executor.post([this] {
    is_done_ = true;
    end_if_done();
  });
}

void EventStream::end_if_done() {
  if (!is_done_ || commands_ > 0) return;
  parts_.metrics.call_ended(Method::subscribe_events, status_, base::Clock::now() - began_);
  delete this;
}

}  // namespace sluice::control
