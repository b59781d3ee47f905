#include "control/failure.hpp"

#include <algorithm>

namespace sluice::control {

Failure misfit(std::string field, std::string expected) {
  Failure failure{.code = base::Errc::bad_request, .message = field + " must be " + expected};
  failure.field = std::move(field);
  failure.expected = std::move(expected);
  return failure;
}

Failure over_limit(base::Errc code, std::string field, std::string_view option, std::uint64_t max,
                   std::string_view unit) {
  std::string expected = "at most " + std::to_string(max) + " " + std::string(unit);
  Failure failure{.code = code, .message = field + " must be " + expected};
  if (!option.empty()) failure.message += " (--" + std::string(option) + ")";
  failure.field = std::move(field);
  failure.expected = std::move(expected);
  failure.limit_option = option;
  failure.limit_max = max;
  failure.limit_unit = unit;
  return failure;
}

Failure try_again(base::Errc code, std::string message, std::chrono::milliseconds retry_after) {
  Failure failure{.code = code, .message = std::move(message)};
  failure.retry_after = retry_after;
  return failure;
}

Failure inside(std::string_view prefix, Failure failure) {
  // The sentence begins with the field if it is about one; only then was something expected.
  if (failure.expected.empty()) return failure;
  failure.message.insert(0, prefix);
  failure.field.insert(0, prefix);
  return failure;
}

Failure failure_of(const base::Error& error) {
  Failure failure{.code = error.code, .message = error.detail};
  if (error.code == base::Errc::exhausted) failure.retry_after = std::chrono::milliseconds(50);
  if (error.code == base::Errc::unavailable) failure.retry_after = std::chrono::seconds(1);
  return failure;
}

v1::ErrorDetail detail_of(const Failure& failure) {
  using base::Errc;
  v1::ErrorDetail detail;
  detail.set_reason(std::string(base::row_of(failure.code).name));
  detail.set_field(failure.field);
  detail.set_expected(failure.expected);
  if (!failure.limit_unit.empty()) {
    detail.mutable_limit()->set_option(failure.limit_option);
    detail.mutable_limit()->set_max(failure.limit_max);
    detail.mutable_limit()->set_unit(failure.limit_unit);
  }
  const bool passes =
      failure.code == Errc::exhausted || failure.code == Errc::unavailable || failure.code == Errc::timed_out;
  detail.set_retryable(passes || failure.retry_after.has_value());
  if (failure.retry_after) {
    const auto milliseconds = failure.retry_after->count();
    detail.mutable_retry_after()->set_seconds(milliseconds / 1000);
    detail.mutable_retry_after()->set_nanos(static_cast<std::int32_t>(milliseconds % 1000 * 1'000'000));
  }
  return detail;
}

v1::Error error_of(const Failure& failure) {
  v1::Error error;
  error.set_code(failure.grpc_status());
  error.set_message(failure.message);
  *error.mutable_detail() = detail_of(failure);
  return error;
}

std::string status_details(const Failure& failure) {
  v1::ErrorStatus status;
  status.set_code(failure.grpc_status());
  status.set_message(failure.message);
  status.add_details()->PackFrom(detail_of(failure));
  return status.SerializeAsString();
}

}  // namespace sluice::control
