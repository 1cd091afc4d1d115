#include "adapters/store/blob.hpp"
#include "adapters/store/kept_notes.hpp"
#include "adapters/store/kinds.hpp"
#include "adapters/store/record_tables.hpp"

namespace offhook::store {

std::string id_bytes(const CallId& id) {
  std::string bytes;
  append_fixed(bytes, id.high());
  append_fixed(bytes, id.low());
  return bytes;
}

RecordWriter::RecordWriter(Database& database)
    : database_(database),
      append_(database, "UPDATE calls SET phase = ?, body = ?, notes = CAST(coalesce(notes, X'') || ? AS BLOB) WHERE seq = ?"),
      append_end_(database,
                  "UPDATE calls SET phase = ?, body = ?, notes = CAST(coalesce(notes, X'') || ? AS BLOB), outcome = ?, ended_at = ?, inputs = ? "
                  "WHERE seq = ?"),
      replace_(database, "UPDATE calls SET phase = ?, body = ?, notes = ? WHERE seq = ?"),
      end_(database, "UPDATE calls SET outcome = ?, ended_at = ?, inputs = ? WHERE seq = ?"),
      insert_call_(database,
                   "INSERT INTO calls (phase, body, notes, outcome, ended_at, inputs, id, project, created_at) "
                   "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING"),
      find_seq_(database, "SELECT seq FROM calls WHERE id = ?"),
      add_user_(database, "INSERT OR REPLACE INTO call_users (project, user, created_at, seq, silent) VALUES (?, ?, ?, ?, ?)"),
      keep_(database,
            "INSERT INTO records (key, kind, body) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET kind = excluded.kind, body = excluded.body"),
      drop_(database, "DELETE FROM records WHERE key = ?"),
      old_calls_(database, "SELECT seq, body, notes FROM calls WHERE ended_at IS NOT NULL AND ended_at < ? ORDER BY ended_at LIMIT ?"),
      drop_call_(database, "DELETE FROM calls WHERE seq = ?"),
      drop_user_(database, "DELETE FROM call_users WHERE project = ? AND user = ? AND created_at = ? AND seq = ?"),
      users_calls_(database,
                   "SELECT c.seq, c.body, c.notes FROM call_users u CROSS JOIN calls c ON c.seq = u.seq WHERE u.project = ? AND u.user = ? "
                   "AND c.phase = 3 AND u.seq <= (SELECT up_to FROM forgotten WHERE project = ? AND user = ?) LIMIT ?"),
      change_body_(database, "UPDATE calls SET body = ?, notes = ?, inputs = NULL WHERE seq = ?"),
      note_forgetting_(database,
                       "INSERT OR REPLACE INTO forgotten (project, user, up_to) VALUES (?, ?, (SELECT coalesce(max(seq), 0) FROM calls))"),
      end_forgetting_(database, "DELETE FROM forgotten WHERE project = ? AND user = ?") {}

void RecordWriter::write(const Row& row) {
  std::visit([&](const auto& one) { write_one(one); }, row);
}

// A call is written five times or so. At first it is not there, later it is, and where is known; otherwise it takes one step more.
void RecordWriter::write_one(const CallRow& call) {
  const auto known = live_.find(call.id);
  if (known == live_.end()) return insert_or_update(call);
  update(call, known->second);
  if (call.ended_at) live_.erase(known);
}

void RecordWriter::insert_or_update(const CallRow& call) {
  auto seq = call.version > 1 ? seq_of(call.id) : std::nullopt;
  const bool is_new = !seq && insert(call);
  if (is_new) seq = database_.last_inserted();
  if (!seq) seq = seq_of(call.id);
  if (!seq) return;  // the database has failed
  if (is_new) write_users(call, *seq);
  if (!is_new) update(call, *seq);
  if (!call.ended_at) live_.emplace(call.id, *seq);
}

bool RecordWriter::insert(const CallRow& call) {
  const auto id = id_bytes(call.id);
  insert_call_.bind(call.phase).bind_blob(call.state()).bind_blob(call.notes());
  bind_end(insert_call_, call);
  insert_call_.bind_blob(id).bind(call.project).bind(call.created_at).run();
  return database_.changes() > 0;
}

// Of a call that goes on just what changes: no index looks at that.
void RecordWriter::update(const CallRow& call, std::int64_t seq) {
  const bool ends_now = call.appends && call.ended_at;
  auto& statement = ends_now ? append_end_ : call.appends ? append_ : replace_;
  statement.bind(call.phase).bind_blob(call.state()).bind_blob(call.notes());
  if (ends_now) bind_end(statement, call);
  statement.bind(seq).run();
  if (call.ended_at && !ends_now) {
    bind_end(end_, call);
    end_.bind(seq).run();
  }
  write_users(call, seq);
}

void RecordWriter::bind_end(Statement& statement, const CallRow& call) {
  statement.bind_optional(call.outcome).bind_optional(call.ended_at);
  call.has_inputs ? statement.bind_blob(call.inputs()) : statement.bind_null();
}

std::optional<std::int64_t> RecordWriter::seq_of(const CallId& id) {
  const auto bytes = id_bytes(id);
  std::optional<std::int64_t> seq;
  if (find_seq_.bind_blob(bytes).step()) seq = find_seq_.number(0);
  find_seq_.reset();
  return seq;
}

void RecordWriter::write_users(const CallRow& call, std::int64_t seq) {
  for (const auto& [user, silent] : call.users) {
    add_user_.bind(call.project).bind(user).bind(call.created_at).bind(seq).bind(silent ? 1 : 0).run();
  }
}

void RecordWriter::write_one(const KeptRow& kept) { keep_.bind(kept.key).bind(kept.kind).bind_blob(kept.body).run(); }

void RecordWriter::write_one(const GoneRow& gone) { drop_.bind(gone.key).run(); }

namespace {

using FoundCall = std::pair<std::int64_t, core::CallRecord>;

// What cannot be read is passed over: there is no name in it that could be blotted out, and it can be dropped without its users.
std::vector<FoundCall> calls_of(Statement& statement) {
  std::vector<FoundCall> rows;
  while (statement.step()) {
    auto& [seq, call] = rows.emplace_back();
    seq = statement.number(0);
    if (!from_blob(statement.blob(1), call) || !read_notes(statement.blob(2), call)) call = {};
  }
  return rows;
}

}  // namespace

bool RecordWriter::purge_step(Instant ended_before) {
  const auto old = calls_of(old_calls_.bind(us(ended_before)).bind(k_step));
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
  auto calls = calls_of(users_calls_);
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
    write_one(GoneRow{core::key_of(missed).text});
  }
  core::forget_user(call, user.user);
  const auto row = row_of(call);
  change_body_.bind_blob(row.state()).bind_blob(row.notes()).bind(seq).run();
  drop_user_.bind(user.project).bind(user.user).bind(us(call.created_at)).bind(seq).run();
}

std::vector<UserKey> RecordWriter::half_forgotten() {
  std::vector<UserKey> users;
  Statement statement(database_, "SELECT project, user FROM forgotten");
  while (statement.step()) users.push_back({std::string(statement.blob(0)), std::string(statement.blob(1))});
  return users;
}

}  // namespace offhook::store
