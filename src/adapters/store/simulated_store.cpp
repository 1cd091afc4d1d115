#include "adapters/store/simulated_store.hpp"

#include "adapters/store/blob.hpp"
#include "adapters/store/kinds.hpp"

namespace offhook::store {
namespace {

// The first byte of an entry: a kind of kinds.hpp, or one of these.
constexpr char k_call = 'c', k_gone = 'g', k_purge = 'p', k_forget = 'f';

constexpr std::size_t k_head_bytes = 16;  // of an entry in the log: its length, its checksum

std::uint64_t checksum(std::string_view bytes) {
  std::uint64_t sum = 0xcbf29ce484222325ULL;  // FNV-1a
  for (const char byte : bytes) sum = (sum ^ static_cast<unsigned char>(byte)) * 0x100000001b3ULL;
  return sum;
}

std::string in_frame(const std::string& entry) {
  std::string frame;
  append_fixed(frame, entry.size());
  append_fixed(frame, checksum(entry));
  return frame + entry;
}

// The entry at the beginning of `log`; nothing if what is there is no whole entry.
std::optional<std::string_view> entry_at(std::string_view log) {
  if (log.size() < k_head_bytes) return std::nullopt;
  const auto size = read_fixed(log.substr(0, 8));
  if (size == 0 || size > log.size() - k_head_bytes) return std::nullopt;
  const auto entry = log.substr(k_head_bytes, size);
  return checksum(entry) == read_fixed(log.substr(8, 8)) ? std::optional(entry) : std::nullopt;
}

template <class Record>
char kind_of(const Record&) {
  return static_cast<char>('0' + k_kind<Record>);
}
char kind_of(const core::GoneRecord&) { return k_gone; }

template <class Record>
std::string entry_of(const Record& record) {
  return kind_of(record) + to_blob(record);
}

// The body behind its length, then the inputs.
std::string entry_of(const core::CallRecord& record) {
  const auto body = to_blob(record);
  std::string entry(1, k_call);
  append_fixed(entry, body.size());
  entry += body;
  return record.inputs ? entry + to_blob(*record.inputs) : entry;
}

void keep_call(MemoryStore& index, std::string_view entry) {
  const auto size = read_fixed(entry.substr(0, 8));
  core::CallRecord record;
  CHECK(from_blob(entry.substr(8, size), record));
  if (const auto rest = entry.substr(8 + size); !rest.empty()) {
    auto inputs = std::make_shared<core::CallInputs>();
    CHECK(from_blob(rest, *inputs));
    record.inputs = std::move(inputs);
  }
  index.keep(std::move(record));
}

template <class Record>
void keep(MemoryStore& index, std::string_view blob) {
  Record record;
  CHECK(from_blob(blob, record));  // its checksum was right
  index.keep(std::move(record));
}

}  // namespace

SimulatedStore::SimulatedStore(SimulatedDisk& disk, Options options)
    : disk_(disk), options_(std::move(options)), chance_(Seed{static_cast<std::uint32_t>(options_.seed), static_cast<std::uint32_t>(options_.seed >> 32)}) {
  const auto log = disk_.content();
  std::size_t end = 0;
  while (const auto entry = entry_at(std::string_view(log).substr(end))) {
    apply(*entry);
    end += k_head_bytes + entry->size();
  }
  disk_.sync(disk_.unsynced());
  disk_.truncate(end);  // what lies behind a hole was never called durable
}

void SimulatedStore::put(core::Record record, std::function<void()> durable) {
  write(std::visit([](const auto& one) { return entry_of(one); }, record), std::move(durable));
}

void SimulatedStore::purge(Instant ended_before, std::function<void()> done) {
  std::string entry(1, k_purge);
  append_fixed(entry, static_cast<std::uint64_t>(ended_before.time_since_epoch().count()));
  write(std::move(entry), std::move(done));
}

void SimulatedStore::forget_user(const UserKey& user, std::function<void()> done) { write(k_forget + to_blob(user), std::move(done)); }

void SimulatedStore::write(std::string entry, std::function<void()> durable) {
  if (broken_) return;
  if (!disk_.append(in_frame(entry))) return break_off("the simulated disk is full");
  waiting_.push_back({std::move(entry), std::move(durable)});
  if (!commit_over_) begin_commit();
}

// Whatever has been written so far goes into it.
void SimulatedStore::begin_commit() {
  committing_ = waiting_.size();
  const auto range = static_cast<std::uint64_t>((options_.max_commit - options_.min_commit).count());
  commit_over_ = now_ + options_.min_commit + Duration{chance_.below(range + 1)} + delay_;
}

void SimulatedStore::advance(Instant now) {
  now_ = now;
  if (!commit_over_ || *commit_over_ > now) return;
  commit_over_.reset();
  if (!disk_.sync(committing_)) return break_off("the simulated disk cannot be synced");
  std::vector<std::function<void()>> durable;
  for (; committing_ > 0; --committing_) {
    apply(waiting_.front().entry);
    durable.push_back(std::move(waiting_.front().durable));
    waiting_.pop_front();
  }
  if (!waiting_.empty()) begin_commit();
  for (const auto& tell : durable) tell();
}

void SimulatedStore::break_off(const std::string& why) {
  broken_ = true;
  commit_over_.reset();
  options_.broken({StoreError::Kind::Broken, why});
}

void SimulatedStore::apply(std::string_view entry) {
  const auto blob = entry.substr(1);
  switch (entry.front()) {
    case k_call: return keep_call(*index_, blob);
    case k_gone: return keep<core::GoneRecord>(*index_, blob);
    case '0' + k_kind<core::SessionRecord>: return keep<core::SessionRecord>(*index_, blob);
    case '0' + k_kind<core::RulesRecord>: return keep<core::RulesRecord>(*index_, blob);
    case '0' + k_kind<core::MissedRecord>: return keep<core::MissedRecord>(*index_, blob);
    case '0' + k_kind<core::WithdrawnRecord>: return keep<core::WithdrawnRecord>(*index_, blob);
    case '0' + k_kind<core::SeenRecord>: return keep<core::SeenRecord>(*index_, blob);
    case '0' + k_kind<core::ConnectionRecord>: return keep<core::ConnectionRecord>(*index_, blob);
    case '0' + k_kind<core::ProjectRecord>: return keep<core::ProjectRecord>(*index_, blob);
    case '0' + k_kind<core::PushRecord>: return keep<core::PushRecord>(*index_, blob);
    case k_purge: return index_->purge(Instant{Duration{static_cast<std::int64_t>(read_fixed(blob))}}, [] {});
    case k_forget: {
      UserKey user;
      CHECK(from_blob(blob, user));
      return index_->forget_user(user, [] {});
    }
  }
}

}  // namespace offhook::store
