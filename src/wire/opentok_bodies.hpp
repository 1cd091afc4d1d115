// Bodies of OpenTok's REST interface: what its server SDKs send, with all their spellings, and what they can read. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "wire/messages.hpp"

namespace offhook::wire::opentok {

// The status to refuse with, and a sentence.
struct Problem {
  unsigned status = 400;
  std::string message;
};

struct SignalBody { std::string type, data; };
struct MuteBody { bool active = true; std::vector<StreamId> except; };
using LayoutBody = std::vector<std::pair<StreamId, std::vector<std::string>>>;
struct CallbackBody { std::string group, event, url; };

Result<SignalBody, Problem> read_signal(std::string_view body);
// `active` as a boolean or a text, the streams under either of two names; names of streams that are none are passed over.
Result<MuteBody, Problem> read_mute(std::string_view body);
Result<LayoutBody, Problem> read_layouts(std::string_view body);
Result<std::vector<std::string>, Problem> read_layout(std::string_view body);
Result<CallbackBody, Problem> read_callback(std::string_view body);
// The text at "session_id" in the request that places a call; nothing if there is none.
std::optional<std::string> session_named_in(std::string_view body);
// Why session/create cannot be done as the form asks.
std::optional<Problem> objection_to_session(std::string_view form);

// Does `accept` name application/json itself? "*/*" does not: the SDKs that send that read XML.
bool wants_json(std::string_view accept);

std::string session_json(const std::string& session, const ProjectId& project, std::string_view segment, Instant created_at);
std::string session_xml(const std::string& session, const ProjectId& project, Instant created_at);
std::string stream_json(const Stream& stream, const std::vector<std::string>& layout_classes);
// No member but these two: Java's reader refuses lists with more.
std::string list_json(const std::vector<std::string>& items);
std::string connection_list_json(const std::vector<Connection>& connections, const ProjectId& project, const std::string& session);
std::string failure_json(int code, std::string_view message);

}  // namespace offhook::wire::opentok
