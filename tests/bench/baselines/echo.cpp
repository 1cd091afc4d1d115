// The yardstick for what a frame costs: Boost.Beast echoing text frames over WebSockets on loopback, in callbacks, as plainly as it
// can be written. Prints the CPU time of the server's thread for each frame that came in and went back.
//
//   offhook_echo [CONNECTIONS [FRAMES [BYTES]]]   64 connections, 200000 frames, 300 bytes
//   offhook_echo idle [CONNECTIONS]               10000 connections: bytes of memory of the server for each that is idle
//   offhook_echo fanout [CONNECTIONS [FRAMES]]    64 connections, 2000 frames of 300 bytes, each to all: CPU time for each delivery
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Stream = beast::websocket::stream<Socket>;
using Error = boost::system::error_code;

double thread_cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

class Echo : public std::enable_shared_from_this<Echo> {
 public:
  explicit Echo(Socket socket) : stream_(std::move(socket)) { stream_.text(true); }

  void start(std::function<void()> opened = {}) {
    stream_.async_accept([self = shared_from_this(), opened = std::move(opened)](const Error& error) {
      if (error) return;
      self->read();
      if (opened) opened();
    });
  }
  void send(const std::string& frame, std::function<void()> written) {
    stream_.async_write(asio::buffer(frame), [self = shared_from_this(), written = std::move(written)](const Error&, std::size_t) { written(); });
  }

 private:
  void read() {
    stream_.async_read(buffer_, [self = shared_from_this()](const Error& error, std::size_t) {
      if (!error) self->write();
    });
  }
  void write() {
    stream_.async_write(buffer_.data(), [self = shared_from_this()](const Error& error, std::size_t length) {
      if (error) return;
      self->buffer_.consume(length);
      self->read();
    });
  }

  Stream stream_;
  beast::flat_buffer buffer_;
};

void accept(asio::basic_socket_acceptor<asio::ip::tcp, Executor>& acceptor, long connections) {
  if (connections == 0) return;
  acceptor.async_accept([&acceptor, connections](const Error& error, Socket socket) {
    if (!error) std::make_shared<Echo>(std::move(socket))->start();
    accept(acceptor, connections - 1);
  });
}

// Sends a frame, and the next when it has come back.
class Asker : public std::enable_shared_from_this<Asker> {
 public:
  Asker(asio::io_context& io, long& left, const std::string& frame) : stream_(io.get_executor()), left_(left), frame_(frame) { stream_.text(true); }

  void start(const asio::ip::tcp::endpoint& server) {
    stream_.next_layer().connect(server);
    stream_.next_layer().set_option(asio::ip::tcp::no_delay(true));
    stream_.async_handshake("127.0.0.1", "/", [self = shared_from_this()](const Error& error) {
      if (!error) self->ask();
    });
  }

 private:
  void ask() {
    if (left_-- <= 0) return stream_.next_layer().close();
    stream_.async_write(asio::buffer(frame_), [self = shared_from_this()](const Error& failed, std::size_t) {
      if (failed) return;
      self->stream_.async_read(self->buffer_, [self](const Error& error, std::size_t length) {
        if (error) return;
        self->buffer_.consume(length);
        self->ask();
      });
    });
  }

  Stream stream_;
  beast::flat_buffer buffer_;
  long& left_;
  const std::string& frame_;
};

void allow_many_sockets() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

long private_bytes() {
  long pages = 0, resident = 0, shared = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident >> shared;
  return (resident - shared) * sysconf(_SC_PAGESIZE);
}

// A server with clients that are nothing but sockets, so that the memory of the process is the server's.
class Crowd {
 public:
  explicit Crowd(long connections) {
    allow_many_sockets();
    for (long i = 0; i < connections; ++i) {
      auto& client = clients_.emplace_back(io_.get_executor());
      client.connect(acceptor_.local_endpoint());
      asio::write(client, asio::buffer(k_upgrade));
      auto& stream = streams_.emplace_back(std::make_shared<Echo>(acceptor_.accept()));
      bool is_open = false;
      stream->start([&] { is_open = true; });
      while (!is_open) io_.run_one();
      std::string answer;
      asio::read_until(client, asio::dynamic_buffer(answer), "\r\n\r\n");
    }
  }

  std::vector<std::shared_ptr<Echo>>& streams() { return streams_; }
  asio::io_context& io() { return io_; }

  // Empties the sockets of the clients.
  void hear(std::size_t bytes_each) {
    std::string heard(bytes_each, '\0');
    for (auto& client : clients_) asio::read(client, asio::buffer(heard));
  }

 private:
  static constexpr std::string_view k_upgrade =
      "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

  asio::io_context io_{1};
  asio::basic_socket_acceptor<asio::ip::tcp, Executor> acceptor_{io_.get_executor(), {asio::ip::make_address("127.0.0.1"), 0}};
  std::vector<Socket> clients_;
  std::vector<std::shared_ptr<Echo>> streams_;
};

int measure_idle(long connections) {
  const auto before = private_bytes();
  const Crowd crowd(connections);
  std::printf("{\"connections\":%ld,\"bytes_per_connection\":%ld}\n", connections, (private_bytes() - before) / connections);
  return 0;
}

int measure_fanout(long connections, long frames) {
  Crowd crowd(connections);
  const std::string frame(300, 'x');
  constexpr std::size_t k_header_bytes = 4;
  double cpu = 0;
  for (long i = 0; i < frames; ++i) {
    const auto before = thread_cpu_seconds();
    long left = connections;
    for (const auto& stream : crowd.streams()) stream->send(frame, [&left] { --left; });
    while (left > 0) crowd.io().run_one();
    cpu += thread_cpu_seconds() - before;
    crowd.hear(k_header_bytes + frame.size());
  }
  std::printf("{\"connections\":%ld,\"cpu_us_per_delivery\":%.3f}\n", connections, cpu / static_cast<double>(frames * connections) * 1e6);
  return 0;
}

long argument(int argc, char** argv, int index, long otherwise) { return argc > index ? std::max(1L, std::atol(argv[index])) : otherwise; }

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "idle") return measure_idle(argument(argc, argv, 2, 10'000));
  if (what == "fanout") return measure_fanout(argument(argc, argv, 2, 64), argument(argc, argv, 3, 2'000));
  const long connections = argument(argc, argv, 1, 64), frames = argument(argc, argv, 2, 200'000);
  const std::string frame(static_cast<std::size_t>(argument(argc, argv, 3, 300)), 'x');
  asio::io_context server_io{1}, client_io{1};
  asio::basic_socket_acceptor<asio::ip::tcp, Executor> acceptor(server_io.get_executor(), {asio::ip::make_address("127.0.0.1"), 0});
  accept(acceptor, connections);
  double cpu = 0;
  std::thread server([&] {
    const auto before = thread_cpu_seconds();
    server_io.run();
    cpu = thread_cpu_seconds() - before;
  });
  long left = frames;
  for (long i = 0; i < connections; ++i) std::make_shared<Asker>(client_io, left, frame)->start(acceptor.local_endpoint());
  client_io.run();
  server.join();
  std::printf("{\"frames\":%ld,\"cpu_us_per_frame\":%.3f}\n", frames, cpu / static_cast<double>(frames) * 1e6);
}
