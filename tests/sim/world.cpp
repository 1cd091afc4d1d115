// Time, and the devices with their applications. The server is in world_server.cpp, what joins them in world_links.cpp.
#include "sim/world.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "sim/world_parts.hpp"

namespace offhook::sim {

World::World(WorldOptions options, Observer& observer)
    : options_(std::move(options)), observer_(observer), random_(seed_of(options_.seed, 1)), weather_(seed_of(options_.seed, 2)) {
  start_server();
}

World::~World() = default;

// --- time

void World::push(Entry entry) {
  entry.order = ++last_entry_;
  agenda_.push_back(std::move(entry));
  std::push_heap(agenda_.begin(), agenda_.end());
}

void World::at(Instant moment, std::function<void()> what) {
  Entry entry{moment};
  entry.what = std::move(what);
  push(std::move(entry));
}

void World::later(Duration after, std::function<void()> what) { at(now_ + after, std::move(what)); }

void World::run(Duration time) {
  const auto end = now_ + time;
  while (!agenda_.empty() && agenda_.front().at <= end) {
    std::pop_heap(agenda_.begin(), agenda_.end());
    auto entry = std::move(agenda_.back());
    agenda_.pop_back();
    now_ = std::max(now_, entry.at);
    serve(entry);
  }
  now_ = end;
}

void World::serve(Entry& entry) {
  if (entry.pipe) return flush(entry.pipe, entry.way);
  if (entry.device != nullptr) {
    if (entry.device->alarm == entry.at) on_alarm(*entry.device);
    return;
  }
  if (entry.what) return entry.what();
  if (server_alarm_ != entry.at) return;  // it has been moved to an earlier moment
  server_alarm_ = Instant::max();
  advance_server();
}

// --- devices

DeviceIndex World::add_device(UserId user, DeviceId id, std::int64_t drift_ppm) {
  auto& device = *devices_.emplace_back(std::make_unique<Device>());
  device.index = devices_.size() - 1;
  device.user = std::move(user);
  device.id = std::move(id);
  device.clock_since = now_;
  device.clock_at = Instant{1000s + 77s * static_cast<std::int64_t>(device.index)};  // since it was switched on
  device.drift_ppm = drift_ppm;
  names_[{device.user, device.id}] = device.index;
  start(device.index);
  return device.index;
}

const UserId& World::user_of(DeviceIndex device) const { return devices_[device]->user; }
const DeviceId& World::device_id_of(DeviceIndex device) const { return devices_[device]->id; }
bool World::is_running(DeviceIndex device) const { return devices_[device]->engine != nullptr; }
bool World::is_suspended(DeviceIndex device) const { return devices_[device]->is_suspended; }
bool World::is_dozing(DeviceIndex device) const { return devices_[device]->dozes; }
bool World::can_be_woken(DeviceIndex device) const { return devices_[device]->push.has_value(); }
std::uint64_t World::lives(DeviceIndex device) const { return devices_[device]->lives; }

void World::register_for_pushes(DeviceIndex index, Duration calendar_off) {
  auto& device = *devices_[index];
  device.push = wire::PushAddress{};
  device.calendar_off = calendar_off;
  renew_address(device);
}

std::optional<DeviceIndex> World::find_device(const UserId& user, const DeviceId& device) const {
  const auto found = names_.find({user, device});
  return found == names_.end() ? std::nullopt : std::optional(found->second);
}

Instant World::local(const Device& device, Instant moment) const {
  if (device.clock_stands) return device.clock_at;
  const auto passed = (moment - device.clock_since).count();
  return device.clock_at + Duration{passed + passed * device.drift_ppm / 1'000'000};
}

// The first moment at which the device's clock has come to `local`.
Instant World::moment_of(const Device& device, Instant local_moment) const {
  const auto passed = std::max<Duration::rep>((local_moment - device.clock_at).count(), 0);
  auto moment = device.clock_since + Duration{passed - passed * device.drift_ppm / (1'000'000 + device.drift_ppm)};
  while (local(device, moment) < local_moment) moment += 1us;
  return moment;
}

void World::set_alarm(Device& device) {
  if (device.engine == nullptr || device.is_suspended) return;
  const auto deadline = device.engine->next_deadline();
  if (!deadline) return;
  const auto moment = std::max(moment_of(device, *deadline), now_);
  if (moment >= device.alarm) return;  // the earlier alarm will look again
  device.alarm = moment;
  Entry entry{moment};
  entry.device = &device;
  push(std::move(entry));
}

void World::on_alarm(Device& device) {
  device.alarm = Instant::max();
  if (device.engine == nullptr || device.is_suspended) return;
  client::Outputs outputs;
  device.engine->advance(local(device, now_), outputs);
  carry_out(device, std::move(outputs));
}

void World::give(DeviceIndex index, client::Input input) {
  auto& device = *devices_[index];
  if (device.engine == nullptr || device.is_suspended) return;
  observer_.on_given(index, input);
  feed_device(device, std::move(input));
}

void World::feed_device(Device& device, client::Input input) {
  if (device.engine == nullptr) return;
  if (device.is_suspended) return device.inbox.push_back(std::move(input));
  client::Outputs outputs;
  device.engine->handle(local(device, now_), std::move(input), outputs);
  carry_out(device, std::move(outputs));
}

void World::carry_out(Device& device, client::Outputs outputs) {
  for (auto& output : outputs) std::visit([&](auto& wanted) { carry_out_one(device, wanted); }, output);
  set_alarm(device);
}

void World::carry_out_one(Device& device, client::Tell& output) {
  observer_.on_told(device.index, output.event);
  const auto* ended = std::get_if<client::event::Ended>(&output.event);
  const auto* unseen = std::get_if<client::event::UnseenOutcome>(&output.event);
  if (ended != nullptr && ended->call.call_id) confirm(device, *ended->call.call_id);
  if (unseen != nullptr) confirm(device, unseen->entry.call_id);
}

// The application has seen it, unless it is killed before it can say so.
void World::confirm(Device& device, CallId call) {
  at(now_, [this, &device, call, life = device.lives] {
    if (device.lives == life) feed_device(device, client::Seen{call});
  });
}

void World::carry_out_one(Device& device, client::Keep& output) { device.journal.insert_or_assign(output.entry.call_id, output.entry); }
void World::carry_out_one(Device& device, client::Forget& output) { device.journal.erase(output.call_id); }

// --- faults of applications

void World::start(DeviceIndex index) {
  auto& device = *devices_[index];
  if (device.engine != nullptr) return;
  client::EngineOptions options;
  device.is_off = device.dozes = false;
  options.push = device.push;
  options.device_id = device.id;
  options.client = "sim";
  options.command_prefix = device.id + "." + std::to_string(++device.lives) + ".";
  options.seed = seed_of(options_.seed, static_cast<std::uint32_t>(1000 * device.index + device.lives + 10));
  for (const auto& [call, entry] : device.journal) options.journal.push_back(entry);
  device.engine = std::make_unique<client::Engine>(std::move(options));
  observer_.on_application(index, true);
  feed_device(device, client::Connect{});
}

void World::kill(DeviceIndex index, Notice notice) {
  auto& device = *devices_[index];
  if (device.engine == nullptr) return;
  observer_.on_fault(index, notice == Notice::Both ? "the application is killed" : "the device is switched off");
  stop_application(device, notice);
  device.is_off = notice != Notice::Both;
}

void World::stop_application(Device& device, Notice notice) {
  device.inbox.clear();
  resume(device.index, false);
  device.engine.reset();
  for (const auto& pipe : device.pipes) {
    pipe->is_open_at_device = false;
    if (notice == Notice::Both) {
      pass(pipe, Way::ToServer, Leave{});
    } else {
      pipe->break_it();
    }
  }
  observer_.on_application(device.index, false);
}

void World::wipe(DeviceIndex index) {
  CHECK(!is_running(index));
  devices_[index]->journal.clear();
  renew_address(*devices_[index]);
  observer_.on_wipe(index);
}

void World::suspend(DeviceIndex index, bool clock_stands) {
  auto& device = *devices_[index];
  if (device.engine == nullptr || device.is_suspended) return;
  observer_.on_fault(index, clock_stands ? "suspended, its clock stands" : "suspended");
  device.clock_at = local(device, now_);
  device.clock_since = now_;
  device.clock_stands = clock_stands;
  device.is_suspended = true;
  observer_.on_sleep(index, true);
}

// Whoever is told to look at the network first may find its timers over before it reads what has come.
void World::resume(DeviceIndex index, bool with_wake) {
  auto& device = *devices_[index];
  if (!device.is_suspended) return;
  observer_.on_fault(index, with_wake ? "resumed, looks at the network" : "resumed");
  if (device.clock_stands) device.clock_since = now_;
  device.clock_stands = false;
  device.is_suspended = false;
  device.alarm = Instant::max();
  observer_.on_sleep(index, false);
  auto inbox = std::exchange(device.inbox, {});
  if (with_wake) feed_device(device, client::Wake{});
  for (auto& input : inbox) feed_device(device, std::move(input));
  set_alarm(device);
}

}  // namespace offhook::sim
