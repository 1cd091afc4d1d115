#include "adapters/net/net.hpp"

#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <optional>
#include <vector>

#include "adapters/net/http_connection.hpp"
#include "adapters/net/hub.hpp"
#include "adapters/net/reactor_impl.hpp"
#include "adapters/net/tls.hpp"
#include "adapters/net/ws_connection.hpp"

namespace offhook::net {

namespace {

using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

constexpr std::size_t k_max_refusals = 64;  // peers of a full server that are being told so at one time
constexpr Duration k_accept_pause = std::chrono::milliseconds{100};
constexpr Duration k_problem_interval = std::chrono::seconds{1};

// Errors that stay until something else is given back; trying again at once would only burn the processor.
bool is_shortage(const ErrorCode& error) {
  return error == asio::error::no_descriptors || error == boost::system::errc::too_many_files_open_in_system ||
         error == asio::error::no_buffer_space || error == asio::error::no_memory;
}

}  // namespace

struct Newcomer::Impl {
  Impl(Socket& from, Peer whose, Ticket given)
      : is_v6(from.local_endpoint(ignored).address().is_v6()), peer(std::move(whose)), ticket(std::move(given)) {
    socket = from.release(ignored);
  }
  ~Impl() {
    if (socket >= 0) ::close(socket);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  ErrorCode ignored;
  bool is_v6;
  int socket = -1;
  Peer peer;
  Ticket ticket;
};

Newcomer::Newcomer() = default;
Newcomer::Newcomer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Newcomer::Newcomer(Newcomer&&) noexcept = default;
Newcomer& Newcomer::operator=(Newcomer&&) noexcept = default;
Newcomer::~Newcomer() = default;

struct Net::Impl {
  Impl(Reactor& reactor, Options options, Handler& handler)
      : hub(std::make_shared<Hub>(reactor.impl().io, std::move(options), handler)), acceptor(hub->io), pause(hub->io) {}

  std::optional<NetError> open(const asio::ip::tcp::endpoint& endpoint);
  void accept();
  void on_accepted(const ErrorCode& error, Socket socket);
  void on_accept_failed(const ErrorCode& error);
  void refuse(Socket socket, const Refusal& refusal);
  void admit(Socket socket, Peer peer);
  void serve(Socket socket, Peer peer, Ticket ticket);

