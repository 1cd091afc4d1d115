#include "core/client_engine.hpp"

#include <algorithm>

#include "core/addressing.hpp"
#include "core/limits.hpp"

namespace offhook::core {
namespace {

using wire::ErrorWord;
using wire::LeaveReason;

constexpr std::int64_t k_refill_us = 1'000'000 / k_commands_per_second;

wire::Error make_error(ErrorWord word, std::string message, bool fatal = false) {
  wire::Error error;
  error.error = word;
  error.message = std::move(message);
  error.fatal = fatal;
  return error;
}

// RFC 6455 section 7.4.2 leaves 4000 to 4999 to applications; PROTOCOL.md section 11 lists ours.
std::uint16_t close_code(ErrorWord word) {
  if (word == ErrorWord::TooLarge) return 1009;
  if (word == ErrorWord::BadToken || word == ErrorWord::TokenExpired) return 4001;
  if (word == ErrorWord::Overloaded) return 4005;
  if (word == ErrorWord::RateLimited) return 4006;
  return 4000;
}

// Equal in a time that does not tell where the first difference is.
bool equal_secret(const std::string& a, const std::string& b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) difference |= static_cast<unsigned>(a[i] ^ b[i]);
  return difference == 0;
}

// What an event weighs while it waits; exact for the fields that can be large.
std::size_t weigh(const wire::ServerMessage& event) {
  constexpr std::size_t k_small_event_bytes = 512;
  if (const auto* signal = std::get_if<wire::SignalEvent>(&event)) return k_small_event_bytes + signal->data.size();
  if (const auto* negotiation = std::get_if<wire::Negotiation>(&event)) {
    const auto sdp = negotiation->description ? negotiation->description->sdp.size() : 0;
    return k_small_event_bytes + sdp + negotiation->candidate.value_or("").size();
  }
  if (const auto* call = std::get_if<wire::CallEvent>(&event)) return k_small_event_bytes + call->call.data.value_or("").size();
  if (const auto* elsewhere = std::get_if<wire::Elsewhere>(&event)) return k_small_event_bytes * (1 + elsewhere->calls.size());
  return k_small_event_bytes;
}

// What an answer shows, if it is a reply that shows one.
template <class Body>
Body* shown_in(wire::ServerMessage& answer) {
  auto* reply = std::get_if<wire::Reply>(&answer);
  return reply == nullptr ? nullptr : std::get_if<Body>(&reply->body);
}

}  // namespace

// --- links

void ClientEngine::on(const LinkOpened& event) {
  auto& link = links_[event.link];
  link.hello_timeout = desk_.timers.arm(desk_.now + std::max(k_hello_timeout - event.age, Duration{0}), {TimerKind::HelloTimeout, 0, event.link.value});
}

void ClientEngine::on(const LinkClosed& event) {
  const auto found = links_.find(event.link);
  if (found == links_.end()) return;
  desk_.timers.cancel(found->second.hello_timeout);
  auto* client = find(found->second.client);
  links_.erase(found);
  if (client != nullptr && client->link == event.link) lose_link(*client, desk_.now);
}

void ClientEngine::on(Received&& event) {
  if (!links_.contains(event.link)) return;  // already refused
  auto* client = client_of(event.link);
  if (auto* said = std::get_if<wire::Hello>(&event.message)) {
    if (client != nullptr) {
      return drop_link(*client, ErrorWord::HelloTwice, 4000, "This socket has already said hello.");
    }
    if (event.claims) return hello(event.link, std::move(*said), std::move(*event.claims));
  }
  if (client == nullptr) {
    return reject_link(event.link, make_error(ErrorWord::HelloFirst, "The first message must be hello.", true), 4000);
  }
  client->last_contact = desk_.now;
  if (std::holds_alternative<wire::ClientPing>(event.message)) {
    send(event.link, wire::ServerPong{}, true);
  } else if (const auto* pong = std::get_if<wire::ClientPong>(&event.message)) {
    if (pong->seq) acknowledge(*client, *pong->seq);
  } else if (const auto* ack = std::get_if<wire::Ack>(&event.message)) {
    acknowledge(*client, ack->seq);
  } else if (std::holds_alternative<wire::Bye>(event.message)) {
    desk_.effect(CloseLink{event.link, 1000, "bye"});
    end_client(client->self.client, LeaveReason::ClientDisconnected);
  } else {
    command(*client, std::move(event.message), std::move(event.claims));
  }
}

