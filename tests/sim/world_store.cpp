// The server's store, on a disk that may fail.
#include "base/check.hpp"
#include "sim/world_parts.hpp"

namespace offhook::sim {
namespace {

constexpr std::size_t k_short_log_bytes = 64 * 1024;
constexpr std::size_t k_bytes_of_a_record = 2 * 1024;  // more than one takes, so that compaction is worth its while
constexpr std::size_t k_little_room_bytes = 4 * 1024;  // a record of a call or three

bool is_wanted(const core::Record& record, Instant now) {
  const auto* call = std::get_if<core::CallRecord>(&record);
  return call == nullptr || is_needed(*call, now);
}

}  // namespace

void World::open_store() {
  store::SimulatedStore::Options options;
  options.seed = options_.seed * 1'000'003 + servers_;
  options.min_commit = Duration{};
  options.max_commit = options_.max_commit;
  options.broken = [this](const store::StoreError&) { store_is_broken_ = true; };
  disk_.set_capacity(static_cast<std::size_t>(-1));
  disk_has_failed_ = store_is_broken_ = false;
  store_ = std::make_unique<store::SimulatedStore>(disk_, std::move(options));
  store_->advance(now_);
  if (disk_is_slow_) store_->set_delay(options_.slow_commit);
}

// What a server that starts has to go on from.
std::vector<core::Record> World::load_store() {
  open_store();
  auto found = store_->load(server_now() - options_.settings.keep_ended);
  CHECK(found);
  auto records = std::move(*found);
  for (const auto& record : records) observer_.on_found(record);
  std::erase_if(records, [&](const auto& record) { return !is_wanted(record, server_now()); });
  compact_store(records);
  return records;
}

// A log that only grows would be read whole at each of a hundred starts.
void World::compact_store(const std::vector<core::Record>& records) {
  if (disk_.content().size() < k_short_log_bytes + records.size() * k_bytes_of_a_record) return;
  store_.reset();
  disk_ = {};
  store::SimulatedStore copy(disk_, {});
  for (const auto& record : records) copy.put(record, [] {});
  CHECK(disk_.sync(disk_.unsynced()));
  open_store();
}

void World::put_in_store(const core::Record& record) {
  ++puts_;
  store_->put(record, [this] { ++durable_puts_; });
}

// The store calls back from within advance(), where the server must not go: it is served afterwards. A server whose store is broken
// stops, because what cannot be kept is not promised.
void World::advance_store() {
  if (!store_) return;
  store_->advance(now_);
  if (store_is_broken_) return crash_server(false);
  set_store_alarm();
  flush_outbox();
}

void World::set_store_alarm() {
  const auto moment = store_->next_moment();
  if (!moment || *moment >= store_alarm_) return;
  store_alarm_ = *moment;
  at(*moment, [this, alarm = *moment] {
    if (store_alarm_ != alarm) return;
    store_alarm_ = Instant::max();
    advance_store();
  });
}

// --- faults of the disk

void World::fail_disk(DiskFault fault, std::function<void()> then) {
  if (!server_ || disk_has_failed_) return;
  disk_has_failed_ = true;
  observer_.on_fault(std::nullopt, fault == DiskFault::Full ? "the disk is full" : "the disk fails");
  if (fault == DiskFault::Broken) disk_.break_down();
  if (fault == DiskFault::Full) disk_.set_capacity(disk_.content().size() + k_little_room_bytes);
  when_crashed_ = std::move(then);
}

void World::slow_disk(bool is_slow) {
  if (std::exchange(disk_is_slow_, is_slow) == is_slow) return;
  observer_.on_fault(std::nullopt, is_slow ? "the disk is slow" : "the disk is fast again");
  if (store_) store_->set_delay(is_slow ? options_.slow_commit : Duration{});
}

void World::wipe_server() {
  CHECK(!server_);
  disk_ = {};
  observer_.on_fault(std::nullopt, "the server's records are gone");
  observer_.on_amnesia();
}

}  // namespace offhook::sim
