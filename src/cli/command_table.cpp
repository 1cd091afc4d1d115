// Every command and option of the program.
#include "cli/arguments.hpp"

namespace offhook::cli {
namespace {

constexpr Option k_json{"--json", "", "one JSON object per line instead of sentences"};
constexpr Option k_device{"--device", "NAME", "name of this device: letters, digits and . _ -; else a random one"};

Command listen_command() {
  return {"listen",
          {"USER"},
          {k_device,
           {"--answer-after", "D", "how long it rings before it is answered; 1s unless you choose otherwise"},
           {"--decline", "", "decline instead"},
           {"--busy", "", "say that this device is busy instead"},
           {"--ignore", "", "let it ring instead"},
           {"--hang-up-after", "D", "hang up so long after the call became active"},
           {"--once", "", "end after the first call"},
           k_json},
          "Be reachable as USER, and answer calls",
          "Ctrl-C hangs up or declines and ends; a second one quits at once.\n"};
}

Command call_command() {
  return {"call",
          {"FROM", "TO"},
          {k_device,
           {"--media", "KIND", "none; audio and video need a browser, for there is no microphone or camera here"},
           {"--ring-timeout", "D", "give up ringing after so long, 1s to 3m; else what the server says"},
           {"--cancel-after", "D", "cancel after so long if nobody has answered"},
           {"--hang-up-after", "D", "hang up so long after the call became active"},
           {"--expect", "OUTCOME", "exit code 1 unless the call ends so: ended, declined, busy, no_answer, …"},
           k_json},
          "Call TO in the name of FROM, and wait until the call has ended",
          "Without --expect the exit code is 0 for every outcome but lost_contact, which means that nobody told what became of it.\n"
          "Ctrl-C hangs up; a second one quits at once.\n"};
}

std::vector<Command> make_commands() {
  return {listen_command(), call_command(),
          {"token",
           {"USER"},
           {{"--device", "NAME", "name of the device to show to others"},
            {"--expires", "D", "how long the token is good for; 1h unless you choose otherwise"},
            k_json},
           "Print a token that lets a client be USER",
           ""},
          {"calls",
           {},
           {{"--user", "USER", "only calls from or to this user"},
            {"--limit", "N", "how many, 1 to 100; 20 unless you choose otherwise"},
            k_json},
           "List the project's calls, newest first",
           ""}};
}

}  // namespace

std::span<const Command> commands() {
  static const auto all = make_commands();
  return all;
}

}  // namespace offhook::cli
