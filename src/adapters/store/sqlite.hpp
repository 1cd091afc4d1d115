// A thin cover over SQLite: one database connection and its prepared statements, each used by one thread at a time.
//
// The first failure stays: from then on every statement of the connection does nothing, so that a transaction is written
// without a question after each step, and failure() is asked once before it is committed. Private to this module.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace offhook::store {

class Database {
 public:
  enum class Mode { ReadWrite, ReadOnly };

  // Creates the file if it may be written; failure() says what went wrong.
  Database(const std::string& file, Mode mode);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void run(const std::string& statements);
  std::int64_t number(const std::string& query);  // the first column of the first row; 0 if there is none
  std::string text(const std::string& query);

  // What SQLite said, with the name of the result code.
  const std::optional<std::string>& failure() const { return failure_; }
  void forget_failure() { failure_.reset(); }
  std::int64_t changes() const;  // rows changed by the last statement
  std::int64_t last_inserted() const;  // rowid

 private:
  friend class Statement;
  void fail();

  sqlite3* handle_ = nullptr;
  std::optional<std::string> failure_;
};

// Bind the parameters in their order, then run(), or step() through the rows. Texts and blobs that are bound must stay where
// they are until then; what a column gives is good until the next step.
class Statement {
 public:
  Statement(Database& database, const std::string& text);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(std::int64_t value);
  Statement& bind(std::string_view text);
  Statement& bind_blob(std::string_view bytes);
  Statement& bind_null();
  template <class T>
  Statement& bind_optional(const std::optional<T>& value) { return value ? bind(*value) : bind_null(); }

  // True: there is a row. Otherwise the statement is ready for new parameters.
  bool step();
  void run() { while (step()) {} }
  // Ready for new parameters before the last row.
  void reset();

  std::int64_t number(int column) const;
  bool is_null(int column) const;
  std::string_view blob(int column) const;  // of a text as well

 private:
  Database& database_;
  sqlite3_stmt* handle_ = nullptr;
  int bound_ = 0;
};

}  // namespace offhook::store
