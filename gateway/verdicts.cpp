#include "gateway/verdicts.hpp"

#include <utility>

#include "workers/worker.hpp"

namespace sluice::gateway {

using workers::VerdictKind;

bool Verdicts::ask(workers::Worker& worker, const workers::Connection& connection, workers::VerdictQuestion question,
                   Then then) {
  const std::uint64_t number = ++last_number_;
  if (!worker.ask_verdict(connection, number, std::move(question))) {
    worker.metrics().verdict(VerdictKind::absent).add();
    return false;
  }
  waiting_.emplace(number, std::move(then));
  due_.push_back({worker.now() + patience_, number});
  return true;
}

bool Verdicts::take(workers::Worker& worker, std::uint64_t number, const workers::Verdict& verdict) {
  const auto found = waiting_.find(number);
  if (found == waiting_.end()) return false;
  const Then then = std::move(found->second);
  waiting_.erase(found);
  worker.metrics().verdict(verdict.allows ? VerdictKind::allowed : VerdictKind::refused).add();
  then(worker, &verdict);
  return true;
}

void Verdicts::expire(workers::Worker& worker) {
  while (!due_.empty()) {
    const Due due = due_.front();
    const auto found = waiting_.find(due.number);
    if (found != waiting_.end()) {
      if (due.at > worker.now()) return;
      const Then then = std::move(found->second);
      waiting_.erase(found);
      worker.metrics().verdict(VerdictKind::late).add();
      due_.pop_front();
      then(worker, nullptr);
    } else {
      due_.pop_front();
    }
  }
}

}  // namespace sluice::gateway
