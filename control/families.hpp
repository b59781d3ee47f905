#pragma once
// Families: turns declared metrics into what prometheus-cpp serializes. Two visitors for describe(): one for workers'
// metrics, which may be summed over the workers, one for those of calls.

#include <prometheus/metric_family.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "base/cell.hpp"

namespace sluice::control {

using FamilyList = std::vector<prometheus::MetricFamily>;
using LabelList = std::vector<prometheus::ClientMetric::Label>;

// Appends a family without metrics.
prometheus::MetricFamily& add_family(FamilyList& families, std::string_view name, prometheus::MetricType type,
                                     std::string_view help);
prometheus::ClientMetric& add_metric(prometheus::MetricFamily& family, LabelList labels);
void set_value(prometheus::ClientMetric& metric, prometheus::MetricType type, double value);

// Writes the buckets of a base::LatencyCell or of one like it: cumulative, +Inf last.
template <class Latency>
void set_histogram(prometheus::ClientMetric& metric, const Latency& cell) {
  constexpr std::size_t bounds = base::latency_bounds.size();
  auto& histogram = metric.histogram;
  histogram.bucket.resize(bounds + 1);
  std::uint64_t so_far = 0;
  for (std::size_t at = 0; at <= bounds; ++at) {
    so_far += cell.count(at);
    histogram.bucket[at].upper_bound = at < bounds ? base::latency_bounds[at] : std::numeric_limits<double>::infinity();
    histogram.bucket[at].cumulative_count = so_far;
  }
  histogram.sample_count = so_far;
  histogram.sample_sum = cell.sum_seconds();
}
void add_histogram(prometheus::ClientMetric& to, const prometheus::ClientMetric& other);

// Visits the metrics of one worker after another, in the same order.
class WorkerFamilies {
 public:
  explicit WorkerFamilies(FamilyList& families) : families_(families), begin_(families.size()) {}

  enum class Scope : std::uint8_t { per_worker, summed, summed_max };
  // One declaration's way to the family; made by the three members below.
  class Into;

  Into per_worker();
  Into summed();
  Into summed_max();
  // The next visit is of the next worker.
  void next_worker() {
    ++worker_;
    at_ = begin_;
  }

 private:
  prometheus::MetricFamily& family(std::string_view name, prometheus::MetricType type, std::string_view help);

  FamilyList& families_;
  const std::size_t begin_;
  std::size_t at_ = begin_;  // the family that is declared next
  std::size_t worker_ = 0;
};

class WorkerFamilies::Into {
 public:
  Into(WorkerFamilies& all, Scope scope) : all_(all), scope_(scope) {}

  void counter(std::string_view name, const base::Cell& cell, std::string_view help) {
    put_value(name, prometheus::MetricType::Counter, help, static_cast<double>(cell.read()));
  }
  void gauge(std::string_view name, const base::Cell& cell, std::string_view help) {
    put_value(name, prometheus::MetricType::Gauge, help, static_cast<double>(cell.read()));
  }
  void gauge_milliseconds(std::string_view name, const base::Cell& cell, std::string_view help) {
    put_value(name, prometheus::MetricType::Gauge, help, static_cast<double>(cell.read()) / 1000);
  }
  template <std::size_t count>
  void counter(std::string_view name, const std::array<base::Cell, count>& cells, std::string_view label,
               const std::array<std::string_view, count>& values, std::string_view help) {
    put_values(name, prometheus::MetricType::Counter, cells, label, values, help);
  }
  template <std::size_t count>
  void gauge(std::string_view name, const std::array<base::Cell, count>& cells, std::string_view label,
             const std::array<std::string_view, count>& values, std::string_view help) {
    put_values(name, prometheus::MetricType::Gauge, cells, label, values, help);
  }
  void histogram(std::string_view name, const base::LatencyCell& cell, std::string_view help) {
    prometheus::ClientMetric metric;
    set_histogram(metric, cell);
    put(all_.family(name, prometheus::MetricType::Histogram, help), 0, {}, std::move(metric));
  }

 private:
  void put_value(std::string_view name, prometheus::MetricType type, std::string_view help, double value);
  template <std::size_t count>
  void put_values(std::string_view name, prometheus::MetricType type, const std::array<base::Cell, count>& cells,
                  std::string_view label, const std::array<std::string_view, count>& values, std::string_view help) {
    prometheus::MetricFamily& family = all_.family(name, type, help);
    for (std::size_t at = 0; at < count; ++at) {
      prometheus::ClientMetric metric;
      set_value(metric, type, static_cast<double>(cells[at].read()));
      put(family, at, {{std::string(label), std::string(values[at])}}, std::move(metric));
    }
  }
  // Adds the metric, or adds it to the one that an earlier worker left at this place of the family.
  void put(prometheus::MetricFamily& family, std::size_t place, LabelList labels, prometheus::ClientMetric metric);

