#include "sim/world.hpp"

#include <deque>

#include "base/check.hpp"

namespace offhook::sim {
namespace {

constexpr char k_project[] = "1000001";

Seed seed_of(std::uint64_t seed, std::uint32_t stream) {
  return {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32), stream};
}

// Tokens of this world are no JWTs: a user's is his name, a session's its id.
wire::TokenClaims claims_of(const std::string& token) {
  wire::TokenClaims claims;
  claims.project = k_project;
  if (const auto session = SessionId::parse(token)) {
    claims.session = *session;
  } else {
    claims.user = token;
  }
  return claims;
}

std::optional<wire::TokenClaims> claims_in(const wire::ClientMessage& message) {
  if (const auto* hello = std::get_if<wire::Hello>(&message)) return claims_of(hello->token);
  if (const auto* reject = std::get_if<wire::SessionReject>(&message)) return claims_of(reject->token);
  const auto* connect = std::get_if<wire::SessionConnect>(&message);
  return connect != nullptr && connect->token ? std::optional(claims_of(*connect->token)) : std::nullopt;
}

}  // namespace

// One socket. Either end may have closed it while the other does not know yet.
struct World::Pipe {
  core::LinkId link;
  Device* device = nullptr;
  client::LinkNumber number = 0;
  Stall stall = Stall::None;
  bool is_open_at_server = false;
  bool is_open_at_device = true;
  std::deque<std::function<void()>> held[2];  // by Way: what a stall keeps back
  Instant last_arrival[2]{};                  // by Way: nothing overtakes

  // Nobody is left to whom anything could arrive.
  bool is_dead() const { return !is_open_at_server && !is_open_at_device; }
  void drop_held() {
    for (auto& waiting : held) waiting.clear();
  }

  bool is_stalled(Way way) const {
    switch (stall) {
      case Stall::None: return false;
      case Stall::ToServer: return way == Way::ToServer;
      case Stall::ToDevice: return way == Way::ToDevice;
      case Stall::Both: return true;
    }
    return false;
  }
};

struct World::Device {
  DeviceIndex index = 0;
  UserId user;
  DeviceId id;
  client::Watchdogs watchdogs;
  std::unique_ptr<client::Engine> engine;
  std::uint64_t lives = 0;
  std::shared_ptr<Pipe> pipe;  // the current one
  Stall stall = Stall::None;
  bool has_network = true;
  std::deque<client::Input> inbox;
  bool is_busy = false;
};

World::World(WorldOptions options)
    : options_(std::move(options)), random_(seed_of(options_.seed, 1)), weather_(seed_of(options_.seed, 2)) {
  restart_server();
}

World::~World() {
  for (const auto& pipe : all_pipes_) pipe->drop_held();
}

// What is held back in a pipe refers to the pipe, so it would keep a dead one for ever.
void World::bury_dead_pipes() {
  std::erase_if(all_pipes_, [](const auto& pipe) {
    if (pipe->is_dead()) pipe->drop_held();
    return pipe->is_dead();
  });
}

const UserId& World::user_of(DeviceIndex device) const { return devices_[device]->user; }
const DeviceId& World::device_id_of(DeviceIndex device) const { return devices_[device]->id; }

DeviceIndex World::add_device(UserId user, DeviceId id, client::Watchdogs watchdogs) {
  auto& device = *devices_.emplace_back(std::make_unique<Device>());
  device.index = devices_.size() - 1;
  device.user = std::move(user);
  device.id = std::move(id);
  device.watchdogs = watchdogs;
  start(device);
  return device.index;
}

void World::start(Device& device) {
  client::EngineOptions options;
  options.device_id = device.id;
  options.client = "sim";
  options.command_prefix = device.id + "." + std::to_string(++device.lives) + ".";
  options.seed = seed_of(options_.seed, static_cast<std::uint32_t>(1000 * device.index + device.lives + 10));
  options.watchdogs = device.watchdogs;
  device.engine = std::make_unique<client::Engine>(std::move(options));
  feed_device(device, client::Connect{});
}

// --- time

void World::at(Instant moment, std::function<void()> what) { agenda_.emplace(std::pair(moment, ++last_entry_), std::move(what)); }

void World::later(Duration after, std::function<void()> what) { at(now_ + after, std::move(what)); }

Instant World::next_moment() const {
  auto next = Instant::max();
  if (!agenda_.empty()) next = agenda_.begin()->first.first;
  if (const auto deadline = server_->next_deadline()) next = std::min(next, deadline->at);
  for (const auto& device : devices_) next = std::min(next, device->engine->next_deadline().value_or(Instant::max()));
  return next;
}

