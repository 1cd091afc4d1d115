// Sockets and their faults.
#include <algorithm>

#include "sim/world_parts.hpp"

namespace offhook::sim {
namespace {

constexpr Duration k_first_retransmission = 200ms;  // RFC 6298 asks for 1 s, systems take less

bool is_command(const wire::ClientMessage& message) {
  return std::visit([](const auto& said) { return requires { said.cmd_id; }; }, message);
}

}  // namespace

Duration World::delay() {
  const auto spread = static_cast<std::uint64_t>((options_.max_delay - options_.min_delay).count());
  auto taken = options_.min_delay + Duration{static_cast<std::int64_t>(weather_.below(spread + 1))};
  if (options_.loss_permille == 0) return taken;
  const auto lost = static_cast<std::uint64_t>(options_.loss_permille);
  for (auto again = k_first_retransmission; again < 7s && weather_.below(1000) < lost; again *= 2) taken += again;
  return taken;
}

// --- devices' side

void World::carry_out_one(Device& device, client::OpenSocket& output) {
  const auto pipe = std::make_shared<Pipe>();
  pipe->link = core::LinkId{++last_pipe_};
  pipe->device = &device;
  pipe->number = output.link;
  device.pipe = pipe;
  std::erase_if(device.pipes, [](const auto& old) { return !old->is_of_use(); });
  device.pipes.push_back(pipe);
  if (device.has_network) return pass(pipe, Way::ToServer, Dial{});
  at(now_ + delay(), [this, pipe] { end_at_device(pipe, std::nullopt); });
}

void World::carry_out_one(Device& device, client::CloseSocket& output) {
  const auto pipe = device.pipe;
  if (pipe == nullptr || pipe->number != output.link) return;
  pipe->is_open_at_device = false;
  pass(pipe, Way::ToServer, Leave{});
}

void World::carry_out_one(Device& device, client::Send& output) {
  const auto pipe = device.pipe;
  if (pipe == nullptr || pipe->number != output.link || !pipe->is_open_at_device) return;
  const bool is_loose = options_.reorder_permille + options_.double_permille > 0 && is_command(output.message);
  if (is_loose) return pass_loosely(pipe, output.message);
  pass(pipe, Way::ToServer, std::move(output.message));
}

// --- one socket

void World::pass(const PipePointer& pipe, Way way, auto parcel) {
  if (pipe->is_broken) return;
  auto& lane = pipe->lane(way);
  lane.last_arrival = std::max(lane.last_arrival, now_ + delay());
  lane.parcels.emplace_back(lane.last_arrival, Parcel(std::move(parcel)));
  if (lane.parcels.size() == 1) wait(pipe, way);
}

template void World::pass(const PipePointer&, Way, Leave);  // of an application that is killed

// As if commands were datagrams: beyond what TCP does.
void World::pass_loosely(const PipePointer& pipe, const wire::ClientMessage& command) {
  const auto alone = [&](Duration after) {
    at(now_ + after, [this, pipe, command] { heard(pipe, command); });
  };
  if (weather_.below(1000) < static_cast<std::uint64_t>(options_.double_permille)) alone(delay() * 8);
  if (weather_.below(1000) < static_cast<std::uint64_t>(options_.reorder_permille)) return alone(delay() * 4);
  pass(pipe, Way::ToServer, command);
}

void World::wait(const PipePointer& pipe, Way way) {
  Entry entry{pipe->lane(way).parcels.front().first};
  entry.pipe = pipe;
  entry.way = way;
  push(std::move(entry));
}

// What a stall keeps back stays in front of what comes later.
void World::flush(const PipePointer& pipe, Way way) {
  auto& parcels = pipe->lane(way).parcels;
  while (!parcels.empty() && parcels.front().first <= now_) {
    if (pipe->device->is_stalled(way)) return;
    auto parcel = std::move(parcels.front().second);
    parcels.pop_front();
    if (std::holds_alternative<Dial>(parcel)) open_pipe(pipe);
    if (std::holds_alternative<Leave>(parcel)) end_at_server(pipe);
    if (auto* message = std::get_if<wire::ClientMessage>(&parcel)) heard(pipe, std::move(*message));
    if (const auto* ended = std::get_if<Ended>(&parcel)) end_at_device(pipe, ended->code);
    if (!pipe->is_open_at_device) continue;
    if (std::holds_alternative<Dialled>(parcel)) feed_device(*pipe->device, client::Opened{pipe->number, pipe->device->user});
    if (auto* message = std::get_if<wire::ServerMessage>(&parcel)) {
      feed_device(*pipe->device, client::Received{pipe->number, std::move(*message)});
    }
  }
  if (!parcels.empty()) wait(pipe, way);
}

void World::release(Device& device) {
  for (const auto& pipe : std::vector<PipePointer>(device.pipes)) {
    for (const auto way : {Way::ToServer, Way::ToDevice}) {
      if (!device.is_stalled(way)) flush(pipe, way);
    }
  }
}

// A machine that is up refuses when the process is not there; one that is down says nothing.
void World::open_pipe(const PipePointer& pipe) {
  if (!server_) return host_is_up_ ? pass(pipe, Way::ToDevice, Ended{}) : void();
  pipe->is_open_at_server = true;
  pipes_[pipe->link] = pipe;
  observer_.on_link(pipe->device->index, pipe->link, true, std::nullopt);
  feed_server({Cause::Kind::Link, pipe->device->index, pipe->link}, core::LinkOpened{pipe->link});
  pass(pipe, Way::ToDevice, Dialled{});
}

void World::end_at_server(const PipePointer& pipe) {
  if (!std::exchange(pipe->is_open_at_server, false)) return;
  pipes_.erase(pipe->link);
  observer_.on_link(pipe->device->index, pipe->link, false, std::nullopt);
  feed_server({Cause::Kind::Link, pipe->device->index, pipe->link}, core::LinkClosed{pipe->link});
}

void World::end_at_device(const PipePointer& pipe, std::optional<std::uint16_t> code) {
  if (!std::exchange(pipe->is_open_at_device, false)) return;
  feed_device(*pipe->device, client::Closed{pipe->number, code});
}

// --- faults of links

void World::stall(DeviceIndex index, Stall stall) {
  static constexpr const char* k_words[] = {"nothing stalls", "stalled towards the server", "stalled towards the device", "stalled both ways"};
  auto& device = *devices_[index];
  if (device.stall == stall) return;
  observer_.on_fault(index, k_words[static_cast<std::size_t>(stall)]);
  device.stall = stall;
  release(device);
}

void World::cut(DeviceIndex index, Notice notice) {
  static constexpr const char* k_words[] = {"socket cut", "socket gone, the server does not know", "socket gone, the device does not know",
                                            "socket gone, nobody knows"};
  const auto pipe = devices_[index]->pipe;
  if (pipe == nullptr || !pipe->is_of_use()) return;
  observer_.on_fault(index, k_words[static_cast<std::size_t>(notice)]);
  pipe->break_it();
  if (notice == Notice::Both || notice == Notice::Server) end_at_server(pipe);
  if (notice == Notice::Both || notice == Notice::Device) end_at_device(pipe, std::nullopt);
}

void World::fill_server(bool is_full) {
  if (std::exchange(is_full_, is_full) != is_full) observer_.on_fault(std::nullopt, is_full ? "the server is full" : "the server has room");
}

void World::refuse(const PipePointer& pipe) {
  pass(pipe, Way::ToDevice, wire::ServerMessage(wire::Error{{}, wire::ErrorWord::Overloaded, "The server is full; try again in 30 s.", true}));
  pass(pipe, Way::ToDevice, Ended{4005});
  end_at_server(pipe);
}

void World::set_network(DeviceIndex index, bool is_there) {
  auto& device = *devices_[index];
  if (std::exchange(device.has_network, is_there) == is_there) return;
  observer_.on_fault(index, is_there ? "network there" : "network gone");
  if (is_there) return feed_device(device, client::Wake{});
  for (const auto& pipe : std::vector<PipePointer>(device.pipes)) {
    pipe->break_it();
    end_at_device(pipe, std::nullopt);
  }
}

void World::lose_all_links(bool silent) {
  for (const auto& [link, pipe] : std::exchange(pipes_, {})) {
    pipe->is_open_at_server = false;
    observer_.on_link(pipe->device->index, pipe->link, false, std::nullopt);
    if (silent) {
      pipe->break_it();
    } else {
      pass(pipe, Way::ToDevice, Ended{});
    }
  }
}

// --- the server's side

void World::carry_out_one(core::Send& effect) {
  const auto found = pipes_.find(effect.link);
  if (found == pipes_.end()) return;
  const auto pipe = found->second;
  auto message = core::message_in(effect);
  observer_.on_said(pipe->device->index, message);
  const bool is_welcome = std::holds_alternative<wire::Welcome>(message);
  pass(pipe, Way::ToDevice, std::move(message));
  if (is_welcome) at(now_, [this, link = pipe->link] { feed_server({Cause::Kind::Link}, core::Welcomed{link}); });
}

// The engine has forgotten the link already.
void World::carry_out_one(core::CloseLink& effect) {
  const auto found = pipes_.find(effect.link);
  if (found == pipes_.end()) return;
  const auto pipe = found->second;
  pipe->is_open_at_server = false;
  pipes_.erase(found);
  pass(pipe, Way::ToDevice, Ended{effect.code});
}

}  // namespace offhook::sim
