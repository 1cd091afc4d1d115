#include "adapters/store/blob.hpp"
#include "adapters/store/kept_notes.hpp"
#include "adapters/store/kinds.hpp"
#include "adapters/store/record_tables.hpp"

namespace offhook::store {
namespace {

// A query put together from the filters that are there; `values` in the order of its question marks.
struct Question {
  std::string text;
  std::vector<std::variant<std::int64_t, std::string_view>> values;

  void where(const std::string& condition) { text += " AND " + condition; }
  template <class Value>
  void where(const std::string& condition, Value value) {
    where(condition);
    values.emplace_back(value);
  }
};

// By user the calls are found in call_users, whose key has the order that is wanted; else in an index of calls. CROSS JOIN
// keeps SQLite from turning that round.
Question question_of(const CallQuery& query) {
  Question question;
  const std::string at = query.user ? "u." : "c.";
  question.text = query.user ? "SELECT c.body, c.notes FROM call_users u CROSS JOIN calls c ON c.seq = u.seq WHERE u.project = ?"
                             : "SELECT c.body, c.notes FROM calls c WHERE c.project = ?";
  question.values.emplace_back(std::string_view(query.project));
  if (query.user) question.where("u.user = ?", std::string_view(*query.user));
  if (query.user) question.where("u.silent = 0");
  if (query.phase) question.where("c.phase = ?", static_cast<std::int64_t>(*query.phase));
  if (query.phase && *query.phase != wire::Phase::Ended) question.where("c.ended_at IS NULL");  // so that calls_live serves it
  if (query.outcome) question.where("c.outcome = ?", static_cast<std::int64_t>(*query.outcome));
  if (query.from) question.where(at + "created_at >= ?", us(*query.from));
  if (query.to) question.where(at + "created_at < ?", us(*query.to));
  return question;
}

std::string order_of(const CallQuery& query) {
  return query.user ? " ORDER BY u.created_at DESC, u.seq DESC LIMIT ?" : " ORDER BY c.created_at DESC, c.seq DESC LIMIT ?";
}

}  // namespace

std::string text_of(const CallQuery& query) { return question_of(query).text + order_of(query); }

// Of a row that begins with body and notes.
core::CallRecord RecordReader::call_in(const Statement& row) {
  core::CallRecord call;
  nonsense_ = !from_blob(row.blob(0), call) || !read_notes(row.blob(1), call) || nonsense_;
  return call;
}

std::optional<core::CallRecord> RecordReader::find_call(const CallId& id) {
  auto& statement = statements_.try_emplace("find", database_, "SELECT body, notes FROM calls WHERE id = ?").first->second;
  const auto key = id_bytes(id);
  std::optional<core::CallRecord> found;
  if (statement.bind_blob(key).step()) found = call_in(statement);
  statement.reset();
  return found;
}

std::shared_ptr<const core::CallInputs> RecordReader::find_inputs(const CallId& id) {
  auto& statement = statements_.try_emplace("inputs", database_, "SELECT inputs FROM calls WHERE id = ?").first->second;
  const auto key = id_bytes(id);
  std::shared_ptr<core::CallInputs> found;
  if (statement.bind_blob(key).step() && !statement.is_null(0)) {
    found = std::make_shared<core::CallInputs>();
    nonsense_ = !from_blob(statement.blob(0), *found) || nonsense_;
  }
  statement.reset();
  return found;
}

std::vector<core::CallRecord> RecordReader::list_calls(const CallQuery& query) {
  auto question = question_of(query);
  const std::string at = query.user ? "u." : "c.";
  Statement place(database_, "SELECT created_at, seq FROM calls WHERE id = ?");
  const auto before = query.before ? id_bytes(*query.before) : std::string();
  if (query.before && place.bind_blob(before).step()) {
    question.where("(" + at + "created_at, " + at + "seq) < (?, ?)", place.number(0));
    question.values.emplace_back(place.number(1));
  }
  question.text += order_of(query);
  question.values.emplace_back(static_cast<std::int64_t>(query.limit));
  auto& statement = statements_.try_emplace(question.text, database_, question.text).first->second;
  for (const auto& value : question.values) std::visit([&](const auto& one) { statement.bind(one); }, value);
  std::vector<core::CallRecord> found;
  while (statement.step()) found.push_back(call_in(statement));
  return found;
}

template <class Kept>
core::Record RecordReader::kept_in(std::string_view body) {
  Kept record;
  nonsense_ = !from_blob(body, record) || nonsense_;
  return record;
}

// Of a row of kind, body, and key.
void RecordReader::read_kept(const Statement& row, std::vector<core::Record>& found) {
  auto kind = row.number(0);
  std::string body(row.blob(1));
  if (kind >= k_sealed) {
    auto opened = keys_ == nullptr ? Keyring::Failure::UnknownKey : keys_->open(body, row.blob(2));
    if (!opened) nonsense_ = true;
    if (!opened) return;
    kind -= k_sealed;
    body = std::move(opened.value());
  }
  switch (kind) {
    case k_kind<core::SessionRecord>: return found.push_back(kept_in<core::SessionRecord>(body));
    case k_kind<core::RulesRecord>: return found.push_back(kept_in<core::RulesRecord>(body));
    case k_kind<core::MissedRecord>: return found.push_back(kept_in<core::MissedRecord>(body));
    case k_kind<core::WithdrawnRecord>: return found.push_back(kept_in<core::WithdrawnRecord>(body));
    case k_kind<core::SeenRecord>: return found.push_back(kept_in<core::SeenRecord>(body));
    case k_kind<core::ConnectionRecord>: return found.push_back(kept_in<core::ConnectionRecord>(body));
    case k_kind<core::ProjectRecord>: return found.push_back(kept_in<core::ProjectRecord>(body));
    case k_kind<core::PushRecord>: return found.push_back(kept_in<core::PushRecord>(body));
    default: return;  // of a later version
  }
}

std::vector<core::Record> RecordReader::load(Instant ended_since) {
  std::vector<core::Record> found;
  Statement calls(database_,
                  "SELECT body, notes FROM (SELECT seq, body, notes FROM calls INDEXED BY calls_live WHERE ended_at IS NULL UNION ALL "
                  "SELECT seq, body, notes FROM calls WHERE ended_at IS NOT NULL AND ended_at >= ?) ORDER BY seq");
  calls.bind(us(ended_since));
  while (calls.step()) found.emplace_back(call_in(calls));
  Statement records(database_, "SELECT kind, body, key FROM records ORDER BY seq");
  while (records.step()) read_kept(records, found);
  return found;
}

}  // namespace offhook::store
