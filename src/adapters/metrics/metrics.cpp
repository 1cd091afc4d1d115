#include "adapters/metrics/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <utility>

namespace offhook::metrics {
namespace {

class RealCounter : public Counter {
 public:
  explicit RealCounter(prometheus::Counter& counter) : counter_(counter) {}
  void add(double amount) override { counter_.Increment(amount); }

 private:
  prometheus::Counter& counter_;
};

class RealGauge : public Gauge {
 public:
  explicit RealGauge(prometheus::Gauge& gauge) : gauge_(gauge) {}
  void set(double value) override { gauge_.Set(value); }

 private:
  prometheus::Gauge& gauge_;
};

class RealHistogram : public Histogram {
 public:
  explicit RealHistogram(prometheus::Histogram& histogram) : histogram_(histogram) {}
  void observe(double value) override { histogram_.Observe(value); }

 private:
  prometheus::Histogram& histogram_;
};

using Key = std::pair<std::string, Labels>;

// The one that is there, or the one that `make` makes.
template <class Metric, class Make>
Metric& find_or_make(std::map<Key, std::unique_ptr<Metric>>& all, const std::string& name, const Labels& labels, Make make) {
  auto& slot = all[{name, labels}];
  if (!slot) slot = make();
  return *slot;
}

}  // namespace

struct Registry::Parts {
  prometheus::Registry registry{prometheus::Registry::InsertBehavior::Merge};
  std::map<Key, std::unique_ptr<Counter>> counters;
  std::map<Key, std::unique_ptr<Gauge>> gauges;
  std::map<Key, std::unique_ptr<Histogram>> histograms;
};

Registry::Registry() : parts_(std::make_unique<Parts>()) {}
Registry::~Registry() = default;

Counter& Registry::counter(const std::string& name, const std::string& help, const Labels& labels) {
  return find_or_make(parts_->counters, name, labels, [&] {
    return std::make_unique<RealCounter>(prometheus::BuildCounter().Name(name).Help(help).Register(parts_->registry).Add(labels));
  });
}

Gauge& Registry::gauge(const std::string& name, const std::string& help, const Labels& labels) {
  return find_or_make(parts_->gauges, name, labels, [&] {
    return std::make_unique<RealGauge>(prometheus::BuildGauge().Name(name).Help(help).Register(parts_->registry).Add(labels));
  });
}

Histogram& Registry::histogram(const std::string& name, const std::string& help, const Buckets& buckets, const Labels& labels) {
  return find_or_make(parts_->histograms, name, labels, [&] {
    return std::make_unique<RealHistogram>(
        prometheus::BuildHistogram().Name(name).Help(help).Register(parts_->registry).Add(labels, buckets));
  });
}

std::string Registry::text() const { return prometheus::TextSerializer().Serialize(parts_->registry.Collect()); }

}  // namespace offhook::metrics
