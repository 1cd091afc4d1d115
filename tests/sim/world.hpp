// A whole little world in virtual time: the real server's engine behind a store on a simulated disk, real client engines with clocks of their own, and
// sockets that are slow, stalled, cut, half open or gone without notice. Nothing in it is random by itself: the same options and the
// same calls give the same history.
//
// What TCP excludes does not happen: within one socket nothing overtakes, doubles or vanishes from the middle. What is sent on an old
// socket may arrive after what is sent on a newer one. Only WorldOptions::reorder_permille and double_permille go beyond that, for commands
// alone, to show that those are idempotent.
//
// Event-driven: it costs what happens in it, not how long it lasts. Not thread-safe. The observer is called from within run(), give()
// and the faults; it must not act on the world but by later().
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "adapters/store/simulated_store.hpp"
#include "adapters/webhook/push_queue.hpp"
#include "base/random.hpp"
#include "core/engine.hpp"
#include "offhook/engine.hpp"

namespace offhook::sim {

using DeviceIndex = std::size_t;
using namespace std::chrono_literals;

inline constexpr char k_project[] = "1000001";

// What goes wrong with pushes, in permille of them.
struct PushWeather {
  int late = 0, lost = 0, doubled = 0;
  int failing = 0;  // the sender answers that it cannot, or not at all
  int gone = 0;     // the address is of no use any more
};

struct WorldOptions {
  std::uint64_t seed = 1;
  core::Settings settings;
  Duration min_delay = 5ms;  // of each message, each way
  Duration max_delay = 60ms;
  int loss_permille = 0;     // a lost packet: what is behind it waits for the retransmission
  int reorder_permille = 0;  // commands that overtake others
  int double_permille = 0;   // commands that arrive twice
  Duration max_commit{};     // a commit of the store takes 0 to so long,
  Duration slow_commit{};    // and while the disk is slow so much longer
  PushWeather pushes;        // where the settings have pushes
};

// Which way nothing passes. What is sent meanwhile is not lost but late, as TCP has it, unless the socket is closed before.
enum class Stall { None, ToServer, ToDevice, Both };

// How a socket, an application or a server may go.
enum class Notice {
  Both,    // both ends know at once
  Device,  // the device knows, the server has to find out: no network any more
  Server,  // the server knows, the device has to find out
  Nobody,  // NAT rebind: the socket is dead and nobody is told
};

// Why the server did something.
struct Cause {
  enum class Kind { Timer, Link, Command, Backend, Drain, Start, Sender };
  Kind kind = Kind::Timer;
  std::optional<DeviceIndex> device{};            // whose link or command
  core::LinkId link{};
  const wire::ClientMessage* command = nullptr;  // only while the observer is told
};

// A push leaves for the sender; arrives at a device, which is about to be told; has been told.
enum class PushStep { Leaves, Arrives, Taken };

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_given(DeviceIndex, const client::Input&) {}         // the person's or the application's word to the device
  virtual void on_told(DeviceIndex, const client::EngineEvent&) {}    // the device's word to the application
  virtual void on_serving(const Cause&) {}                            // the server is about to handle this
  virtual void on_decided(const Cause&, const core::Record&) {}       // the server has made a record, which may still be lost
  virtual void on_served(const Cause&) {}                             // all that it decided has been seen
  virtual void on_durable(const core::Record&) {}
  virtual void on_found(const core::Record&) {}                       // in the store, by a server that is about to start
  virtual void on_said(DeviceIndex, const wire::ServerMessage&) {}    // has left the server
  // As the server sees it; with a code if it has decided to close it.
  virtual void on_link(DeviceIndex, core::LinkId, bool /*is_there*/, std::optional<std::uint16_t> /*code*/) {}
  virtual void on_server(bool /*is_there*/) {}                        // its process; what was not durable is lost
  virtual void on_amnesia() {}                                        // and now all of its records are
  virtual void on_wipe(DeviceIndex) {}                                // the device has lost its journal
  virtual void on_application(DeviceIndex, bool /*is_there*/) {}      // its process
  virtual void on_sleep(DeviceIndex, bool /*sleeps*/) {}
  virtual void on_push(DeviceIndex, const core::Push&, PushStep) {}
  virtual void on_push_settled(DeviceIndex, const core::Push&, core::PushState) {}  // the server is about to hear of it
  virtual void on_fault(std::optional<DeviceIndex>, const std::string& /*what*/) {}
};

