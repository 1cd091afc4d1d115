#include "server/hash_password.hpp"

#include <openssl/rand.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <iostream>
#include <optional>
#include <string>

#include "adapters/password/password.hpp"

namespace offhook::server {
namespace {

constexpr std::size_t k_least_password_bytes = 12;
constexpr int k_password_refused = 2;

// What is typed is not shown as long as this lives.
class Unseen {
 public:
  Unseen() : is_terminal_(tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!is_terminal_) return;
    auto unseen = before_;
    unseen.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen);
  }
  ~Unseen() {
    if (is_terminal_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;
  bool is_terminal() const { return is_terminal_; }

 private:
  termios before_{};
  bool is_terminal_;
};

std::string ask(const char* what, bool is_terminal) {
  if (is_terminal) std::fprintf(stderr, "%s: ", what);
  std::string line;
  std::getline(std::cin, line);
  if (is_terminal) std::fprintf(stderr, "\n");
  return line;
}

int refuse(const char* why) {
  std::fprintf(stderr, "offhookd: %s\n", why);
  return k_password_refused;
}

}  // namespace

int hash_password() {
  const Unseen unseen;
  const auto password = ask("Password of the console", unseen.is_terminal());
  if (password.size() < k_least_password_bytes) return refuse("a password has at least 12 characters.");
  if (unseen.is_terminal() && ask("The same again", true) != password) return refuse("the two are not the same.");
  std::array<unsigned char, 16> salt{};
  if (RAND_bytes(salt.data(), static_cast<int>(salt.size())) != 1) return refuse("the system gives no random numbers.");
  const auto hash = password::hash(password, {reinterpret_cast<const char*>(salt.data()), salt.size()});
  std::printf("[console]\nuser = \"operator\"\npassword_hash = \"%s\"\n", hash.c_str());
  return 0;
}

}  // namespace offhook::server
