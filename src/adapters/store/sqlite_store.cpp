#include "adapters/store/sqlite_store.hpp"

#include <atomic>
#include <thread>
#include <unordered_map>

#include "adapters/store/mailbox.hpp"
#include "adapters/store/outbox_tables.hpp"
#include "adapters/store/record_tables.hpp"
#include "adapters/store/schema.hpp"
#include "adapters/store/sealing.hpp"

namespace offhook::store {
namespace {

constexpr std::size_t k_max_batch = 2'000;    // records in one commit: about 20 ms of work
constexpr std::size_t k_max_read_batch = 16;  // questions taken from the mailbox at once

// The log is copied into the database every 16 MiB: rarely enough to write a page once that has changed many times, often
// enough to be quick.
constexpr std::string_view k_writer_pragmas =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4096; PRAGMA journal_size_limit = 67108864;"
    "PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;";
constexpr std::string_view k_reader_pragmas = "PRAGMA query_only = 1; PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;";

// Work in small steps, each a transaction of its own, between two commits of puts. `step` says whether there is more.
struct Chore {
  std::function<bool(RecordWriter&)> step;
  std::function<void()> done;
  std::function<bool(OutboxWriter&)> outbox_step = {};  // instead of the other
};

struct Put {
  Row row;
  std::vector<OutboxEntry> entries;  // to be kept in the same commit
};

// A step that only concerns the outbox.
struct OutboxStep {
  std::function<void(OutboxWriter&)> take;
};

using Job = std::variant<Put, OutboxStep, Chore>;

// The thread that writes. `settled` is called on it with how many puts and steps of the outbox more are durable, `done` with what follows
// a chore, `full` with what is to be told of the outbox, `failed`
// once, when nothing more will be written.
class Writer {
 public:
  Writer(Database& database, const OutboxLimits& limits, std::function<void(std::size_t)> settled, std::function<void(std::function<void()>)> done,
         std::function<void(std::vector<OutboxFull>)> full, std::function<void(const std::string&)> failed)
      : database_(database),
        settled_(std::move(settled)),
        done_(std::move(done)),
        full_(std::move(full)),
        failed_(std::move(failed)),
        records_(database),
        outbox_(database, limits) {
    for (const auto& user : records_.half_forgotten()) chores_.push_back(forgetting(user, [] {}));
  }

  void start() { thread_ = std::jthread([this] { work(); }); }
  void put(Job job) { jobs_.put(std::move(job)); }
  // Waits until everything put is written; chores are left where they are.
  void stop() {
    jobs_.close();
    if (thread_.joinable()) thread_.join();
  }

  static Chore forgetting(const UserKey& user, std::function<void()> done) {
    return {[user](RecordWriter& records) { return records.forget_step(user); }, std::move(done)};
  }

 private:
  void work() {
    for (;;) {
      auto batch = jobs_.take(k_max_batch, chores_.empty());
      if (batch.empty() && jobs_.is_closed()) return;
      if (!batch.empty()) write(batch);
      if (!chores_.empty()) do_chore();
      if (database_.failure()) return failed_(*database_.failure());
    }
  }

  void write(std::deque<Job>& batch) {
    std::size_t settled = 0;
    begin_.run();
    for (auto& job : batch) {
      if (auto* chore = std::get_if<Chore>(&job)) {
        chores_.push_back(std::move(*chore));
        continue;
      }
      ++settled;
      if (const auto* put = std::get_if<Put>(&job)) {
        records_.write(put->row);
        for (const auto& entry : put->entries) outbox_.add(entry);
      } else {
        std::get<OutboxStep>(job).take(outbox_);
      }
    }
    commit_.run();
    if (database_.failure()) return;
    if (settled > 0) settled_(settled);
    tell_news();
  }

  void tell_news() {
    if (auto news = outbox_.tally().take_news(); !news.empty()) full_(std::move(news));
  }

  void do_chore() {
    begin_.run();
    auto& chore = chores_.front();
    const bool more = chore.step ? chore.step(records_) : chore.outbox_step(outbox_);
    commit_.run();
    if (database_.failure()) return;
    tell_news();
    if (more) return;
    done_(std::move(chores_.front().done));
    chores_.pop_front();
  }

  Database& database_;
  const std::function<void(std::size_t)> settled_;
  const std::function<void(std::function<void()>)> done_;
  const std::function<void(std::vector<OutboxFull>)> full_;
  const std::function<void(const std::string&)> failed_;
  Statement begin_{database_, "BEGIN IMMEDIATE"}, commit_{database_, "COMMIT"};
  RecordWriter records_;
  OutboxWriter outbox_;
  std::deque<Chore> chores_;
  Mailbox<Job> jobs_;
  std::jthread thread_;
};

// Whom a question is put to.
struct Readers {
  explicit Readers(Database& database) : records(database), outbox(database) {}
  RecordReader records;
  OutboxReader outbox;
};

// The thread that reads.
class Reader {
 public:
  using Question = std::function<void(Database&, Readers&)>;

