#include "adapters/store/sealing.hpp"

#include <utility>
#include <vector>

#include "adapters/store/blob.hpp"
#include "adapters/store/kinds.hpp"

namespace offhook::store {
namespace {

// The key of a row that says that clear text may be left in pages that are not used any more. Its kind is that of no record.
constexpr std::string_view k_unclean = "unclean";

// A row that is to be written anew.
struct Change {
  std::int64_t seq = 0, kind = 0;
  std::string body;
};

constexpr std::string_view k_no_key =
    "holds secrets in the clear, of an earlier version: make a key with offhookd --make-key FILE and name FILE as key_file in [data]; they are sealed at the next start";

std::string unknown_key(std::string_view sealed, bool has_keys) {
  const auto key = Keyring::id_in(sealed);
  if (!has_keys) return "holds secrets that are sealed with the key " + key + ": name its file as key_file in [data]";
  return "holds secrets that are sealed with the key " + key + ", which is none of those given: name its file as key_file, or among old_key_files, in [data]";
}

template <class Kept>
bool is_secret(std::string_view body) {
  Kept record;
  return from_blob(body, record) && holds_secret(record);
}

// Of those kinds that may hold secrets.
bool is_secret(std::int64_t kind, std::string_view body) {
  if (kind == k_kind<core::PushRecord>) return is_secret<core::PushRecord>(body);
  return kind == k_kind<core::ProjectRecord> && is_secret<core::ProjectRecord>(body);
}

// One pass over the records.
class Survey {
 public:
  explicit Survey(const Keyring* keys) : keys_(keys) {}

  // Gives what is wrong with this row of seq, kind, body and key.
  std::optional<std::string> look_at(const Statement& row) {
    const auto kind = row.number(1);
    if (kind >= k_sealed) return look_at_sealed(row);
    if (!is_secret(kind, row.blob(2))) return std::nullopt;
    if (keys_ == nullptr) return std::string(k_no_key);
    had_clear_ = true;
    changes_.push_back({row.number(0), kind + k_sealed, keys_->seal(row.blob(2), row.blob(3))});
    return std::nullopt;
  }

  const std::vector<Change>& changes() const { return changes_; }
  bool had_clear() const { return had_clear_; }

 private:
  std::optional<std::string> look_at_sealed(const Statement& row) {
    const auto body = row.blob(2), key = row.blob(3);
    if (keys_ == nullptr) return unknown_key(body, false);
    const auto opened = keys_->open(body, key);
    if (opened && !keys_->is_newest(body)) changes_.push_back({row.number(0), row.number(1), keys_->seal(*opened, key)});
    if (opened) return std::nullopt;
    if (opened.error() == Keyring::Failure::UnknownKey) return unknown_key(body, true);
    return "holds a secret (\"" + std::string(key) + "\") that was changed or cut off since it was sealed: put a backup of the data folder in place";
  }

  const Keyring* keys_;
  std::vector<Change> changes_;
  bool had_clear_ = false;
};

void write(Database& database, const Survey& survey) {
  database.run("BEGIN IMMEDIATE");
  Statement change(database, "UPDATE records SET kind = ?, body = ? WHERE seq = ?");
  for (const auto& [seq, kind, body] : survey.changes()) change.bind(kind).bind_blob(body).bind(seq).run();
  Statement mark(database, "INSERT OR REPLACE INTO records (key, kind, body) VALUES (?, 0, X'')");
  if (survey.had_clear()) mark.bind(k_unclean).run();
  database.run("COMMIT");
}

// Also after a crash in the middle: the mark goes last.
void clean(Database& database) {
  Statement is_marked(database, "SELECT 1 FROM records WHERE key = ?");
  const bool must = is_marked.bind(k_unclean).step();
  is_marked.reset();
  if (!must) return;
  database.run("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);");
  Statement unmark(database, "DELETE FROM records WHERE key = ?");
  unmark.bind(k_unclean).run();
}

std::optional<std::string> look_at_all(Database& database, Survey& survey) {
  const bool is_new = database.number("SELECT count(*) FROM sqlite_schema WHERE name = 'records'") == 0;
  if (is_new) return std::nullopt;
  Statement rows(database, "SELECT seq, kind, body, key FROM records");
  while (rows.step()) {
    if (auto problem = survey.look_at(rows)) return problem;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> check_secrets(Database& database, const Keyring* keys) {
  Survey survey(keys);
  return look_at_all(database, survey);
}

std::optional<std::string> seal_secrets(Database& database, const Keyring* keys) {
  Survey survey(keys);
  if (auto problem = look_at_all(database, survey)) return problem;
  if (!survey.changes().empty()) write(database, survey);
  clean(database);
  if (database.failure()) return "cannot be used: " + *database.failure();
  return std::nullopt;
}

}  // namespace offhook::store
