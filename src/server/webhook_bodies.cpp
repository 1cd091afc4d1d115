#include "server/webhook_bodies.hpp"

#include <chrono>
#include <cstdio>

#include "server/records.hpp"
#include "wire/json_object.hpp"
#include "wire/opentok_session.hpp"

namespace offhook::server {
namespace {

using Object = wire::JsonObject;

std::string envelope(std::string_view type, Instant at, const std::string& data) {
  return Object().text("type", type).text("timestamp", to_iso(at)).raw("data", data).done();
}

std::string to_json(const wire::Connection& connection) {
  Object out;
  out.text("connection_id", connection.connection_id.text());
  out.text_if("user", connection.user).text_if("data", connection.data);
  return out.number("created_at_ms", connection.created_at_ms).done();
}

std::string to_json(const wire::Stream& stream) {
  Object out;
  out.text("stream_id", stream.stream_id.text()).text_if("name", stream.name);
  out.flag("has_audio", stream.has_audio).flag("has_video", stream.has_video).word_if("video_type", stream.video_type);
  return out.number("created_at_ms", stream.created_at_ms).done();
}

std::string to_opentok(const wire::Connection& connection) {
  return Object().text("id", connection.connection_id.text()).number("createdAt", connection.created_at_ms)
      .text("data", connection.data.value_or("")).done();
}

std::string to_opentok(const wire::Stream& stream, const wire::Connection& connection) {
  Object out;
  out.text("id", stream.stream_id.text()).raw("connection", to_opentok(connection)).number("createdAt", stream.created_at_ms);
  out.text("name", stream.name.value_or(""));
  if (stream.has_video) out.text("videoType", wire::word(stream.video_type.value_or(wire::VideoType::Camera)));
  return out.done();
}

std::string_view opentok_event(core::SessionNews news) {
  switch (news) {
    case core::SessionNews::ConnectionCreated: return "connectionCreated";
    case core::SessionNews::ConnectionDestroyed: return "connectionDestroyed";
    case core::SessionNews::StreamCreated: return "streamCreated";
    case core::SessionNews::StreamDestroyed: return "streamDestroyed";
    case core::SessionNews::SessionCreated: return "sessionCreated";
    case core::SessionNews::SessionDestroyed: return "sessionDestroyed";
  }
  return "";
}

std::string_view opentok_reason(wire::LeaveReason reason) {
  switch (reason) {
    case wire::LeaveReason::ClientDisconnected:
    case wire::LeaveReason::Unpublished: return "clientDisconnected";
    case wire::LeaveReason::NetworkDisconnected: return "networkDisconnected";
    case wire::LeaveReason::ForceDisconnected:
    case wire::LeaveReason::CallEnded: return "forceDisconnected";
    case wire::LeaveReason::ForceUnpublished: return "forceUnpublished";
  }
  return "";
}

}  // namespace

std::string to_iso(Instant moment) {
  const auto ms = to_unix_ms(moment);
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds{ms}};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
                static_cast<int>(clock.subseconds().count()));
  return text;
}

std::string to_body(const core::CallNotice& notice, const core::CallRecord& record) {
  Object data;
  data.raw("call", to_json(record)).number("version", static_cast<std::int64_t>(record.version)).text("session_id", record.session.text());
  data.text_if("user", notice.user);
  return envelope(core::type_of(notice.news), notice.at, data.done());
}

std::string to_body(const core::SessionNotice& notice) {
  Object data;
  data.text("session_id", notice.session.text());
  if (notice.call) data.text("call_id", notice.call->text());
  if (!core::is_of_whole_session(notice.news)) data.raw("connection", to_json(notice.connection));
  if (notice.stream) data.raw("stream", to_json(*notice.stream));
  data.word_if("reason", notice.reason);
  return envelope(core::type_of(notice.news), notice.at, data.done());
}

std::string to_opentok_body(const core::SessionNotice& notice) {
  Object out;
  out.text("sessionId", wire::to_opentok_session(notice.session, notice.project)).text("projectId", notice.project).text("event", opentok_event(notice.news));
  if (notice.reason) out.text("reason", opentok_reason(*notice.reason));
  out.number("timestamp", to_unix_ms(notice.at));
  if (core::is_of_whole_session(notice.news)) return out.done();
  if (notice.stream) return out.raw("stream", to_opentok(*notice.stream, notice.connection)).done();
  return out.raw("connection", to_opentok(notice.connection)).done();
}

}  // namespace offhook::server
