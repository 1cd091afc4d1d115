// The whole engine of the server, fed with bytes: real frames, sockets that come and go, a backend, time, a slow disk, restarts. Whatever
// comes, no promise of its face is broken (and no CHECK inside).
#include <map>
#include <set>

#include "core/engine.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "wire/codec.hpp"

using namespace offhook;
using namespace offhook::core;

namespace {

struct Seat {
  UserId user;
  DeviceId device;
  LinkId link;  // 0: none
  std::optional<wire::Resume> resume;
};

class World {
 public:
  explicit World(fuzz::Dice& dice) : dice_(dice), engine_(settings(dice), Seed{1}, {}) {}

  void step() {
    auto& seat = seats_[dice_.below(seats_.size())];
    switch (dice_.below(14)) {
      case 0: case 1: return arrive(seat);
      case 2: return leave(seat);
      case 3: return pass(std::chrono::milliseconds{dice_.byte() * 100});
      case 4: return pass(std::chrono::seconds{dice_.byte()});
      case 5: case 6: return say(seat, frame());
      case 7: case 8: case 9: return say(seat, command(seat));
      case 10: return admin(seat);
      case 11: return restart();
      case 12: return feed(StoreBehind{dice_.flag()});
      default: return feed(LinkCongested{seat.link});
    }
  }

 private:
  static Settings settings(fuzz::Dice& dice) {
    Settings settings;
    settings.glare = dice.flag() ? Glare::Busy : Glare::Merge;
    settings.refuse_unknown_users = dice.flag();
    settings.call_notices = settings.session_notices = dice.flag();
    settings.push = dice.flag();
    return settings;
  }

  void arrive(Seat& seat) {
    if (seat.link.value == 0) {
      seat.link = LinkId{++links_};
      open_.insert(seat.link.value);
      feed(LinkOpened{seat.link});
    }
    wire::Hello hello{1, "t", seat.device, {}, {}, {}};
    if (dice_.flag()) hello.resume = seat.resume;
    if (dice_.flag()) hello.calls.assign(calls_.begin(), std::next(calls_.begin(), static_cast<std::ptrdiff_t>(std::min<std::size_t>(calls_.size(), 3))));
    if (dice_.flag()) hello.push = wire::PushAddress{wire::PushProvider::Custom, "address"};
    wire::TokenClaims claims;
    claims.project = "1";
    claims.user = seat.user;
    feed(Received{seat.link, std::move(hello), claims});
  }

  void leave(Seat& seat) {
    if (seat.link.value == 0) return;
    open_.erase(seat.link.value);
    feed(LinkClosed{std::exchange(seat.link, LinkId{})});
  }

  std::string frame() { return dice_.text(); }

  CallId call() { return calls_.empty() ? CallId(1, 2) : calls_[dice_.below(calls_.size())]; }
  SessionId session() { return sessions_.empty() ? SessionId(1, 2) : sessions_[dice_.below(sessions_.size())]; }
  const UserId& user() { return seats_[dice_.below(seats_.size())].user; }
  std::string cmd_id() { return "c" + std::to_string(dice_.flag() ? ++commands_ : dice_.byte()); }

  std::string command(Seat&) {
    const auto id = cmd_id();
    const auto text = [](wire::ClientMessage message) { return wire::encode(message); };
    switch (dice_.below(20)) {
      case 0: case 1: return text(wire::Invite{id, user(), dice_.flag() ? wire::Media::None : wire::Media::Audio, {}, {}});
      case 2: {
        wire::Invite invite{id, "", wire::Media::None, {}, {}};
        invite.group = wire::Group{{user(), user()}, dice_.flag() ? wire::GroupMode::AllJoin : wire::GroupMode::FirstAnswer};
        return text(std::move(invite));
      }
      case 3: return text(wire::RingAck{id, call()});
      case 4: case 5: return text(wire::Answer{id, call()});
      case 6: return text(wire::Decline{id, call()});
      case 7: return text(wire::Cancel{id, call(), {}});
      case 8: return text(wire::Cancel{id, {}, "c" + std::to_string(dice_.byte())});
      case 9: return text(wire::Hangup{id, call()});
      case 10: return text(wire::GiveUp{id, call(), "ring"});
      case 11: return text(wire::MoveHere{id, call()});
      case 12: return text(wire::GetCall{id, call()});
      case 13: return text(wire::SessionCreate{id});
      case 14: return text(wire::SessionConnect{id, session(), {}});
      case 15: return text(wire::Publish{id, session(), {}, dice_.flag(), dice_.flag()});
      case 16: return text(wire::Signal{id, session(), "t", "data", {}});
      case 17: return text(wire::SessionDisconnect{id, session()});
      case 18: return text(wire::Expect{id, session(), {}, user(), {}});
      default: return text(wire::RingMore{id, call(), {user()}});
    }
  }

  void say(Seat& seat, const std::string& text) {
    if (seat.link.value == 0) return;
    auto message = wire::decode_client(text);
    if (!message) return feed(Refused{seat.link, message.error(), false});
    std::optional<wire::TokenClaims> claims;
    if (std::holds_alternative<wire::Hello>(*message) || dice_.flag()) {
      claims.emplace();
      claims->project = "1";
      claims->user = seat.user;
      claims->session = session();
    }
    feed(Received{seat.link, std::move(message.value()), std::move(claims)});
  }

