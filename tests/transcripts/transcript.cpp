#include "transcript.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/ids.hpp"

namespace offhook::transcripts {
namespace {

namespace fs = std::filesystem;

const fs::path k_folder = OFFHOOK_TRANSCRIPTS;

struct BadLine {
  std::string what;
};

std::vector<std::string> words_of(std::string_view text) {
  std::istringstream stream{std::string(text)};
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

// The words up to the first `{`, and the JSON object from there.
json::object split_object(std::string& text) {
  const auto brace = text.find('{');
  if (brace == std::string::npos) return {};
  json::error_code failure;
  auto value = json::parse(std::string_view(text).substr(brace), failure);
  if (failure || !value.is_object()) throw BadLine{"this is no JSON object: " + text.substr(brace)};
  text.resize(brace);
  return value.get_object();
}

// The value of `name=value` among words, taken out.
std::optional<std::string> take(std::vector<std::string>& words, const std::string& name) {
  const auto found = std::find_if(words.begin(), words.end(), [&](const auto& word) { return word.starts_with(name + "="); });
  if (found == words.end()) return std::nullopt;
  auto value = found->substr(name.size() + 1);
  words.erase(found);
  return value;
}

class Reader {
 public:
  explicit Reader(Transcript& transcript) : transcript_(transcript) {}

  void read(const fs::path& file) {
    std::ifstream stream(file);
    if (!stream) throw BadLine{file.string() + ": cannot be read"};
    std::string text;
    for (int number = 1; std::getline(stream, text); ++number) {
      const auto where = file.filename().string() + ":" + std::to_string(number);
      try {
        read_line(file, where, text);
      } catch (const BadLine& bad) {
        throw BadLine{bad.what.starts_with(file.filename().string()) ? bad.what : where + ": " + bad.what};
      }
    }
  }

 private:
  void read_line(const fs::path& file, const std::string& where, std::string text) {
    if (text.empty() || text[0] == '#') return;
    const auto object = split_object(text);
    auto words = words_of(text);
    if (words.empty()) throw BadLine{"a line begins with a word or a time"};
    if (words[0] == "include" && words.size() == 2) return read(file.parent_path() / words[1]);
    if (const auto at = parse_seconds(words[0])) return read_timed(where, *at, words, object);
    read_header(words, text);
  }

  void read_header(std::vector<std::string>& words, const std::string& text) {
    if (!transcript_.lines.empty()) throw BadLine{"this belongs before the first timed line"};
    if (words[0] == "title") {
      transcript_.title = text.substr(6);
    } else if (words[0] == "skip" && words.size() == 2 && (words[1] == "client" || words[1] == "server")) {
      (words[1] == "client" ? transcript_.skip_client : transcript_.skip_server) = true;
    } else if (words[0] == "setting" && words.size() == 3) {
      transcript_.settings.push_back({words[1], words[2]});
    } else if (words[0] == "clientsetting" && words.size() == 3) {
      transcript_.client_settings.push_back({words[1], words[2]});
    } else if (words[0] == "client" && words.size() >= 4) {
      read_client(words);
    } else {
      throw BadLine{"not understood: " + text};
    }
  }

  void read_client(std::vector<std::string>& words) {
    Party party;
    const auto user = take(words, "user");
    const auto device = take(words, "device");
    party.push = take(words, "push").value_or("");
    party.name = words[1];
    party.later = words.size() == 3 && words[2] == "later";
    if (!user || !device || words.size() != (party.later ? 3U : 2U)) throw BadLine{"client NAME user=U device=D [push=TOKEN] [later]"};
    party.user = *user;
    party.device = *device;
    transcript_.parties.push_back(party);
  }

  void read_timed(const std::string& where, Duration at, std::vector<std::string>& words, const json::object& object) {
    if (!transcript_.lines.empty() && at < transcript_.lines.back().at) throw BadLine{"the time goes back"};
    Line line;
    line.where = where;
    line.at = at;
    line.object = object;
    if (words.size() == 2 && words[1] == "end") {
      transcript_.lines.push_back(line);
      return;
    }
    if (words.size() < 3) throw BadLine{"TIME PARTY VERB REST"};
    line.party = words[1];
    const bool known = std::any_of(transcript_.parties.begin(), transcript_.parties.end(),
                                   [&](const auto& party) { return party.name == line.party; });
    if (!known && line.party != "server") throw BadLine{"there is no client " + line.party};
    read_verb(line, words);
    transcript_.lines.push_back(line);
  }

  static void read_verb(Line& line, const std::vector<std::string>& words) {
    static const std::map<std::string, Verb> k_verbs{{"do", Verb::Do},       {"send", Verb::Send},   {"recv", Verb::Recv},
                                                     {"see", Verb::See},     {"start", Verb::Start}, {"drain", Verb::Drain},
                                                     {"end_call", Verb::EndCall}, {"push", Verb::Push}, {"push_answer", Verb::PushAnswer}, {"push_stop", Verb::PushStop}};
    static const std::map<std::string, Verb> k_links{{"closed", Verb::LinkClosed}, {"silent", Verb::LinkSilent},
                                                     {"up", Verb::LinkUp},         {"fresh", Verb::LinkFresh}};
    if (words[2] == "link" && words.size() == 4 && k_links.contains(words[3])) {
      line.verb = k_links.at(words[3]);
      return;
    }
    const auto verb = k_verbs.find(words[2]);
    if (verb == k_verbs.end()) throw BadLine{"there is no verb " + words[2]};
    line.verb = verb->second;
    constexpr Verb k_of_the_server[] = {Verb::Drain, Verb::EndCall, Verb::Push, Verb::PushAnswer, Verb::PushStop};
    const bool is_server_verb = std::find(std::begin(k_of_the_server), std::end(k_of_the_server), line.verb) != std::end(k_of_the_server);
    if ((line.party == "server") != is_server_verb) throw BadLine{"the server's verbs are drain, end_call, push, push_answer and push_stop, and nobody else's"};
    if (line.verb == Verb::Start) return;
    if (words.size() < 4) throw BadLine{"a word is missing after " + words[2]};
    line.word = words[3];
    line.args.assign(words.begin() + 4, words.end());
    if (line.verb != Verb::Do && !line.args.empty()) throw BadLine{"one word and one JSON object, not " + line.args[0]};
  }

  Transcript& transcript_;
};

// The n-th made-up id of a kind.
std::string made_up_id(std::string_view prefix, std::uint64_t number) { return std::string(prefix) + base32_encode(1, number); }

}  // namespace

std::vector<std::string> transcript_names(Side side) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(k_folder)) {
    const auto name = entry.path().stem().string();
    if (entry.path().extension() != ".txt" || name == "CMakeLists") continue;
    const auto transcript = read_transcript(name);
    if (!transcript || !(side == Side::Client ? transcript->skip_client : transcript->skip_server)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<Transcript, std::string> read_transcript(const std::string& name) {
  Transcript transcript;
  transcript.name = name;
  try {
    Reader(transcript).read(k_folder / (name + ".txt"));
  } catch (const BadLine& bad) {
    return bad.what;
  }
  if (transcript.title.empty() || transcript.parties.empty() || transcript.lines.empty()) {
    return name + ": a title, a client and a line are needed";
  }
  return transcript;
}

std::optional<Duration> parse_seconds(std::string_view text) {
  double seconds = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || seconds < 0) return std::nullopt;
  return Duration{static_cast<std::int64_t>(seconds * 1e6 + 0.5)};
}

// --- names

std::string Names::made_up(const std::string& name) {
  for (const auto& [begin, prefix] : {std::pair{"$call", "call_"}, {"$sess", "sess_"}, {"$conn", "conn_"}, {"$strm", "strm_"},
                                      {"$expn", "expn_"}, {"$clnt", "clnt_"}}) {
    if (name.starts_with(begin)) return made_up_id(prefix, ++made_);
  }
  return name.substr(1);
}

std::string Names::filled(const std::string& text) {
  if (!text.starts_with('$')) return text;
  const auto found = bound_.find(text);
  return found != bound_.end() ? found->second : bound_.emplace(text, made_up(text)).first->second;
}

json::value Names::filled(const json::value& value) {
  if (const auto* text = value.if_string()) return json::value(filled(std::string(*text)));
  if (const auto* list = value.if_array()) {
    json::array out;
    for (const auto& item : *list) out.push_back(filled(item));
    return out;
  }
  if (const auto* object = value.if_object()) {
    json::object out;
    for (const auto& field : *object) out[field.key()] = filled(field.value());
    return out;
  }
  return value;
}

std::optional<std::string> Names::mismatch(const json::value& wanted, const json::value& found, const std::string& path) {
  const auto differ = [&] { return path + " is " + json::serialize(found) + " and should be " + json::serialize(wanted); };
  if (const auto* object = wanted.if_object()) {
    if (!found.is_object()) return differ();
    for (const auto& field : *object) {
      const auto inner = path.empty() ? std::string(field.key()) : path + "." + std::string(field.key());
      const auto* other = found.get_object().if_contains(field.key());
      if (field.value().is_null() && other == nullptr) continue;
      if (other == nullptr) return inner + " is missing";
      if (auto problem = mismatch(field.value(), *other, inner)) return problem;
    }
    return std::nullopt;
  }
  if (const auto* list = wanted.if_array()) {
    if (!found.is_array() || found.get_array().size() != list->size()) return differ();
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (auto problem = mismatch((*list)[i], found.get_array()[i], path + "[" + std::to_string(i) + "]")) return problem;
    }
    return std::nullopt;
  }
  if (const auto* text = wanted.if_string(); text != nullptr && text->starts_with("$") && found.is_string()) {
    const auto bound = bound_.emplace(std::string(*text), std::string(found.get_string())).first;
    if (bound->second == found.get_string()) return std::nullopt;
    return path + " is " + json::serialize(found) + " and " + bound->first + " stands for \"" + bound->second + "\"";
  }
  return wanted == found ? std::nullopt : std::optional(differ());
}

}  // namespace offhook::transcripts