void World::run(Duration time) {
  const auto end = now_ + time;
  for (auto next = next_moment(); next <= end; next = next_moment()) step_to(std::max(next, now_));
  now_ = end;
}

void World::step_to(Instant moment) {
  now_ = moment;
  while (!agenda_.empty() && agenda_.begin()->first.first <= now_) agenda_.extract(agenda_.begin()).mapped()();
  core::Effects effects;
  server_->advance(now_, effects);
  carry_out(effects);
  for (const auto& device : devices_) {
    client::Outputs outputs;
    device->engine->advance(now_, outputs);
    carry_out(*device, std::move(outputs));
  }
}

// --- devices

void World::give(DeviceIndex device, client::Input input) { feed_device(*devices_[device], std::move(input)); }

// What is given while outputs are carried out waits until they are, or messages would overtake each other.
void World::feed_device(Device& device, client::Input input) {
  device.inbox.push_back(std::move(input));
  if (!device.is_busy) carry_out(device, {});
}

void World::carry_out(Device& device, client::Outputs outputs) {
  device.is_busy = true;
  while (true) {
    for (const auto& output : outputs) std::visit([&](const auto& wanted) { carry_out_one(device, wanted); }, output);
    outputs.clear();
    if (device.inbox.empty()) break;
    auto input = std::move(device.inbox.front());
    device.inbox.pop_front();
    device.engine->handle(now_, std::move(input), outputs);
  }
  device.is_busy = false;
}

void World::carry_out_one(Device& device, const client::OpenSocket& output) {
  const auto pipe = std::make_shared<Pipe>();
  pipe->link = core::LinkId{++last_pipe_};
  pipe->device = &device;
  pipe->number = output.link;
  pipe->stall = device.stall;
  device.pipe = pipe;
  bury_dead_pipes();
  all_pipes_.push_back(pipe);
  if (!device.has_network) {
    return later(delay(), [this, pipe] { end_pipe_at_device(pipe, std::nullopt); });
  }
  pass(pipe, Way::ToServer, [this, pipe] {
    pipe->is_open_at_server = true;
    pipes_[pipe->link] = pipe;
    feed_server(core::LinkOpened{pipe->link});
    pass(pipe, Way::ToDevice, [this, pipe] { feed_device(*pipe->device, client::Opened{pipe->number, pipe->device->user}); });
  });
}

void World::carry_out_one(Device& device, const client::CloseSocket& output) {
  const auto pipe = device.pipe;
  if (pipe == nullptr || pipe->number != output.link) return;
  pipe->is_open_at_device = false;
  pass(pipe, Way::ToServer, [this, pipe] { end_pipe_at_server(pipe); });
}

void World::carry_out_one(Device& device, const client::Send& output) {
  const auto pipe = device.pipe;
  if (pipe == nullptr || pipe->number != output.link || !pipe->is_open_at_device) return;
  pass(pipe, Way::ToServer, [this, pipe, message = output.message] {
    if (pipe->is_open_at_server) feed_server(core::Received{pipe->link, message, claims_in(message)});
  });
}

void World::carry_out_one(Device& device, const client::Tell& output) { when_told(device.index, output.event); }

// --- the server

void World::feed_server(core::Event event) {
  core::Effects effects;
  server_->handle(now_, std::move(event), effects);
  carry_out(effects);
}

void World::carry_out(const core::Effects& effects) {
  for (const auto& effect : effects) std::visit([&](const auto& wanted) { carry_out_one(wanted); }, effect);
}

void World::carry_out_one(const core::Store& effect) {
  if (const auto* call = std::get_if<core::CallRecord>(&effect.record)) calls_[call->id] = *call;
}

void World::carry_out_one(const core::Send& effect) {
  const auto found = pipes_.find(effect.link);
  if (found == pipes_.end()) return;
  const auto pipe = found->second;
  pass(pipe, Way::ToDevice, [this, pipe, message = effect.message] {
    if (pipe->is_open_at_device) feed_device(*pipe->device, client::Received{pipe->number, message});
  });
}

// The engine has forgotten the link already.
void World::carry_out_one(const core::CloseLink& effect) {
  const auto found = pipes_.find(effect.link);
  if (found == pipes_.end()) return;
  const auto pipe = found->second;
  pipe->is_open_at_server = false;
  pipes_.erase(found);
  pass(pipe, Way::ToDevice, [this, pipe, code = effect.code] { end_pipe_at_device(pipe, code); });
}