class World {
 public:
  World(WorldOptions options, Observer& observer);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Instant now() const { return now_; }
  Instant server_now() const { return now_ + server_ahead_; }  // by the server's clock
  const WorldOptions& options() const { return options_; }
  // From a decision until it is durable: the commit under way, and its own.
  Duration longest_commit() const { return 2 * (options_.max_commit + options_.slow_commit); }
  // For decisions of a test: another stream of chance than that of links.
  Random& random() { return random_; }
  core::EngineCounts server_counts() const { return server_ ? server_->counts() : core::EngineCounts{}; }

  // A device of `user` with the network there; it connects at once. Its clock runs `drift_ppm` too fast.
  DeviceIndex add_device(UserId user, DeviceId device, std::int64_t drift_ppm = 0);
  // It registers for pushes, from the next start of its application on; its calendar is off by so much.
  void register_for_pushes(DeviceIndex device, Duration calendar_off = {});
  const UserId& user_of(DeviceIndex device) const;
  const DeviceId& device_id_of(DeviceIndex device) const;
  std::size_t device_count() const { return devices_.size(); }
  std::optional<DeviceIndex> find_device(const UserId& user, const DeviceId& device) const;
  bool is_running(DeviceIndex device) const;   // not killed
  bool is_suspended(DeviceIndex device) const;
  bool is_dozing(DeviceIndex device) const;
  bool can_be_woken(DeviceIndex device) const;
  std::uint64_t lives(DeviceIndex device) const;  // so often its application has been started

  // Passed over by an application that does not run, or is suspended.
  void give(DeviceIndex device, client::Input input);
  void ask_server(core::Event event);  // as its REST interface would
  // Serves everything that happens within `time`.
  void run(Duration time);
  // Calls `what` at `after` from now, in its turn.
  void later(Duration after, std::function<void()> what);

  // --- faults of links

  void stall(DeviceIndex device, Stall stall);
  // The socket is gone; a new one can be opened.
  void cut(DeviceIndex device, Notice notice);
  // Without a network no socket can be opened, and the one there is goes without a word to the server.
  void set_network(DeviceIndex device, bool is_there);

  // A full server refuses every hello and serves those who are there. It is the limit of clients as they see it, whatever it is.
  void fill_server(bool is_full);

  // --- faults of applications

  // Nothing is looked at and no timer runs; what arrives waits. `clock_stands`: as the monotonic clock of a sleeping phone may.
  void suspend(DeviceIndex device, bool clock_stands);
  void resume(DeviceIndex device, bool with_wake);
  // `notice`: the system closes the socket (Both) or the power is gone (Device).
  void kill(DeviceIndex device, Notice notice);
  // Its application finds what its journal has kept.
  void start(DeviceIndex device);
  // The system ends an application that can be woken by a push, to save power. Passed over by one that cannot, or does not run.
  void doze(DeviceIndex device);
  void wipe(DeviceIndex device);  // the journal is gone, and its address is another. REQUIRES: the application does not run

  // --- faults of the server

  // The process is gone; of what was not durable yet some may be on the disk. `silent`: the power was cut, so that devices are told
  // nothing, and of what was not synced chance takes what it wants: writes are lost, torn, or there although earlier ones are not.
  void crash_server(bool silent);
  // The same after so many effects more have been carried out, in the middle of what it is about to do.
  void crash_server_after(int effects, std::function<void()> then);
  // The disk fails for good, or has no room for more than a few records: the server stops as soon as it has seen that, and `then` is
  // called. start_server() finds a disk that works.
  enum class DiskFault { Broken, Full };
  void fail_disk(DiskFault fault, std::function<void()> then);
  void slow_disk(bool is_slow);  // WorldOptions::slow_commit
  void spare_server();           // nothing that was asked for above happens any more
  // Its clock has jumped meanwhile, though it never shows what was before a moment in the records.
  void start_server(Duration clock_jump = {});
  void wipe_server();  // its records are gone. REQUIRES: it does not run
  bool is_server_running() const { return server_ != nullptr; }
  bool is_drained() const { return drained_; }

 private:
  enum class Way { ToServer, ToDevice };
  struct Pipe;
  struct Device;
  using PipePointer = std::shared_ptr<Pipe>;

  // What happens later. One of the four.
  struct Entry {
    Instant at;
    std::uint64_t order = 0;
    PipePointer pipe{};
    Way way = Way::ToServer;
    Device* device = nullptr;
    std::function<void()> what{};

    bool operator<(const Entry& other) const { return at != other.at ? at > other.at : order > other.order; }
  };
  void push(Entry entry);
  void at(Instant moment, std::function<void()> what);
  void serve(Entry& entry);

