#include "gateway/verdicts.hpp"

#include <utility>

#include "workers/worker.hpp"

namespace sluice::gateway {

using workers::VerdictKind;

bool Verdicts::ask(workers::Worker& worker, const workers::Connection& connection, workers::VerdictQuestion question,
                   Then then) {
  const std::uint64_t number = waiting_.new_number();
  if (!worker.ask_verdict(connection, number, std::move(question))) {
    worker.metrics().verdict(VerdictKind::absent).add();
    return false;
  }
  waiting_.add(number, std::move(then), worker.now());
  return true;
}

bool Verdicts::take(workers::Worker& worker, std::uint64_t number, const workers::Verdict& verdict) {
  const auto then = waiting_.take(number);
  if (!then) return false;
  worker.metrics().verdict(verdict.allows ? VerdictKind::allowed : VerdictKind::refused).add();
  (*then)(worker, &verdict);
  return true;
}

void Verdicts::expire(workers::Worker& worker) {
  while (const auto then = waiting_.take_late(worker.now())) {
    worker.metrics().verdict(VerdictKind::late).add();
    (*then)(worker, nullptr);
  }
}

}  // namespace sluice::gateway