void ClientEngine::on(const Refused& event) {
  if (!links_.contains(event.link)) return;
  auto* client = client_of(event.link);
  auto error = event.error;
  if (client == nullptr) return reject_link(event.link, error, close_code(error.error));
  if (error.error == ErrorWord::TooLarge) return drop_link(*client, error.error, 1009, error.message);
  if (event.hello) return drop_link(*client, ErrorWord::HelloTwice, 4000, "This socket has already said hello.");
  client->last_contact = desk_.now;
  if (!may_spend(*client)) error = make_error(ErrorWord::RateLimited, "Too many messages: slow down.");
  send(event.link, std::move(error));
}

void ClientEngine::on(const LinkCongested& event) {
  if (auto* client = client_of(event.link)) {
    drop_link(*client, ErrorWord::SlowConsumer, 4003, "Too much waits to be sent to this client; connect again to resume.");
  } else {
    reject_link(event.link, make_error(ErrorWord::SlowConsumer, "What was sent before hello was not read."), 4003);
  }
}

void ClientEngine::on(const DrainStarted& event) {
  const auto remaining = to_ms(std::max(event.end_at - desk_.now, Duration{0}));
  std::vector<ClientId> all;  // in the order of devices, which is the same on every machine
  for (const auto& [device, id] : devices_) all.push_back(id);
  const auto draining = share_message(wire::Draining{0, remaining});
  for (const auto id : all) this->event(*find(id), draining);
}

void ClientEngine::on_hello_timeout(LinkId link) {
  reject_link(link, make_error(ErrorWord::HelloTimeout, "No hello within 5 s.", true), 4000);
}

void ClientEngine::reject_link(LinkId link, const wire::Error& error, std::uint16_t code) {
  const auto found = links_.find(link);
  if (found == links_.end()) return;
  desk_.timers.cancel(found->second.hello_timeout);
  links_.erase(found);
  auto fatal = error;
  fatal.fatal = true;
  send(link, std::move(fatal));
  desk_.effect(CloseLink{link, code, std::string()});
}

// --- opening

void ClientEngine::hello(LinkId link, wire::Hello&& hello, wire::TokenClaims&& claims) {
  if (hello.version != wire::k_protocol_version) {
    return reject_link(link, make_error(ErrorWord::UnsupportedVersion, "supported: 1", true), 4000);
  }
  if (claims.scope != wire::Scope::Client) {
    return reject_link(link, make_error(ErrorWord::BadToken, "An admin token is for REST, not for this socket.", true), 4001);
  }
  auto* resumable = find_resumable(hello, claims);
  if (is_outdated(link, hello, claims, resumable)) {
    return reject_link(link, make_error(ErrorWord::Replaced, "This device has connected again on a newer socket.", true), 4002);
  }
  if (resumable == nullptr && clients_.size() >= desk_.settings.capacity.clients) {
    return refuse_for_now(link, "The server is full; try again in 30 s.", k_max_retry);
  }
  if (const auto wait = must_wait(hello, resumable)) {
    return refuse_for_now(link, "Many connect at this moment; try again in " + std::to_string((to_ms(*wait) + 999) / 1000) + " s.", *wait);
  }
  desk_.timers.cancel(links_.at(link).hello_timeout);
  auto& client = resumable != nullptr ? *resumable : make_client(hello, claims);
  take_link(client, link);
  open(client, hello, resumable != nullptr);
}

// Who is in a call, or believes so, does not wait: its grace runs.
std::optional<Duration> ClientEngine::must_wait(const wire::Hello& hello, const Client* resumable) {
  const bool is_in_call = !hello.calls.empty() || (resumable != nullptr && !resumable->live_calls.empty());
  return is_in_call ? std::nullopt : pace_.take(desk_.now, desk_.thinning.is_notable());
}

void ClientEngine::refuse_for_now(LinkId link, std::string message, Duration retry_after) {
  auto error = make_error(ErrorWord::Overloaded, std::move(message), true);
  error.retry_after_ms = to_ms(retry_after);
  reject_link(link, error, 4005);
}

// A hello may be held up on its way until its process is dead, or has given the socket up and opened another: by then the device is here
// on a newer socket, whose client would be closed for good by a ghost. Sockets are numbered in the order in which they were opened.
// A process that was replaced while its link was lost does not win the device back either.
bool ClientEngine::is_outdated(LinkId link, const wire::Hello& hello, const wire::TokenClaims& claims, const Client* resumable) {
  const auto* newest = resumable;
  if (newest == nullptr && claims.user) {
    const auto found = devices_.find({UserKey{claims.project, *claims.user}, hello.device_id});
    if (found != devices_.end()) newest = find(found->second);
  }
  if (newest == nullptr) return false;
  const auto& replaced = newest->memory.replaced;
  const bool was_replaced = hello.resume && std::find(replaced.begin(), replaced.end(), hello.resume->client_id) != replaced.end();
  return was_replaced || link < newest->newest_link;
}

