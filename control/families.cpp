#include "control/families.hpp"

#include <algorithm>

namespace sluice::control {

using prometheus::MetricType;

prometheus::MetricFamily& add_family(FamilyList& families, std::string_view name, MetricType type,
                                     std::string_view help) {
  auto& family = families.emplace_back();
  family.name = name;
  family.type = type;
  family.help = help;
  return family;
}

prometheus::ClientMetric& add_metric(prometheus::MetricFamily& family, LabelList labels) {
  auto& metric = family.metric.emplace_back();
  metric.label = std::move(labels);
  return metric;
}

void set_value(prometheus::ClientMetric& metric, MetricType type, double value) {
  (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
}

void add_histogram(prometheus::ClientMetric& to, const prometheus::ClientMetric& other) {
  auto& sum = to.histogram;
  const auto& part = other.histogram;
  for (std::size_t at = 0; at < sum.bucket.size(); ++at)
    sum.bucket[at].cumulative_count += part.bucket[at].cumulative_count;
  sum.sample_count += part.sample_count;
  sum.sample_sum += part.sample_sum;
}

WorkerFamilies::Into WorkerFamilies::per_worker() { return {*this, Scope::per_worker}; }
WorkerFamilies::Into WorkerFamilies::summed() { return {*this, Scope::summed}; }
WorkerFamilies::Into WorkerFamilies::summed_max() { return {*this, Scope::summed_max}; }

prometheus::MetricFamily& WorkerFamilies::family(std::string_view name, MetricType type, std::string_view help) {
  if (at_ == families_.size()) add_family(families_, name, type, help);
  SLUICE_ASSERT(families_[at_].name == name);
  return families_[at_++];
}

void WorkerFamilies::Into::put_value(std::string_view name, MetricType type, std::string_view help, double value) {
  prometheus::ClientMetric metric;
  set_value(metric, type, value);
  put(all_.family(name, type, help), 0, {}, std::move(metric));
}

void WorkerFamilies::Into::put(prometheus::MetricFamily& family, std::size_t place, LabelList labels,
                               prometheus::ClientMetric metric) {
  if (scope_ == Scope::per_worker) labels.push_back({"worker", std::to_string(all_.worker_)});
  if (scope_ == Scope::per_worker || all_.worker_ == 0) {
    metric.label = std::move(labels);
    family.metric.push_back(std::move(metric));
    return;
  }
  prometheus::ClientMetric& sum = family.metric[place];
  if (family.type == MetricType::Histogram) return add_histogram(sum, metric);
  if (family.type == MetricType::Counter) {
    sum.counter.value += metric.counter.value;
  } else {
    const double part = metric.gauge.value;
    sum.gauge.value = scope_ == Scope::summed_max ? std::max(sum.gauge.value, part) : sum.gauge.value + part;
  }
}

}  // namespace sluice::control