  explicit Reader(const std::string& file) : database_(file, Database::Mode::ReadOnly), readers_(database_) {
    database_.run(std::string(k_reader_pragmas));
  }

  const std::optional<std::string>& failure() const { return database_.failure(); }
  void start() { thread_ = std::jthread([this] { work(); }); }
  void ask(Question question) { questions_.put(std::move(question)); }
  void stop() {
    stopped_ = true;
    questions_.close();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void work() {
    for (auto batch = questions_.take(k_max_read_batch, true); !batch.empty(); batch = questions_.take(k_max_read_batch, true)) {
      for (const auto& question : batch) {
        if (stopped_) return;
        question(database_, readers_);
      }
    }
  }

  Database database_;
  Readers readers_;
  Mailbox<Question> questions_;
  std::atomic<bool> stopped_ = false;
  std::jthread thread_;
};

class SqliteStore : public DurableStore {
 public:
  SqliteStore(SqliteOptions options, std::unique_ptr<Database> database)
      : options_(std::move(options)),
        database_(std::move(database)),
        writer_(*database_, options_.outbox, [this](auto count) { on_settled(count); },
                [this](auto done) { options_.post(std::move(done)); }, [this](auto news) { on_full(std::move(news)); }, [this](const auto& why) { on_failed(why); }),
        reader_(options_.file) {}

  // Not before the statements of both fit the tables. Nothing, or what does not.
  std::optional<std::string> start() {
    if (const auto failure = database_->failure() ? database_->failure() : reader_.failure()) return failure;
    writer_.start();
    reader_.start();
    return std::nullopt;
  }

  ~SqliteStore() override {
    reader_.stop();
    writer_.stop();
  }

  void put(core::Record record, std::function<void()> durable) override { put_with(std::move(record), {}, std::move(durable)); }

  void put_with(core::Record record, std::vector<OutboxEntry> entries, std::function<void()> durable) override {
    if (is_broken_) return;
    wait(std::move(durable));
    const auto* call = std::get_if<core::CallRecord>(&record);
    writer_.put(Put{call != nullptr ? row_of_call(*call) : row_of(record, options_.keys.get()), std::move(entries)});
  }

  void add(std::vector<OutboxEntry> entries, std::function<void()> durable) override {
    if (is_broken_) return;
    const auto add = [entries = std::move(entries)](OutboxWriter& outbox) {
      for (const auto& entry : entries) outbox.add(entry);
    };
    wait(std::move(durable));
    writer_.put(OutboxStep{add});
  }

  void settle(std::uint64_t number, OutboxVerdict verdict, Instant now, std::function<void()> durable) override {
    const auto settle = [=, verdict = std::move(verdict)](OutboxWriter& outbox) { outbox.settle(number, verdict, now); };
    waiting_.push_back({std::move(durable), false});
    writer_.put(OutboxStep{settle});
  }

  void replay(const OutboxReplay& which, Instant now, std::function<void(OutboxReplayed)> done) override {
    auto replayed = std::make_shared<OutboxReplayed>();
    const auto step = [=, after = std::uint64_t{0}](OutboxWriter& outbox) mutable { return outbox.replay_step(which, now, after, *replayed); };
    writer_.put(Chore{{}, [replayed, done = std::move(done)] { done(*replayed); }, step});
  }

  void count(const ProjectId& project, std::function<void(std::vector<OutboxCounts>)> found) override {
    auto counts = std::make_shared<std::vector<OutboxCounts>>();
    const auto step = [=](OutboxWriter& outbox) { *counts = outbox.tally().of_project(project); };
    waiting_.push_back({[counts, found = std::move(found)] { found(std::move(*counts)); }, false});
    writer_.put(OutboxStep{step});
  }

  void find_due(const EndpointKey& endpoint, Instant now, std::size_t limit, std::function<void(std::optional<DueEntries>)> found) override {
    ask<DueEntries>([=](Readers& readers) { return readers.outbox.find_due(endpoint, now, limit); },
                    [found = std::move(found)](auto answer) { found(answer ? std::optional(std::move(answer.value())) : std::nullopt); });
  }

  void list(const OutboxQuery& query, std::function<void(std::optional<std::vector<OutboxEntry>>)> found) override {
    ask<std::vector<OutboxEntry>>(
        [query](Readers& readers) { return readers.outbox.list(query); },
        [found = std::move(found)](auto answer) { found(answer ? std::optional(std::move(answer.value())) : std::nullopt); });
  }

  std::size_t pending() const override { return pending_; }

  void find_call(const CallId& id, OnCall found) override {
    ask<std::optional<core::CallRecord>>([id](Readers& readers) { return readers.records.find_call(id); }, std::move(found));
  }

  void find_inputs(const CallId& id, OnInputs found) override {
    ask<std::shared_ptr<const core::CallInputs>>([id](Readers& readers) { return readers.records.find_inputs(id); }, std::move(found));
  }

  void list_calls(const CallQuery& query, OnCalls found) override {
    ask<std::vector<core::CallRecord>>([query](Readers& readers) { return readers.records.list_calls(query); }, std::move(found));
  }

