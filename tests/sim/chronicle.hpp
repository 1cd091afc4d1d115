// What happened in a world, for people: one line for each word and fault, and of all of it a number that two runs can be compared by.
#pragma once

#include <iosfwd>
#include <set>
#include <string>
#include <vector>

#include "sim/world.hpp"

namespace offhook::sim {

// The same history, the same number.
class Fingerprint : public Observer {
 public:
  std::uint64_t value() const { return value_; }
  std::uint64_t messages() const { return messages_; }

  void on_told(DeviceIndex device, const client::EngineEvent& told) override;
  void on_decided(const Cause& cause, const core::Record& record) override;
  void on_said(DeviceIndex device, const wire::ServerMessage& message) override;

 private:
  void mix(std::uint64_t number) { value_ = (value_ ^ number) * 0x100000001b3; }  // FNV-1a
  std::uint64_t value_ = 0xcbf29ce484222325;
  std::uint64_t messages_ = 0;
};

class Chronicle : public Observer {
 public:
  explicit Chronicle(const World& world) : world_(world), begun_(world.now()) {}

  // Of one call and the devices in it, with what befell them meanwhile; of everything if there is none.
  void print(std::ostream& out, std::optional<CallId> call, std::optional<DeviceIndex> device) const;

  void on_given(DeviceIndex device, const client::Input& input) override;
  void on_told(DeviceIndex device, const client::EngineEvent& told) override;
  void on_serving(const Cause& cause) override;
  void on_decided(const Cause& cause, const core::Record& record) override;
  void on_said(DeviceIndex device, const wire::ServerMessage& message) override;
  void on_link(DeviceIndex device, core::LinkId link, bool is_there, std::optional<std::uint16_t> code) override;
  void on_server(bool is_there) override;
  void on_application(DeviceIndex device, bool is_there) override;
  void on_push(DeviceIndex device, const core::Push& push, PushStep step) override;
  void on_push_settled(DeviceIndex device, const core::Push& push, core::PushState state) override;
  void on_fault(std::optional<DeviceIndex> device, const std::string& what) override;

 private:
  struct Line {
    Instant at;
    std::optional<DeviceIndex> device;
    std::optional<CallId> call;
    std::string text;
  };
  void note(std::optional<DeviceIndex> device, std::optional<CallId> call, std::string text);
  std::string who(std::optional<DeviceIndex> device) const;

  const World& world_;
  const Instant begun_;
  std::vector<Line> lines_;
};

}  // namespace offhook::sim
