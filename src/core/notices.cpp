#include "core/notices.hpp"

namespace offhook::core {
namespace {

Told::Part part_of(const LegRecord& leg) {
  return {leg.rang_at.has_value(), leg.answered_at.has_value(), leg.outcome.has_value(), leg.winner};
}

// Another device of the same user speaks.
bool has_moved(const Told::Part& before, const Told::Part& after) {
  return before.speaker && after.speaker && before.speaker != after.speaker;
}

}  // namespace

std::string_view type_of(CallNews news) {
  switch (news) {
    case CallNews::Created: return "call.created";
    case CallNews::LegAdded: return "call.leg.added";
    case CallNews::LegRinging: return "call.leg.ringing";
    case CallNews::Ringing: return "call.ringing";
    case CallNews::LegAnswered: return "call.leg.answered";
    case CallNews::Answered: return "call.answered";
    case CallNews::Active: return "call.active";
    case CallNews::Moved: return "call.moved";
    case CallNews::LegEnded: return "call.leg.ended";
    case CallNews::Ended: return "call.ended";
  }
  return "";
}

std::string_view type_of(SessionNews news) {
  switch (news) {
    case SessionNews::ConnectionCreated: return "connection.created";
    case SessionNews::ConnectionDestroyed: return "connection.destroyed";
    case SessionNews::StreamCreated: return "stream.created";
    case SessionNews::StreamDestroyed: return "stream.destroyed";
    case SessionNews::SessionCreated: return "session.created";
    case SessionNews::SessionDestroyed: return "session.destroyed";
  }
  return "";
}

std::vector<std::string_view> all_types() {
  std::vector<std::string_view> types;
  for (int news = 0; news <= static_cast<int>(CallNews::Ended); ++news) types.push_back(type_of(static_cast<CallNews>(news)));
  for (int news = 0; news <= static_cast<int>(SessionNews::SessionDestroyed); ++news) types.push_back(type_of(static_cast<SessionNews>(news)));
  return types;
}

Told told_of(const CallRecord& record) {
  Told told;
  told.created = true;
  told.answered = record.answered_at.has_value();
  told.active = record.active_at.has_value();
  told.ended = record.ended_at.has_value();
  told.caller = part_of(record.caller_leg);
  for (const auto& leg : record.legs) {
    told.legs.push_back(part_of(leg));
    told.rang = told.rang || leg.rang_at;
  }
  return told;
}

std::vector<CallNotice> news_between(const Told& before, const CallRecord& after) {
  const auto now = told_of(after);
  std::vector<CallNotice> news;
  const auto tell = [&](CallNews what, bool is_news) {
    if (is_news) news.push_back({{}, what, {}, {}});
  };
  const auto tell_legs = [&](CallNews what, auto is_news) {
    for (std::size_t i = 0; i < now.legs.size(); ++i) {
      const auto known = i < before.legs.size() ? before.legs[i] : Told::Part{};
      if (is_news(i, known, now.legs[i])) news.push_back({{}, what, after.legs[i].user, {}});
    }
  };
  using Part = Told::Part;
  const bool group = after.group.has_value();
  tell(CallNews::Created, !before.created);
  tell_legs(CallNews::LegAdded, [&](std::size_t i, const Part&, const Part&) { return before.created && i >= before.legs.size(); });
  tell_legs(CallNews::LegRinging, [&](std::size_t, const Part& was, const Part& is) { return group && is.rang && !was.rang; });
  tell(CallNews::Ringing, now.rang && !before.rang);
  tell_legs(CallNews::LegAnswered, [&](std::size_t, const Part& was, const Part& is) { return group && is.answered && !was.answered; });
  tell(CallNews::Answered, now.answered && !before.answered);
  tell(CallNews::Active, now.active && !before.active);
  if (has_moved(before.caller, now.caller)) news.push_back({{}, CallNews::Moved, after.caller, {}});
  tell_legs(CallNews::Moved, [&](std::size_t, const Part& was, const Part& is) { return has_moved(was, is); });
  tell_legs(CallNews::LegEnded, [&](std::size_t, const Part& was, const Part& is) { return group && is.ended && !was.ended; });
  tell(CallNews::Ended, now.ended && !before.ended);
  return news;
}

}  // namespace offhook::core
