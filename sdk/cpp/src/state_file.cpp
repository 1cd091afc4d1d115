#include "state_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "limits.hpp"
#include "offhook/http.hpp"
#include "wire/codec.hpp"

namespace offhook::client {
namespace {

constexpr std::string_view k_header = "offhook-state 1";
constexpr std::size_t k_max_bytes = 1'048'576;  // far above what 256 entries and the changes between two rewritings take
constexpr std::size_t k_max_lines = 1'024;      // of changes, until the file is made anew
constexpr std::int64_t k_hour_ms = 3'600'000;
constexpr std::int64_t k_keep_done_ms = 24 * k_hour_ms;        // PROTOCOL.md section 8.1
constexpr std::int64_t k_keep_open_ms = 7 * 24 * k_hour_ms;    // the server has forgotten the call by then
constexpr std::string_view k_none = "-";

// --- lines: words separated by blanks, then a sum of them

std::string sum_of(std::string_view text) {  // FNV-1a: against torn and scribbled lines, not against people
  std::uint32_t sum = 2'166'136'261U;
  for (const char c : text) sum = (sum ^ static_cast<unsigned char>(c)) * 16'777'619U;
  char digits[8];
  for (auto& digit : digits) {
    digit = "0123456789abcdef"[sum >> 28];
    sum <<= 4;
  }
  return {digits, sizeof digits};
}

std::string line_of(const std::string& words) { return words + " " + sum_of(words) + "\n"; }

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> words;
  for (auto blank = text.find(' '); blank != std::string_view::npos; blank = text.find(' ')) {
    words.push_back(text.substr(0, blank));
    text.remove_prefix(blank + 1);
  }
  words.push_back(text);
  return words;
}

std::optional<std::int64_t> number_in(std::string_view text) {
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc{} && read.ptr == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

template <class Word>
std::optional<Word> word_in(std::string_view text, Word last) {
  for (int value = 0; value <= static_cast<int>(last); ++value) {
    if (wire::word(static_cast<Word>(value)) == text) return static_cast<Word>(value);
  }
  return std::nullopt;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    unsigned byte = 0;
    if (i + 2 >= text.size() || std::from_chars(&text[i + 1], &text[i + 1] + 2, byte, 16).ptr != &text[i + 1] + 2) return std::nullopt;
    out.push_back(static_cast<char>(byte));
    i += 2;
  }
  return out;
}

constexpr std::string_view k_states[] = {"live", "silenced", "ended"};

std::string words_of(const JournalEntry& entry) {
  const auto reason = entry.reason ? wire::word(*entry.reason) : k_none;
  std::string out = "call " + entry.call_id.text() + " " + std::string(k_states[static_cast<std::size_t>(entry.state)]);
  for (const auto word : {wire::word(entry.role), wire::word(entry.media), wire::word(entry.outcome), reason}) {
    out += " ";
    out += word;
  }
  return out + " " + std::to_string(entry.at_ms) + (entry.seen ? " seen " : " unseen ") +
         (entry.owes ? percent_encoded(*entry.owes) : std::string(k_none)) + " " + percent_encoded(entry.peer);
}

std::optional<JournalEntry> entry_in(const std::vector<std::string_view>& words) {
  if (words.size() != 11) return std::nullopt;
  const auto id = CallId::parse(words[1]);
  const auto state = std::find(std::begin(k_states), std::end(k_states), words[2]);
  const auto role = word_in(words[3], wire::Role::Callee);
  const auto media = wire::parse_media(words[4]);
  const auto outcome = wire::parse_outcome(words[5]);
  const auto reason = word_in(words[6], wire::Reason::PushRefused);
  const auto at_ms = number_in(words[7]);
  const auto owes = percent_decoded(words[9]);
  const auto peer = percent_decoded(words[10]);
  if (!id || state == std::end(k_states) || !role || !media || !outcome || !at_ms || !owes || !peer) return std::nullopt;
  JournalEntry entry{*id, static_cast<JournalState>(state - std::begin(k_states)), *role, *peer, *media, *outcome, reason, *at_ms,
                     words[8] == "seen", {}};
  if (words[9] != k_none) entry.owes = *owes;
  return entry;
}

// Live ones too: after so long nobody is in a call any more that nobody has ended.
bool has_had_its_time(const JournalEntry& entry, std::int64_t now_ms) {
  const bool is_done = entry.state == JournalState::Ended && entry.seen && !entry.owes;
  return now_ms - entry.at_ms > (is_done ? k_keep_done_ms : k_keep_open_ms);
}

// --- files

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// The name of a file is durable when its folder is.
bool sync_folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  const auto folder = slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
  const int opened = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0) return false;
  const bool synced = ::fsync(opened) == 0;
  ::close(opened);
  return synced;
}

}  // namespace

