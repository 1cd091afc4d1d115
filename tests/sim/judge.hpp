// Watches a world and says what must not be: the invariants of the life of a call, each counted as often as it was looked at, and the
// reference. README.md has the table.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "sim/case.hpp"
#include "sim/coverage.hpp"
#include "sim/reference.hpp"

namespace offhook::sim {

enum class Check {
  S1, S2, S3, S4, S5, S6, S7, S8, S9, S10, S11, S12, S13, S14, S15, S16, L1, L2, L3, L4, L5, L6, L8, L9, Reference, Told, Store,
};
inline constexpr std::size_t k_checks = 27;
std::string_view name_of(Check check);

struct Finding {
  Check check = Check::S1;
  std::string what;
  std::optional<CallId> call;
  std::optional<DeviceIndex> device;
  Instant at{};
};

class Judge : public Observer {
 public:
  Judge(const World& world, Coverage& coverage);

  const std::vector<Finding>& findings() const { return findings_; }
  const std::array<std::uint64_t, k_checks>& looked_at() const { return looked_at_; }

  // Now and then, for what should have happened and has not.
  void look_around();
  // Faults have stopped for long enough: everything has ended and fits together.
  void finish();

  void on_given(DeviceIndex device, const client::Input& input) override;
  void on_told(DeviceIndex device, const client::EngineEvent& told) override;
  void on_serving(const Cause& cause) override;
  void on_decided(const Cause& cause, const core::Record& record) override;
  void on_served(const Cause& cause) override;
  void on_durable(const core::Record& record) override;
  void on_found(const core::Record& record) override;
  void on_said(DeviceIndex device, const wire::ServerMessage& message) override;
  void on_link(DeviceIndex device, core::LinkId link, bool is_there, std::optional<std::uint16_t> code) override;
  void on_server(bool is_there) override;
  void on_amnesia() override;
  void on_wipe(DeviceIndex device) override;
  void on_application(DeviceIndex device, bool is_there) override;
  void on_sleep(DeviceIndex device, bool sleeps) override;
  void on_fault(std::optional<DeviceIndex> device, const std::string& what) override;
  void on_push(DeviceIndex device, const core::Push& push, PushStep step) override;
  void on_push_settled(DeviceIndex device, const core::Push& push, core::PushState state) override;

 private:
  struct Watched {  // one device
    Contact contact;
    std::map<client::Handle, std::size_t> parts;              // of this life, to parts_
    std::unordered_map<CallId, client::event::Ended> finals;  // of this life
    std::unordered_set<CallId> heard_of;                      // calls that the server has said anything of to this device, ever
    ClientId client{};
    std::optional<Instant> slept_since;
    std::set<CallId> taken_over;                              // or wanted to be
    std::vector<std::pair<Instant, Instant>> sleeps;
    std::map<std::string, std::optional<CallId>> answers;     // by cmd_id, of this server
    std::set<CallId> missed;                                  // told to this device, ever
    std::unordered_map<CallId, client::JournalEntry> unseen;  // what became of calls of earlier lives
  };

  // Always true: so that a check reads as what must hold.
  bool must(Check check, bool holds, const std::function<std::string()>& what, std::optional<CallId> call = {}, std::optional<DeviceIndex> device = {});
  void heed(Check check, const std::optional<std::string>& problem, std::optional<CallId> call = {}, std::optional<DeviceIndex> device = {});

  Case& case_of(CallId id);
  void note_command(DeviceIndex device, const wire::ClientMessage& command);
  void on_call_decided(const Cause& cause, const core::CallRecord& record);
  void check_record(const Cause& cause, const core::CallRecord& record);
  void check_order(const Case& call, const core::CallRecord& before, const core::CallRecord& after);
  void check_busy(const core::CallRecord& record);
  void check_pairs(const core::CallRecord& record);
  void index(const core::CallRecord& record);
  bool is_in_call(const UserId& user, CallId except) const;

  void on_moment(DeviceIndex device, const client::event::Call& told);
  void on_ended(DeviceIndex device, const client::event::Ended& told);
  void check_answered(const Part& part);
  void check_final(const Part& part);
  void check_snapshot(DeviceIndex device, const wire::Snapshot& snapshot);
  void check_reply(DeviceIndex device, const std::string& cmd_id, std::optional<CallId> call);
  void finish_part(const Part& part);
  void finish_dead_part(const Part& part);
  void finish_missed_calls();
  void check_missed(const UserId& user, const std::vector<CallId>& missed);
  void go_back(Case& call);
  void await_what_was_kept();
  void on_call_found(const core::CallRecord& record);
  void on_unseen(DeviceIndex device, const client::event::UnseenOutcome& told);
  void check_time_of_end(const Case& call, const Part& part);
  void check_time_of_media(const Case& call);
  Duration slept(DeviceIndex device, Instant from, Instant until) const;
  Duration patience() const;
  Duration slack() const;
  Part& part_of(DeviceIndex device, const client::CallView& view);

  const World& world_;
  const core::Settings& settings_;
  Coverage& coverage_;
  Reference reference_;
  std::vector<Finding> findings_;
  std::array<std::uint64_t, k_checks> looked_at_{};

  std::unordered_map<CallId, Case> cases_;
  std::set<CallId> live_;                                 // decided
  std::map<UserId, std::set<CallId>> calls_of_;           // live, decided
  std::unordered_map<SessionId, CallId> sessions_;
  std::map<UserId, wire::Rules> rules_, durable_rules_;
  std::set<CallId> awaited_;                              // durable as the server went: to be found by the next
  std::set<UserId> awaited_rules_;
  Instant gone_at_{};                                     // the server, by its clock
  std::vector<Part> parts_;
  std::vector<Watched> devices_;

  // While the server serves one command.
  std::optional<CallId> asked_about_;
  Deed deed_ = Deed::Ask;
  std::optional<core::CallRecord> before_;
  std::optional<CallId> refused_;  // of this call a push was refused
  std::optional<CallId> woken_for_;  // a device is being told of a push
  bool is_certain_ = false;  // the command was for sure carried out as a new one
};

}  // namespace offhook::sim
