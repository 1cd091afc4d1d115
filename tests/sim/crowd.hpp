// People who call each other and do what people do, on devices whose links, applications and server come and go. All they decide is
// drawn from the world's chance.
#pragma once

#include <map>

#include "sim/swarm.hpp"
#include "sim/world.hpp"

namespace offhook::sim {

class Crowd : public Observer {
 public:
  explicit Crowd(const Swarm& swarm) : swarm_(swarm) {}

  // Their devices come into the world. REQUIRES: called once, before all else.
  void move_in(World& world);

  // Somebody calls, and something may break.
  void step();
  // Everything works again and everybody comes to an end.
  void heal();
  // Everybody is called once by somebody else, with call waiting switched off; nobody answers.
  void probe();

  int placed() const { return placed_; }

  void on_told(DeviceIndex device, const client::EngineEvent& told) override;
  void on_application(DeviceIndex device, bool is_there) override;

 private:
  struct Part {
    client::CallView view;
    bool is_answered = false;
  };
  using Key = std::pair<DeviceIndex, client::Handle>;

  std::uint64_t chance(std::uint64_t bound) { return world_->random().below(bound); }
  bool happens(int permille) { return chance(1000) < static_cast<std::uint64_t>(permille); }
  Duration within(std::int64_t ms) { return std::chrono::milliseconds{1 + static_cast<std::int64_t>(chance(static_cast<std::uint64_t>(ms)))}; }
  Duration when(Duration after);
  Duration some_time();
  UserId some_user();
  DeviceIndex some_device() { return chance(world_->device_count()); }
  std::optional<DeviceIndex> other_device_of(const UserId& user, DeviceIndex device);

  void call_somebody();
  void place(DeviceIndex device, client::PlaceCall call);
  client::PlaceCall to_group(const UserId& caller);
  void change_rules();
  void ask_backend();
  void act_later(DeviceIndex device, client::Handle handle, client::Action action, Duration after);
  void request_later(DeviceIndex device, wire::ClientMessage command, Duration after);
  void on_moment(DeviceIndex device, const client::event::Call& told);
  void on_incoming(DeviceIndex device, const client::CallView& call);
  void on_connecting(DeviceIndex device, const client::CallView& call);
  void on_active(DeviceIndex device, const client::CallView& call);

  void break_links();
  void break_applications();
  void let_sleep();
  void break_server();
  void break_disk();
  void start_server_later(int more_crashes);

  Swarm swarm_;
  World* world_ = nullptr;
  bool is_over_ = false;  // no more faults
  bool is_probing_ = false;
  int placed_ = 0;
  client::Handle last_handle_ = 0;
  client::RequestNumber last_request_ = 0;
  std::map<Key, Part> parts_;  // open ones
};

}  // namespace offhook::sim
