#include "adapters/store/keyring.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/check.hpp"

namespace offhook::store {
namespace {

constexpr std::size_t k_id_bytes = 8, k_nonce_bytes = 12, k_tag_bytes = 16;
constexpr std::size_t k_digits = 64;  // of a key in its file

using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
int size_of(std::string_view text) { return static_cast<int>(text.size()); }

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  CHECK(RAND_bytes(bytes_of(bytes), size_of(bytes)) == 1);
  return bytes;
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view k_hex = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text.push_back(k_hex[static_cast<unsigned char>(byte) >> 4]);
    text.push_back(k_hex[static_cast<unsigned char>(byte) & 15]);
  }
  return text;
}

std::optional<unsigned> digit(char letter) {
  if (letter >= '0' && letter <= '9') return static_cast<unsigned>(letter - '0');
  if (letter >= 'a' && letter <= 'f') return static_cast<unsigned>(letter - 'a') + 10;
  if (letter >= 'A' && letter <= 'F') return static_cast<unsigned>(letter - 'A') + 10;
  return std::nullopt;
}

// Of its hash, so that it tells nothing of the key.
std::string short_id(const Keyring::Key& key) {
  std::string text = "offhook key id";
  text.append(reinterpret_cast<const char*>(key.data()), key.size());
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
  SHA256(bytes_of(std::string_view(text)), text.size(), hash.data());
  return {reinterpret_cast<const char*>(hash.data()), k_id_bytes};
}

Keyring::Error cannot(const std::string& what, const std::string& file) {
  return {"cannot " + what + " the key file " + file + ": " + std::strerror(errno)};
}

std::optional<Keyring::Key> key_in(std::string_view text) {
  while (!text.empty() && std::strchr(" \t\r\n", text.back()) != nullptr) text.remove_suffix(1);
  if (text.size() != k_digits) return std::nullopt;
  Keyring::Key key{};
  for (std::size_t i = 0; i < k_digits; ++i) {
    const auto value = digit(text[i]);
    if (!value) return std::nullopt;
    key[i / 2] = static_cast<unsigned char>(key[i / 2] << 4 | *value);
  }
  return key;
}

Result<Keyring::Key, Keyring::Error> read_one(const std::string& name) {
  const int file = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    const bool is_missing = errno == ENOENT;
    auto error = cannot("read", name);
    if (is_missing) error.message += "; put your copy of it back, or make one for a new data folder with offhookd --make-key " + name;
    return error;
  }
  struct stat about {};
  std::array<char, k_digits + 64> text{};
  const bool is_known = fstat(file, &about) == 0;
  const auto size = ::read(file, text.data(), text.size());
  close(file);
  if (!is_known || size < 0) return cannot("read", name);
  if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0) return Keyring::Error{"the key file " + name + " is open to others than its owner: chmod 600 " + name};
  const auto key = key_in({text.data(), static_cast<std::size_t>(size)});
  if (!key) return Keyring::Error{"the key file " + name + " does not hold a key, which is 64 hexadecimal digits: put your copy of it back"};
  return *key;
}

}  // namespace

Result<Keyring, Keyring::Error> Keyring::read(const std::vector<std::string>& files) {
  CHECK(!files.empty() && files.size() <= k_max_keys);
  std::vector<Key> keys;
  for (const auto& file : files) {
    auto key = read_one(file);
    if (!key) return key.error();
    keys.push_back(*key);
  }
  return Keyring(std::move(keys));
}

Result<std::string, Keyring::Error> Keyring::make_file(const std::string& name) {
  const auto bytes = random_bytes(sizeof(Key));
  Key key{};
  std::copy(bytes.begin(), bytes.end(), key.begin());
  const int file = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return cannot("make", name);
  const auto text = to_hex(bytes) + "\n";
  const bool is_written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(file) == 0;
  if (!is_written) {
    auto error = cannot("write", name);
    close(file);
    unlink(name.c_str());
    return error;
  }
  close(file);
  return id_of(key);
}

std::string Keyring::id_of(const Key& key) { return to_hex(short_id(key)); }

std::string Keyring::id_in(std::string_view sealed) { return to_hex(sealed.substr(0, k_id_bytes)); }

bool Keyring::is_newest(std::string_view sealed) const { return sealed.substr(0, k_id_bytes) == short_id(keys_.front()); }

std::string Keyring::seal(std::string_view plain, std::string_view about) const {
  const auto& key = keys_.front();
  const auto nonce = random_bytes(k_nonce_bytes);
  std::string out = short_id(key) + nonce;
  const auto head = out.size();
  out.resize(head + plain.size() + k_tag_bytes);
  const Context context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int size = 0;
  CHECK(context != nullptr);
  CHECK(EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.data(), bytes_of(std::string_view(nonce))) == 1);
  CHECK(EVP_EncryptUpdate(context.get(), nullptr, &size, bytes_of(about), size_of(about)) == 1);
  CHECK(EVP_EncryptUpdate(context.get(), bytes_of(out) + head, &size, bytes_of(plain), size_of(plain)) == 1);
  CHECK(EVP_EncryptFinal_ex(context.get(), bytes_of(out) + head + plain.size(), &size) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, k_tag_bytes, bytes_of(out) + head + plain.size()) == 1);
  return out;
}

Result<std::string, Keyring::Failure> Keyring::open(std::string_view sealed, std::string_view about) const {
  if (sealed.size() < k_id_bytes + k_nonce_bytes + k_tag_bytes) return Failure::Damaged;
  const auto key = std::find_if(keys_.begin(), keys_.end(), [&](const Key& one) { return short_id(one) == sealed.substr(0, k_id_bytes); });
  if (key == keys_.end()) return Failure::UnknownKey;
  const auto nonce = sealed.substr(k_id_bytes, k_nonce_bytes);
  const auto text = sealed.substr(k_id_bytes + k_nonce_bytes, sealed.size() - k_id_bytes - k_nonce_bytes - k_tag_bytes);
  std::string tag(sealed.substr(sealed.size() - k_tag_bytes));
  std::string plain(text.size(), '\0');
  const Context context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int size = 0;
  CHECK(context != nullptr);
  CHECK(EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key->data(), bytes_of(nonce)) == 1);
  CHECK(EVP_DecryptUpdate(context.get(), nullptr, &size, bytes_of(about), size_of(about)) == 1);
  CHECK(EVP_DecryptUpdate(context.get(), bytes_of(plain), &size, bytes_of(text), size_of(text)) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, k_tag_bytes, bytes_of(tag)) == 1);
  std::array<unsigned char, k_tag_bytes> rest{};
  if (EVP_DecryptFinal_ex(context.get(), rest.data(), &size) != 1) return Failure::Damaged;
  return plain;
}

}  // namespace offhook::store