  Found<std::vector<core::Record>> load(Instant ended_since) override {
    Database database(options_.file, Database::Mode::ReadOnly);
    RecordReader records(database, options_.keys.get());
    auto found = records.load(ended_since);
    if (database.failure()) return broken("cannot be read: " + *database.failure());
    if (records.has_met_nonsense()) return broken("is damaged: it holds a record that makes no sense");
    return found;
  }

  void purge(Instant ended_before, std::function<void()> done) override {
    writer_.put(Chore{[ended_before](RecordWriter& records) { return records.purge_step(ended_before); }, std::move(done)});
  }

  void forget_user(const UserKey& user, std::function<void()> done) override {
    // Two steps at least, so that the intention is durable before the first call is changed.
    auto begun = std::make_shared<bool>(false);
    writer_.put(Chore{[user, begun](RecordWriter& records) {
                        if (std::exchange(*begun, true)) return records.forget_step(user);
                        records.start_forgetting(user);
                        return true;
                      },
                      std::move(done)});
  }

 private:
  // What is called when a put, or a step of the outbox, is durable; in their order.
  struct Waiting {
    std::function<void()> durable;
    bool is_pending = false;  // counts as such
  };

  void wait(std::function<void()> durable) {
    waiting_.push_back({std::move(durable), true});
    ++pending_;
  }

  // Of a call that has been put before just what its time line has more: it only grows.
  Row row_of_call(const core::CallRecord& call) {
    const auto known = written_notes_.find(call.id);
    auto row = store::row_of(call, known == written_notes_.end() ? std::nullopt : std::optional(known->second));
    if (!call.ended_at) {
      written_notes_.insert_or_assign(call.id, call.notes.size());
    } else if (known != written_notes_.end()) {
      written_notes_.erase(known);
    }
    return row;
  }

  StoreError broken(const std::string& what) const { return {StoreError::Kind::Broken, options_.file + " " + what}; }

  // On the writer's thread.
  void on_settled(std::size_t count) {
    options_.post([this, count] {
      for (std::size_t i = 0; i < count; ++i) {
        const auto one = std::move(waiting_.front());
        waiting_.pop_front();
        if (one.is_pending) --pending_;
        one.durable();
      }
    });
  }

  // On the writer's thread.
  void on_full(std::vector<OutboxFull> news) {
    options_.post([this, news = std::move(news)] {
      for (const auto& one : news) full_(one);
    });
  }

  // On the writer's or the reader's thread.
  void on_failed(const std::string& why) {
    options_.post([this, error = broken("can keep nothing more: " + why)] { break_off(error); });
  }

  void break_off(const StoreError& why) {
    if (!std::exchange(is_broken_, true)) options_.broken(why);
  }

  template <class T>
  void ask(std::function<T(Readers&)> read, std::function<void(Found<T>)> found) {
    if (reads_ >= k_max_pending_reads) {
      return found(StoreError{StoreError::Kind::Busy, "too many questions wait for " + options_.file});
    }
    ++reads_;
    reader_.ask([this, read = std::move(read), found = std::move(found)](Database& database, Readers& readers) {
      auto answer = std::make_shared<Found<T>>(read(readers));
      if (readers.records.has_met_nonsense()) *answer = broken("is damaged: it holds a record that makes no sense");
      if (database.failure()) *answer = broken("cannot be read: " + *database.failure());
      options_.post([this, found, answer] {
        --reads_;
        if (!*answer) break_off(answer->error());
        found(std::move(*answer));
      });
    });
  }

  const SqliteOptions options_;
  const std::unique_ptr<Database> database_;  // the writer's
  Writer writer_;
  Reader reader_;
  std::deque<Waiting> waiting_;  // as many as are with the writer
  std::unordered_map<CallId, std::size_t> written_notes_;  // of calls that go on
  std::size_t pending_ = 0, reads_ = 0;
  bool is_broken_ = false;
};

}  // namespace

Found<std::unique_ptr<DurableStore>> open_sqlite(SqliteOptions options) {
  auto database = std::make_unique<Database>(options.file, Database::Mode::ReadWrite);
  auto problem = check_schema(*database);
  if (!problem) problem = check_secrets(*database, options.keys.get());
  if (!problem) problem = upgrade_schema(*database);  // a file that is refused stays good for the program of before
  if (!problem) problem = seal_secrets(*database, options.keys.get());
  if (!problem) database->run(std::string(k_writer_pragmas));
  if (!problem && options.max_pages > 0) database->run("PRAGMA max_page_count = " + std::to_string(options.max_pages));
  std::unique_ptr<SqliteStore> store;
  if (!problem) {
    store = std::make_unique<SqliteStore>(options, std::move(database));
    if (const auto failure = store->start()) problem = "cannot be used: " + *failure;
  }
  if (problem) return StoreError{StoreError::Kind::Broken, options.file + " " + *problem};
  return std::unique_ptr<DurableStore>(std::move(store));
}

}  // namespace offhook::store
