// A whole little world in virtual time: the real server's engine, client engines, and links that can be slow, stalled, cut or
// missing. Nothing in it is random by itself: the same options and the same calls give the same history.
//
// Not thread-safe. Whoever watches the world is called from within run(), give() and the faults, and may act on it at once.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "core/engine.hpp"
#include "offhook/engine.hpp"

namespace offhook::sim {

using DeviceIndex = std::size_t;

struct WorldOptions {
  std::uint64_t seed = 1;
  core::Settings settings;
  Duration min_delay = std::chrono::milliseconds{5};  // of each message, each way; order is kept
  Duration max_delay = std::chrono::milliseconds{60};
};

// Which way nothing passes. What is sent meanwhile is not lost but late, as TCP has it, unless the socket is closed before.
enum class Stall { None, ToServer, ToDevice, Both };

class World {
 public:
  explicit World(WorldOptions options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Called with everything a device's application is told.
  std::function<void(DeviceIndex, const client::EngineEvent&)> when_told = [](DeviceIndex, const client::EngineEvent&) {};

  // The last record of each call, in the order of their ids.
  const std::map<CallId, core::CallRecord>& calls() const { return calls_; }
  core::EngineCounts server_counts() const { return server_->counts(); }
  Instant now() const { return now_; }
  // For decisions of a test: another stream of chance than the delays of links.
  Random& random() { return random_; }

  // A device of `user` with the network there; it connects at once.
  DeviceIndex add_device(UserId user, DeviceId device, client::Watchdogs watchdogs = {});
  const UserId& user_of(DeviceIndex device) const;
  const DeviceId& device_id_of(DeviceIndex device) const;
  std::size_t device_count() const { return devices_.size(); }

  void give(DeviceIndex device, client::Input input);
  // Serves everything that happens within `time`.
  void run(Duration time);
  // Calls `what` at `after` from now, in its turn.
  void later(Duration after, std::function<void()> what);

  // --- faults

  void stall(DeviceIndex device, Stall stall);
  // The socket breaks, on both sides; a new one can be opened.
  void cut(DeviceIndex device);
  // Without a network the socket breaks for the device, the server hears nothing any more, and no new one can be opened.
  void set_network(DeviceIndex device, bool is_there);
  // The application is killed and starts anew, without memory. Not from within when_told of the same device.
  void restart_device(DeviceIndex device);
  // The server is killed and starts anew, without memory; all sockets break.
  void restart_server();

 private:
  struct Pipe;
  struct Device;

  void start(Device& device);
  void step_to(Instant moment);
  Instant next_moment() const;

  // Within run(), in the order of their moments.
  void at(Instant moment, std::function<void()> what);

  void feed_device(Device& device, client::Input input);
  void carry_out(Device& device, client::Outputs outputs);
  void carry_out_one(Device& device, const client::OpenSocket& output);
  void carry_out_one(Device& device, const client::CloseSocket& output);
  void carry_out_one(Device& device, const client::Send& output);
  void carry_out_one(Device& device, const client::Tell& output);
  void carry_out_one(Device&, const client::Keep&) {}    // devices start anew without memory
  void carry_out_one(Device&, const client::Forget&) {}

  void feed_server(core::Event event);
  void carry_out(const core::Effects& effects);
  void carry_out_one(const core::Store& effect);
  void carry_out_one(const core::Send& effect);
  void carry_out_one(const core::CloseLink& effect);
  void carry_out_one(const core::LoadHistory& effect);
  void carry_out_one(const core::MakeSessionToken& effect);
  void carry_out_one(const core::Announce&) {}
  void carry_out_one(const core::SessionMade&) {}
  void carry_out_one(const core::RestAnswered&) {}
  void carry_out_one(const core::Drained&) {}

  enum class Way { ToServer, ToDevice };
  void pass(const std::shared_ptr<Pipe>& pipe, Way way, std::function<void()> arrive);
  void release(const std::shared_ptr<Pipe>& pipe);
  void flush(const std::shared_ptr<Pipe>& pipe, Way way);
  void bury_dead_pipes();
  void break_pipe(const std::shared_ptr<Pipe>& pipe);
  void end_pipe_at_server(const std::shared_ptr<Pipe>& pipe);
  void end_pipe_at_device(const std::shared_ptr<Pipe>& pipe, std::optional<std::uint16_t> code);
  Duration delay();

  WorldOptions options_;
  Random random_;
  Random weather_;  // delays
  Instant now_{std::chrono::seconds{1'700'000'000}};
  std::unique_ptr<core::Engine> server_;
  std::uint64_t servers_ = 0;
  std::vector<std::unique_ptr<Device>> devices_;
  std::map<core::LinkId, std::shared_ptr<Pipe>> pipes_;  // as the server sees them
  std::vector<std::shared_ptr<Pipe>> all_pipes_;         // that anything may still pass through
  std::uint64_t last_pipe_ = 0;
  std::map<std::pair<Instant, std::uint64_t>, std::function<void()>> agenda_;
  std::uint64_t last_entry_ = 0;
  std::map<CallId, core::CallRecord> calls_;
};

}  // namespace offhook::sim
