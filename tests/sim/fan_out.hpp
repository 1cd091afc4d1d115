// Several observers as one, in their order.
#pragma once

#include <vector>

#include "sim/world.hpp"

namespace offhook::sim {

class FanOut : public Observer {
 public:
  void add(Observer& observer) { observers_.push_back(&observer); }

  void on_given(DeviceIndex d, const client::Input& i) override { each([&](Observer& o) { o.on_given(d, i); }); }
  void on_told(DeviceIndex d, const client::EngineEvent& e) override { each([&](Observer& o) { o.on_told(d, e); }); }
  void on_serving(const Cause& c) override { each([&](Observer& o) { o.on_serving(c); }); }
  void on_decided(const Cause& c, const core::Record& r) override { each([&](Observer& o) { o.on_decided(c, r); }); }
  void on_served(const Cause& c) override { each([&](Observer& o) { o.on_served(c); }); }
  void on_durable(const core::Record& r) override { each([&](Observer& o) { o.on_durable(r); }); }
  void on_found(const core::Record& r) override { each([&](Observer& o) { o.on_found(r); }); }
  void on_said(DeviceIndex d, const wire::ServerMessage& m) override { each([&](Observer& o) { o.on_said(d, m); }); }
  void on_link(DeviceIndex d, core::LinkId l, bool is_there, std::optional<std::uint16_t> code) override {
    each([&](Observer& o) { o.on_link(d, l, is_there, code); });
  }
  void on_server(bool is_there) override { each([&](Observer& o) { o.on_server(is_there); }); }
  void on_amnesia() override { each([&](Observer& o) { o.on_amnesia(); }); }
  void on_wipe(DeviceIndex d) override { each([&](Observer& o) { o.on_wipe(d); }); }
  void on_application(DeviceIndex d, bool is_there) override { each([&](Observer& o) { o.on_application(d, is_there); }); }
  void on_sleep(DeviceIndex d, bool sleeps) override { each([&](Observer& o) { o.on_sleep(d, sleeps); }); }
  void on_push(DeviceIndex d, const core::Push& p, PushStep s) override { each([&](Observer& o) { o.on_push(d, p, s); }); }
  void on_push_settled(DeviceIndex d, const core::Push& p, core::PushState s) override { each([&](Observer& o) { o.on_push_settled(d, p, s); }); }
  void on_fault(std::optional<DeviceIndex> d, const std::string& what) override { each([&](Observer& o) { o.on_fault(d, what); }); }

 private:
  void each(auto call) {
    for (auto* observer : observers_) call(*observer);
  }
  std::vector<Observer*> observers_;
};

}  // namespace offhook::sim
