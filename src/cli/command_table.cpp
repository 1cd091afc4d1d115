// Every command and option of the program.
#include "cli/arguments.hpp"

namespace offhook::cli {
namespace {

constexpr Option k_json{"--json", "", "one JSON object per line instead of sentences"};
constexpr Option k_device{"--device", "NAME", "name of this device: letters, digits and . _ -; else a random one"};
constexpr Option k_state{"--state", "FILE", "remember calls over restarts there; it names the device too"};
constexpr Option k_expect{"--expect", "OUTCOME",
                          "exit code 1 unless the call ends so: ended, declined, busy, no_answer, …"};

std::vector<Option> with_call_options(std::vector<Option> first, const std::vector<Option>& last) {
  const Option shared[] = {
      {"--mode", "MODE", "of a group: first_answer, or all_join unless you choose otherwise"},
      {"--owner-leaves", "WHAT", "when the caller leaves a group: end (unless you choose otherwise) or stay"},
      {"--data", "TEXT", "shown to who is called, at most 1000 bytes"},
      {"--ring-timeout", "D", "give up ringing after so long, 1s to 3m; else what the server says"},
      {"--wake-timeout", "D", "give up if no device rings after so long, 1s to 1m"},
      {"--connect-timeout", "D", "give up if it does not connect so long after the answer, 5s to 1m"},
      {"--drop-grace", "D", "how long a side may be lost in the call, 3s to 2m"},
      {"--max-duration", "D", "end the call after so long, 1m to 24h"},
      {"--decline-policy", "WHICH", "the ringing ends with the first_decline, or when all_devices have declined"},
      {"--wait-full-ring", "", "wait the whole time for a device that rings"}};
  first.insert(first.end(), std::begin(shared), std::end(shared));
  first.insert(first.end(), last.begin(), last.end());
  return first;
}

Command listen_command() {
  return {"listen",
          {"USER"},
          {k_device,
           k_state,
           {"--answer-after", "D", "how long it rings before it is answered; 1s unless you choose otherwise"},
           {"--decline", "", "decline instead"},
           {"--busy", "", "say that this device is busy instead"},
           {"--ignore", "", "let it ring instead"},
           {"--move-after", "D", "take over a call of USER that another device is in, so long after it is known"},
           {"--hang-up-after", "D", "hang up so long after the call became active"},
           {"--once", "", "end after the first call"},
           k_json},
          "Be reachable as USER, and answer calls",
          "Calls that a backend places for USER are made here, too.\n"
          "Ctrl-C hangs up or declines and ends; a second one quits at once.\n"};
}

Command call_command() {
  return {"call",
          {"FROM", "TO…"},
          with_call_options(
              {k_device,
               k_state,
               {"--media", "KIND", "none; audio and video need a browser, for there is no microphone or camera here"}},
              {{"--cancel-after", "D", "cancel after so long if nobody has answered"},
               {"--hang-up-after", "D", "hang up so long after the call became active"},
               k_expect,
               k_json}),
          "Call TO in the name of FROM, and wait until the call has ended",
          "With more than one TO it is a group.\n"
          "Without --expect the exit code is 0 for every outcome but lost_contact, which means that nobody told what "
          "became of it.\n"
          "Ctrl-C hangs up; a second one quits at once.\n"};
}

Command token_command() {
  return {"token",
          {"USER"},
          {{"--device", "NAME", "name of the device to show to others"},
           {"--expires", "D", "how long the token is good for; 1h unless you choose otherwise"},
           k_json},
          "Print a token that lets a client be USER",
          ""};
}

Command load_command() {
  return {"load",
          {},
          {{"--scenario", "WHAT", "answered (unless you choose otherwise), declined, no_answer, cancelled or mixed"},
           {"--rate", "R", "calls a second, 10 unless you choose otherwise; 0: a call whenever two devices are free"},
           {"--calls", "N", "how many, up to 10000000; 100 unless you choose otherwise"},
           {"--devices", "D", "how many devices, each of a user of its own, 2 to 20000; 20 unless you choose otherwise"},
           {"--live", "N", "at most so many calls at a time; half the number of devices unless you choose otherwise"},
           {"--hold", "D", "how long an answered call lasts; 0ms unless you choose otherwise"},
           {"--ring-timeout", "D", "of a call that nobody answers, 1s to 3m; 1s unless you choose otherwise"},
           {"--name", "TEXT", "the users are TEXT-0, TEXT-1, …; \"load\" unless you choose otherwise"},
           k_json},
          "Put load on a server: devices that call each other, with figures",
          "Every call is checked: both sides must be told its end once, with the outcome of its scenario; else the exit code is 1.\n"
          "A server limits how often a user may ring: raise rings_per_caller and rings_per_pair of the one you test.\n"
          "Several runs at once need a --name each. Ctrl-C places no more calls and waits for those that are live.\n"};
}

Command create_command() {
  return {"calls create",
          {},
          with_call_options({{"--from", "USER", "who calls"},
                             {"--to", "USER", "who is called; more than one, each with its own --to, is a group", true},
                             {"--device", "NAME", "the caller's device; else the one that was heard last"},
                             {"--media", "KIND", "none (unless you choose otherwise), audio or video"}},
                            {{"--wait", "", "print each change until the call has ended"}, k_expect, k_json}),
          "Place a call for a user, as the project's backend",
          "A device of the caller must be connected: it makes the call. --expect waits for the end.\n"
          "Ctrl-C ends the waiting, not the call.\n"};
}

Command list_command() {
  return {"calls list",
          {},
          {{"--user", "USER", "only calls from or to this user"},
           {"--phase", "PHASE", "only calls that are inviting, connecting, active or ended"},
           {"--outcome", "OUTCOME", "only calls that ended so"},
           {"--since", "WHEN", "created at this moment or later: a time ago like 2h, or milliseconds since 1970"},
           {"--until", "WHEN", "created before this moment"},
           {"--limit", "N", "how many, 1 to 10000; 20 unless you choose otherwise"},
           {"--cursor", "ID", "go on after this call"},
           k_json},
          "List the project's calls, newest first",
          ""};
}

std::vector<Command> backend_commands() {
  return {create_command(),
          list_command(),
          {"calls get",
           {"CALL"},
           {{"--wait", "", "print each change until the call has ended"}, k_expect, k_json},
           "Show one call",
           ""},
          {"explain",
           {"CALL"},
           {k_json},
           "Say why a call ended as it did, and what happened in it",
           "For everybody who was in it: what was said and told, lost links, deadlines.\n"},
          {"replay",
           {"CALL"},
           {k_json},
           "Decide an ended call again from its stored inputs, and compare",
           "Exit code 1 if something else is decided: after an upgrade, or because of a fault in the server.\n"},
          {"calls end",
           {"CALL"},
           {k_json},
           "End a call: cancelled before an answer, ended after it",
           "Of a call that has ended it changes nothing.\n"},
          {"calls add",
           {"CALL", "USER…"},
           {k_json},
           "Ring more users into a live call",
           "A call between two becomes a group that everybody may join.\n"},
          {"rules get", {"USER"}, {k_json}, "Show how a user wants to be called", ""},
          {"rules set",
           {"USER"},
           {{"--call-waiting", "WHAT", "when somebody calls during a call: off, ring_other_devices or ring_all"},
            {"--max-parallel-rings", "N", "so many calls ring at once, 1 to 5"},
            {"--do-not-disturb", "SWITCH", "on or off"},
            {"--block", "USER", "refuse calls by this user; may be given more than once", true},
            {"--unblock", "USER", "and no longer; may be given more than once", true},
            {"--defaults", "", "begin with the defaults; else what is not named stays as it is"},
            k_json},
           "Change how a user wants to be called",
           ""}};
}

std::vector<Command> webhook_commands() {
  return {{"webhooks list",
           {},
           {k_json},
           "List the project's webhooks: whether they work, how many events wait and how many are dead letters",
           "working; failing: the last attempt failed; probed: five in a row did, and it is tried now and then; disabled: it\n"
           "answered 410; removed: not in the configuration any more, its events are still kept. Dropped are dead letters\n"
           "for which there was no place.\n"},
          {"webhooks events",
           {},
           {{"--webhook", "NAME", "only those for this webhook"},
            {"--about", "ID", "only those of this call or session"},
            {"--state", "STATE", "only pending ones, or only those given up: dead"},
            {"--limit", "N", "how many, 1 to 10000; 20 unless you choose otherwise"},
            {"--cursor", "ID", "go on after this one"},
            k_json},
           "List the events that have not been delivered, oldest first",
           ""},
          {"webhooks replay",
           {},
           {{"--event", "NUMBER", "one that has been given up or waits for its next attempt"},
            {"--webhook", "NAME", "all those of this webhook"},
            k_json},
           "Send events again, now",
           "The webhook is tried at once, even if it was disabled. Events keep their ids and bodies.\n"}};
}

std::vector<Command> operator_commands() {
  return {{"project create",
           {},
           {{"--name", "TEXT", "for people, at most 128 bytes"},
            {"--key", "KEY", "a key you have, such as that of an OpenTok project; else one is made"},
            {"--secret", "TEXT", "with --key, the secret that belongs to it; else one is made"},
            {"--public-key", "FILE", "PEM of an RSA key: an application, whose tokens are signed RS256"},
            k_json},
           "Make a project while the server runs",
           "Prints key and secret; the secret is not shown again.\n"
           "OFFHOOK_OPERATOR_SECRET is the secret of [operator] in the server's configuration.\n"},
          {"project list", {}, {k_json}, "List the projects", ""},
          {"project rotate-secret",
           {"KEY"},
           {{"--finish", "", "the older secret is not good any more"}, k_json},
           "Give a project a new secret beside the one it has",
           "Both are good until you say --finish; a third one takes the place of the oldest.\n"},
          {"project disable", {"KEY"}, {k_json}, "Refuse the tokens of a project from now on", "Clients that are connected stay.\n"},
          {"project enable", {"KEY"}, {k_json}, "Take the tokens of a project again", ""}};
}

std::vector<Command> make_commands() {
  std::vector<Command> all{listen_command(), call_command(), token_command(), load_command()};
  for (auto& command : backend_commands()) all.push_back(std::move(command));
  for (auto& command : webhook_commands()) all.push_back(std::move(command));
  for (auto& command : operator_commands()) all.push_back(std::move(command));
  return all;
}

}  // namespace

std::span<const Command> commands() {
  static const auto all = make_commands();
  return all;
}

}  // namespace offhook::cli
