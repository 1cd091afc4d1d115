// The server's TLS context. Private to this folder.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <string>

#include "adapters/net/net.hpp"
#include "base/result.hpp"

namespace offhook::net {

// TLS 1.2 and 1.3 only (RFC 8996). The files are PEM; an error names the file and what is wrong with it.
Result<boost::asio::ssl::context, NetError> make_tls_context(const std::string& certificate_file,
                                                             const std::string& key_file);

}  // namespace offhook::net
