// Somebody in a session by way of the C++ client, for roles.test.mjs: what a role allows is seen from where apps see it.
//
//   offhook_visitor URL TOKEN SESSION_ID API_KEY
//
// A line on stdin is a verb with the ids it needs; a line on stdout is its answer: "ok", or the word of the error. Verbs:
//   connect | signal | signal_to CONNECTION | publish | update | unpublish | negotiate CONNECTION | expect
//   force_mute STREAM | force_mute_all | disable_force_mute | force_unpublish STREAM | force_disconnect CONNECTION | disconnect
// `update` and `unpublish` are about the stream that was published last.
#include <future>
#include <iostream>
#include <sstream>
#include <string>

#include "offhook/client.hpp"

namespace {

using namespace offhook;
using Word = std::promise<std::string>;

// Gives the answer to `word`, whichever form it has.
Done told(Word& word) {
  return [&word](const std::optional<Problem>& problem) { word.set_value(problem ? problem->word : "ok"); };
}
template <class T>
Answer<T> told(Word& word, const std::function<void(const T&)>& use = [](const T&) {}) {
  return [&word, use](Result<T, Problem> answer) {
    if (answer) use(*answer);
    word.set_value(answer ? "ok" : answer.error().word);
  };
}

void expect_somebody(Session& session, Word& word) {
  Expectation expectation;
  expectation.timeout = std::chrono::seconds{1};
  expectation.user = "nobody";
  session.expect_connection(expectation, [&word](const Expected& what) {
    const auto* problem = std::get_if<Problem>(&what);
    word.set_value(problem == nullptr ? "ok" : problem->word);  // that nobody comes is an answer
  });
}

class Visitor {
 public:
  explicit Visitor(Session session) : session_(std::move(session)) {}

  std::string carry_out(const std::string& verb, const std::string& id) {
    Word word;
    auto answer = word.get_future();
    begin(verb, id, word);
    return answer.get();
  }

 private:
  void begin(const std::string& verb, const std::string& id, Word& word) {
    const auto connection = ConnectionId::parse(id).value_or(ConnectionId());
    const auto stream = StreamId::parse(id).value_or(StreamId());
    if (verb == "connect") return session_.connect(told<SessionState>(word));
    if (verb == "disconnect") return session_.disconnect(told(word));
    if (verb == "signal") return session_.signal({"chat", "x"}, told(word));
    if (verb == "signal_to") return session_.signal({"chat", "x", connection}, told(word));
    if (verb == "publish") return session_.publish({}, told<Stream>(word, [this](const Stream& made) { own_ = made.stream_id; }));
    if (verb == "update") return session_.update_stream(own_, {false, {}}, told<Stream>(word));
    if (verb == "unpublish") return session_.unpublish(own_, told(word));
    if (verb == "negotiate") return session_.negotiate(connection, {{}, "{}"}, told(word));
    if (verb == "expect") return expect_somebody(session_, word);
    if (verb == "force_mute") return session_.force_mute(stream, told(word));
    if (verb == "force_mute_all") return session_.force_mute_all({}, told(word));
    if (verb == "disable_force_mute") return session_.disable_force_mute(told(word));
    if (verb == "force_unpublish") return session_.force_unpublish(stream, told(word));
    if (verb == "force_disconnect") return session_.force_disconnect(connection, told(word));
    word.set_value("no such verb");
  }

  Session session_;
  StreamId own_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const auto id = find_session_id(argv[3], argv[4]);
  if (!id) return 2;
  ClientOptions options;
  options.url = argv[1];
  options.token = argv[2];
  Client client(options);
  client.connect();
  Visitor visitor(client.session(*id));
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string verb;
    std::string argument;
    words >> verb >> argument;
    std::cout << visitor.carry_out(verb, argument) << std::endl;
  }
}
