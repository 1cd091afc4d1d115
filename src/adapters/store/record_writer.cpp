#include "adapters/store/blob.hpp"
#include "adapters/store/kinds.hpp"
#include "adapters/store/record_tables.hpp"

namespace offhook::store {
namespace {

std::optional<std::int64_t> number_of(std::optional<wire::Outcome> outcome) {
  return outcome ? std::optional(static_cast<std::int64_t>(*outcome)) : std::nullopt;
}

}  // namespace

std::string id_bytes(const CallId& id) {
  std::string bytes;
  append_fixed(bytes, id.high());
  append_fixed(bytes, id.low());
  return bytes;
}

RecordWriter::RecordWriter(Database& database)
    : database_(database),
      update_live_(database, "UPDATE calls SET phase = ?, body = ? WHERE id = ?"),
      update_ended_(database, "UPDATE calls SET phase = ?, body = ?, outcome = ?, ended_at = ?, inputs = ? WHERE id = ?"),
      insert_call_(database,
                   "INSERT INTO calls (phase, body, outcome, ended_at, inputs, id, project, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
                   "ON CONFLICT (id) DO NOTHING"),
      find_seq_(database, "SELECT seq FROM calls WHERE id = ?"),
      add_user_(database, "INSERT OR REPLACE INTO call_users (project, user, created_at, seq, silent) VALUES (?, ?, ?, ?, ?)"),
      keep_(database,
            "INSERT INTO records (key, kind, body) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET body = excluded.body"),
      drop_(database, "DELETE FROM records WHERE key = ?"),
      old_calls_(database, "SELECT seq, body FROM calls WHERE ended_at IS NOT NULL AND ended_at < ? ORDER BY ended_at LIMIT ?"),
      drop_call_(database, "DELETE FROM calls WHERE seq = ?"),
      drop_user_(database, "DELETE FROM call_users WHERE project = ? AND user = ? AND created_at = ? AND seq = ?"),
      users_calls_(database,
                   "SELECT c.seq, c.body FROM call_users u CROSS JOIN calls c ON c.seq = u.seq WHERE u.project = ? AND u.user = ? "
                   "AND c.phase = 3 AND u.seq <= (SELECT up_to FROM forgotten WHERE project = ? AND user = ?) LIMIT ?"),
      change_body_(database, "UPDATE calls SET body = ?, inputs = NULL WHERE seq = ?"),
      note_forgetting_(database,
                       "INSERT OR REPLACE INTO forgotten (project, user, up_to) VALUES (?, ?, (SELECT coalesce(max(seq), 0) FROM calls))"),
      end_forgetting_(database, "DELETE FROM forgotten WHERE project = ? AND user = ?") {}

void RecordWriter::write(const core::Record& record) {
  std::visit([&](const auto& one) { write_one(one); }, record);
}

// A call is written five times or so. At first it is not there, later it is; where that is not so it takes one step more.
void RecordWriter::write_one(const core::CallRecord& call) {
  const auto id = id_bytes(call.id);
  body_.clear();
  append_blob(body_, call);
  inputs_.clear();
  if (call.inputs) append_blob(inputs_, *call.inputs);
  const bool is_first = call.version <= 1;
  const bool is_new = is_first ? insert(call, id) : !update(call, id) && insert(call, id);
  if (is_first && !is_new) update(call, id);
  if (is_new) return write_users(call, database_.last_inserted());
  if (!call.group) return;  // only a group gets new users
  const auto seq = find_seq_.bind_blob(id).step() ? find_seq_.number(0) : 0;
  find_seq_.reset();
  write_users(call, seq);
}

// Of a call that goes on just what changes: no index looks at that.
bool RecordWriter::update(const core::CallRecord& call, std::string_view id) {
  const bool is_live = !call.ended_at;
  auto& statement = is_live ? update_live_ : update_ended_;
  statement.bind(static_cast<std::int64_t>(call.phase)).bind_blob(body_);
  if (!is_live) bind_end(statement, call);
  statement.bind_blob(id).run();
  return database_.changes() > 0;
}

bool RecordWriter::insert(const core::CallRecord& call, std::string_view id) {
  insert_call_.bind(static_cast<std::int64_t>(call.phase)).bind_blob(body_);
  bind_end(insert_call_, call);
  insert_call_.bind_blob(id).bind(call.project).bind(us(call.created_at)).run();
  return database_.changes() > 0;
}

void RecordWriter::bind_end(Statement& statement, const core::CallRecord& call) {
  statement.bind_optional(number_of(call.outcome)).bind_optional(us(call.ended_at));
  if (call.inputs) statement.bind_blob(inputs_);
  if (!call.inputs) statement.bind_null();
}

// The caller last, who is to know of the call even if it was to himself.
void RecordWriter::write_users(const core::CallRecord& call, std::int64_t seq) {
  const auto add = [&](const UserId& user, bool silent) {
    add_user_.bind(call.project).bind(user).bind(us(call.created_at)).bind(seq).bind(silent ? 1 : 0).run();
  };
  for (const auto& leg : call.legs) add(leg.user, leg.silent);
  add(call.caller, false);
}

template <class Kept>
void RecordWriter::write_one(const Kept& record) {
  const auto key = core::key_of(record).text;
  const auto body = to_blob(record);
  keep_.bind(key).bind(k_kind<Kept>).bind_blob(body).run();
}

void RecordWriter::write_one(const core::GoneRecord& gone) { drop_.bind(gone.key.text).run(); }

namespace {

using Row = std::pair<std::int64_t, core::CallRecord>;

// What cannot be read is passed over: there is no name in it that could be blotted out, and it can be dropped without its users.
std::vector<Row> rows_of(Statement& statement) {
  std::vector<Row> rows;
  while (statement.step()) {
    auto& [seq, call] = rows.emplace_back();
    seq = statement.number(0);
    if (!from_blob(statement.blob(1), call)) call = {};
  }
  return rows;
}

}  // namespace

bool RecordWriter::purge_step(Instant ended_before) {
  const auto old = rows_of(old_calls_.bind(us(ended_before)).bind(k_step));
  for (const auto& [seq, call] : old) drop_call(seq, call);
  return old.size() == k_step;
}

void RecordWriter::drop_call(std::int64_t seq, const core::CallRecord& call) {
  const auto drop_user = [&](const UserId& user) { drop_user_.bind(call.project).bind(user).bind(us(call.created_at)).bind(seq).run(); };
  for (const auto& leg : call.legs) drop_user(leg.user);
  drop_user(call.caller);
  drop_call_.bind(seq).run();
}

void RecordWriter::start_forgetting(const UserKey& user) { note_forgetting_.bind(user.project).bind(user.user).run(); }

bool RecordWriter::forget_step(const UserKey& user) {
  users_calls_.bind(user.project).bind(user.user).bind(user.project).bind(user.user).bind(k_step);
  auto calls = rows_of(users_calls_);
  const bool more = calls.size() == k_step;
  for (auto& [seq, call] : calls) blot_out(seq, std::move(call), user);
  if (!more) end_forgetting_.bind(user.project).bind(user.user).run();
  return more;
}

void RecordWriter::blot_out(std::int64_t seq, core::CallRecord call, const UserKey& user) {
  for (const auto& leg : call.legs) {  // a call missed by others names the user, too
    core::MissedRecord missed;
    missed.user = {call.project, leg.user};
    missed.record.call_id = call.id;
    write_one(core::GoneRecord{core::key_of(missed)});
  }
  core::forget_user(call, user.user);
  const auto body = to_blob(call);
  change_body_.bind_blob(body).bind(seq).run();
  drop_user_.bind(user.project).bind(user.user).bind(us(call.created_at)).bind(seq).run();
}

std::vector<UserKey> RecordWriter::half_forgotten() {
  std::vector<UserKey> users;
  Statement statement(database_, "SELECT project, user FROM forgotten");
  while (statement.step()) users.push_back({std::string(statement.blob(0)), std::string(statement.blob(1))});
  return users;
}

}  // namespace offhook::store
