// The command line of the client: what is asked for, or one sentence that says what to do.
#include "cli/arguments.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "url.hpp"

using namespace offhook;

FUZZ(bytes) {
  fuzz::Dice dice(bytes);
  std::vector<std::string> words;
  while (!dice.is_empty()) words.push_back(dice.text(32));
  const auto arguments = cli::parse_arguments(words);
  if (!arguments) MUST(!arguments.error().message.empty());
  if (arguments) cli::help_of(*arguments);
  const auto url = client::parse_url(bytes);
  if (!url) MUST(url.error().word == "bad_url" && !url.error().message.empty());
  if (url) client::authority_of(client::client_socket_of(*url));
  if (const auto duration = cli::parse_duration(bytes)) MUST(duration->count() >= 0);  // what is too long, each option says
}
