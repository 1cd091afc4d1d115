#include "adapters/store/blob.hpp"

#include <gtest/gtest.h>

namespace offhook::store {
namespace {

// Gives every field a value of its own that is not its default, and counts the fields.
class Filler {
 public:
  template <class T>
  void operator()(unsigned, T& value) {
    ++fields_;
    if constexpr (is_optional<T>) {
      (*this)(0, value.emplace());
    } else if constexpr (is_list<T>) {
      for (int i = 0; i < 2; ++i) (*this)(0, value.emplace_back());
    } else if constexpr (std::same_as<T, std::string>) {
      value = "text " + std::to_string(fields_);
    } else if constexpr (is_id<T>) {
      value = T(fields_, ~std::uint64_t{fields_});
    } else if constexpr (std::same_as<T, core::TimerKind>) {
      value = core::TimerKind::Alone;
    } else if constexpr (std::same_as<T, Instant>) {
      value = Instant{Duration{-1'700'000'000'000'000 - static_cast<std::int64_t>(fields_)}};
    } else if constexpr (std::same_as<T, Duration>) {
      value = Duration{fields_};
    } else if constexpr (std::same_as<T, bool>) {
      value = true;
    } else if constexpr (std::integral<T>) {
      value = static_cast<T>(300 + fields_);
    } else if constexpr (std::is_enum_v<T>) {
      value = k_last<T>;
    } else {
      describe(*this, value);
    }
  }

 private:
  unsigned fields_ = 0;
};

template <class Record>
Record filled() {
  Record record;
  Filler filler;
  describe(filler, record);
  return record;
}

template <class Record>
class EveryRecord : public testing::Test {};
using Records = testing::Types<core::CallRecord, core::SessionRecord, core::RulesRecord, core::MissedRecord, core::WithdrawnRecord,
                               core::SeenRecord, core::GoneRecord, core::ConnectionRecord, core::CallInputs, core::ProjectRecord, core::PushRecord>;
TYPED_TEST_SUITE(EveryRecord, Records);

// The bytes are compared, since the structs have no equality; that they say something is shown by the next tests.
TYPED_TEST(EveryRecord, SurvivesTheRoundTripWithEveryFieldSet) {
  const auto blob = to_blob(filled<TypeParam>());
  TypeParam read;
  ASSERT_TRUE(from_blob(blob, read));
  EXPECT_EQ(to_blob(read), blob);
  EXPECT_NE(to_blob(TypeParam{}), blob);
}

TYPED_TEST(EveryRecord, ThatIsCutInTheMiddleOfAFieldIsNoRecord) {
  const auto blob = to_blob(filled<TypeParam>());
  std::size_t beginnings = 0;
  for (std::size_t size = 0; size < blob.size(); ++size) {
    TypeParam read;
    const auto part = blob.substr(0, size);
    if (!from_blob(part, read)) continue;
    ++beginnings;
    TypeParam again;
    EXPECT_TRUE(from_blob(to_blob(read), again));
  }
  EXPECT_LT(beginnings, blob.size() / 2 + 1) << "most cuts are noticed";
}

// Not by way of the description: each field of the struct must be in it.
TEST(CallBlob, HoldsWhatTheCallHolds) {
  const auto call = filled<core::CallRecord>();
  core::CallRecord read;
  ASSERT_TRUE(from_blob(to_blob(call), read));
  EXPECT_EQ(read.id, call.id);
  EXPECT_EQ(read.version, call.version);
  EXPECT_EQ(read.caller_leg.devices.at(1).name, call.caller_leg.devices.at(1).name);
  EXPECT_EQ(read.legs.at(1).deadlines.at(1).kind, core::TimerKind::Alone);
  EXPECT_EQ(read.legs.at(0).devices.at(0).lost_since, call.legs.at(0).devices.at(0).lost_since);
  EXPECT_EQ(read.plan.own_drop_grace, call.plan.own_drop_grace);
  EXPECT_EQ(read.group->users, call.group->users);
  EXPECT_EQ(read.reason, wire::Reason::PushRefused);
  EXPECT_EQ(read.created_at, call.created_at);
}

TEST(CallBlob, TheSwitchesOfAnInputComeBackOneByOne) {
  for (int set = 0; set < 7; ++set) {
    core::CallInput input;
    bool* const all[] = {&input.busy, &input.in_call, &input.named, &input.joined, &input.silent, &input.by_backend, &input.has_push_address};
    *all[set] = true;
    core::CallInput read;
    ASSERT_TRUE(from_blob(to_blob(input), read));
    const bool got[] = {read.busy, read.in_call, read.named, read.joined, read.silent, read.by_backend, read.has_push_address};
    for (int i = 0; i < 7; ++i) EXPECT_EQ(got[i], i == set);
  }
}

TEST(CallBlob, ALongNestedRecordHasItsLength) {
  core::CallRecord call;
  call.data = std::string(20'000, 'd');
  call.caller_leg.devices.push_back({std::string(200, 'x'), std::string(17'000, 'y'), {}, {}, {}, false, false, false, {}, false, {}});
  core::CallRecord read;
  ASSERT_TRUE(from_blob(to_blob(call), read));
  EXPECT_EQ(read.data, call.data);
  EXPECT_EQ(read.caller_leg, call.caller_leg);
}

TEST(CallBlob, WhatIsMissingKeepsItsDefaultAndWhatIsNewIsPassedOver) {
  std::string blob;
  append_number(blob, 2 * 2);  // version
  append_number(blob, 7);
  append_number(blob, 500 * 2 + 1);  // a field of a later version, with bytes
  append_number(blob, 3);
  blob += "abc";
  append_number(blob, 501 * 2);  // and one with a number
  append_number(blob, 1'000'000);
  core::CallRecord read;
  ASSERT_TRUE(from_blob(blob, read));
  EXPECT_EQ(read.version, 7U);
  EXPECT_EQ(read.phase, wire::Phase::Inviting);
  EXPECT_FALSE(read.outcome);
  EXPECT_TRUE(read.legs.empty());
}

// A new field between known ones happens in nested records: their later fields follow in the outer record.
TEST(CallBlob, ANewFieldOfANestedRecordIsPassedOver) {
  std::string device;
  append_number(device, 1 * 2 + 1);
  append_number(device, 1);
  device += "d";
  append_number(device, 77 * 2);
  append_number(device, 1);
  std::string leg;
  append_number(leg, 2 * 2 + 1);
  append_number(leg, device.size());
  leg += device;
  append_number(leg, 10 * 2);  // silent
  append_number(leg, 1);
  core::LegRecord read;
  ASSERT_TRUE(from_blob(leg, read));
  EXPECT_EQ(read.devices.at(0).device, "d");
  EXPECT_TRUE(read.silent);
}

TEST(CallBlob, AWordOfALaterVersionIsLeftOut) {
  std::string blob;
  append_number(blob, 20 * 2);  // reason
  append_number(blob, 200);
  core::CallRecord read;
  ASSERT_TRUE(from_blob(blob, read));
  EXPECT_FALSE(read.reason);
}

TEST(CallBlob, BytesInPlaceOfANumberAreNoRecord) {
  std::string blob;
  append_number(blob, 2 * 2 + 1);
  append_number(blob, 1);
  blob += "x";
  core::CallRecord read;
  EXPECT_FALSE(from_blob(blob, read));
  EXPECT_FALSE(from_blob("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", read));
}

// The bytes of the first release. If this fails, files that exist cannot be read any more.
TEST(CallBlob, OldBytesKeepTheirMeaning) {
  core::SessionRecord session;
  const std::string id_and_project("\x03\x10\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x02\x05\x01" "7\x06\xd0\x0f", 24);
  ASSERT_TRUE(from_blob(id_and_project, session));
  EXPECT_EQ(session.id, SessionId(1, 2));
  EXPECT_EQ(session.project, "7");
  EXPECT_EQ(session.created_at, Instant{Duration{1000}});
  EXPECT_FALSE(session.mutes_new_streams);
  EXPECT_EQ(to_blob(session), id_and_project + std::string("\x08\0", 2)) << "and what has been added";
}

}  // namespace
}  // namespace offhook::store
