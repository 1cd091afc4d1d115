// The server's side of every transcript: the real engine and codec in virtual time. One test case per file.
#include <gtest/gtest.h>

#include <deque>

#include "core/engine.hpp"
#include "core/replay_testing.hpp"
#include "transcript.hpp"
#include "wire/codec.hpp"

namespace offhook::transcripts {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view k_project = "1";
constexpr std::string_view k_secret = "the secret of every transcript";

core::Settings settings_of(const Transcript& transcript) {
  core::Settings settings;
  for (const auto& [name, value] : transcript.settings) {
    const bool flag = value == "true";
    const auto durations = core::duration_settings();
    const auto found = std::find_if(durations.begin(), durations.end(), [&](const auto& known) { return known.name == name; });
    if (found != durations.end() && parse_seconds(value)) {
      settings.*(found->field) = *parse_seconds(value);
    } else if (name == "refuse_unknown_users") {
      settings.refuse_unknown_users = flag;
    } else if (name == "push") {
      settings.push = flag;
    } else if (name == "presence") {
      settings.presence = flag;
    } else if (name == "clients_create_sessions") {
      settings.clients_create_sessions = flag;
    } else {
      ADD_FAILURE() << "no such setting: " << name << " " << value;
    }
  }
  for (const auto& problem : core::check_settings(settings)) ADD_FAILURE() << problem;
  return settings;
}

// The token a message carries, if it is one that does.
const std::string* token_in(const wire::ClientMessage& message) {
  if (const auto* reject = std::get_if<wire::SessionReject>(&message)) return &reject->token;
  const auto* connect = std::get_if<wire::SessionConnect>(&message);
  return connect != nullptr && connect->token ? &*connect->token : nullptr;
}

class ServerRun {
 public:
  explicit ServerRun(const Transcript& transcript)
      : transcript_(transcript), engine_(settings_of(transcript), Seed{7}) {
    core::Effects effects;
    std::vector<core::Record> registered;
    for (const auto& party : transcript.parties) {
      parties_[party.name].declared = party;
      if (!party.push.empty()) registered.push_back(core::PushRecord{{std::string(k_project), party.user}, party.device, {}, address_of(party), k_start});
    }
    engine_.restore(k_start, std::move(registered), effects);
  }

  void run() {
    for (const auto& party : transcript_.parties) {
      if (!party.later) say_hello(parties_.at(party.name), false, false, Line{});
    }
    for (const auto& line : transcript_.lines) {
      if (k_start + line.at > now_) expect_silence(transcript_.lines.front().where + " until " + line.where);
      turn_clock(k_start + line.at);
      play(line);
      if (testing::Test::HasFailure()) return;
    }
    expect_silence("the end");
    EXPECT_EQ(replays_.checked(), ended_) << "every call that has ended was decided again";
  }