  WorkerFamilies& all_;
  const Scope scope_;
};

// Visits metrics of which the node has one each.
class SingleFamilies {
 public:
  explicit SingleFamilies(FamilyList& families) : families_(families) {}

  void counter(std::string_view name, const base::Cell& cell, std::string_view help) {
    put(name, prometheus::MetricType::Counter, cell, help);
  }
  void gauge(std::string_view name, const base::Cell& cell, std::string_view help) {
    put(name, prometheus::MetricType::Gauge, cell, help);
  }
  void histogram(std::string_view name, const base::LatencyCell& cell, std::string_view help) {
    set_histogram(add_metric(add_family(families_, name, prometheus::MetricType::Histogram, help), {}), cell);
  }
  template <std::size_t count>
  void counter(std::string_view name, const std::array<base::Cell, count>& cells, std::string_view label,
               const std::array<std::string_view, count>& values, std::string_view help) {
    put(name, prometheus::MetricType::Counter, cells, {label, values, 1}, help);
  }
  // Cells in thousandths.
  template <std::size_t count>
  void permille(std::string_view name, const std::array<base::Cell, count>& cells, std::string_view label,
                const std::array<std::string_view, count>& values, std::string_view help) {
    put(name, prometheus::MetricType::Gauge, cells, {label, values, 1000}, help);
  }

 private:
  struct Labelled {
    std::string_view label;
    std::span<const std::string_view> values;
    double divisor;
  };
  void put(std::string_view name, prometheus::MetricType type, std::span<const base::Cell> cells,
           const Labelled& labelled, std::string_view help) {
    auto& family = add_family(families_, name, type, help);
    for (std::size_t at = 0; at < cells.size(); ++at) {
      auto& metric = add_metric(family, {{std::string(labelled.label), std::string(labelled.values[at])}});
      set_value(metric, type, static_cast<double>(cells[at].read()) / labelled.divisor);
    }
  }
  void put(std::string_view name, prometheus::MetricType type, const base::Cell& cell, std::string_view help) {
    set_value(add_metric(add_family(families_, name, type, help), {}), type, static_cast<double>(cell.read()));
  }

  FamilyList& families_;
};

// Visits the metrics of calls.
class CallFamilies {
 public:
  explicit CallFamilies(FamilyList& families) : families_(families) {}

  template <class Cells, std::size_t count>
  void counter(std::string_view name, const Cells& cells, std::string_view label,
               const std::array<std::string_view, count>& values, std::string_view help) {
    put_values(name, prometheus::MetricType::Counter, cells, label, values, help);
  }
  template <class Cells, std::size_t count>
  void gauge(std::string_view name, const Cells& cells, std::string_view label,
             const std::array<std::string_view, count>& values, std::string_view help) {
    put_values(name, prometheus::MetricType::Gauge, cells, label, values, help);
  }
  template <class Cells, std::size_t count, std::size_t second_count>
  void counter(std::string_view name, const Cells& cells, std::string_view label,
               const std::array<std::string_view, count>& values, std::string_view second_label,
               const std::array<std::string_view, second_count>& second_values, std::string_view help) {
    auto& family = add_family(families_, name, prometheus::MetricType::Counter, help);
    for (std::size_t at = 0; at < count; ++at) {
      for (std::size_t second = 0; second < second_count; ++second) {
        auto& metric = add_metric(family, {{std::string(label), std::string(values[at])},
                                           {std::string(second_label), std::string(second_values[second])}});
        set_value(metric, family.type, static_cast<double>(cells[at][second].read()));
      }
    }
  }
  template <class Cells, std::size_t count>
  void histogram(std::string_view name, const Cells& cells, std::string_view label,
                 const std::array<std::string_view, count>& values, std::string_view help) {
    auto& family = add_family(families_, name, prometheus::MetricType::Histogram, help);
    for (std::size_t at = 0; at < count; ++at)
      set_histogram(add_metric(family, {{std::string(label), std::string(values[at])}}), cells[at]);
  }

 private:
  template <class Cells, std::size_t count>
  void put_values(std::string_view name, prometheus::MetricType type, const Cells& cells, std::string_view label,
                  const std::array<std::string_view, count>& values, std::string_view help) {
    auto& family = add_family(families_, name, type, help);
    for (std::size_t at = 0; at < count; ++at)
      set_value(add_metric(family, {{std::string(label), std::string(values[at])}}), type,
                static_cast<double>(cells[at].read()));
  }

  FamilyList& families_;
};

}  // namespace sluice::control
