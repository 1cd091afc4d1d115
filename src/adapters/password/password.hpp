// Passwords, of which only a hash is kept: scrypt (RFC 7914) by OpenSSL, as "scrypt$LOG2N$R$P$SALT$KEY", the last two in
// hexadecimal. Pure functions; any thread. They take tenths of a second and tens of MiB, which is the point of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace offhook::password {

struct Cost {
  unsigned log2_n = 15, r = 8, p = 3;  // 32 MiB, about 0.2 s
};

// `salt`: 16 random bytes.
std::string hash(std::string_view password, std::string_view salt, const Cost& cost = {});

// Of the form above, and not dearer than 256 MiB.
bool is_hash(std::string_view text);

// False as well for what is no hash. The keys are compared in constant time.
bool matches(std::string_view password, std::string_view hash);

}  // namespace offhook::password
