// Records as bytes and back, after the description of fields.hpp. A reader passes over fields it does not know and leaves those
// that are missing as they were, so that older and newer programs read each other's records. Private to this module.
//
// A field is a key (number × 2, + 1 if bytes follow) and its value; numbers are variable-length, seven bits a byte, low ones
// first; bytes have their length before them; texts, ids and nested records are bytes; a list is its field repeated.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/store/fields.hpp"
#include "base/check.hpp"

namespace offhook::store {

// The last word of each enumeration that is kept. A file holds their numbers: they may grow at the end only.
template <class Enum> inline constexpr Enum k_last{};
template <> inline constexpr auto k_last<wire::Media> = wire::Media::Video;
template <> inline constexpr auto k_last<wire::Phase> = wire::Phase::Ended;
template <> inline constexpr auto k_last<wire::DeviceState> = wire::DeviceState::Moving;
template <> inline constexpr auto k_last<wire::DeclinePolicy> = wire::DeclinePolicy::AllDevices;
template <> inline constexpr auto k_last<wire::GroupMode> = wire::GroupMode::AllJoin;
template <> inline constexpr auto k_last<wire::OwnerLeaves> = wire::OwnerLeaves::Stay;
template <> inline constexpr auto k_last<wire::LegState> = wire::LegState::Ended;
template <> inline constexpr auto k_last<wire::CallWaiting> = wire::CallWaiting::RingAll;
template <> inline constexpr auto k_last<wire::Outcome> = wire::Outcome::MovedElsewhere;
template <> inline constexpr auto k_last<wire::Reason> = wire::Reason::PushRefused;
template <> inline constexpr auto k_last<wire::MediaFailure> = wire::MediaFailure::Device;
template <> inline constexpr auto k_last<core::InputKind> = core::InputKind::Pushed;
template <> inline constexpr auto k_last<core::PushState> = core::PushState::Failed;
template <> inline constexpr auto k_last<wire::PushProvider> = wire::PushProvider::Custom;
template <> inline constexpr auto k_last<wire::VideoType> = wire::VideoType::Custom;
template <> inline constexpr auto k_last<core::NoteKind> = core::NoteKind::PushFailed;

template <class T> inline constexpr bool is_optional = false;
template <class T> inline constexpr bool is_optional<std::optional<T>> = true;
template <class T> inline constexpr bool is_list = false;
template <class T> inline constexpr bool is_list<std::vector<T>> = true;
template <class T> inline constexpr bool is_id = false;
template <class Kind> inline constexpr bool is_id<Id<Kind>> = true;
template <class T> inline constexpr bool is_moment = std::same_as<T, Instant> || std::same_as<T, Duration>;

void append_number(std::string& out, std::uint64_t value);
void append_fixed(std::string& out, std::uint64_t value);  // eight bytes, high ones first
std::uint64_t read_fixed(std::string_view eight_bytes);

// Small whichever sign: 0, -1, 1, -2, …
constexpr std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

// Appends to `out`, nested records in their place.
class BlobWriter {
 public:
  explicit BlobWriter(std::string& out) : out_(out) {}

  template <class T>
  void operator()(unsigned number, const T& value) {
    CHECK(number >= last_);  // the reader relies on the order
    last_ = number;
    if constexpr (is_optional<T>) {
      if (value) (*this)(number, *value);
    } else if constexpr (is_list<T>) {
      for (const auto& item : value) (*this)(number, item);
    } else if constexpr (std::same_as<T, std::string>) {
      put_bytes(number, value);
    } else if constexpr (std::same_as<T, core::TimerKind>) {
      put_bytes(number, core::name_of(value));
    } else if constexpr (is_id<T>) {
      put_number(number * 2 + 1, 16);
      append_fixed(out_, value.high());
      append_fixed(out_, value.low());
    } else if constexpr (std::same_as<T, Instant>) {
      put_number(number * 2, zigzag(value.time_since_epoch().count()));
    } else if constexpr (std::same_as<T, Duration>) {
      put_number(number * 2, zigzag(value.count()));
    } else if constexpr (std::signed_integral<T>) {
      put_number(number * 2, zigzag(value));
    } else if constexpr (std::unsigned_integral<T> || std::is_enum_v<T>) {
      put_number(number * 2, static_cast<std::uint64_t>(value));
    } else {
      put_number(number * 2 + 1, 0);
      const auto place = out_.size();
      BlobWriter inner(out_);
      describe(inner, value);
      set_length(place);
    }
  }