ClientEngine::Client* ClientEngine::find_resumable(const wire::Hello& hello, const wire::TokenClaims& claims) {
  if (!hello.resume) return nullptr;
  auto* client = find(hello.resume->client_id);
  if (client == nullptr || client->overflowed || client->opening) return nullptr;
  if (!equal_secret(client->resume_key, hello.resume->resume_key) || client->self.device != hello.device_id) return nullptr;
  const bool same_user = claims.user ? client->self.user == UserKey{claims.project, *claims.user}
                                     : client->anonymous && client->claims.session == claims.session;
  const auto first_kept = client->last_seq - client->unacknowledged.size();
  const bool kept = hello.resume->last_seq >= first_kept && hello.resume->last_seq <= client->last_seq;
  return same_user && kept ? client : nullptr;
}

// A newer client of a device takes the place of the older one, and knows what that one was answered.
ClientEngine::Client& ClientEngine::make_client(const wire::Hello& hello, const wire::TokenClaims& claims) {
  const auto anonymous_name = [&] { return "~" + base32_encode(desk_.random.next(), desk_.random.next()); };
  const UserKey user{claims.project, claims.user ? *claims.user : anonymous_name()};
  auto memory = take_parked({user, hello.device_id});
  if (const auto older = devices_.find({user, hello.device_id}); older != devices_.end()) {
    auto& replaced = *find(older->second);
    memory = std::move(replaced.memory);
    // Who names it in the very hello that takes its place is the same process, and may do so again if it never gets its welcome.
    const bool is_same = hello.resume && hello.resume->client_id == older->second;
    if (!is_same) memory.replaced.push_back(older->second);
    if (memory.replaced.size() > CommandMemory::k_max_replaced) memory.replaced.pop_front();
    drop_link(replaced, ErrorWord::Replaced, 4002, "This device has connected again.");
    end_client(replaced.self.client, LeaveReason::NetworkDisconnected);
  }
  const auto id = desk_.make_id<ClientKind>(slot_of(user));
  auto& client = clients_[id];
  client.self = {user, hello.device_id, claims.device, id};
  client.anonymous = !claims.user;
  client.claims = claims;
  client.resume_key = base32_encode(desk_.random.next(), desk_.random.next());
  client.memory = std::move(memory);
  client.tokens_us = k_command_burst * k_refill_us;
  client.refilled_at = desk_.now;
  devices_[{user, hello.device_id}] = id;
  return client;
}

void ClientEngine::take_link(Client& client, LinkId link) {
  if (client.link) drop_link(client, ErrorWord::Replaced, 4002, "This client has resumed on another socket.");
  client.link = link;
  client.newest_link = link;
  links_.at(link).client = client.self.client;
  client.is_welcomed = false;
  client.last_contact = desk_.now;
  desk_.timers.cancel(client.resume_over);
}

void ClientEngine::open(Client& client, const wire::Hello& hello, bool resumed) {
  auto& opening = *(client.opening = Opening{});
  opening.named.insert(hello.calls.begin(), hello.calls.end());
  opening.last_seq = resumed ? hello.resume->last_seq : 0;
  auto& welcome = opening.welcome;
  welcome.server = desk_.settings.server_name;
  welcome.client_id = client.self.client;
  welcome.resume_key = client.resume_key;
  welcome.resumed = resumed;
  welcome.user = client.self.user.user;
  welcome.device_id = client.self.device;
  welcome.settings = client_settings(settings(client));
  welcome.ice_servers = settings(client).ice_servers;
  if (resumed) welcome.sessions.assign(client.sessions.begin(), client.sessions.end());
  if (client.anonymous) {
    desk_.post(Attached{client.self.client, {}});
  } else {
    desk_.post(Attach{client.self, opening.named, hello.push});
  }
}

void ClientEngine::on(const Attached& mail) {
  auto* client = find(mail.client);
  if (client == nullptr || !client->opening) return;
  client->opening->welcome.push = mail.has_push_address;
  std::set<CallId> wanted(mail.calls.begin(), mail.calls.end());
  wanted.insert(client->opening->named.begin(), client->opening->named.end());
  client->opening->awaited = wanted.size();
  for (const auto& call : wanted) desk_.post(AskSnapshot{call, client->self, client->opening->named.contains(call)});
  welcome_if_complete(*client);
}

void ClientEngine::on(SnapshotGiven&& mail) {
  auto* client = find(mail.client);
  if (client == nullptr || !client->opening) return;
  if (mail.call) client->opening->welcome.calls.push_back(std::move(*mail.call));
  --client->opening->awaited;
  welcome_if_complete(*client);
}

