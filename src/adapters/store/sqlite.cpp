#include "adapters/store/sqlite.hpp"

#include <malloc.h>
#include <sqlite3.h>

namespace offhook::store {
namespace {

constexpr int k_kept_heap_bytes = 64 * 1024 * 1024;

constexpr int k_busy_ms = 10'000;  // another process, such as a copy being made, holds the file for so long at most

// Nobody asks how much memory SQLite uses; counting it takes a lock, at each allocation, that its threads share. What a batch of
// records has taken is given back to the heap, but not to the system, which would have to clear the same pages for the next batch.
void set_up_once() {
  [[maybe_unused]] static const int done =
      sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) + mallopt(M_TRIM_THRESHOLD, k_kept_heap_bytes) + mallopt(M_MMAP_THRESHOLD, k_kept_heap_bytes / 16);
}

}  // namespace

Database::Database(const std::string& file, Mode mode) {
  set_up_once();
  const int how = mode == Mode::ReadWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  if (sqlite3_open_v2(file.c_str(), &handle_, how | SQLITE_OPEN_NOMUTEX, nullptr) != SQLITE_OK) fail();
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_busy_timeout(handle_, k_busy_ms);
}

Database::~Database() { sqlite3_close_v2(handle_); }

void Database::fail() {
  if (failure_) return;
  const int code = handle_ == nullptr ? SQLITE_NOMEM : sqlite3_errcode(handle_);
  failure_ = std::string(handle_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle_)) + " (" + std::to_string(code) + ")";
}

void Database::run(const std::string& statements) {
  if (!failure_ && sqlite3_exec(handle_, statements.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail();
}

std::int64_t Database::number(const std::string& query) {
  Statement statement(*this, query);
  return statement.step() ? statement.number(0) : 0;
}

std::string Database::text(const std::string& query) {
  Statement statement(*this, query);
  return statement.step() ? std::string(statement.blob(0)) : std::string();
}

std::int64_t Database::changes() const { return failure_ ? 0 : sqlite3_changes64(handle_); }

std::int64_t Database::last_inserted() const { return failure_ ? 0 : sqlite3_last_insert_rowid(handle_); }

Statement::Statement(Database& database, const std::string& text) : database_(database) {
  if (database.failure_) return;
  if (sqlite3_prepare_v2(database.handle_, text.c_str(), -1, &handle_, nullptr) != SQLITE_OK) database.fail();
}

Statement::~Statement() { sqlite3_finalize(handle_); }

Statement& Statement::bind(std::int64_t value) {
  sqlite3_bind_int64(handle_, ++bound_, value);
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  sqlite3_bind_text64(handle_, ++bound_, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind_blob(std::string_view bytes) {
  sqlite3_bind_blob64(handle_, ++bound_, bytes.data(), bytes.size(), SQLITE_STATIC);
  return *this;
}

Statement& Statement::bind_null() {
  sqlite3_bind_null(handle_, ++bound_);
  return *this;
}

bool Statement::step() {
  const int code = database_.failure_ || handle_ == nullptr ? SQLITE_DONE : sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) database_.fail();
  reset();
  return false;
}

void Statement::reset() {
  sqlite3_reset(handle_);
  bound_ = 0;
}

std::int64_t Statement::number(int column) const { return sqlite3_column_int64(handle_, column); }

bool Statement::is_null(int column) const { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }

std::string_view Statement::blob(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(handle_, column));
  return bytes == nullptr ? std::string_view() : std::string_view(bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column)));
}

}  // namespace offhook::store
