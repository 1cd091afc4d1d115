// The web pages over HTTP: the demo at /, and the library for pages of others.
#pragma once

#include <optional>

#include "adapters/net/net.hpp"

namespace offhook::server {

// Of a GET or HEAD. Nothing if there is no page at this path. 304 without a body if the client has these very bytes.
std::optional<net::HttpResponse> page_response(const net::HttpRequest& request);

// The same of the operator's page at /console, which may do less than the others.
std::optional<net::HttpResponse> console_page(const net::HttpRequest& request);

}  // namespace offhook::server
