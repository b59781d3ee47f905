#include "control/control.hpp"

#include <google/protobuf/stubs/logging.h>

#include <future>
#include <stdexcept>
#include <utility>

#include "base/log.hpp"
#include "control/admin_routes.hpp"
#include "control/admin_server.hpp"
#include "control/calls.hpp"
#include "control/event_hub.hpp"
#include "control/exposition.hpp"
#include "control/grpc_server.hpp"
#include "control/json_calls.hpp"
#include "control/neighbours.hpp"
#include "workers/peers.hpp"

namespace sluice::control {

namespace {

constexpr std::string_view grpc_name = "grpc", admin_name = "admin";
// For other nodes to take what is left for their backends, even if this node's have used up the time.
constexpr base::Duration others_max = std::chrono::milliseconds(500);

// Protobuf writes of texts that are not UTF-8; the caller gets an answer about that, which is enough.
void log_of_protobuf(google::protobuf::LogLevel level, const char*, int, const std::string& message) {
  const bool is_fatal = level == google::protobuf::LOGLEVEL_FATAL;
  base::log(is_fatal ? base::LogLevel::error : base::LogLevel::debug, "protobuf", {{"message", message}});
}

NodeNumbers numbers_of(const workers::Pool& pool, bool is_ready) {
  NodeNumbers numbers{.history_bytes = pool.history_bytes().used(),
                      .history_bytes_max = pool.history_bytes().bytes_max(),
                      .queued_bytes = pool.queued_bytes().used(),
                      .queued_bytes_max = pool.queued_bytes().bytes_max(),
                      .connections = pool.connections(),
                      .drain_left = pool.drain_left(),
                      .is_draining = pool.is_draining(),
                      .is_ready = is_ready};
  for (std::size_t at = 0; at < pool.namespaces().size(); ++at) {
    const auto size = pool.sequencer(base::NamespaceId{static_cast<std::uint16_t>(at)}).size();
    numbers.rooms += size.rooms;
    numbers.history_messages += size.messages;
  }
  for (std::size_t at = 0; at < pool.worker_count(); ++at)
    numbers.mailbox_depths.push_back(pool.mailbox_depth(base::WorkerId{static_cast<std::uint16_t>(at)}));
  return numbers;
}

}  // namespace

struct Control::State {
  State(workers::Pool& pool_of, workers::Peers& peers_of, EventHub& hub_of, identity::Revocations& revocations,
        const CallerIdentity& callers, const Options& options_of, const Facts& facts_of)
      : pool(pool_of),
        peers(peers_of),
        hub(hub_of),
        options(options_of),
        facts(facts_of),
        calls({pool, peers, revocations, executor, metrics, readiness, [this](bool is_ready) { set_ready(is_ready); },
               options, facts}),
        asks({hub, calls, executor}),
        neighbours({hub, pool, calls, executor, peers, options.backend_buffer_bytes_max}),
        gatekeeper(callers, options),
        grpc({calls, hub, asks, metrics, executor, options, gatekeeper}),
        json_calls(calls, metrics, gatekeeper),
        routes({json_calls, options.admin_hosts, options.insecure_control || gatekeeper.is_wanted(),
                [this] { return metrics_page(); }, [this] { return health(); }, [this] { return ready_page(); }}),
        admin({executor, routes, options.admin, options.grpc_message_bytes_max}) {
    if (!peers.is_alone()) neighbours.start();
  }

  void set_ready(bool is_ready) {
    readiness.set_ready(is_ready);
    grpc.set_serving(readiness.is_ready());
  }

  std::string metrics_page() const {
    Exposed exposed{.calls = metrics,
                    .overload = pool.overload_metrics(),
                    .broker = pool.broker_metrics(),
                    .peers = peers.metrics(),
                    .neighbours = peers.is_alone() ? nullptr : &neighbours.metrics(),
                    .process = read_process_numbers(),
                    .version = facts.version};
    exposed.node = numbers_of(pool, readiness.is_ready());
    if (const auto* const certificates = grpc.certificates()) {
      exposed.node.grpc_certificate_expires = certificates->expires();
    }
    exposed.node.are_options_refused = metrics.options_refused.read() != 0;
    exposed.events = hub.numbers();
    for (std::size_t at = 0; at < pool.worker_count(); ++at)
      exposed.workers.push_back(&pool.metrics(base::WorkerId{static_cast<std::uint16_t>(at)}));
    return metrics_text(exposed);
  }

  AdminRoutes::Page health() const {
    if (readiness.state() == ReadinessFlag::State::starting) return {200, "ok\n"};  // workers may not turn yet
    const auto age = pool.slowest_turn_age();
    if (age <= options.stuck_worker_seconds) return {200, "ok\n"};
    return {503, "a worker's loop has not turned for " + std::to_string(age.count()) + " ms\n"};
  }

  AdminRoutes::Page ready_page() const {
    switch (readiness.state()) {
      case ReadinessFlag::State::starting:
        return {503, "not ready: starting\n"};
      case ReadinessFlag::State::ready:
        return {200, "ready\n"};
      case ReadinessFlag::State::draining:
      case ReadinessFlag::State::leaving:
        return {503, "not ready: draining\n"};
    }
    return {503, "not ready\n"};
  }

