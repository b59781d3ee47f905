#include "control/watch_stream.hpp"

#include <utility>

#include "control/duration_field.hpp"
#include "control/wire.hpp"

namespace sluice::control {
namespace {

using namespace std::chrono_literals;
using Kind = workers::PeerChange::Kind;

constexpr int waiting_max = 10'000;  // changes that a caller leaves unread

// All that it says but for how long ago that was, which is always different.
std::string facts_of(const v1::Node& node) {
  v1::Node facts = node;
  facts.clear_silent_for();
  return facts.SerializeAsString();
}

}  // namespace

WatchStream::WatchStream(StreamParts parts, const grpc::ByteBuffer& request) : parts_(parts) {
  parts_.metrics.call_began(Method::watch_nodes);
  v1::WatchNodesRequest parsed;
  if (auto problem = parse(request, parts_.message_bytes_max, parsed)) {
    finish(status_of(*problem));
    return;
  }
  parts_.executor.post([this, parsed] { begin(parsed); });
}

void WatchStream::begin(const v1::WatchNodesRequest& request) {
  if (has_finished_) return;
  const auto* const every = request.has_report_every() ? &request.report_every() : nullptr;
  if (auto problem = duration_of("report_every", every, 100ms, 60s, report_every_)) return finish(status_of(*problem));
  for (v1::Node& node : parts_.calls.nodes()) note(v1::NodeChange::KIND_HERE, std::move(node));
  timer_ = parts_.executor.at(base::Clock::now() + report_every_, [this] { look(); });
  parts_.calls.node_changes().add(*this);
  write();
}

// Of those that come and go this is told at once; what nodes say of themselves is looked at.
void WatchStream::look() {
  timer_ = parts_.executor.at(base::Clock::now() + report_every_, [this] { look(); });
  if (is_writing_) return;  // the caller takes its time; what nodes say next will be fresher
  for (v1::Node& node : parts_.calls.nodes()) {
    const auto told = told_.find(node.incarnation());
    if (told != told_.end() && told->second != facts_of(node)) note(v1::NodeChange::KIND_CHANGED, std::move(node));
  }
  write();
}

void WatchStream::on_change(const workers::PeerChange& change) {
  if (waiting_.changes_size() >= waiting_max) return;  // that is its end once it takes anything
  v1::Node node;
  show(change.peer, base::Clock::now(), node);
  const bool is_known = told_.contains(node.incarnation());
  const bool has_come = change.kind == Kind::came;
  if (has_come == is_known) return;  // it was among the first, or its coming was never told
  if (has_come) {
    note(v1::NodeChange::KIND_CAME, std::move(node));
  } else {
    note(change.kind == Kind::left ? v1::NodeChange::KIND_LEFT : v1::NodeChange::KIND_LOST, std::move(node));
  }
  write();
}

void WatchStream::note(v1::NodeChange::Kind kind, v1::Node node) {
  if (kind == v1::NodeChange::KIND_LEFT || kind == v1::NodeChange::KIND_LOST) {
    told_.erase(node.incarnation());
  } else {
    told_[node.incarnation()] = facts_of(node);
  }
  v1::NodeChange& change = *waiting_.add_changes();
  change.set_kind(kind);
  *change.mutable_node() = std::move(node);
}

void WatchStream::write() {
  if (has_finished_ || is_writing_) return;
  if (waiting_.changes_size() >= waiting_max) {
    return finish({grpc::StatusCode::RESOURCE_EXHAUSTED, "the caller takes changes more slowly than nodes make them"});
  }
  if (waiting_.changes_size() == 0) return;
  is_writing_ = true;
  response_ = serialize(std::exchange(waiting_, {}));
  StartWrite(&response_);
}

void WatchStream::OnWriteDone(bool ok) {
  parts_.executor.post([this, ok] {
    is_writing_ = false;
    if (ok) return write();
    finish(grpc::Status::CANCELLED);
  });
}

void WatchStream::OnCancel() {
  parts_.executor.post([this] { finish(grpc::Status::CANCELLED); });
}

void WatchStream::on_close() { finish({grpc::StatusCode::UNAVAILABLE, "the gateway is going away"}); }

void WatchStream::finish(const grpc::Status& status) {
  if (has_finished_) return;
  has_finished_ = true;
  timer_.reset();
  status_ = status.error_code();
  Finish(status);
}

void WatchStream::OnDone() {
  // Behind whatever OnCancel() and a timer that was due may have left there.
  parts_.executor.post([this] {
    parts_.calls.node_changes().remove(*this);
    parts_.metrics.call_ended(Method::watch_nodes, status_, base::Clock::now() - began_);
    delete this;
  });
}

}  // namespace sluice::control