void ClientEngine::welcome_if_complete(Client& client) {
  if (client.opening->awaited > 0) return;
  auto opening = std::move(*client.opening);
  client.opening.reset();
  if (!client.link) return;
  opening.welcome.time_at_ms = to_unix_ms(desk_.now);
  client.told_period = period(client);
  opening.welcome.heartbeat_ms = to_ms(client.told_period);
  acknowledge(client, opening.last_seq);
  Opened opened{client.self, {}};
  for (const auto& call : opening.welcome.calls) {
    if (call.device_outcome) opened.shown.push_back(call.call_id);
  }
  send(*client.link, std::move(opening.welcome));
  auto seq = client.last_seq - client.unacknowledged.size();
  for (const auto& waiting : client.unacknowledged) desk_.effect(Send{*client.link, waiting.event, ++seq});
  if (!client.anonymous) desk_.post(std::move(opened));
}

// A welcome may wait for the disk. What the server itself holds back must not count as the client's silence.
void ClientEngine::on(const Welcomed& event) {
  auto* client = client_of(event.link);
  if (client == nullptr) return;
  client->is_welcomed = true;
  set_pace(*client);
}

// --- commands

void ClientEngine::command(Client& client, wire::ClientMessage&& message, std::optional<wire::TokenClaims>&& claims) {
  const auto& cmd_id = *cmd_id_of(message);
  if (is_repeated(client, cmd_id)) return;
  const Asker asker{client.self.client, cmd_id};
  if (!may_spend(client)) {  // not remembered: the same command may come again
    auto error = make_error(ErrorWord::RateLimited, "More than 50 commands a second: slow down.");
    error.cmd_id = cmd_id;
    send(*client.link, std::move(error));
    return;
  }
  auto& memory = client.memory;
  memory.answers.emplace(cmd_id, std::nullopt);
  memory.order.push_back(cmd_id);
  if (memory.order.size() > k_max_remembered_commands) {
    memory.answers.erase(memory.order.front());
    memory.order.pop_front();
  }
  dispatch(client, std::move(message), std::move(claims));
}

bool ClientEngine::is_repeated(Client& client, const std::string& cmd_id) {
  const auto found = client.memory.answers.find(cmd_id);
  if (found == client.memory.answers.end()) return false;
  if (const auto answer = found->second) answer_again(client, cmd_id, *answer);  // a copy: the memory may change
  return true;
}

// A call as it is now, which may have ended; a session likewise, unless the client has left it since.
void ClientEngine::answer_again(Client& client, const std::string& cmd_id, const Answer& answer) {
  if (answer.call) return desk_.post(CallCommand{*answer.call, client.self, wire::GetCall{cmd_id, *answer.call}});
  if (answer.joined && !client.sessions.contains(*answer.joined)) {
    return desk_.refuse({client.self.client, cmd_id}, ErrorWord::NotConnected, "This client has left the session since.");
  }
  if (answer.joined) return dispatch_session(client, *answer.joined, wire::SessionConnect{cmd_id, *answer.joined, {}}, std::nullopt);
  if (client.link) desk_.effect(Send{*client.link, answer.message});
}

bool ClientEngine::may_spend(Client& client) {
  const auto elapsed = (desk_.now - client.refilled_at).count();
  client.refilled_at = desk_.now;
  client.tokens_us = std::min<std::int64_t>(client.tokens_us + elapsed, k_command_burst * k_refill_us);
  if (client.tokens_us < k_refill_us) return false;
  client.tokens_us -= k_refill_us;
  return true;
}

// Does this command begin something that the store would have to keep as well?
bool ClientEngine::begins_something(const wire::ClientMessage& message) {
  return std::holds_alternative<wire::Invite>(message) || std::holds_alternative<wire::RingMore>(message) ||
         std::holds_alternative<wire::SessionCreate>(message) || std::holds_alternative<wire::SetRules>(message) ||
         std::holds_alternative<wire::SetPush>(message);
}