void World::carry_out_one(const core::LoadHistory& effect) {
  at(now_, [this, client = effect.client, cmd_id = effect.cmd_id] { feed_server(core::HistoryLoaded{client, cmd_id, {}}); });
}

void World::carry_out_one(const core::MakeSessionToken& effect) {
  at(now_, [this, made = core::SessionTokenMade{effect.client, effect.cmd_id, effect.session, effect.session.text()}] {
    feed_server(made);
  });
}

// --- links

Duration World::delay() {
  const auto spread = static_cast<std::uint64_t>((options_.max_delay - options_.min_delay).count());
  return options_.min_delay + Duration{static_cast<std::int64_t>(weather_.below(spread + 1))};
}

// Through a stalled pipe nothing passes, and what is held back stays in front of what comes later.
void World::pass(const std::shared_ptr<Pipe>& pipe, Way way, std::function<void()> arrive) {
  const auto index = static_cast<std::size_t>(way);
  auto& last = pipe->last_arrival[index];
  last = std::max(last, now_ + delay());
  at(last, [this, pipe, way, index, arrive = std::move(arrive)]() mutable {
    if (pipe->is_dead()) return pipe->drop_held();
    pipe->held[index].push_back(std::move(arrive));
    flush(pipe, way);
  });
}

void World::flush(const std::shared_ptr<Pipe>& pipe, Way way) {
  auto& held = pipe->held[static_cast<std::size_t>(way)];
  while (!held.empty() && !pipe->is_stalled(way)) {
    const auto arrive = std::move(held.front());
    held.pop_front();
    arrive();
  }
}

void World::release(const std::shared_ptr<Pipe>& pipe) {
  at(now_, [this, pipe] {
    flush(pipe, Way::ToServer);
    flush(pipe, Way::ToDevice);
  });
}

void World::end_pipe_at_server(const std::shared_ptr<Pipe>& pipe) {
  if (!std::exchange(pipe->is_open_at_server, false)) return;
  pipes_.erase(pipe->link);
  feed_server(core::LinkClosed{pipe->link});
}

void World::end_pipe_at_device(const std::shared_ptr<Pipe>& pipe, std::optional<std::uint16_t> code) {
  if (!std::exchange(pipe->is_open_at_device, false)) return;
  feed_device(*pipe->device, client::Closed{pipe->number, code});
}

// What is under way in it is lost.
void World::break_pipe(const std::shared_ptr<Pipe>& pipe) {
  pipe->stall = Stall::Both;
  end_pipe_at_server(pipe);
  end_pipe_at_device(pipe, std::nullopt);
  pipe->drop_held();
}

// --- faults

void World::stall(DeviceIndex index, Stall stall) {
  auto& device = *devices_[index];
  device.stall = stall;
  for (const auto& [link, pipe] : pipes_) {
    if (pipe->device != &device) continue;
    pipe->stall = stall;
    release(pipe);
  }
  if (device.pipe == nullptr) return;
  device.pipe->stall = stall;
  release(device.pipe);
}

void World::cut(DeviceIndex index) {
  if (const auto pipe = devices_[index]->pipe) break_pipe(pipe);
}

void World::set_network(DeviceIndex index, bool is_there) {
  auto& device = *devices_[index];
  if (std::exchange(device.has_network, is_there) == is_there || device.pipe == nullptr) return;
  if (is_there) return feed_device(device, client::Wake{});
  const auto pipe = device.pipe;
  pipe->stall = Stall::Both;  // for ever: the server has to find out by itself
  end_pipe_at_device(pipe, std::nullopt);
}

void World::restart_device(DeviceIndex index) {
  auto& device = *devices_[index];
  device.inbox.clear();
  if (const auto pipe = device.pipe) {
    pipe->is_open_at_device = false;
    end_pipe_at_server(pipe);
  }
  start(device);
}

void World::restart_server() {
  server_ = std::make_unique<core::Engine>(options_.settings, seed_of(options_.seed, static_cast<std::uint32_t>(++servers_ + 2'000'000)));
  for (const auto& [link, pipe] : std::exchange(pipes_, {})) {
    pipe->is_open_at_server = false;
    pass(pipe, Way::ToDevice, [this, lost = pipe] { end_pipe_at_device(lost, std::nullopt); });
  }
}

}  // namespace offhook::sim
