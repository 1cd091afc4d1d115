#include "adapters/store/outbox_tables.hpp"

#include "adapters/store/kinds.hpp"

namespace offhook::store {
namespace {

// States as numbers: 0 waiting, 1 due, 2 dead; "state < 2" is a line. These conditions are written as in the indexes, so that
// SQLite sees that they fit.
constexpr auto k_waiting = static_cast<std::int64_t>(OutboxState::Waiting);
static_assert(k_waiting == 0 && static_cast<int>(OutboxState::Due) == 1 && static_cast<int>(OutboxState::Dead) == 2);

const std::string k_columns = "number, project, endpoint, order_key, event_id, type, body, created_at, state, due_at, attempts, problem";
const std::string k_line = "project = ? AND endpoint = ? AND order_key = ? AND state < 2";

Instant instant(std::int64_t us) { return Instant{Duration{us}}; }

OutboxEntry entry_in(const Statement& row) {
  OutboxEntry entry;
  entry.number = static_cast<std::uint64_t>(row.number(0));
  entry.endpoint = {std::string(row.blob(1)), std::string(row.blob(2))};
  entry.order_key = row.blob(3);
  entry.event_id = row.blob(4);
  entry.type = row.blob(5);
  entry.body = row.blob(6);
  entry.created_at = instant(row.number(7));
  entry.state = static_cast<OutboxState>(row.number(8));
  entry.due_at = instant(row.number(9));
  entry.attempts = static_cast<std::uint32_t>(row.number(10));
  entry.problem = row.blob(11);
  return entry;
}

std::string text_of(const OutboxQuery& query) {
  std::string text = "SELECT " + k_columns + " FROM outbox WHERE project = ? AND number > ?";
  if (query.endpoint) text += " AND endpoint = ?";
  if (query.order_key) text += " AND order_key = ?";
  if (query.dead) text += *query.dead ? " AND state = 2" : " AND state < 2";
  return text + " ORDER BY number LIMIT ?";
}

}  // namespace

OutboxWriter::OutboxWriter(Database& database, const OutboxLimits& limits)
    : add_(database,
           "INSERT INTO outbox (project, endpoint, order_key, event_id, type, body, created_at, due_at, attempts, problem, state) "
           "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, '', NOT EXISTS (SELECT 1 FROM outbox WHERE " + k_line + "))"),
      add_dead_(database,
                "INSERT INTO outbox (project, endpoint, order_key, event_id, type, body, created_at, due_at, attempts, problem, state) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, 2)"),
      retry_(database, "UPDATE outbox SET due_at = ?, attempts = attempts + 1, problem = ? WHERE number = ? AND state = 1"),
      find_line_(database, "SELECT project, endpoint, order_key FROM outbox WHERE number = ? AND state = 1"),
      bury_(database, "UPDATE outbox SET state = 2, attempts = attempts + 1, problem = ? WHERE number = ?"),
      drop_(database, "DELETE FROM outbox WHERE number = ?"),
      promote_(database, "UPDATE outbox SET state = 1, due_at = ? WHERE number = (SELECT number FROM outbox WHERE " + k_line +
                             " AND state = 0 ORDER BY number LIMIT 1)"),
      dead_one_(database, "SELECT number, project, endpoint, order_key FROM outbox WHERE project = ? AND state = 2 AND number = ?"),
      dead_all_(database, "SELECT number, project, endpoint, order_key FROM outbox WHERE project = ? AND state = 2 AND number > ? "
                          "AND endpoint = ? ORDER BY number LIMIT ?"),
      revive_(database, "UPDATE outbox SET created_at = ?, due_at = ?, attempts = 0, state = NOT EXISTS (SELECT 1 FROM outbox WHERE " +
                            k_line + ") WHERE number = ?"),
      hurry_one_(database, "UPDATE outbox SET due_at = min(due_at, ?) WHERE project = ? AND state = 1 AND number = ? RETURNING endpoint"),
      hurry_all_(database, "UPDATE outbox SET due_at = ? WHERE project = ? AND state = 1 AND due_at > ? AND endpoint = ?"),
      drop_dead_(database, "DELETE FROM outbox WHERE number = (SELECT number FROM outbox WHERE project = ? AND endpoint = ? AND state = 2 "
                           "ORDER BY number LIMIT 1)"),
      note_dropped_(database, "INSERT INTO outbox_dropped (project, endpoint, count) VALUES (?, ?, 1) "
                              "ON CONFLICT (project, endpoint) DO UPDATE SET count = count + 1"),
      database_(database),
      tally_(limits) {
  count_all();
}

// Once; two indexes are read through, a second for some millions.
void OutboxWriter::count_all() {
  const auto each = [&](const std::string& query, auto take) {
    Statement rows(database_, query);
    while (rows.step()) take({std::string(rows.blob(0)), std::string(rows.blob(1))}, static_cast<std::uint64_t>(rows.number(2)));
  };
  const auto in = [](const std::string& states) {
    return "SELECT project, endpoint, count(*) FROM outbox WHERE " + states + " GROUP BY project, endpoint";
  };
  each(in("state < 2"), [&](const EndpointKey& endpoint, auto count) { tally_.add_pending(endpoint, count); });
  each(in("state = 2"), [&](const EndpointKey& endpoint, auto count) { tally_.add_dead(endpoint, count); });
  each("SELECT project, endpoint, count FROM outbox_dropped",
       [&](const EndpointKey& endpoint, auto count) { tally_.add_dropped(endpoint, count); });
}

void OutboxWriter::add(const OutboxEntry& entry) {
  const auto& [project, name] = entry.endpoint;
  const bool has_room = tally_.has_room(entry.endpoint);
  auto& into = has_room ? add_ : add_dead_;
  into.bind(project).bind(name).bind(entry.order_key).bind(entry.event_id).bind(entry.type).bind_blob(entry.body);
  into.bind(us(entry.created_at)).bind(us(entry.created_at));
  if (has_room) {
    into.bind(project).bind(name).bind(entry.order_key).run();
    return tally_.add_pending(entry.endpoint);
  }
  into.bind(k_queue_was_full).run();
  tally_.add_dead(entry.endpoint);
  drop_oldest_dead(entry.endpoint);
}

void OutboxWriter::settle(std::uint64_t number, const OutboxVerdict& verdict, Instant now) {
  if (const auto* retry = std::get_if<OutboxRetry>(&verdict)) {
    return retry_.bind(us(retry->at)).bind(retry->problem).bind(static_cast<std::int64_t>(number)).run();
  }
  const auto* dead = std::get_if<OutboxDead>(&verdict);
  if (dead != nullptr) bury_.bind(dead->problem);
  const auto endpoint = leave_line(number, dead != nullptr ? bury_ : drop_, now);
  if (!endpoint) return;
  tally_.drop_pending(*endpoint);
  if (dead == nullptr) return;
  tally_.add_dead(*endpoint);
  drop_oldest_dead(*endpoint);
}

// Two for one: a limit that has been lowered is reached in small steps.
void OutboxWriter::drop_oldest_dead(const EndpointKey& endpoint) {
  for (int i = 0; i < 2 && tally_.must_drop(endpoint); ++i) {
    drop_dead_.bind(endpoint.project).bind(endpoint.name).run();
    note_dropped_.bind(endpoint.project).bind(endpoint.name).run();
  }
}

// `leave` lacks just the number. The next of the line is due now.
std::optional<EndpointKey> OutboxWriter::leave_line(std::uint64_t number, Statement& leave, Instant now) {
  const auto id = static_cast<std::int64_t>(number);
  if (!find_line_.bind(id).step()) {
    leave.reset();
    return std::nullopt;
  }
  EndpointKey endpoint{std::string(find_line_.blob(0)), std::string(find_line_.blob(1))};
  const std::string order_key(find_line_.blob(2));
  find_line_.reset();
  leave.bind(id).run();
  promote_.bind(us(now)).bind(endpoint.project).bind(endpoint.name).bind(order_key).run();
  return endpoint;
}

void OutboxWriter::hurry(const OutboxReplay& which, Instant now, OutboxReplayed& done) {
  const auto* number = std::get_if<std::uint64_t>(&which.which);
  if (number == nullptr) {
    hurry_all_.bind(us(now)).bind(which.project).bind(us(now)).bind(std::get<std::string>(which.which)).run();
    done.count += static_cast<std::size_t>(database_.changes());
  } else if (hurry_one_.bind(us(now)).bind(which.project).bind(static_cast<std::int64_t>(*number)).step()) {
    done.endpoint = hurry_one_.blob(0);
    ++done.count;
    hurry_one_.run();
  }
}

bool OutboxWriter::replay_step(const OutboxReplay& which, Instant now, std::uint64_t& after, OutboxReplayed& done) {
  const auto* number = std::get_if<std::uint64_t>(&which.which);
  if (after == 0) hurry(which, now, done);
  auto& dead = number != nullptr ? dead_one_ : dead_all_;
  dead.bind(which.project).bind(static_cast<std::int64_t>(number != nullptr ? *number : after));
  if (number == nullptr) dead.bind(std::get<std::string>(which.which)).bind(k_step);
  std::vector<OutboxEntry> found;
  while (dead.step()) {
    auto& entry = found.emplace_back();
    entry.number = static_cast<std::uint64_t>(dead.number(0));
    entry.endpoint = {std::string(dead.blob(1)), std::string(dead.blob(2))};
    entry.order_key = dead.blob(3);
  }
  for (const auto& entry : found) {
    if (number != nullptr) done.endpoint = entry.endpoint.name;
    if (!tally_.has_room(entry.endpoint)) return false;
    revive_.bind(us(now)).bind(us(now)).bind(entry.endpoint.project).bind(entry.endpoint.name).bind(entry.order_key);
    revive_.bind(static_cast<std::int64_t>(entry.number)).run();
    tally_.drop_dead(entry.endpoint);
    tally_.add_pending(entry.endpoint);
    after = entry.number;
    ++done.count;
  }
  return number == nullptr && found.size() == k_step;
}

OutboxReader::OutboxReader(Database& database)
    : database_(database),
      due_(database, "SELECT " + k_columns + " FROM outbox WHERE project = ? AND endpoint = ? AND state = 1 AND due_at <= ? "
                     "ORDER BY due_at, number LIMIT ?"),
      next_(database, "SELECT due_at FROM outbox WHERE project = ? AND endpoint = ? AND state = 1 AND due_at > ? ORDER BY due_at LIMIT 1") {}

DueEntries OutboxReader::find_due(const EndpointKey& endpoint, Instant now, std::size_t limit) {
  DueEntries due;
  due_.bind(endpoint.project).bind(endpoint.name).bind(us(now)).bind(static_cast<std::int64_t>(limit));
  while (due_.step()) due.entries.push_back(entry_in(due_));
  if (next_.bind(endpoint.project).bind(endpoint.name).bind(us(now)).step()) due.next = instant(next_.number(0));
  next_.reset();
  return due;
}

std::vector<OutboxEntry> OutboxReader::list(const OutboxQuery& query) {
  const auto text = text_of(query);
  auto& statement = lists_.try_emplace(text, database_, text).first->second;
  statement.bind(query.project).bind(static_cast<std::int64_t>(query.after.value_or(0)));
  if (query.endpoint) statement.bind(*query.endpoint);
  if (query.order_key) statement.bind(*query.order_key);
  statement.bind(static_cast<std::int64_t>(query.limit));
  std::vector<OutboxEntry> entries;
  while (statement.step()) entries.push_back(entry_in(statement));
  return entries;
}

}  // namespace offhook::store