  // devices
  Instant local(const Device& device, Instant moment) const;
  Instant moment_of(const Device& device, Instant local) const;
  void set_alarm(Device& device);
  void on_alarm(Device& device);
  void feed_device(Device& device, client::Input input);
  void carry_out(Device& device, client::Outputs outputs);
  void carry_out_one(Device& device, client::OpenSocket& output);
  void carry_out_one(Device& device, client::CloseSocket& output);
  void carry_out_one(Device& device, client::Send& output);
  void carry_out_one(Device& device, client::Tell& output);
  void carry_out_one(Device& device, client::Keep& output);
  void carry_out_one(Device& device, client::Forget& output);
  void confirm(Device& device, CallId call);
  void stop_application(Device& device, Notice notice);

  // the server
  void feed_server(const Cause& cause, core::Event event);
  void advance_server();
  void set_server_alarm();
  void decide(const Cause& cause, core::Effects effects);
  void tell_of_closing(const core::CloseLink& close);
  void flush_outbox();
  void open_store();
  std::vector<core::Record> load_store();
  void compact_store(const std::vector<core::Record>& records);
  void put_in_store(const core::Record& record);
  void advance_store();
  void set_store_alarm();
  void carry_out_one(core::Send& effect);
  void carry_out_one(core::CloseLink& effect);
  void carry_out_one(core::LoadHistory& effect);
  void carry_out_one(core::MakeSessionToken& effect);
  void carry_out_one(core::Drained&) { drained_ = true; }
  void carry_out_one(core::Push& effect);
  void carry_out_one(core::StopPushes& effect);
  void carry_out_one(auto&) {}

  // pushes
  void act_on_pushes(const std::function<void(webhook::PushActions&)>& step);
  void carry_out_one(webhook::PushAttempt& attempt);
  void carry_out_one(webhook::PushOver& over);
  void carry_out_one(webhook::PushSay&) {}
  webhook::Answer answer_of_sender(Device& device, const core::Push& push);
  void carry(Device& device, const core::Push& push);
  void arrive(Device& device, const core::Push& push, Instant sent_at, int retries);
  void renew_address(Device& device);
  bool weather_is(int permille);

  // links
  Duration delay();
  void open_pipe(const PipePointer& pipe);
  void pass(const PipePointer& pipe, Way way, auto parcel);
  void pass_loosely(const PipePointer& pipe, const wire::ClientMessage& command);
  void flush(const PipePointer& pipe, Way way);
  void wait(const PipePointer& pipe, Way way);
  void release(Device& device);
  void end_at_server(const PipePointer& pipe);
  void refuse(const PipePointer& pipe);
  void end_at_device(const PipePointer& pipe, std::optional<std::uint16_t> code);
  void lose_all_links(bool silent);
  void heard(const PipePointer& pipe, wire::ClientMessage message);

  WorldOptions options_;
  Observer& observer_;
  Random random_;
  Random weather_;  // delays of links and of the store
  Instant now_{std::chrono::seconds{1'700'000'000}};
  std::vector<Entry> agenda_;  // a heap
  std::uint64_t last_entry_ = 0;

  std::vector<std::unique_ptr<Device>> devices_;
  std::map<std::pair<UserId, DeviceId>, DeviceIndex> names_;
  std::uint64_t last_pipe_ = 0;
  std::map<core::LinkId, PipePointer> pipes_;  // as the server sees them

  std::unique_ptr<core::Engine> server_;
  std::uint64_t servers_ = 0;
  Duration server_ahead_{};  // its clock
  Instant server_alarm_ = Instant::max();
  bool host_is_up_ = true;
  bool is_full_ = false;  // the server
  bool drained_ = false;
  Instant last_server_now_{};

  store::SimulatedDisk disk_;
  std::unique_ptr<store::SimulatedStore> store_;
  Instant store_alarm_ = Instant::max();
  bool disk_has_failed_ = false;  // or is about to
  bool store_is_broken_ = false;  // the server has to stop
  bool disk_is_slow_ = false;

  // Effects in order, each with the number of the last record before it, or of the record that it is: it waits until that is durable.
  std::deque<std::pair<core::Effect, std::uint64_t>> outbox_;
  std::uint64_t puts_ = 0, durable_puts_ = 0;
  std::optional<int> effects_left_;

  webhook::PushQueue push_queue_{1};             // of the server that runs
  std::map<std::uint64_t, core::Push> pushes_;  // those it knows
  std::uint64_t last_push_ = 0, last_address_ = 0;
  std::function<void()> when_crashed_;
};

}  // namespace offhook::sim
