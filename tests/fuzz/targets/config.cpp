// The configuration file and the command line of the server: sound, or refused with a sentence.
#include "server/config.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace offhook;

FUZZ(bytes) {
  fuzz::Dice dice(bytes);
  const auto head = dice.text(64);
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin < head.size();) {
    const auto end = std::min(head.find(' ', begin), head.size());
    words.push_back(head.substr(begin, end - begin));
    begin = end + 1;
  }
  const auto line = server::parse_command_line(words);
  if (!line) MUST(!line.error().message.empty());
  auto config = server::parse_config(dice.rest(), "offhook.toml");
  if (!config) {
    MUST(!config.error().message.empty());
    return;
  }
  const auto whole = server::complete(std::move(config.value()), line ? *line : server::CommandLine{});
  MUST(whole || !whole.error().message.empty());
}
