// What may become of a call and what each party may be told of it, worked out a second time: from the records, from what was said to
// the server, and from who was heard when. Written from PROTOCOL.md alone; it knows nothing of how the server decides.
#pragma once

#include <functional>
#include <string>

#include "core/settings.hpp"
#include "sim/case.hpp"

namespace offhook::sim {

class Reference {
 public:
  using ContactOf = std::function<const Contact*(const UserId&, const DeviceId&)>;
  // Did that device say one of these about the call, since then?
  using NameOf = std::function<std::pair<UserId, DeviceId>(DeviceIndex)>;

  Reference(const core::Settings& settings, ContactOf contact_of, NameOf name_of)
      : settings_(settings), contact_of_(std::move(contact_of)), name_of_(std::move(name_of)) {}

  // May the server go from `before` (nothing: the call is new) to `after` now, for this cause? A sentence if not.
  std::optional<std::string> objection(const Case& call, const core::CallRecord* before, const core::CallRecord& after, const Cause& cause,
                                       Instant now) const;

  // The sender has said of a push that there is no such address: who waits though nobody can come? A sentence, or nothing.
  std::optional<std::string> is_waiting_for_nobody(const Case& call, const core::CallRecord& record) const;

  // A device has said something: what the server had to do at once and has not. A sentence, or nothing.
  std::optional<std::string> neglect(const core::CallRecord& before, const core::CallRecord& after, Deed deed, DeviceIndex device) const;

  // A deadline of the call that is over at `now`, though the call has gone on. A sentence, or nothing.
  std::optional<std::string> overdue(const Case& call, const core::CallRecord& record, Instant now) const;

  // May this application have been told that end of a call of which `record` is the last word?
  std::optional<std::string> misfit(const Case& call, const core::CallRecord& record, const Part& part) const;

 private:
  struct Move;
  using Answer = std::optional<std::string>;

  Answer objection_to_end(const Move& move) const;
  Answer objection_to_answer(const Move& move) const;
  Answer objection_to_activity(const Move& move) const;
  Answer objection_to_leg(const Move& move, const core::LegRecord* before, const core::LegRecord& after) const;
  Answer objection_to_unanswered(const Move& move, const core::LegRecord* leg, wire::Outcome outcome, std::optional<wire::Reason> reason) const;
  Answer objection_to_answered(const Move& move, wire::Outcome outcome, std::optional<wire::Reason> reason) const;
  Answer overdue_after_restart(const Case& call, const core::CallRecord& record, Instant now) const;
  Instant silent_since(const core::CallRecord& record, const UserId& user, const DeviceId& device) const;
  Duration patience() const;
  bool said(const Case& call, Deed deed, const UserId& user, const DeviceId& device, Instant since = {}) const;
  bool said_by_user(const Case& call, Deed deed, const UserId& user) const;
  bool is_linked(const UserId& user, const DeviceId& device) const;
  bool is_there(const core::CallRecord& call, const UserId& user, const DeviceId& device) const;
  bool may_be_out_of_reach(const Case& call, const core::CallRecord& record, const core::LegRecord& leg) const;
  bool is_out_of_reach(const Case& call, const core::LegRecord& leg) const;
  Answer objection_to_unreachable(const Move& move, const core::LegRecord& leg, std::optional<wire::Reason> reason) const;
  Answer objection_to_push(const Move& move, const core::LegRecord& leg, const core::DeviceRecord* before, const core::DeviceRecord& after) const;
  bool is_lost(const Case& told, const core::CallRecord& call, const UserId& user, const DeviceId& device, Duration grace, Instant now) const;

  const core::Settings settings_;
  ContactOf contact_of_;
  NameOf name_of_;
};

}  // namespace offhook::sim
