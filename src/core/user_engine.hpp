// The key `user:`: which devices a user has, who is online, which live calls a user is in, how the user wants to be called and
// which calls were missed, and where devices without a link are woken. Busy is derived from live calls, never stored.
#pragma once

#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "core/mail.hpp"
#include "core/missed_calls.hpp"
#include "core/push_registry.hpp"
#include "core/ring_budget.hpp"
#include "core/views.hpp"

namespace offhook::core {

class UserEngine {
 public:
  explicit UserEngine(Desk& desk)
      : desk_(desk), missed_(desk), pushes_(desk), caller_budget_(desk.settings.capacity.ring_buckets),
        pair_budget_(desk.settings.capacity.ring_buckets), callee_budget_(desk.settings.capacity.ring_buckets) {}

  void restore(RulesRecord&& kept) { rules_[kept.user] = std::move(kept.rules); }
  void restore(MissedRecord&& kept) { missed_.restore(std::move(kept)); }
  void restore(PushRecord&& kept) { pushes_.restore(std::move(kept)); }
  void restore(SeenRecord&& kept) { seen_.insert(std::move(kept.user)); }

  void on(const Attach& mail);
  void on(const LinkDown& mail);
  void on(const Detach& mail);
  void on(const Opened& mail);
  void on(PlaceCall&& mail);
  void on(const RingLeg& mail);
  void on(const UserCall& mail);
  void on(const MissedCall& mail);
  void on(const MissedSeen& mail) { missed_.seen(mail); }
  void on(const AskRules& mail);
  void on(const SetPushAddress& mail);
  void on(Wake&& mail);
  void on(const PushSettled& event);
  void on(const WatchPresence& mail);
  void on(const UnwatchPresence& mail);

  wire::Rules rules_of(const UserKey& user) const;
  bool set_rules(const UserKey& user, wire::Rules rules);  // false: rules of no more users are kept
  // Rules, push addresses, missed calls (of others, too, where they name the user) and that the user was here. False: not while in a call.
  bool forget(const UserKey& user);

  std::size_t users() const { return users_.size(); }
  std::vector<UserView> list(const UserQuery& query) const;

 private:
  struct Device {
    Member self;
    bool linked = false;
    std::vector<wire::ElsewhereCall> told_elsewhere;  // what its client was told last
  };
  struct User {
    std::map<DeviceId, Device> devices;
    std::map<CallId, Share> live_calls;

    bool is_in_call(const DeviceId& device) const;
    bool is_in_call() const;
    std::size_t rings(std::optional<CallId> but) const;
    std::vector<wire::ElsewhereCall> calls_elsewhere(const DeviceId& device) const;
  };

  // Whether and where somebody can be rung.
  struct Answer {
    std::vector<Candidate> devices;
    std::optional<Refusal> refusal;
    bool silent = false;
  };

  void update_presence(const UserKey& key);
  void remember(const UserKey& key);
  void tell_elsewhere(const User& user, Device& device);
  void forget_if_idle(const UserKey& key);
  void place_group(PlaceCall&& mail);
  std::optional<CallId> call_between(const UserKey& callee, const UserId& caller) const;
  bool is_glare(const UserKey& callee, CallId call) const;
  Answer ask(const UserKey& caller, const UserKey& callee, std::optional<CallId> in = {});
  std::optional<Refusal> refusal_of(const UserKey& caller, const UserKey& callee, std::optional<CallId> in);
  bool is_over_budget(const UserKey& caller, const UserKey& callee);
  std::vector<Candidate> candidates(const UserKey& callee) const;
  bool has_push_address(const Member& member, const std::optional<wire::PushAddress>& told);
  bool can_be_woken(const UserKey& user, const DeviceId& device) const;

  Desk& desk_;
  MissedCalls missed_;
  PushRegistry pushes_;
  std::unordered_map<UserKey, wire::Rules> rules_;  // of those that differ from the defaults
  RingBudget caller_budget_, pair_budget_, callee_budget_;
  std::map<UserKey, User> users_;
  std::unordered_set<UserKey> seen_;  // for users.refuse_unknown
  std::map<ProjectId, std::set<UserId>> online_;
  std::map<ProjectId, std::set<ClientId>> watchers_;
};

}  // namespace offhook::core