  void admin(const Seat& seat) {
    switch (dice_.below(7)) {
      case 0: return feed(AdminEndCall{call()});
      case 1: return feed(AdminCreateSession{"1", ++requests_});
      case 2: return feed(AdminDisconnect{++requests_, {"1", seat.user}, {}});
      case 3: return feed(AdminForgetUser{++requests_, {"1", seat.user}});
      case 4: {
        wire::PlaceRequest place;
        place.from = seat.user;
        place.invite.to = user();
        return feed(AdminPlaceCall{++requests_, "1", std::move(place)});
      }
      case 5: return feed(AdminRingMore{++requests_, call(), {user()}});
      default: return feed(ProjectDisabled{"1"});
    }
  }

  void pass(Duration time) {
    const auto end = now_ + time;
    while (engine_.next_deadline() && engine_.next_deadline()->at <= end) {
      now_ = std::max(now_, engine_.next_deadline()->at);
      Effects effects;
      engine_.advance(now_, effects);
      carry_out(effects);
      MUST(!engine_.next_deadline() || engine_.next_deadline()->at > now_);
    }
    now_ = end;
  }

  // A new process with what the old one has kept; all sockets are gone.
  void restart() {
    std::vector<Record> records;
    for (const auto& [key, record] : kept_) records.push_back(record);
    open_.clear();
    for (auto& seat : seats_) seat.link = LinkId{};
    engine_ = Engine(Settings{}, Seed{1, ++restarts_}, {});
    Effects effects;
    engine_.restore(now_, std::move(records), effects);
    carry_out(effects);
  }

  void feed(Event event) {
    Effects effects;
    engine_.handle(now_, std::move(event), effects);
    carry_out(effects);
  }

  void carry_out(Effects& effects) {
    std::vector<Event> answers;
    for (auto& effect : effects) {
      if (auto* store = std::get_if<Store>(&effect)) keep(std::move(store->record));
      if (auto* told = std::get_if<Announce>(&effect); told != nullptr && told->record) keep(std::move(*told->record));
      if (const auto* send = std::get_if<Send>(&effect)) {
        hear(*send);
        if (std::holds_alternative<wire::Welcome>(*send->message)) answers.push_back(Welcomed{send->link});
      }
      if (const auto* close = std::get_if<CloseLink>(&effect)) close_link(close->link);
      if (const auto* made = std::get_if<SessionMade>(&effect)) remember(sessions_, made->session);
      if (const auto* make = std::get_if<MakeSessionToken>(&effect)) answers.push_back(SessionTokenMade{make->client, make->cmd_id, make->session, "token"});
      if (const auto* load = std::get_if<LoadHistory>(&effect)) answers.push_back(HistoryLoaded{load->client, load->cmd_id, {}});
      if (const auto* push = std::get_if<Push>(&effect)) answers.push_back(PushSettled{push->call, push->user, push->device, push->address, PushState::Failed});
    }
    for (auto& answer : answers) feed(std::move(answer));
  }

  // A call ends once, and its versions only go up.
  void keep(Record record) {
    const auto key = key_of(record);
    if (const auto* gone = std::get_if<GoneRecord>(&record)) {
      kept_.erase(gone->key);
      return;
    }
    const auto before = kept_.find(key);
    auto* call = std::get_if<CallRecord>(&record);
    const auto* was = call == nullptr || before == kept_.end() ? nullptr : std::get_if<CallRecord>(&before->second);
    if (call != nullptr) remember(calls_, call->id);
    if (call != nullptr) remember(sessions_, call->session);
    if (was != nullptr) {
      MUST(call->version > was->version);
      MUST(was->phase != wire::Phase::Ended || call->phase == wire::Phase::Ended);
      MUST(was->phase != wire::Phase::Ended || call->outcome == was->outcome);
    }
    MUST(call == nullptr || call->phase != wire::Phase::Ended || call->outcome);
    kept_.insert_or_assign(key, std::move(record));
  }

  void hear(const Send& send) {
    MUST(open_.contains(send.link.value));
    const auto text = wire::encode(message_in(send));
    MUST(wire::decode_server(text));
    for (auto& seat : seats_) {
      if (seat.link != send.link) continue;
      if (const auto* welcome = std::get_if<wire::Welcome>(send.message.get())) seat.resume = wire::Resume{welcome->client_id, welcome->resume_key, 0};
      if (seat.resume && send.seq != 0) seat.resume->last_seq = send.seq;
    }
  }

  void close_link(LinkId link) {
    MUST(open_.erase(link.value) == 1);
    for (auto& seat : seats_) {
      if (seat.link == link) seat.link = LinkId{};
    }
  }

  template <class Id>
  static void remember(std::vector<Id>& ids, Id id) {
    if (ids.size() < 8 && std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  }

  fuzz::Dice& dice_;
  Engine engine_;
  Instant now_ = from_unix_ms(1'700'000'000'000);
  std::vector<Seat> seats_{{"a", "a1", {}, {}}, {"a", "a2", {}, {}}, {"b", "b1", {}, {}}, {"c", "c1", {}, {}}};
  std::set<std::uint64_t> open_;
  std::map<RecordKey, Record> kept_;
  std::vector<CallId> calls_;
  std::vector<SessionId> sessions_;
  std::uint64_t links_ = 0, requests_ = 0;
  std::uint32_t restarts_ = 0;
  int commands_ = 1'000;
};

}  // namespace

FUZZ(bytes) {
  fuzz::Dice dice(bytes);
  World world(dice);
  for (int steps = 0; !dice.is_empty() && steps < 300; ++steps) world.step();
}
