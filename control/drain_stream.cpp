#include "control/drain_stream.hpp"

#include <utility>

#include "control/wire.hpp"

namespace sluice::control {

DrainStream::DrainStream(StreamParts parts, const grpc::ByteBuffer& request, OnBegun on_begun)
    : parts_(parts), on_begun_(std::move(on_begun)) {
  parts_.metrics.call_began(Method::drain);
  if (auto problem = parse(request, parts_.message_bytes_max, request_)) {
    end(status_of(*problem));
    return;
  }
  parts_.executor.post([this] {
    if (has_ended_) return;
    parts_.calls.drain(request_, [self = std::weak_ptr(self_)](Outcome<Calls::DrainWatch> watch) {
      if (const auto alive = self.lock()) (*alive)->take_begun(std::move(watch));
    });
  });
}

void DrainStream::take_begun(Outcome<Calls::DrainWatch> watch) {
  if (!watch) return end(status_of(watch.failure()));
  watch_ = *watch;
  tell_begun(0);
  report();
}

void DrainStream::tell_begun(int status) {
  if (const OnBegun on_begun = std::exchange(on_begun_, nullptr)) on_begun(status, request_);
}

void DrainStream::report() {
  if (has_ended_) return;
  const Calls::DrainState state = parts_.calls.drain_state(watch_);
  if (state.is_off) return end({grpc::StatusCode::ABORTED, "Undrain has called the draining off"});
  const base::TimePoint now = base::Clock::now();
  timer_ = parts_.executor.at(now + watch_.report_every, [this] { report(); });
  if (is_writing_) return;  // the caller takes its time; the next report will be fresher
  is_done_ = state.connections == 0;
  is_writing_ = true;
  v1::DrainProgress progress;
  progress.set_connections_left(count_of(state.connections));
  progress.set_connections_at_start(count_of(watch_.connections_at_start));
  show(std::chrono::duration_cast<std::chrono::milliseconds>(now - began_), *progress.mutable_elapsed());
  progress.set_done(is_done_);
  if (state.left) show(*state.left, *progress.mutable_left());
  response_ = serialize(progress);
  StartWrite(&response_);
}

void DrainStream::OnWriteDone(bool ok) {
  parts_.executor.post([this, ok] {
    is_writing_ = false;
    if (!ok || is_done_) end(ok ? grpc::Status::OK : grpc::Status::CANCELLED);
  });
}

void DrainStream::OnCancel() {
  parts_.executor.post([this] { end(grpc::Status::CANCELLED); });
}

void DrainStream::end(const grpc::Status& status) {
  if (has_ended_) return;
  has_ended_ = true;
  timer_.reset();
  status_ = status.error_code();
  tell_begun(status_);
  Finish(status);
}

void DrainStream::OnDone() {
  // Behind whatever OnCancel() and a timer that was due may have left there.
  parts_.executor.post([this] {
    parts_.metrics.call_ended(Method::drain, status_, base::Clock::now() - began_);
    delete this;
  });
}

}  // namespace sluice::control