void ClientEngine::dispatch(Client& client, wire::ClientMessage&& message, std::optional<wire::TokenClaims>&& claims) {
  const Asker asker{client.self.client, *cmd_id_of(message)};
  if (desk_.store_is_behind && begins_something(message)) {
    return desk_.refuse_for_now(asker, "The server's disk is behind; try again in 5 s.", std::chrono::seconds{5});
  }
  if (begins_something(message) && desk_.thinning.refuses_next()) {  // they are not to come back together
    const auto wait = k_min_retry + std::chrono::milliseconds{desk_.random.below(4'000)};
    return desk_.refuse_for_now(asker, "The server has too much to do at this moment; try again in a few seconds.", wait);
  }
  const auto to_session = [&](SessionId session) { dispatch_session(client, session, std::move(message), std::move(claims)); };
  if (std::holds_alternative<wire::SessionReject>(message)) {
    if (claims && claims->session) return to_session(*claims->session);
    return desk_.refuse(asker, ErrorWord::BadToken, "This is not a session token.");
  }
  if (const auto session = session_named_by(message)) return to_session(*session);
  if (client.anonymous) {
    return desk_.refuse(asker, ErrorWord::NotAllowed, "A session token without a user allows session commands only.");
  }
  if (auto* cancel = std::get_if<wire::Cancel>(&message); cancel != nullptr && !cancel->call_id) {
    return withdraw(client, std::move(*cancel));
  }
  if (const auto call = call_named_by(message)) return desk_.post(CallCommand{*call, client.self, std::move(message)});
  if (auto* invite = std::get_if<wire::Invite>(&message)) {
    if (client.live_calls.size() >= k_max_calls_per_device) {
      return desk_.refuse(asker, ErrorWord::LimitReached, "This device already has 16 live calls.");
    }
    const bool withdrawn = take_withdrawn(client, invite->cmd_id);
    return desk_.post(PlaceCall{client.self, std::move(*invite), std::nullopt, withdrawn});
  }
  if (const auto* history = std::get_if<wire::History>(&message)) {
    return desk_.effect(LoadHistory{asker.client, asker.cmd_id, client.self.user, history->limit, history->before});
  }
  if (std::holds_alternative<wire::GetRules>(message)) return desk_.post(AskRules{client.self.user, asker, std::nullopt});
  if (auto* change = std::get_if<wire::SetRules>(&message)) {
    return desk_.post(AskRules{client.self.user, asker, std::move(change->rules)});
  }
  if (auto* change = std::get_if<wire::SetPush>(&message)) {
    return desk_.post(SetPushAddress{client.self, asker, std::move(change->push)});
  }
  if (std::holds_alternative<wire::WatchPresence>(message)) {
    if (!settings(client).presence) return desk_.refuse(asker, ErrorWord::NotAllowed, "Presence is switched off on this server.");
    client.watches_presence = true;
    return desk_.post(WatchPresence{client.self.user.project, asker});
  }
  if (!settings(client).clients_create_sessions) {
    return desk_.refuse(asker, ErrorWord::NotAllowed, "Only the app's backend creates sessions on this server.");
  }
  const auto session = desk_.make_session_id(client.self.client.slot(), client.self.user.project);
  desk_.post(CreateSession{session, client.self.user.project, std::nullopt, asker, std::nullopt});
}

// A cancel that knows the call by its invite only. The invite may still be on its way: then it is cancelled when it comes.
void ClientEngine::withdraw(Client& client, wire::Cancel&& command) {
  auto& memory = client.memory;
  const Asker asker{client.self.client, command.cmd_id};
  const auto invited = memory.answers.find(*command.invite_cmd_id);
  if (invited == memory.answers.end()) {
    forget_withdrawn();
    std::erase_if(memory.withdrawn, [&](const auto& each) { return each.second + k_early_cancel_lifetime <= desk_.now; });
    if (memory.withdrawn.size() >= k_max_early_cancels) {
      return desk_.refuse(asker, ErrorWord::LimitReached, "16 cancels of this device wait for their invites already.");
    }
    if (withdrawn_.size() >= desk_.settings.capacity.early_cancels) {
      return desk_.refuse(asker, ErrorWord::LimitReached, "The server holds as many cancels that wait for their invites as it may.");
    }
    memory.withdrawn[*command.invite_cmd_id] = desk_.now;
    withdrawn_.push_back({client.self.user, client.self.device, *command.invite_cmd_id, desk_.now});
    desk_.effect(Store{withdrawn_.back()});
    return desk_.reply(asker);
  }
  if (!invited->second || !invited->second->call) return desk_.refuse(asker, ErrorWord::NoSuchCall, "That invite has made no call.");
  const auto id = *invited->second->call;  // a hang-up, because the invite may have become the answer of another
  desk_.post(CallCommand{id, client.self, wire::Hangup{command.cmd_id, id}});
}

bool ClientEngine::take_withdrawn(Client& client, const std::string& cmd_id) {
  const auto node = client.memory.withdrawn.extract(cmd_id);
  return !node.empty() && node.mapped() + k_early_cancel_lifetime > desk_.now;
}

// The records outlive the invites they are for, so that a crash in between takes nothing back.
void ClientEngine::forget_withdrawn() {
  while (!withdrawn_.empty() && withdrawn_.front().since + k_early_cancel_lifetime <= desk_.now) {
    desk_.effect(Store{GoneRecord{key_of(withdrawn_.front())}});
    withdrawn_.pop_front();
  }
}

void ClientEngine::restore(const UserKey& user, const InviteRecord& kept, CallId call) {
  auto& memory = parked_memory({user, kept.device});
  if (memory.answers.insert_or_assign(kept.cmd_id, Answer{call, kept.merged, {}, {}}).second) {
    memory.order.push_back(kept.cmd_id);
  }
  if (memory.order.size() <= k_max_remembered_commands) return;
  memory.answers.erase(memory.order.front());
  memory.order.pop_front();
}

void ClientEngine::restore(WithdrawnRecord&& kept) {
  withdrawn_.push_back(kept);  // an old one goes with the next that comes
  if (kept.since + k_early_cancel_lifetime > desk_.now) {
    parked_memory({kept.user, kept.device}).withdrawn[kept.cmd_id] = kept.since;
  }
}

ClientEngine::CommandMemory& ClientEngine::parked_memory(const DeviceKey& device) {
  const auto [place, is_new] = parked_.try_emplace(device);
  if (is_new) {
    place->second.until = desk_.now + k_parked_lifetime;
    parked_order_.emplace_back(place->second.until, device);
  }
  return place->second.memory;
}

void ClientEngine::park(const DeviceKey& device, CommandMemory&& memory) {
  while (!parked_order_.empty() && (parked_order_.front().first <= desk_.now || parked_.size() >= desk_.settings.capacity.parked_memories)) {
    const auto found = parked_.find(parked_order_.front().second);
    if (found != parked_.end() && found->second.until <= parked_order_.front().first) parked_.erase(found);
    parked_order_.pop_front();
  }
  if (memory.order.empty() && memory.withdrawn.empty()) return;
  const auto until = desk_.now + k_parked_lifetime;
  parked_[device] = {until, std::move(memory)};
  parked_order_.emplace_back(until, device);
}

ClientEngine::CommandMemory ClientEngine::take_parked(const DeviceKey& device) {
  auto node = parked_.extract(device);
  return node.empty() || node.mapped().until <= desk_.now ? CommandMemory{} : std::move(node.mapped().memory);
}

// A backend places a call for a user: at the device it names, else at the one heard last.
void ClientEngine::on(AdminPlaceCall&& event) {
  const UserKey user{event.project, event.place.from};
  Client* chosen = nullptr;
  for (auto device = devices_.lower_bound({user, {}}); device != devices_.end() && device->first.first == user; ++device) {
    auto* client = find(device->second);
    const bool wanted = !event.place.from_device || client->self.device == *event.place.from_device;
    if (!wanted || !client->link || client->opening) continue;
    if (chosen == nullptr || client->last_contact > chosen->last_contact) chosen = client;
  }
  if (chosen == nullptr) return desk_.effect(RestAnswered{event.request, RestRefusal::CallerOffline});
  if (chosen->live_calls.size() >= k_max_calls_per_device) {
    return desk_.effect(RestAnswered{event.request, RestRefusal::LimitReached});
  }
  desk_.post(PlaceCall{chosen->self, std::move(event.place.invite), event.request, false, event.session});
}

void ClientEngine::on(const AdminDisconnect& event) {
  std::vector<ClientId> found;
  for (auto device = devices_.lower_bound({event.user, {}}); device != devices_.end() && device->first.first == event.user; ++device) {
    if (!event.device || device->first.second == *event.device) found.push_back(device->second);
  }
  send_away(found, ErrorWord::NotAllowed, "The app's backend or the operator has disconnected this device.");
  desk_.effect(RestAnswered{event.request, Disconnected{found.size()}});
}

void ClientEngine::on(const ProjectDisabled& event) {
  std::vector<ClientId> found;
  const DeviceKey first{{event.project, {}}, {}};
  for (auto device = devices_.lower_bound(first); device != devices_.end() && device->first.first.project == event.project; ++device) {
    found.push_back(device->second);
  }
  send_away(found, ErrorWord::ProjectDisabled, "The operator has disabled this project.");
}

void ClientEngine::send_away(const std::vector<ClientId>& clients, ErrorWord word, const std::string& message) {
  for (const auto id : clients) {
    drop_link(*find(id), word, 4001, message);
    end_client(id, LeaveReason::ForceDisconnected);
  }
}

// The token that opens the session came with the command or with hello.
void ClientEngine::dispatch_session(Client& client, SessionId session, wire::ClientMessage&& message,
                                    std::optional<wire::TokenClaims>&& claims) {
  const Asker asker{client.self.client, *cmd_id_of(message)};
  const bool joins = std::holds_alternative<wire::SessionConnect>(message);
  if (joins && client.sessions.size() >= k_max_sessions_per_client && !client.sessions.contains(session)) {
    return desk_.refuse(asker, ErrorWord::LimitReached, "This client is in 16 sessions already.");
  }
  if (!claims && client.claims.session == session) claims = client.claims;
  desk_.post(SessionCommand{session, client.self, client.anonymous, std::move(message), std::move(claims)});
}

void ClientEngine::on(GiveReply&& mail) { answer(mail.to, wire::Reply{mail.to.cmd_id, std::move(mail.body)}); }

void ClientEngine::on(GiveError&& mail) {
  auto error = make_error(mail.word, std::move(mail.message));
  error.cmd_id = mail.to.cmd_id;
  if (mail.retry_after) error.retry_after_ms = to_ms(*mail.retry_after);
  answer(mail.to, std::move(error));
}

void ClientEngine::answer(const Asker& to, wire::ServerMessage&& answer) {
  auto* client = find(to.client);
  if (client == nullptr) return;
  const auto found = client->memory.answers.find(to.cmd_id);
  auto* remembered = found == client->memory.answers.end() ? nullptr : &found->second;
  Answer kept;
  if (auto* shown = shown_in<wire::CallReply>(answer)) {  // a repeated invite that had become part of another call says so again
    if (remembered != nullptr && *remembered) shown->call.merged |= (*remembered)->merged;
    kept.call = shown->call.call_id;
    kept.merged = shown->call.merged;
  }
  if (const auto* joined = shown_in<wire::SessionJoined>(answer)) kept.joined = joined->session_id;
  const auto message = share_message(std::move(answer));
  if (!kept.call && !kept.joined) kept.message = message;
  if (remembered != nullptr) *remembered = std::move(kept);
  if (client->link && !client->opening) desk_.effect(Send{*client->link, message});
}

void ClientEngine::send(LinkId link, wire::ServerMessage&& message, bool at_once) {
  desk_.effect(Send{link, share_message(std::move(message)), 0, at_once});
}

// --- events

void ClientEngine::on(GiveEvent&& mail) {
  if (auto* client = find(mail.client)) event(*client, std::move(mail.event));
}

void ClientEngine::event(Client& client, SharedMessage message) {
  ++client.last_seq;
  if (client.link && !client.opening) desk_.effect(Send{*client.link, message, client.last_seq});
  const auto bytes = weigh(*message);
  client.unacknowledged.push_back({std::move(message), bytes});
  client.unacknowledged_bytes += bytes;
  if (client.unacknowledged.size() > k_max_unacknowledged_events ||
      client.unacknowledged_bytes > k_max_unacknowledged_bytes) {
    client.overflowed = true;  // it can only start afresh
    client.unacknowledged.clear();
    client.unacknowledged_bytes = 0;
  }
}

void ClientEngine::acknowledge(Client& client, std::uint64_t seq) {
  while (!client.unacknowledged.empty() && client.last_seq - client.unacknowledged.size() < seq) {
    client.unacknowledged_bytes -= client.unacknowledged.front().bytes;
    saw(client, *client.unacknowledged.front().event);
    client.unacknowledged.pop_front();
  }
  if (seq == client.last_seq) client.overflowed = false;
}

// A device that knows of a missed call need not be told again.
void ClientEngine::saw(const Client& client, const wire::ServerMessage& event) {
  const auto* missed = std::get_if<wire::Missed>(&event);
  const auto* told = std::get_if<wire::CallEvent>(&event);
  const bool is_final = told != nullptr && told->call.device_outcome && told->call.role == wire::Role::Callee;
  if (missed != nullptr) desk_.post(MissedSeen{client.self.user, client.self.device, missed->record.call_id});
  if (is_final) desk_.post(MissedSeen{client.self.user, client.self.device, told->call.call_id});
}

// --- heartbeat

Duration ClientEngine::period(const Client& client) const {
  return client.live_calls.empty() ? settings(client).heartbeat_idle : settings(client).heartbeat_live;
}

// How long a client may be silent.
Duration ClientEngine::patience(const Client& client) const {
  const auto heartbeats = period(client) * 5 / 2;
  return client.live_calls.empty() ? heartbeats : std::max(heartbeats, settings(client).unstable_after);
}

void ClientEngine::set_pace(Client& client) {
  if (!client.link || !client.is_welcomed) return;
  client.paced_since = desk_.now;
  desk_.arm(client.heartbeat, desk_.now + period(client), TimerKind::Heartbeat, client.self.client);
  desk_.arm(client.contact_lost, desk_.now + patience(client), TimerKind::ContactLost, client.self.client);
}

// A slower pace stays behind what was said before it, the end of the call among it: whoever does not get that notices at the faster one.
void ClientEngine::beat(Client& client) {
  const auto now = period(client);
  const bool may_overtake = client.is_welcomed && now <= client.told_period;
  send(*client.link, wire::ServerPing{to_ms(now)}, may_overtake);
  client.told_period = now;
}

// In the three below: of several deadlines at one moment the first may have made the others void.
void ClientEngine::on_heartbeat(ClientId id) {
  if (find(id) == nullptr || !find(id)->link || desk_.timers.at(find(id)->heartbeat)) return;
  auto& client = *find(id);
  beat(client);
  desk_.arm(client.heartbeat, desk_.now + period(client), TimerKind::Heartbeat, id);
}

// The timer is not moved at every message: when it fires too early it is set to the moment that counts.
void ClientEngine::on_contact_lost(ClientId id) {
  if (find(id) == nullptr || !find(id)->link || desk_.timers.at(find(id)->contact_lost)) return;
  auto& client = *find(id);
  const auto due = std::max(client.last_contact, client.paced_since) + patience(client);
  if (due > desk_.now) return desk_.arm(client.contact_lost, due, TimerKind::ContactLost, id);
  const auto link = *client.link;
  links_.erase(link);
  desk_.effect(CloseLink{link, 4004, "no contact"});
  lose_link(client, client.last_contact);
}

void ClientEngine::on(const LiveCall& mail) {
  auto* client = find(mail.client);
  if (client == nullptr) return;
  const auto before = period(*client);
  if (mail.live) {
    client->live_calls.insert(mail.call);
  } else {
    client->live_calls.erase(mail.call);
  }
  // A slower pace is told with the next heartbeat of the faster one: until then whatever ends the call has been told, and if the
  // socket dies on the way the client notices at the pace of a call.
  if (!client->link || client->opening || period(*client) >= before) return;
  beat(*client);
  set_pace(*client);
}

void ClientEngine::on(const Membership& mail) {
  auto* client = find(mail.client);
  if (client == nullptr) return;
  if (mail.joined) {
    client->sessions.insert(mail.session);
  } else {
    client->sessions.erase(mail.session);
  }
}

// --- losing a client

void ClientEngine::lose_link(Client& client, Instant since) {
  client.link.reset();
  client.opening.reset();
  desk_.timers.cancel(client.heartbeat);
  desk_.timers.cancel(client.contact_lost);
  desk_.arm(client.resume_over, std::max(since + settings(client).resume_window, desk_.now), TimerKind::ResumeOver, client.self.client);
  for (const auto& call : client.live_calls) desk_.post(DeviceLost{call, client.self, since});
  if (!client.anonymous) desk_.post(LinkDown{client.self.user, client.self.device});
}

// Ends the socket with a word; the client may resume on another one.
void ClientEngine::drop_link(Client& client, ErrorWord word, std::uint16_t code, const std::string& message) {
  if (!client.link) return;
  const auto link = *client.link;
  links_.erase(link);
  send(link, make_error(word, message, true));
  desk_.effect(CloseLink{link, code, std::string()});
  lose_link(client, desk_.now);
}

void ClientEngine::on_resume_over(ClientId id) {
  const auto* client = find(id);
  if (client != nullptr && !client->link && !desk_.timers.at(client->resume_over)) {
    end_client(id, LeaveReason::NetworkDisconnected);
  }
}

void ClientEngine::end_client(ClientId id, LeaveReason reason) {
  auto& client = *find(id);
  if (client.link) {
    links_.erase(*client.link);
    lose_link(client, desk_.now);
  }
  desk_.timers.cancel(client.resume_over);
  for (const auto& session : client.sessions) desk_.post(LeaveSession{session, id, reason});
  if (client.watches_presence) desk_.post(UnwatchPresence{client.self.user.project, id});
  if (!client.anonymous) desk_.post(Detach{client.self});
  const DeviceKey device{client.self.user, client.self.device};
  devices_.erase(device);
  if (!client.anonymous) park(device, std::move(client.memory));
  clients_.erase(id);
}

ClientEngine::Client* ClientEngine::find(ClientId id) {
  const auto found = clients_.find(id);
  return found == clients_.end() ? nullptr : &found->second;
}

ClientEngine::Client* ClientEngine::client_of(LinkId link) {
  const auto found = links_.find(link);
  return found == links_.end() ? nullptr : find(found->second.client);
}

}  // namespace offhook::core
