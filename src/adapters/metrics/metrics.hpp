// Counters, gauges and histograms, and the text in which Prometheus reads them (exposition format 0.0.4).
//
// Names and units follow Prometheus' conventions: base units (seconds, bytes), "_total" for counters. A metric lives as long as
// its registry. All functions are for one thread. `labels` must be few and of a known set: each combination is a time series.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace offhook::metrics {

using Labels = std::map<std::string, std::string>;
using Buckets = std::vector<double>;  // upper bounds, ascending; +Inf is added

class Counter {
 public:
  virtual ~Counter() = default;
  virtual void add(double amount = 1) = 0;  // REQUIRES: amount >= 0
};

class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void set(double value) = 0;
};

class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void observe(double value) = 0;
};

class Registry {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // The same name and labels give the same metric. REQUIRES: one kind, help and set of buckets for each name.
  Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels = {});
  Histogram& histogram(const std::string& name, const std::string& help, const Buckets& buckets, const Labels& labels = {});

  // All of them, as they are now.
  std::string text() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// Content-Type of text().
inline constexpr const char* k_content_type = "text/plain; version=0.0.4; charset=utf-8";

// What the operating system says of this process, as far as it says so (Linux: /proc).
struct ProcessFigures {
  double cpu_seconds = 0, resident_bytes = 0, open_fds = 0, start_seconds = 0;  // the last since the Unix epoch
};
ProcessFigures process_figures();

}  // namespace offhook::metrics
