// Transcripts (README.md): the parser, the names that bind, and the matching of messages; shared by both C++ runners.
#pragma once

#include <boost/json.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace offhook::transcripts {

namespace json = boost::json;

enum class Verb { Do, Send, Recv, See, LinkClosed, LinkSilent, LinkUp, LinkFresh, Start, Drain, EndCall, Push, PushAnswer, PushStop, End };

struct Line {
  std::string where;              // file and line, for messages to people
  Duration at{};                  // from the start
  std::string party;              // empty for End
  Verb verb = Verb::End;
  std::string word;               // of do the action, of send and recv the message type, of see the event
  std::vector<std::string> args;  // of do and server, apart from JSON
  json::object object;            // the JSON at the end
};

struct Party {
  std::string name;
  std::string user;
  std::string device;
  std::string push;  // the token by which it is woken; empty: it is not
  bool later = false;
};

struct Setting {
  std::string name;
  std::string value;
};

struct Transcript {
  std::string name;  // of the file, without .txt
  std::string title;
  bool skip_client = false;
  bool skip_server = false;
  std::vector<Party> parties;
  std::vector<Setting> settings;
  std::vector<Setting> client_settings;
  std::vector<Line> lines;
};

enum class Side { Client, Server };

// The names of the transcripts that are for this side, and of those that cannot be read: their tests shall fail.
std::vector<std::string> transcript_names(Side side);

// By name. One that cannot be read is an error sentence that names file and line.
Result<Transcript, std::string> read_transcript(const std::string& name);

// Seconds as in "2.5"; nothing if it is no such number.
std::optional<Duration> parse_seconds(std::string_view text);

// What the `$names` of a transcript stand for.
class Names {
 public:
  // With every name replaced; an unbound one is made up (README.md).
  std::string filled(const std::string& text);
  json::value filled(const json::value& value);

  // Nothing if every field of `wanted` is in `found` and equal; otherwise what differs. Binds names.
  std::optional<std::string> mismatch(const json::value& wanted, const json::value& found, const std::string& path = "");

 private:
  std::string made_up(const std::string& name);

  std::map<std::string, std::string> bound_;
  std::uint64_t made_ = 0;
};

}  // namespace offhook::transcripts