  std::shared_ptr<Hub> hub;
  Acceptor acceptor;
  Alarm pause;
  std::shared_ptr<std::size_t> refusals = std::make_shared<std::size_t>(0);
  std::chrono::steady_clock::time_point last_problem{};
};

std::optional<NetError> Net::Impl::open(const asio::ip::tcp::endpoint& endpoint) {
  ErrorCode error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error && endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(false), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (!error) return std::nullopt;
  auto message = "cannot listen on " + to_text(hub->options.listen) + ": " + error.message();
  if (error == asio::error::address_in_use) message += " (is another server running there?)";
  if (error == asio::error::access_denied) message += " (ports below 1024 need a privilege)";
  return NetError{message};
}

void Net::Impl::accept() {
  acceptor.async_accept([this](const ErrorCode& error, Socket socket) { on_accepted(error, std::move(socket)); });
}

void Net::Impl::on_accepted(const ErrorCode& error, Socket socket) {
  if (error == asio::error::operation_aborted || hub->shutting_down) return;
  if (error) return on_accept_failed(error);
  ErrorCode gone;
  const auto address = socket.remote_endpoint(gone).address();
  if (!gone) {
    auto peer = hub->peer_at(address.to_string());
    const auto refusal = hub->census->refusal(peer, steady_now());
    refusal ? refuse(std::move(socket), *refusal) : admit(std::move(socket), std::move(peer));
  }
  accept();
}

void Net::Impl::on_accept_failed(const ErrorCode& error) {
  const auto now = std::chrono::steady_clock::now();
  if (now - last_problem >= k_problem_interval) {
    last_problem = now;
    hub->handler.on_problem("cannot accept a connection: " + error.message());
  }
  if (!is_shortage(error)) return accept();
  pause.expires_after(k_accept_pause);
  pause.async_wait([this](const ErrorCode& stopped) {
    if (!stopped) accept();
  });
}

void Net::Impl::admit(Socket socket, Peer peer) {
  ErrorCode ignored;
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  Ticket ticket(hub->census, peer);
  if (hub->options.hand_over) return hub->options.hand_over(Newcomer(std::make_unique<Newcomer::Impl>(socket, std::move(peer), std::move(ticket))));
  serve(std::move(socket), std::move(peer), std::move(ticket));
}

void Net::Impl::serve(Socket socket, Peer peer, Ticket ticket) {
  Transport transport(std::move(socket), hub->tls_context());
  std::make_shared<HttpConnection>(hub, std::move(transport), std::move(peer), std::move(ticket))->start();
}

// No handshake of TLS just to say no.
void Net::Impl::refuse(Socket socket, const Refusal& refusal) {
  hub->handler.on_turned_away(refusal.why);
  if (*refusals >= k_max_refusals || hub->tls_context() != nullptr) return;  // closed without a word
  ++*refusals;
  Transport transport(std::move(socket), nullptr);
  std::make_shared<HttpConnection>(hub, std::move(transport), Peer{}, std::nullopt)->refuse(refusal, [count = refusals] { --*count; });
}

Net::Net(Reactor& reactor, Options options, Handler& handler)
    : impl_(std::make_unique<Impl>(reactor, std::move(options), handler)) {}

// The connections hold the hub; emptying its tables lets them go.
Net::~Net() {
  impl_->hub->shutting_down = true;
  impl_->hub->when_empty = nullptr;
  impl_->hub->links.clear();
  impl_->hub->requests.clear();
}

std::optional<NetError> Net::prepare() {
  auto& hub = *impl_->hub;
  if (hub.options.certificate_file.empty()) return std::nullopt;
  auto tls = make_tls_context(hub.options.certificate_file, hub.options.key_file);
  if (!tls) return tls.error();
  hub.tls.emplace(std::move(tls.value()));
  return std::nullopt;
}

void Net::serve(Newcomer newcomer) {
  auto& hub = *impl_->hub;
  if (!newcomer.impl_ || hub.shutting_down) return;
  Socket socket(hub.io);
  ErrorCode error;
  socket.assign(newcomer.impl_->is_v6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), newcomer.impl_->socket, error);
  if (error) return;
  newcomer.impl_->socket = -1;
  impl_->serve(std::move(socket), std::move(newcomer.impl_->peer), std::move(newcomer.impl_->ticket));
}

Result<std::uint16_t, NetError> Net::listen() {
  auto& hub = *impl_->hub;
  if (auto failure = prepare()) return *failure;
  ErrorCode error;
  const auto& listen = hub.options.listen;
  const auto found = asio::ip::tcp::resolver(hub.io).resolve(listen.host, std::to_string(listen.port),
                                                             asio::ip::resolver_base::passive, error);
  if (error || found.empty()) return NetError{"cannot find the address " + to_text(listen) + ": " + error.message()};
  if (auto failure = impl_->open(found.begin()->endpoint())) return *failure;
  impl_->accept();
  return impl_->acceptor.local_endpoint().port();
}

namespace {

std::shared_ptr<WsConnection> find(const Hub& hub, Link link) {
  const auto found = hub.links.find(link);
  return found == hub.links.end() ? nullptr : found->second;
}

}  // namespace

void Net::send(Link link, std::string_view text) {
  if (const auto connection = find(*impl_->hub, link)) connection->send(text);
}

void Net::close(Link link, std::uint16_t code, const std::string& reason) {
  if (const auto connection = find(*impl_->hub, link)) connection->close(code, reason);
}

void Net::read_on(Link link) {
  if (const auto connection = find(*impl_->hub, link)) connection->read_on();
}

void Net::trust(Link link, std::size_t frame_bytes) {
  if (const auto connection = find(*impl_->hub, link)) connection->trust(frame_bytes);
}

void Net::respond(RequestId request, HttpResponse response) {
  auto node = impl_->hub->requests.extract(request);
  if (!node.empty()) node.mapped()->respond(std::move(response));
}

void Net::shut_down(std::uint16_t code, const std::string& reason, std::function<void()> done) {
  auto& hub = *impl_->hub;
  ErrorCode ignored;
  hub.shutting_down = true;
  impl_->pause.cancel();
  impl_->acceptor.close(ignored);
  if (hub.links.empty()) return asio::post(hub.io, std::move(done));
  hub.when_empty = std::move(done);
  std::vector<std::shared_ptr<WsConnection>> all;
  for (const auto& [link, connection] : hub.links) all.push_back(connection);
  for (const auto& connection : all) connection->close(code, reason);
}

void Net::probe(std::function<void()> passed) { impl_->hub->poller.probe(std::move(passed)); }

std::size_t Net::links() const { return impl_->hub->links.size(); }
std::size_t Net::sockets() const { return impl_->hub->census->total(); }

}  // namespace offhook::net
