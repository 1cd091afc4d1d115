#include "adapters/store/schema.hpp"

#include <array>

namespace offhook::store {
namespace {

// Reading a whole file takes about a second a gigabyte; a larger one is checked where it is read only, and by the operator.
constexpr std::int64_t k_max_checked_bytes = 256 * 1024 * 1024;

// Step n leads from version n to n + 1. What has been released is never changed; a new version is a new step.
//
// `seq` is the order of creation. Moments are microseconds since the Unix epoch; phases and outcomes are numbers of
// wire/messages.hpp; bodies are blob.hpp's. Phase 3 is the end: `calls_live` finds the few that go on among the many that do not. It does
// not name the phase, so that a call that goes from one to the next changes no index.
// `outbox` holds events for webhooks (outbox.hpp): state 0 waits for another of its line, 1 is due, 2 is given up.
// `outbox_dropped` counts dead letters that are not kept. `inputs` (blob.hpp) are those of a call that has ended. `notes` is its time
// line (kept_notes.hpp); bodies written before version 5 have it in themselves, until the call is written again.
// `forgotten` holds users whose names are being blotted out of calls, up to the newest call of that moment.
const std::array<std::string, 6> k_steps = {
    R"(
CREATE TABLE calls (
  seq INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  project TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  phase INTEGER NOT NULL,
  outcome INTEGER,
  ended_at INTEGER,
  body BLOB NOT NULL
);
CREATE INDEX calls_by_time ON calls (project, created_at);
CREATE INDEX calls_live ON calls (project, created_at) WHERE phase < 3;
CREATE INDEX calls_by_end ON calls (ended_at) WHERE ended_at IS NOT NULL;
CREATE TABLE call_users (
  project TEXT NOT NULL,
  user TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  silent INTEGER NOT NULL,
  PRIMARY KEY (project, user, created_at, seq)
) WITHOUT ROWID;
CREATE TABLE records (
  seq INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  kind INTEGER NOT NULL,
  body BLOB NOT NULL
);
CREATE TABLE forgotten (
  project TEXT NOT NULL,
  user TEXT NOT NULL,
  up_to INTEGER NOT NULL,
  PRIMARY KEY (project, user)
) WITHOUT ROWID;
)",
    R"(
CREATE INDEX calls_by_outcome ON calls (project, outcome, created_at) WHERE outcome IS NOT NULL;
)",
    R"(
CREATE TABLE outbox (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  project TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  order_key TEXT NOT NULL,
  event_id TEXT NOT NULL,
  type TEXT NOT NULL,
  body BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  problem TEXT NOT NULL,
  state INTEGER NOT NULL
);
CREATE INDEX outbox_due ON outbox (project, endpoint, due_at) WHERE state = 1;
CREATE INDEX outbox_lines ON outbox (project, endpoint, order_key) WHERE state < 2;
CREATE INDEX outbox_dead ON outbox (project, endpoint) WHERE state = 2;
)",
    R"(
CREATE TABLE outbox_dropped (
  project TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (project, endpoint)
) WITHOUT ROWID;
ALTER TABLE calls ADD COLUMN inputs BLOB;
DROP INDEX calls_live;
CREATE INDEX calls_live ON calls (project, created_at) WHERE ended_at IS NULL;
)",
    R"(
ALTER TABLE calls ADD COLUMN notes BLOB;
)",
    // No new table, but a program of before would pass over records that are sealed.
    ""};

// Writes in any case, so that a full or read-only disk is found now.
void take_steps(Database& database, std::int64_t version) {
  database.run("BEGIN IMMEDIATE");
  for (auto step = version; step < schema_version(); ++step) database.run(k_steps[static_cast<std::size_t>(step)]);
  database.run("PRAGMA application_id = " + std::to_string(k_application_id));
  database.run("PRAGMA user_version = " + std::to_string(schema_version()));
  database.run("COMMIT");
}

std::optional<std::string> check_pages(Database& database) {
  const auto bytes = database.number("PRAGMA page_count") * database.number("PRAGMA page_size");
  const auto verdict = bytes > k_max_checked_bytes ? std::string("ok") : database.text("PRAGMA quick_check(1)");
  if (!database.failure() && verdict != "ok") return "is damaged: " + verdict;
  return std::nullopt;
}

}  // namespace

std::int64_t schema_version() { return static_cast<std::int64_t>(k_steps.size()); }

std::optional<std::string> check_schema(Database& database) {
  const auto version = database.number("PRAGMA user_version");
  const auto application = database.number("PRAGMA application_id");
  const auto tables = database.number("SELECT count(*) FROM sqlite_schema");
  if (database.failure()) return "cannot be read: " + *database.failure();
  if (tables > 0 && application != k_application_id) return "is a database of another program";
  if (version > schema_version()) {
    return "was written by a newer version of this program (format " + std::to_string(version) + ", this one knows up to " +
           std::to_string(schema_version()) + "): start the newer one, or go back to the copy you made before the upgrade";
  }
  return check_pages(database);
}

std::optional<std::string> upgrade_schema(Database& database) {
  take_steps(database, database.number("PRAGMA user_version"));
  if (database.failure()) return "cannot be used: " + *database.failure();
  return std::nullopt;
}

}  // namespace offhook::store
