// The journal as the engine keeps it: every change goes out as a Keep before the application is told of it. Private to the engine.
#pragma once

#include <map>

#include "desk.hpp"
#include "limits.hpp"

namespace offhook::client {

class Journal {
 public:
  explicit Journal(Desk& desk);

  // --- by this device: a call begins, or rings again, or is over here

  void begin(const CallView& call);
  struct End {
    wire::Outcome outcome = wire::Outcome::LostContact;
    std::optional<wire::Reason> reason;
    std::optional<std::string> owes;
    bool may_ring = false;
  };
  void end(const CallView& call, End end);
  // The server believes this device to be in a call that it is not in (any more): the farewell is owed.
  void owe(const CallView& call, const std::string& last_word);
  // The application's callback has returned.
  void see(CallId id);

  // --- by the server

  // What became of a call that is over here, or was live in an earlier life of this device. A word that has been said stays.
  void settle(CallId id, wire::Outcome outcome, std::optional<wire::Reason> reason);
  // The server has answered the last word of this device, or does not know the call.
  void acknowledge(CallId id);
  // The server does not know this call: its word will never come.
  void give_up_hope(CallId id);

  // --- questions

  bool has_ended(CallId id) const;    // it never rings again
  bool is_silenced(CallId id) const;  // a welcome may make it ring again
  std::vector<CallId> live() const;
  // Calls of which the server's last word is still wanted, the newest first.
  std::vector<CallId> unsettled() const;
  std::vector<JournalEntry> owing() const;
  std::optional<std::string> debt(CallId id) const;
  std::vector<JournalEntry> unseen() const;  // the oldest first

 private:
  struct Kept {
    JournalEntry entry;
    bool is_hopeless = false;    // the server does not know it
    bool is_of_this_life = false;  // its end is, or will be, told to the application as Ended
  };

  const JournalEntry* find(CallId id) const;
  Kept& entry_for(const CallView& call);
  void make_room();
  void stamp(Kept& kept);
  void keep(const Kept& kept);
  void tell_if_known(const Kept& kept);
  std::vector<const Kept*> by_age() const;

  Desk& desk_;
  std::map<CallId, Kept> entries_;
  std::int64_t newest_ms_ = 0;  // of all stamps
};

}  // namespace offhook::client
