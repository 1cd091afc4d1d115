#include "server/front.hpp"

#include "base/check.hpp"
#include "server/config.hpp"
#include "wire/limits.hpp"

namespace offhook::server {
namespace {

constexpr std::size_t k_messages_per_turn = 256;  // of one ring, before sockets and timers have their turn

core::LinkId to_core(net::Link link) { return {static_cast<std::uint64_t>(link)}; }
net::Link to_net(core::LinkId link) { return net::Link{link.value}; }

// The token a message carries, if it is one that does.
const std::string* token_in(const wire::ClientMessage& message) {
  if (const auto* hello = std::get_if<wire::Hello>(&message)) return &hello->token;
  if (const auto* reject = std::get_if<wire::SessionReject>(&message)) return &reject->token;
  const auto* connect = std::get_if<wire::SessionConnect>(&message);
  return connect != nullptr && connect->token ? &*connect->token : nullptr;
}

net::Options with(net::Options options, unsigned tag, std::function<void(net::Newcomer)> hand_over) {
  options.tag = tag;
  options.hand_over = std::move(hand_over);
  return options;
}

}  // namespace

// --- one front

Front::Front(net::Reactor& reactor, net::Options options, Gate& gate, Deliver deliver)
    : gate_(gate), deliver_(std::move(deliver)), net_(reactor, std::move(options), *this) {}

void Front::on_link_opened(net::Link link, const net::Peer& peer, Duration age) {
  if (!peer.is_exempt) strangers_.emplace(link, peer.subnet);
  arrive(Told{core::LinkOpened{to_core(link), age}});
}

void Front::on_link_closed(net::Link link) {
  strangers_.erase(link);
  arrive(Told{core::LinkClosed{to_core(link)}});
}

void Front::on_congested(net::Link link) { arrive(Told{core::LinkCongested{to_core(link)}}); }
void Front::on_problem(const std::string& what) { arrive(Problem{what}); }
void Front::on_request(net::RequestId request, net::HttpRequest message) {
  arrive(std::make_unique<Request>(Request{request, std::move(message)}));
}

void Front::on_text(net::Link link, std::string text) {
  arrive(Told{read(link, text), text.size()});
  read_on(link);
}

void Front::on_unreadable(net::Link link, net::Unreadable why) {
  wire::Error error;
  error.error = why == net::Unreadable::TooLarge ? wire::ErrorWord::TooLarge : wire::ErrorWord::BadMessage;
  error.message = why == net::Unreadable::TooLarge ? "The frame is larger than allowed (14 336 bytes for hello, then 65 536)."
                                                   : "Send text frames; this was a binary one.";
  arrive(Told{core::Refused{to_core(link), std::move(error), false}});
  read_on(link);
}

core::Event Front::read(net::Link link, std::string_view text) {
  auto message = wire::decode_client(text);
  if (!message) return core::Refused{to_core(link), message.error(), false};
  const bool is_hello = std::holds_alternative<wire::Hello>(*message);
  if (auto too_many = is_hello ? too_many_failures(link) : std::nullopt) return core::Refused{to_core(link), std::move(*too_many), true};
  const auto* token = token_in(*message);
  if (token == nullptr) return core::Received{to_core(link), std::move(message.value()), std::nullopt};
  auto claims = gate_.verify(*token);
  if (!claims) return refused(link, claims.error(), *message);
  if (is_hello) {
    strangers_.erase(link);
    net_.trust(link, wire::k_max_frame_bytes);
  }
  return core::Received{to_core(link), std::move(message.value()), std::move(claims.value())};
}

core::Event Front::refused(net::Link link, wire::Error error, const wire::ClientMessage& message) {
  const auto stranger = strangers_.find(link);
  if (stranger != strangers_.end() && error.error == wire::ErrorWord::BadToken) gate_.note_failure(stranger->second);
  if (const auto* cmd_id = wire::cmd_id_of(message)) error.cmd_id = *cmd_id;
  return core::Refused{to_core(link), std::move(error), std::holds_alternative<wire::Hello>(message)};
}

// Looked at before the token: who tries one bad token after another is refused at little cost, and the good of the same address with them.
std::optional<wire::Error> Front::too_many_failures(net::Link link) {
  const auto stranger = strangers_.find(link);
  const auto wait = stranger == strangers_.end() ? std::nullopt : gate_.must_wait(stranger->second);
  if (!wait) return std::nullopt;
  wire::Error error;
  error.error = wire::ErrorWord::RateLimited;
  error.message = "Too many tokens from your address were refused; try again later.";
  error.retry_after_ms = to_ms(*wait);
  return error;
}

void Front::arrive(Arrival arrival) {
  if (!waiting_.empty() || !deliver_(arrival)) waiting_.push(std::move(arrival));
}

void Front::read_on(net::Link link) {
  if (waiting_.empty()) return net_.read_on(link);
  unread_.push(link);
}

void Front::go_on() {
  while (!waiting_.empty()) {
    auto arrival = waiting_.pop();
    if (deliver_(arrival)) continue;
    Fifo<Arrival> rest;  // in order: what found no room is still the first
    rest.push(std::move(arrival));
    while (!waiting_.empty()) rest.push(waiting_.pop());
    waiting_ = std::move(rest);
    return;
  }
  for (auto left = unread_.size(); left > 0 && waiting_.empty(); --left) net_.read_on(unread_.pop());
}

void Front::send(core::LinkId link, const core::SharedMessage& message, std::uint64_t seq) {
  const auto text = seq == 0 ? wire::encode(*message) : text_of(message).with(seq);
  frames_.fetch_add(1, std::memory_order_relaxed);
  bytes_.fetch_add(text.size(), std::memory_order_relaxed);
  net_.send(to_net(link), text);
}

// What a whole session is told is written once.
const wire::EventText& Front::text_of(const core::SharedMessage& event) {
  if (event != last_event_) last_text_.emplace(*event);
  last_event_ = event;
  return *last_text_;
}

Sent Front::take_sent() {
  Sent sent{frames_.exchange(0), bytes_.exchange(0), {}};
  for (std::size_t why = 0; why < turned_away_.size(); ++why) sent.turned_away[why] = turned_away_[why].exchange(0);
  return sent;
}

void Front::probe() {
  net_.probe([this] { arrive(Probed{}); });
}

void Front::shut_down(std::uint16_t code, const std::string& reason) {
  net_.shut_down(code, reason, [this] { arrive(Finished{}); });
}

// --- one front on a thread of its own

class Fronts::Thread {
 public:
  Thread(net::Reactor& home, net::Options options, Gate& gate, std::function<void(Front::Arrival&)> take)
      : home_(home),
        take_(std::move(take)),
        arrivals_(k_max_arrivals, [this] { home_.post([this] { take_arrivals(); }); }),
        orders_(k_max_orders, [this] { reactor_.post([this] { carry_out_orders(); }); }),
        front_(reactor_, std::move(options), gate, [this](Front::Arrival& arrival) { return deliver(arrival); }) {}
  ~Thread() { stop(); }

