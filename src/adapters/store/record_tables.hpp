// Records in the tables of schema.cpp: writing, on the thread of the writer, and reading, on the thread of the reader. Failures
// stay with the database (sqlite.hpp). Private to this module.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "adapters/store/rows.hpp"
#include "adapters/store/sqlite.hpp"
#include "adapters/store/store.hpp"

namespace offhook::store {

// Each function is to be called within a transaction.
class RecordWriter {
 public:
  explicit RecordWriter(Database& database);

  void write(const Row& row);

  // Forgets up to `k_step` calls that ended before. True: there may be more.
  bool purge_step(Instant ended_before);

  // Notes that nothing is to be known any more of what this user has done so far.
  void start_forgetting(const UserKey& user);
  // Blots the user's name out of up to `k_step` calls. True: there may be more.
  bool forget_step(const UserKey& user);
  // Those whose forgetting was begun and is not done.
  std::vector<UserKey> half_forgotten();

  static constexpr int k_step = 200;  // about 5 ms

 private:
  void write_one(const CallRow& call);
  void write_one(const KeptRow& kept);
  void write_one(const GoneRow& gone);
  void insert_or_update(const CallRow& call);
  bool insert(const CallRow& call);
  void update(const CallRow& call, std::int64_t seq);
  static void bind_end(Statement& statement, const CallRow& call);
  std::optional<std::int64_t> seq_of(const CallId& id);
  void write_users(const CallRow& call, std::int64_t seq);
  void drop_call(std::int64_t seq, const core::CallRecord& call);
  void blot_out(std::int64_t seq, core::CallRecord call, const UserKey& user);

  Database& database_;
  std::unordered_map<CallId, std::int64_t> live_;  // the rows of calls that go on, as far as this process has written them
  Statement append_, append_end_, replace_, end_, insert_call_, find_seq_, add_user_, keep_, drop_, old_calls_, drop_call_, drop_user_, users_calls_,
      change_body_, note_forgetting_, end_forgetting_;
};

// The question to the database, for a test of how it is answered; without the place where it begins.
std::string text_of(const CallQuery& query);

class RecordReader {
 public:
  // `keys` open what is sealed; without them that is nonsense. They must stay as long as this.
  explicit RecordReader(Database& database, const Keyring* keys = nullptr) : database_(database), keys_(keys) {}

  std::optional<core::CallRecord> find_call(const CallId& id);
  std::shared_ptr<const core::CallInputs> find_inputs(const CallId& id);
  std::vector<core::CallRecord> list_calls(const CallQuery& query);
  std::vector<core::Record> load(Instant ended_since);

  // A record whose bytes make no sense, since the last question; the file is damaged then.
  bool has_met_nonsense() const { return nonsense_; }

 private:
  core::CallRecord call_in(const Statement& row);
  void read_kept(const Statement& row, std::vector<core::Record>& found);
  template <class Kept>
  core::Record kept_in(std::string_view body);

  Database& database_;
  const Keyring* keys_;
  std::map<std::string, Statement> statements_;  // one for each set of filters: 2^7 at most
  bool nonsense_ = false;
};

}  // namespace offhook::store