 private:
  static constexpr Instant k_start{1'700'000'000s};

  struct Seat {
    Party declared;
    std::optional<core::LinkId> link;
    bool silent = false;
    core::Push pushed;  // the last one
    std::uint64_t last_seq = 0;
    json::object welcome;
    std::deque<json::object> told;     // not listed yet
    std::map<std::string, bool> calls;  // by id: has its final snapshot come?
  };

  // --- lines

  void play(const Line& line) {
    switch (line.verb) {
      case Verb::Do:
      case Verb::See:
      case Verb::End: return;
      case Verb::Send: return send(line);
      case Verb::Recv: return receive(line);
      case Verb::LinkClosed: return close(parties_.at(line.party));
      case Verb::LinkSilent: parties_.at(line.party).silent = true; return;
      case Verb::LinkUp: return say_hello(parties_.at(line.party), true, true, line);
      case Verb::LinkFresh: return say_hello(parties_.at(line.party), true, false, line);
      case Verb::Start: return say_hello(parties_.at(line.party), false, false, line);
      case Verb::Drain: return feed(core::DrainStarted{now_ + *parse_seconds(line.word)});
      case Verb::EndCall: return feed(core::AdminEndCall{*CallId::parse(names_.filled(line.word))});
      case Verb::Push: return expect_push(line);
      case Verb::PushAnswer: return answer_push(line);
      case Verb::PushStop: return expect_stop(line);
    }
  }

  void send(const Line& line) {
    auto& side = parties_.at(line.party);
    auto message = names_.filled(line.object).get_object();
    message["type"] = line.word;
    if (side.silent) return;
    ASSERT_TRUE(side.link) << line.where << ": its link is closed";
    auto decoded = wire::decode_client(json::serialize(message));
    if (!decoded) return feed(core::Refused{*side.link, decoded.error(), false});
    const auto* token = token_in(*decoded);
    if (token == nullptr) return feed(core::Received{*side.link, *decoded, std::nullopt});
    const auto keys_of = [](std::string_view) { return std::optional(wire::ProjectKeys{{std::string(k_secret)}, {}}); };
    auto claims = wire::verify_token(*token, keys_of, now_);
    if (claims) return feed(core::Received{*side.link, *decoded, *claims});
    auto error = claims.error();
    error.cmd_id = *wire::cmd_id_of(*decoded);
    feed(core::Refused{*side.link, error, false});
  }

  void receive(const Line& line) {
    auto& side = parties_.at(line.party);
    ASSERT_FALSE(side.told.empty()) << line.where << ": " << line.party << " was not told " << line.word;
    auto wanted = line.object;
    wanted["type"] = line.word;
    const auto problem = names_.mismatch(wanted, side.told.front());
    ASSERT_FALSE(problem) << line.where << ": " << *problem << "\n  told: " << json::serialize(side.told.front());
    side.told.pop_front();
  }

  // --- pushes

  static wire::PushAddress address_of(const Party& party) { return {wire::PushProvider::Fcm, party.push}; }

  // The next one that the server hands to the sender.
  void expect_push(const Line& line) {
    auto& side = parties_.at(line.word);
    ASSERT_FALSE(pushes_.empty()) << line.where << ": no push left";
    side.pushed = std::exchange(pushes_.front(), {});
    pushes_.pop_front();
    EXPECT_EQ(side.pushed.device, side.declared.device) << line.where;
    EXPECT_EQ(side.pushed.address, address_of(side.declared)) << line.where;
    const json::object found{{"call_id", side.pushed.call.text()}, {"caller", {{"user", side.pushed.caller.user}}}, {"media", wire::word(side.pushed.media)},
                             {"remaining_ms", to_ms(side.pushed.expires_at - now_)}};
    const auto problem = names_.mismatch(line.object, found);
    ASSERT_FALSE(problem) << line.where << ": " << *problem;
    side.calls[side.pushed.call.text()] = false;
  }

  void answer_push(const Line& line) {
    static const std::map<std::string, core::PushState> k_states{
        {"accepted", core::PushState::Accepted}, {"refused", core::PushState::Refused}, {"failed", core::PushState::Failed}};
    const auto& push = parties_.at(line.word).pushed;
    const auto state = k_states.find(std::string(line.object.at("state").as_string()));
    ASSERT_NE(state, k_states.end()) << line.where;
    feed(core::PushSettled{push.call, push.user, push.device, push.address, state->second});
  }

  void expect_stop(const Line& line) {
    ASSERT_FALSE(stops_.empty()) << line.where << ": no push was stopped";
    EXPECT_EQ(stops_.front().user.user, parties_.at(line.word).declared.user) << line.where;
    stops_.pop_front();
  }

  void close(Seat& side) {
    side.silent = false;
    if (!side.link) return;  // the server has closed it already
    feed(core::LinkClosed{*std::exchange(side.link, std::nullopt)});
  }

  void say_hello(Seat& side, bool resume, bool resumed, const Line& line) {
    side.silent = false;
    side.link = core::LinkId{++last_link_};
    wire::Hello hello{1, "t", side.declared.device, {}, {}, {}};
    if (!side.declared.push.empty()) hello.push = address_of(side.declared);
    if (resume) {
      hello.resume = wire::Resume{*ClientId::parse(side.welcome.at("client_id").as_string()),
                                  std::string(side.welcome.at("resume_key").as_string()), side.last_seq};
    }
    for (const auto& [id, is_final] : side.calls) {
      if (!is_final) hello.calls.push_back(*CallId::parse(id));
    }
    wire::TokenClaims claims;
    claims.project = k_project;
    claims.user = side.declared.user;
    side.welcome.clear();
    feed(core::LinkOpened{*side.link});
    feed(core::Received{*side.link, hello, claims});
    ASSERT_FALSE(side.welcome.empty()) << line.where << ": no welcome";
    EXPECT_EQ(side.welcome.at("resumed").as_bool(), resumed) << line.where;
    const auto* calls = line.object.if_contains("calls");
    const auto problem = names_.mismatch(calls == nullptr ? json::array{} : *calls, side.welcome.at("calls"), "welcome.calls");
    ASSERT_FALSE(problem) << line.where << ": " << *problem;
    for (const auto& call : side.welcome.at("calls").as_array()) note_call(side, call.as_object());
  }

  // --- the clock

  void turn_clock(Instant to) {
    while (engine_.next_deadline() && engine_.next_deadline()->at <= to) {
      const auto deadline = *engine_.next_deadline();
      now_ = std::max(now_, deadline.at);
      core::Effects effects;
      engine_.advance(now_, effects);
      carry_out(std::move(effects));
      if (now_ < to) expect_silence(std::string(deadline.what));
    }
    now_ = to;
  }

  void expect_silence(const std::string& when) {
    for (auto& [name, side] : parties_) {
      const auto seconds = std::chrono::duration<double>(now_ - k_start).count();
      for (const auto& message : side.told) {
        ADD_FAILURE() << "not listed, " << seconds << " s (" << when << "): " << name << " recv " << json::serialize(message);
      }
      side.told.clear();
    }
    EXPECT_TRUE(pushes_.empty()) << "a push is not listed (" << when << ")";
    EXPECT_TRUE(stops_.empty()) << "that pushes are stopped is not listed (" << when << ")";
    pushes_.clear();
    stops_.clear();
  }

  // --- the engine

  void feed(core::Event event) {
    core::Effects effects;
    engine_.handle(now_, std::move(event), effects);
    carry_out(std::move(effects));
  }

  // What an effect feeds back waits until all before it are carried out, as in the server's loop.
  void carry_out(core::Effects effects) {
    std::vector<core::Event> answers;
    for (const auto& effect : effects) {
      if (const auto* send = std::get_if<core::Send>(&effect)) deliver(*send, answers);
      if (const auto* store = std::get_if<core::Store>(&effect)) keep(store->record);
      if (const auto* push = std::get_if<core::Push>(&effect)) pushes_.push_back(*push);
      if (const auto* stop = std::get_if<core::StopPushes>(&effect)) stops_.push_back(*stop);
      if (const auto* close = std::get_if<core::CloseLink>(&effect)) {
        for (auto& [name, side] : parties_) {
          if (side.link == close->link) side.link.reset();
        }
      }
      if (const auto* make = std::get_if<core::MakeSessionToken>(&effect)) answers.push_back(make_token(*make));
    }
    for (auto& answer : answers) feed(std::move(answer));
  }

  void keep(const core::Record& record) {
    const auto* call = std::get_if<core::CallRecord>(&record);
    if (call == nullptr) return;
    replays_.keep(*call);
    if (call->phase == wire::Phase::Ended) ++ended_;
  }

  core::SessionTokenMade make_token(const core::MakeSessionToken& make) const {
    wire::TokenClaims claims;
    claims.project = make.project;
    claims.session = make.session;
    claims.issued_at = now_;
    claims.expires_at = now_ + 24h;
    return {make.client, make.cmd_id, make.session, wire::make_token(claims, k_secret)};
  }

  void deliver(const core::Send& send, std::vector<core::Event>& answers) {
    if (std::holds_alternative<wire::Welcome>(*send.message)) answers.push_back(core::Welcomed{send.link});
    const auto found = std::find_if(parties_.begin(), parties_.end(), [&](const auto& entry) { return entry.second.link == send.link; });
    if (found == parties_.end() || found->second.silent) return;
    auto& side = found->second;
    const auto message = json::parse(wire::encode(core::message_in(send))).as_object();
    const auto& type = message.at("type").as_string();
    if (type == "ping") return answers.push_back(core::Received{send.link, wire::ClientPong{side.last_seq}, std::nullopt});
    if (type == "pong") return;
    if (type == "welcome") {
      side.welcome = message;
      if (!message.at("resumed").as_bool()) side.last_seq = 0;
      return;
    }
    if (const auto* seq = message.if_contains("seq")) {
      EXPECT_EQ(static_cast<std::uint64_t>(seq->as_int64()), side.last_seq + 1) << "events are numbered without a gap";
      side.last_seq = static_cast<std::uint64_t>(seq->as_int64());
    }
    if (const auto* call = message.if_contains("call")) note_call(side, call->as_object());
    side.told.push_back(message);
  }

  static void note_call(Seat& side, const json::object& call) {
    side.calls[std::string(call.at("call_id").as_string())] = call.contains("device_outcome");
  }

  const Transcript& transcript_;
  core::Engine engine_;
  std::deque<core::Push> pushes_;  // not listed yet
  std::deque<core::StopPushes> stops_;
  Instant now_ = k_start;
  Names names_;
  core::ReplayCheck replays_;
  int ended_ = 0;
  std::map<std::string, Seat> parties_;
  std::uint64_t last_link_ = 0;
};

class ServerTranscripts : public testing::TestWithParam<std::string> {};

TEST_P(ServerTranscripts, ServerKeeps) {
  const auto transcript = read_transcript(GetParam());
  ASSERT_TRUE(transcript) << transcript.error();
  ServerRun(*transcript).run();
}

INSTANTIATE_TEST_SUITE_P(Files, ServerTranscripts, testing::ValuesIn(transcript_names(Side::Server)),
                         [](const auto& file) { return file.param; });

}  // namespace
}  // namespace offhook::transcripts