  Front& front() { return front_; }
  void start() {
    thread_ = std::thread([this] { reactor_.run(); });
    ::pthread_setname_np(thread_.native_handle(), "network");  // for top and its like
  }
  // What it was told last may be left undone.
  void stop() {
    reactor_.stop();
    if (thread_.joinable()) thread_.join();
  }

  // The loop's thread. The front never waits for the loop, so it makes room.
  void order(Order order) {
    while (!orders_.push(order)) std::this_thread::yield();
  }

 private:
  bool deliver(Front::Arrival& arrival) {
    if (arrivals_.push(arrival)) return true;
    needs_room_.store(true);
    return arrivals_.push(arrival);  // the loop may have made room before it could see that it is wanted
  }

  void take_arrivals() {
    const bool more = arrivals_.drain(k_messages_per_turn, [this](Front::Arrival arrival) { take_(arrival); });
    if (arrivals_.size() <= k_max_arrivals / 2 && needs_room_.exchange(false)) order(GoOnOrder{});
    if (more) home_.post([this] { take_arrivals(); });
  }

  void carry_out_orders() {
    const bool more = orders_.drain(k_messages_per_turn, [this](Order order) { carry_out(front_, order); });
    if (more) reactor_.post([this] { carry_out_orders(); });
  }

  net::Reactor& home_;
  const std::function<void(Front::Arrival&)> take_;
  net::Reactor reactor_;
  bus::Ring<Front::Arrival> arrivals_;
  bus::Ring<Order> orders_;
  std::atomic<bool> needs_room_{false};
  Front front_;
  std::thread thread_;
};

// --- all of them

Fronts::Fronts(net::Reactor& home, const net::Options& options, std::size_t threads, Gate& gate, FrontListener& listener)
    : listener_(listener),
      home_(home, with(options, 0, threads == 0 ? nullptr : std::function([this](net::Newcomer newcomer) { hand_over(std::move(newcomer)); })), gate,
            [this](Front::Arrival& arrival) {
              take(arrival);
              return true;
            }) {
  CHECK(threads <= k_max_network_threads);
  for (std::size_t i = 0; i < threads; ++i) {
    const auto tag = static_cast<unsigned>(i + 1);
    threads_.push_back(std::make_unique<Thread>(home, with(options, tag, nullptr), gate, [this](Front::Arrival& arrival) { take(arrival); }));
  }
}

Fronts::~Fronts() {
  for (auto& thread : threads_) thread->stop();
}

Result<std::uint16_t, net::NetError> Fronts::listen() {
  for (auto& thread : threads_) {
    if (auto failure = thread->front().net().prepare()) return *failure;
  }
  auto port = home_.net().listen();
  if (!port) return port;
  for (auto& thread : threads_) thread->start();
  return port;
}

// In turn: a socket says nothing of how busy it will be.
void Fronts::hand_over(net::Newcomer newcomer) {
  threads_[next_thread_]->order(ServeOrder{std::move(newcomer)});
  next_thread_ = (next_thread_ + 1) % threads_.size();
}

template <class Id>
Fronts::Thread* Fronts::thread_of(Id id) {
  const auto tag = net::Numbers::tag_of(id);
  return tag == 0 || tag > threads_.size() ? nullptr : threads_[tag - 1].get();
}

void Fronts::send(const core::Send& message) {
  if (auto* thread = thread_of(to_net(message.link))) return thread->order(SendOrder{message});
  home_.send(message.link, message.message, message.seq);
}

void Fronts::close(core::LinkId link, std::uint16_t code, const std::string& reason) {
  if (auto* thread = thread_of(to_net(link))) return thread->order(CloseOrder{link, code, reason});
  home_.net().close(to_net(link), code, reason);
}

void Fronts::respond(net::RequestId request, net::HttpResponse response) {
  auto* thread = thread_of(request);
  if (thread == nullptr) return home_.net().respond(request, std::move(response));
  thread->order(RespondOrder{request, std::make_unique<net::HttpResponse>(std::move(response))});
}

void Fronts::shut_down(std::uint16_t code, const std::string& reason, std::function<void()> done) {
  when_finished_ = std::move(done);
  unfinished_ = threads_.size() + 1;
  home_.shut_down(code, reason);
  for (auto& thread : threads_) thread->order(ShutDownOrder{code, reason});
}

void Fronts::probe(std::function<void()> passed) {
  when_probed_ = std::move(passed);
  if (threads_.empty()) return home_.probe();
  threads_[next_probe_]->order(ProbeOrder{});
  next_probe_ = (next_probe_ + 1) % threads_.size();
}

std::size_t Fronts::sockets() const { return const_cast<Front&>(home_).net().sockets(); }

Sent Fronts::take_sent() {
  auto sent = home_.take_sent();
  for (auto& thread : threads_) {
    const auto more = thread->front().take_sent();
    sent.frames += more.frames;
    sent.bytes += more.bytes;
    for (std::size_t why = 0; why < more.turned_away.size(); ++why) sent.turned_away[why] += more.turned_away[why];
  }
  return sent;
}

void Fronts::take(Front::Arrival& arrival) {
  if (auto* told = std::get_if<Front::Told>(&arrival)) return listener_.on_event(std::move(told->event), told->bytes);
  if (auto* request = std::get_if<std::unique_ptr<Front::Request>>(&arrival)) {
    return listener_.on_request((*request)->id, std::move((*request)->message));
  }
  if (const auto* problem = std::get_if<Front::Problem>(&arrival)) return listener_.on_problem(problem->what);
  if (std::holds_alternative<Front::Probed>(arrival) && when_probed_) std::exchange(when_probed_, nullptr)();
  if (std::holds_alternative<Front::Finished>(arrival) && --unfinished_ == 0) when_finished_();
}

void Fronts::carry_out(Front& front, Order& order) {
  if (const auto* send = std::get_if<SendOrder>(&order)) return front.send(send->message.link, send->message.message, send->message.seq);
  if (const auto* close = std::get_if<CloseOrder>(&order)) return front.net().close(to_net(close->link), close->code, close->reason);
  if (auto* respond = std::get_if<RespondOrder>(&order)) return front.net().respond(respond->request, std::move(*respond->response));
  if (auto* serve = std::get_if<ServeOrder>(&order)) return front.net().serve(std::move(serve->newcomer));
  if (const auto* end = std::get_if<ShutDownOrder>(&order)) return front.shut_down(end->code, end->reason);
  if (std::holds_alternative<GoOnOrder>(order)) front.go_on();
  if (std::holds_alternative<ProbeOrder>(order)) front.probe();
}

}  // namespace offhook::server
