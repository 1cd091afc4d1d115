// HTTP over Boost.Beast: the other of the two files of this library that know Boost.
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "dial.hpp"
#include "offhook/http.hpp"

namespace offhook {

namespace http = client::beast::http;
using client::ErrorCode;
using client::Problem;

namespace {

// One exchange, step by step on an io_context of its own.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(client::asio::io_context& io, client::Url url, std::shared_ptr<client::asio::ssl::context> tls)
      : url_(std::move(url)), stream_(io.get_executor(), std::move(tls)) {}

  void start(const HttpRequest& request) {
    request_.method_string(request.method);
    request_.target(request.target);
    request_.version(11);
    request_.set(http::field::host, client::authority_of(url_));
    request_.set(http::field::user_agent, "offhook-cpp");
    request_.set(http::field::connection, "close");
    if (!request.token.empty()) request_.set(http::field::authorization, "Bearer " + request.token);
    if (!request.body.empty()) request_.set(http::field::content_type, "application/json");
    request_.body() = request.body;
    request_.prepare_payload();
    const auto self = shared_from_this();
    std::make_shared<client::Dialer>(stream_, url_, [self](const ErrorCode& error) { self->on_dialed(error); })->start();
  }

  // Nothing while it is under way.
  const std::optional<ErrorCode>& result() const { return result_; }
  HttpReply reply() { return {reply_.get().result_int(), std::move(reply_.get().body())}; }

 private:
  void on_dialed(const ErrorCode& error) {
    if (error) return finish(error);
    http::async_write(stream_, request_, [self = shared_from_this()](const ErrorCode& failed, std::size_t) { self->on_written(failed); });
  }
  void on_written(const ErrorCode& error) {
    if (error) return finish(error);
    reply_.body_limit(std::uint64_t{8} * 1024 * 1024);
    http::async_read(stream_, buffer_, reply_, [self = shared_from_this()](const ErrorCode& failed, std::size_t) { self->finish(failed); });
  }
  void finish(const ErrorCode& error) { result_ = error; }

  client::Url url_;
  client::Stream stream_;
  http::request<http::string_body> request_;
  http::response_parser<http::string_body> reply_;
  client::beast::flat_buffer buffer_;
  std::optional<ErrorCode> result_;
};

// Whatever could break out of the request's first lines.
bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

Result<HttpReply, Problem> fetch(const HttpRequest& request) {
  const auto url = client::parse_url(request.url);
  if (!url) return url.error();
  if (!request.target.starts_with('/') || !is_plain(request.target) || !is_plain(request.token) || !is_plain(request.method)) {
    return Problem{"bad_request", "The target must begin with a slash; it, method and token have no spaces or line ends."};
  }
  const auto server = client::authority_of(*url);
  ErrorCode tls_error;
  auto tls = client::make_tls(*url, request.ca_file, tls_error);
  if (tls_error) return Problem{"unreachable", client::sentence_of(tls_error, server)};
  client::asio::io_context io{1};
  const auto exchange = std::make_shared<Exchange>(io, *url, std::move(tls));
  exchange->start(request);
  io.run_for(request.timeout);
  if (!exchange->result()) return Problem{"unreachable", server + " does not answer in time."};
  if (*exchange->result()) return Problem{"unreachable", client::sentence_of(*exchange->result(), server)};
  return exchange->reply();
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view k_plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  constexpr std::string_view k_hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (k_plain.find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      out += {'%', k_hex[byte >> 4], k_hex[byte & 15]};
    }
  }
  return out;
}

}  // namespace offhook