  using OnDone = std::function<void()>;
  // Has the executor run `task`, which calls what it is given when all of it is done.
  std::future<void> begin(std::function<void(const OnDone&)> task) {
    const auto promise = std::make_shared<std::promise<void>>();
    executor.post([task = std::move(task), promise] { task([promise] { promise->set_value(); }); });
    return promise->get_future();
  }

  // What has happened here and was not told yet is told by others, if they are there.
  void settle_with_others(base::TimePoint deadline) {
    if (peers.is_alone()) return;
    const auto settled = begin([this](const OnDone& done) { neighbours.settle(done); });
    if (settled.wait_until(deadline) == std::future_status::ready) return;
    base::log_warning("events_left", {{"waiting", hub.numbers().waiting}});
  }

  workers::Pool& pool;
  workers::Peers& peers;
  EventHub& hub;
  const Options& options;
  const Facts& facts;
  Metrics metrics;
  ReadinessFlag readiness;
  Executor executor;
  Calls calls;
  Asks asks;
  Neighbours neighbours;
  Gatekeeper gatekeeper;
  GrpcServer grpc;
  JsonCalls json_calls;
  AdminRoutes routes;
  AdminServer admin;
  base::Address grpc_address, admin_address;
  bool runs = false;
  bool serves = false;  // the executor's
};

Control::Control(workers::Pool& pool, workers::Peers& peers, EventHub& hub, identity::Revocations& revocations,
                 const CallerIdentity& callers, const Options& options, const Facts& facts)
    : state_(std::make_unique<State>(pool, peers, hub, revocations, callers, options, facts)) {}

Control::~Control() { shutdown(base::Clock::now()); }

void Control::start(base::HandedSockets* handed) {
  google::protobuf::SetLogHandler(log_of_protobuf);
  const auto taken = [&](std::string_view what, const base::Address& address) {
    return handed != nullptr ? handed->take(what, address) : std::vector<base::Descriptor>();
  };
  const std::size_t had = handed != nullptr ? handed->size() : 0;
  const auto admin = state_->admin.start(taken(admin_name, state_->options.admin));
  if (!admin) throw std::runtime_error(admin.error().detail);
  const auto grpc =
      handed == nullptr ? state_->grpc.start() : state_->grpc.start_shareable(taken(grpc_name, state_->options.grpc));
  if (!grpc) throw std::runtime_error(grpc.error().detail);
  state_->executor.start();
  state_->runs = true;
  if (had == 0 || handed->size() == had) serve();
  state_->admin_address = *admin;
  state_->grpc_address = *grpc;
  base::log_info("listening", {{"what", grpc_name}, {"address", state_->grpc_address.text()}});
  base::log_info("listening", {{"what", admin_name}, {"address", state_->admin_address.text()}});
}

const base::Address& Control::grpc_address() const { return state_->grpc_address; }
const base::Address& Control::admin_address() const { return state_->admin_address; }

void Control::serve() {
  state_->executor.post([this] {
    if (std::exchange(state_->serves, true)) return;
    state_->grpc.accept();
    state_->admin.accept();
  });
}

std::vector<Control::OpenSocket> Control::copies() const {
  std::vector<OpenSocket> copies;
  copies.push_back({grpc_name, state_->grpc.copy()});
  copies.push_back({admin_name, state_->admin.copy()});
  std::erase_if(copies, [](const OpenSocket& one) { return !one.descriptor; });
  return copies;
}

bool Control::give_up_ports(base::TimePoint deadline) {
  const auto given_up = state_->begin([this](const State::OnDone& done) {
    state_->grpc.stop_accepting();
    state_->admin.stop_accepting();
    done();
  });
  return given_up.wait_until(deadline) == std::future_status::ready;
}

bool Control::is_ready() const { return state_->readiness.is_ready(); }

std::future<void> Control::learned() { return state_->calls.access_learned(); }

void Control::set_ready(bool is_ready) { state_->set_ready(is_ready); }

void Control::leave() {
  state_->readiness.leave();
  state_->grpc.set_serving(false);
}

void Control::meet_others(base::TimePoint deadline) {
  state_->begin([this](const State::OnDone& done) { state_->neighbours.meet(done); }).wait_until(deadline);
}

void Control::reload_certificates() {
  if (auto* const certificates = state_->grpc.certificates()) certificates->reload();
}

void Control::note_options_read(bool is_taken) { state_->metrics.options_read(is_taken); }

void Control::shutdown(base::TimePoint deadline) {
  if (!state_->runs) return;
  state_->runs = false;
  const auto idle = state_->begin([this](const State::OnDone& done) {
    state_->calls.node_changes().close();
    state_->grpc.stop_accepting();
    state_->admin.stop(done);
  });
  state_->hub.close();
  state_->grpc.shutdown(deadline);
  state_->settle_with_others(std::max(deadline, base::Clock::now() + others_max));
  idle.wait_until(deadline);
  state_->executor.stop();
  state_->admin.close();  // the deadline may have come before the executor did its part
}

}  // namespace sluice::control
