// The yardstick for what a frame costs: Boost.Beast echoing text frames over WebSockets on loopback, in callbacks, as plainly as it
// can be written. Prints the CPU time of the server's thread for each frame that came in and went back.
//
//   offhook_echo [CONNECTIONS [FRAMES [BYTES]]]      64 connections, 200000 frames, 300 bytes
#include <sys/resource.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Stream = beast::websocket::stream<Socket>;
using Error = boost::system::error_code;

double thread_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Echo : public std::enable_shared_from_this<Echo> {
 public:
  explicit Echo(Socket socket) : stream_(std::move(socket)) { stream_.text(true); }

  void start() {
    stream_.async_accept([self = shared_from_this()](const Error& error) {
      if (!error) self->read();
    });
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

long argument(int argc, char** argv, int index, long otherwise) { return argc > index ? std::max(1L, std::atol(argv[index])) : otherwise; }

}  // namespace

int main(int argc, char** argv) {
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