StateFile::StateFile(std::string path, std::int64_t now_ms) : path_(std::move(path)) {
  if (path_.empty() || !open() || !read()) return;
  std::erase_if(entries_, [&](const auto& kept) { return has_had_its_time(kept.second, now_ms); });
  rewrite();
  if (is_damaged_ && !problem_) problem_ = Problem{"state_file", "Parts of " + path_ + " were damaged and are lost; what could be read is kept."};
}

StateFile::~StateFile() {
  if (file_ >= 0) ::close(file_);
}

std::vector<JournalEntry> StateFile::entries() const {
  std::vector<JournalEntry> out;
  for (const auto& [id, entry] : entries_) out.push_back(entry);
  return out;
}

void StateFile::keep_device_id(const DeviceId& id) {
  device_id_ = id;
  append("device " + id);
}

void StateFile::keep(const JournalEntry& entry) {
  if (file_ < 0) return;
  entries_[entry.call_id] = entry;
  append(words_of(entry));
}

void StateFile::forget(CallId id) {
  if (file_ < 0) return;
  entries_.erase(id);
  append("forget " + id.text());
}

std::optional<Problem> StateFile::take_problem() { return std::exchange(problem_, std::nullopt); }

// --- reading

// Whoever has the lock may have given the path to another file meanwhile (rewrite), and then has the lock on that one.
bool StateFile::open() {
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file_ < 0) {
    fail("be opened", errno);
    return false;
  }
  struct stat mine {}, named {};
  const bool is_locked = ::flock(file_, LOCK_EX | LOCK_NB) == 0;
  if (is_locked && ::fstat(file_, &mine) == 0 && ::stat(path_.c_str(), &named) == 0 && mine.st_ino == named.st_ino) return true;
  ::close(std::exchange(file_, -1));
  problem_ = Problem{"state_file", path_ + " is in use by another client; give each device of a user a file of its own. Calls are not remembered."};
  return false;
}

// A file that is something else is left alone.
bool StateFile::read() {
  std::string text;
  char bytes[16'384];
  for (auto count = ::read(file_, bytes, sizeof bytes); count > 0 && text.size() < k_max_bytes; count = ::read(file_, bytes, sizeof bytes)) {
    text.append(bytes, static_cast<std::size_t>(count));
  }
  if (!text.empty() && !text.starts_with(line_of(std::string(k_header)))) {
    ::close(std::exchange(file_, -1));
    problem_ = Problem{"state_file", path_ + " is not a state file of this version and is left alone. Calls are not remembered over a restart."};
    return false;
  }
  // What follows the last line end was being written when the machine stopped: nobody was told of it.
  std::string_view rest = text;
  for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    take_line(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  return true;
}

void StateFile::take_line(std::string_view line) {
  const auto blank = line.rfind(' ');
  const bool is_whole = blank != std::string_view::npos && sum_of(line.substr(0, blank)) == line.substr(blank + 1);
  if (!is_whole || !take_words(split(line.substr(0, blank)))) is_damaged_ = true;
}

bool StateFile::take_words(const std::vector<std::string_view>& words) {
  if (words[0] == "offhook-state") return true;  // checked already
  if (words[0] == "device" && words.size() == 2) {
    device_id_ = words[1];
    return true;
  }
  if (words[0] == "forget" && words.size() == 2) {
    const auto id = CallId::parse(words[1]);
    if (id) entries_.erase(*id);
    return id.has_value();
  }
  auto entry = words[0] == "call" ? entry_in(words) : std::nullopt;
  if (entry) entries_.insert_or_assign(entry->call_id, std::move(*entry));
  return entry.has_value();
}

// --- writing

void StateFile::append(const std::string& words) {
  if (file_ < 0) return;
  if (!write_all(file_, line_of(words)) || ::fsync(file_) != 0) return fail("be written", errno);
  if (++lines_ > k_max_lines) rewrite();
}

// The new file has the lock before it has the name, so there is no moment at which another client could take the path.
void StateFile::rewrite() {
  std::string text = line_of(std::string(k_header));
  if (!device_id_.empty()) text += line_of("device " + device_id_);
  for (const auto& [id, entry] : entries_) text += line_of(words_of(entry));
  const auto beside = path_ + ".new";
  const int made = ::open(beside.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (made < 0) return fail("be written anew", errno);
  const bool is_safe = ::flock(made, LOCK_EX | LOCK_NB) == 0 && write_all(made, text) && ::fsync(made) == 0 &&
                       ::rename(beside.c_str(), path_.c_str()) == 0;
  if (!is_safe) {
    const int error = errno;
    ::close(made);
    return fail("be written anew", error);
  }
  sync_folder_of(path_);  // if that fails, the old file may be back after a power cut: whole, and older
  ::close(std::exchange(file_, made));
  lines_ = 0;
}

void StateFile::fail(const std::string& what, int error) {
  problem_ = Problem{"state_file", path_ + " cannot " + what + ": " + std::strerror(error) + ". Calls go on, but are not remembered over a restart."};
  if (file_ >= 0) ::close(std::exchange(file_, -1));
}

}  // namespace offhook::client
