// What a world is made of. Private to world*.cpp.
#pragma once

#include "sim/world.hpp"

namespace offhook::sim {

inline Seed seed_of(std::uint64_t seed, std::uint32_t stream) {
  return {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32), stream};
}

// What travels in a socket.
struct Dial {};
struct Dialled {};
struct Leave {};
struct Ended { std::optional<std::uint16_t> code; };
using Parcel = std::variant<Dial, wire::ClientMessage, Leave, Dialled, wire::ServerMessage, Ended>;

// One socket. Either end may have closed it while the other does not know yet.
struct World::Pipe {
  struct Lane {
    std::deque<std::pair<Instant, Parcel>> parcels;  // with the moment of arrival, if nothing stalls
    Instant last_arrival{};
  };

  core::LinkId link;
  Device* device = nullptr;
  client::LinkNumber number = 0;
  bool is_open_at_server = false;
  bool is_open_at_device = true;
  bool is_broken = false;  // nothing passes any more, either way
  Lane lanes[2];

  Lane& lane(Way way) { return lanes[static_cast<std::size_t>(way)]; }
  bool is_of_use() const { return !is_broken && (is_open_at_server || is_open_at_device); }
  void break_it() {
    is_broken = true;
    for (auto& each : lanes) each.parcels.clear();
  }
};

struct World::Device {
  DeviceIndex index = 0;
  UserId user;
  DeviceId id;
  std::unique_ptr<client::Engine> engine;  // nothing: its application does not run
  std::uint64_t lives = 0;
  std::map<CallId, client::JournalEntry> journal;
  PipePointer pipe;                        // the current one
  std::vector<PipePointer> pipes;          // and those through which something may still pass
  Stall stall = Stall::None;
  bool has_network = true;
  bool is_off = false;                     // no power

  std::optional<wire::PushAddress> push;   // where it is woken
  Duration calendar_off{};                 // how much later than it is it believes to be
  bool dozes = false;                      // its application was ended by the system, and a push starts it

  bool is_suspended = false;
  bool clock_stands = false;
  std::vector<client::Input> inbox;        // what has come meanwhile

  Instant clock_since{};                   // the world's time at which the device's was `clock_at`
  Instant clock_at{};
  std::int64_t drift_ppm = 0;
  Instant alarm = Instant::max();          // the entry of the agenda that counts

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

}  // namespace offhook::sim