 private:
  void put_number(unsigned key, std::uint64_t value);
  void put_bytes(unsigned number, std::string_view bytes);
  // Of what has been written from `place` on; a zero stands before it.
  void set_length(std::size_t place);

  std::string& out_;
  unsigned last_ = 0;
};

class BlobReader {
 public:
  explicit BlobReader(std::string_view blob) : rest_(blob) { next(); }

  template <class T>
  void operator()(unsigned number, T& value) {
    while (number_ < number) next();
    if constexpr (is_list<T>) {
      value.clear();
      for (; number_ == number; next()) {
        typename T::value_type item{};
        if (read(item)) value.push_back(std::move(item));
      }
    } else if (number_ == number) {
      read_or_leave(value);
      next();
    }
  }

  // Does the blob obey the form up to the last field that was asked for?
  bool is_sound() const { return sound_; }

 private:
  static constexpr unsigned k_no_more = ~0U;

  void next();
  bool take_number(std::uint64_t& out);
  void fail();

  template <class T>
  void read_or_leave(T& value) {
    if constexpr (is_optional<T>) {
      typename T::value_type inner{};
      if (read(inner)) value = std::move(inner);
    } else {
      read(value);
    }
  }

  // False: a word of a later version, or malformed (then is_sound() is false as well).
  template <class T>
  bool read(T& value);

  std::string_view rest_;
  unsigned number_ = k_no_more;  // of the field at hand
  bool has_bytes_ = false;
  std::uint64_t value_ = 0;
  std::string_view bytes_;
  bool sound_ = true;
};

// Appends to `out`.
template <class Record>
void append_blob(std::string& out, const Record& record) {
  BlobWriter writer(out);
  describe(writer, record);
}

// Of a call all but its time line.
inline void append_state(std::string& out, const core::CallRecord& call) {
  BlobWriter writer(out);
  describe_state(writer, call);
}

template <class Record>
std::string to_blob(const Record& record) {
  std::string out;
  append_blob(out, record);
  return out;
}

// False: these are not the bytes of a record; `record` is then in part read.
template <class Record>
bool from_blob(std::string_view blob, Record& record) {
  BlobReader reader(blob);
  describe(reader, record);
  return reader.is_sound();
}

template <class T>
bool BlobReader::read(T& value) {
  constexpr bool is_number = std::integral<T> || is_moment<T> || (std::is_enum_v<T> && !std::same_as<T, core::TimerKind>);
  constexpr bool wants_bytes = !is_number;
  if (has_bytes_ != wants_bytes) {
    fail();
  } else if constexpr (std::same_as<T, std::string>) {
    value = bytes_;
  } else if constexpr (std::same_as<T, core::TimerKind>) {
    const auto kind = core::timer_named(bytes_);
    if (!kind) return false;
    value = *kind;
  } else if constexpr (is_id<T>) {
    if (bytes_.size() != 16) fail();
    if (sound_) value = T(read_fixed(bytes_.substr(0, 8)), read_fixed(bytes_.substr(8)));
  } else if constexpr (std::same_as<T, Instant>) {
    value = Instant{Duration{unzigzag(value_)}};
  } else if constexpr (std::same_as<T, Duration>) {
    value = Duration{unzigzag(value_)};
  } else if constexpr (std::same_as<T, bool>) {
    value = value_ != 0;
  } else if constexpr (std::signed_integral<T>) {
    value = static_cast<T>(unzigzag(value_));
  } else if constexpr (std::unsigned_integral<T>) {
    value = static_cast<T>(value_);
  } else if constexpr (std::is_enum_v<T>) {
    if (value_ > static_cast<std::uint64_t>(k_last<T>)) return false;
    value = static_cast<T>(value_);
  } else if (!from_blob(bytes_, value)) {
    fail();
  }
  return sound_;
}

}  // namespace offhook::store
