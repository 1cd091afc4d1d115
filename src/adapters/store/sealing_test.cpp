// Secrets in the data folder: sealed, opened, rotated, lost, and changed by somebody.
#include "adapters/store/sealing.hpp"

#include <sys/stat.h>

#include <fstream>

#include "adapters/store/blob.hpp"
#include "adapters/store/kinds.hpp"
#include "adapters/store/sqlite_store.hpp"
#include "adapters/store/store_testing.hpp"

namespace offhook::store {
namespace {

Keyring::Key key_of(unsigned char byte) {
  Keyring::Key key;
  key.fill(byte);
  return key;
}

TEST(Keys, WhatIsSealedIsOpenedByItsKeyAloneAndInItsPlaceAlone) {
  const Keyring one({key_of(1)}), other({key_of(2)});
  const auto sealed = one.seal("the secret", "project 1");
  EXPECT_EQ(sealed.find("secret"), std::string::npos);
  EXPECT_NE(sealed, one.seal("the secret", "project 1")) << "a nonce for each";
  EXPECT_EQ(one.open(sealed, "project 1").value(), "the secret");
  EXPECT_EQ(one.open(sealed, "project 2").error(), Keyring::Failure::Damaged);
  EXPECT_EQ(other.open(sealed, "project 1").error(), Keyring::Failure::UnknownKey);
  EXPECT_EQ(one.open(one.seal("", "x"), "x").value(), "");
}

TEST(Keys, EveryBitThatIsChangedAndEveryCutIsNoticed) {
  const Keyring keys({key_of(1)});
  const auto sealed = keys.seal("0123", "x");
  for (std::size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
    auto changed = sealed;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(keys.open(changed, "x")) << bit;
  }
  for (std::size_t size = 0; size < sealed.size(); ++size) EXPECT_FALSE(keys.open(sealed.substr(0, size), "x")) << size;
}

TEST(Keys, OldKeysOpenAndTheFirstSeals) {
  const Keyring before({key_of(1)}), after({key_of(2), key_of(1)});
  const auto old = before.seal("s", "x");
  EXPECT_EQ(after.open(old, "x").value(), "s");
  EXPECT_FALSE(after.is_newest(old));
  EXPECT_TRUE(after.is_newest(after.seal("s", "x")));
  EXPECT_EQ(Keyring::id_in(old), Keyring::id_of(key_of(1)));
}

TEST(Keys, AFileIsMadeOnceForItsOwnerAndReadAgain) {
  const Folder folder;
  const auto file = folder.path() + "/data.key";
  const auto id = Keyring::make_file(file);
  ASSERT_TRUE(id) << id.error().message;
  struct stat about {};
  ASSERT_EQ(stat(file.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
  const auto keys = Keyring::read({file});
  ASSERT_TRUE(keys) << keys.error().message;
  EXPECT_EQ(Keyring::id_in(keys->seal("", "")), *id);
  const auto again = Keyring::make_file(file);
  ASSERT_FALSE(again);
  EXPECT_NE(again.error().message.find("exists"), std::string::npos) << again.error().message;
}

TEST(Keys, AFileThatIsNoKeyIsRefusedWithWhatToDo) {
  const Folder folder;
  const auto file = folder.path() + "/data.key";
  const auto refusal = [&] {
    const auto keys = Keyring::read({file});
    return keys ? std::string("taken") : keys.error().message;
  };
  EXPECT_NE(refusal().find("--make-key"), std::string::npos) << refusal();
  for (const auto& wrong : {std::string(), std::string(63, 'a'), std::string(65, 'a'), std::string(64, 'g')}) {
    std::ofstream(file) << wrong;
    chmod(file.c_str(), 0600);
    EXPECT_NE(refusal().find("64 hexadecimal digits"), std::string::npos) << refusal();
  }
  std::ofstream(file) << std::string(64, 'A') << "\n";
  EXPECT_EQ(refusal(), "taken");
  chmod(file.c_str(), 0640);
  EXPECT_NE(refusal().find("chmod 600"), std::string::npos) << refusal();
}

class Sealed : public testing::Test {
 protected:
  using Keys = std::vector<Keyring::Key>;

  Found<std::unique_ptr<DurableStore>> open(const Keys& keys) {
    auto ring = keys.empty() ? nullptr : std::make_shared<const Keyring>(keys);
    return open_sqlite({folder.file(), loop.poster(), [](const StoreError& why) { FAIL() << why.message; }, {}, 0, std::move(ring)});
  }
  std::unique_ptr<DurableStore> opened(const Keys& keys) {
    auto store = open(keys);
    EXPECT_TRUE(store) << store.error().message;
    return std::move(store.value());
  }
  std::string refusal(const Keys& keys) {
    const auto store = open(keys);
    return store ? "opened" : store.error().message;
  }
  static core::ProjectRecord project(const std::string& key, std::vector<std::string> secrets) {
    core::ProjectRecord made;
    made.key = key;
    made.secrets = std::move(secrets);
    return made;
  }
  static std::vector<core::ProjectRecord> projects(Store& store) {
    std::vector<core::ProjectRecord> found;
    const auto records = store.load(Instant{}).value();
    for (const auto& record : records) {
      if (const auto* one = std::get_if<core::ProjectRecord>(&record)) found.push_back(*one);
    }
    return found;
  }
  void put(Store& store, core::Record record) {
    bool durable = false;
    store.put(std::move(record), [&] { durable = true; });
    loop.run_until([&] { return durable; });
  }
  // In any file of the folder, the log included.
  bool is_on_disk(const std::string& text) const {
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(file), {}};
      if (bytes.find(text) != std::string::npos) return true;
    }
    return false;
  }
  void run(const std::string& statements) {
    Database database(folder.file(), Database::Mode::ReadWrite);
    database.run(statements);
    ASSERT_FALSE(database.failure()) << *database.failure();
  }
  // tests/vectors/store_format_4.sql has a project with two secrets in the clear.
  void begin_with_format_4() {
    std::ifstream file(OFFHOOK_SOURCE_DIR "/tests/vectors/store_format_4.sql");
    run({std::istreambuf_iterator<char>(file), {}});
  }

  Folder folder;
  HandLoop loop;
};

TEST_F(Sealed, ASecretIsNeverInTheFolderInTheClearAndComesBack) {
  auto store = opened({key_of(1)});
  put(*store, project("7", {"newest-secret", "oldest-secret"}));
  put(*store, project("8", {}));
  for (const auto* secret : {"newest-secret", "oldest-secret"}) EXPECT_FALSE(is_on_disk(secret)) << "while it runs, the log included";
  store.reset();
  EXPECT_FALSE(is_on_disk("newest-secret"));
  store = opened({key_of(1)});
  const auto kept = projects(*store);
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[0].secrets, (std::vector<std::string>{"newest-secret", "oldest-secret"}));
  EXPECT_TRUE(kept[1].secrets.empty());
}

TEST_F(Sealed, AWrongOrMissingKeyIsRefusedByNameAndNothingIsLost) {
  put(*opened({key_of(1)}), project("7", {"the-secret"}));
  for (const auto& keys : {Keys{}, Keys{key_of(2)}}) {
    const auto why = refusal(keys);
    EXPECT_NE(why.find(Keyring::id_of(key_of(1))), std::string::npos) << why;
    EXPECT_NE(why.find("key_file"), std::string::npos) << why;
  }
  EXPECT_EQ(projects(*opened({key_of(1)})).at(0).secrets.at(0), "the-secret");
}

TEST_F(Sealed, AfterAStartWithANewKeyTheOldOneIsNeededNoMore) {
  put(*opened({key_of(1)}), project("7", {"the-secret"}));
  EXPECT_EQ(projects(*opened({key_of(2), key_of(1)})).at(0).secrets.at(0), "the-secret");
  EXPECT_EQ(projects(*opened({key_of(2)})).at(0).secrets.at(0), "the-secret");
  EXPECT_NE(refusal({key_of(1)}).find(Keyring::id_of(key_of(2))), std::string::npos);
}

TEST_F(Sealed, AValueThatWasChangedCutOffOrSwappedIsSaid) {
  auto store = opened({key_of(1)});
  put(*store, project("7", {"one"}));
  put(*store, project("8", {"two"}));
  store.reset();
  const auto expect_damage = [&](const std::string& harm) {
    const auto copy = folder.path() + "/copy";
    std::filesystem::copy_file(folder.file(), copy, std::filesystem::copy_options::overwrite_existing);
    run(harm);
    const auto why = refusal({key_of(1)});
    EXPECT_NE(why.find("\"project 7\""), std::string::npos) << harm << ": " << why;
    EXPECT_NE(why.find("backup"), std::string::npos) << why;
    for (const auto* log : {"-wal", "-shm"}) std::filesystem::remove(folder.file() + log);
    std::filesystem::copy_file(copy, folder.file(), std::filesystem::copy_options::overwrite_existing);
  };
  expect_damage("UPDATE records SET body = substr(body, 1, length(body) - 1) WHERE key = 'project 7'");
  expect_damage("UPDATE records SET body = substr(body, 1, 20) WHERE key = 'project 7'");
  expect_damage("UPDATE records SET body = CAST(substr(body, 1, 30) || X'00' || substr(body, 32) AS BLOB) WHERE key = 'project 7'");
  expect_damage("UPDATE records SET body = (SELECT body FROM records WHERE key = 'project 8') WHERE key = 'project 7'");
  EXPECT_EQ(projects(*opened({key_of(1)})).size(), 2U);
}

TEST_F(Sealed, ClearSecretsOfAnEarlierFormatAreSealedAtTheStartAndGoneFromTheFile) {
  begin_with_format_4();
  ASSERT_TRUE(is_on_disk("clear-secret-of-version-4"));
  auto store = opened({key_of(1)});
  EXPECT_EQ(projects(*store).at(0).secrets, (std::vector<std::string>{"af9a5a07eee633b65f019a9b869bd21633f176ef", "clear-secret-of-version-4"}));
  for (const auto* secret : {"clear-secret-of-version-4", "af9a5a07eee633b6"}) EXPECT_FALSE(is_on_disk(secret));
  store.reset();
  EXPECT_EQ(projects(*opened({key_of(1)})).size(), 1U);
}

// No version has written one, but the rule is one for all that holds a secret.
TEST_F(Sealed, APushAddressInTheClearIsSealedAtTheStart) {
  opened({key_of(1)});
  const core::PushRecord record{{"7", "bob"}, "phone", {}, {wire::PushProvider::Fcm, "token-of-bobs-phone"}, Instant{std::chrono::hours{1}}};
  {
    Database database(folder.file(), Database::Mode::ReadWrite);
    Statement insert(database, "INSERT INTO records (key, kind, body) VALUES (?, ?, ?)");
    insert.bind(core::key_of(record).text).bind(k_kind<core::PushRecord>).bind_blob(to_blob(record)).run();
  }
  ASSERT_TRUE(is_on_disk("token-of-bobs-phone"));
  EXPECT_NE(refusal({}).find("--make-key"), std::string::npos);
  const auto records = opened({key_of(1)})->load(Instant{}).value();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(std::get<core::PushRecord>(records.front()).address.token, "token-of-bobs-phone");
  EXPECT_FALSE(is_on_disk("token-of-bobs-phone"));
}

TEST_F(Sealed, ACleaningThatACrashInterruptedIsDoneAtTheNextStart) {
  put(*opened({key_of(1)}), project("7", {"the-secret"}));
  run("PRAGMA secure_delete = OFF; CREATE TABLE junk (text TEXT); INSERT INTO junk VALUES ('left in a free page'); DROP TABLE junk;"
      "INSERT INTO records (key, kind, body) VALUES ('unclean', 0, X''); PRAGMA wal_checkpoint(TRUNCATE);");
  ASSERT_TRUE(is_on_disk("left in a free page"));
  EXPECT_EQ(projects(*opened({key_of(1)})).size(), 1U);
  EXPECT_FALSE(is_on_disk("left in a free page"));
}

TEST_F(Sealed, ClearSecretsWithoutAKeyAreRefusedAndTheFileStaysGoodForTheProgramOfBefore) {
  begin_with_format_4();
  const auto why = refusal({});
  EXPECT_NE(why.find("--make-key"), std::string::npos) << why;
  Database database(folder.file(), Database::Mode::ReadOnly);
  EXPECT_EQ(database.number("PRAGMA user_version"), 4);
}

}  // namespace
}  // namespace offhook::store
