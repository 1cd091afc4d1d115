#include "offhook/outcome_text.hpp"

namespace offhook {
namespace {

enum class Side { Nobody, You, Them };

Role role_named_by(Reason reason) {
  const bool caller = reason == Reason::ByCaller || reason == Reason::CallerLost || reason == Reason::CallerMedia;
  return caller ? Role::Caller : Role::Callee;
}

// Whom a reason means that names a side by its role.
Side side_of(std::optional<Reason> reason, Role role) {
  if (!reason) return Side::Nobody;
  switch (*reason) {
    case Reason::ByCaller:
    case Reason::CallerLost:
    case Reason::CallerMedia:
    case Reason::ByCallee:
    case Reason::CalleeLost:
    case Reason::CalleeMedia: return role_named_by(*reason) == role ? Side::You : Side::Them;
    default: return Side::Nobody;
  }
}

std::string ended_text(std::optional<Reason> reason, Role role, const std::string& peer) {
  if (reason == Reason::MaxDuration) return "The call took as long as a call may take.";
  if (reason == Reason::ByApi) return "The service ended the call.";
  if (reason == Reason::Alone || reason == Reason::AllLeft) return "Everybody else has left.";
  switch (side_of(reason, role)) {
    case Side::You: return "You hung up.";
    case Side::Them: return peer + " hung up.";
    case Side::Nobody: break;
  }
  return "The call is over.";
}

std::string declined_text(std::optional<Reason> reason) {
  return reason == Reason::ByDndRule ? "You did not want to be disturbed." : "You declined the call.";
}

std::string cancelled_text(std::optional<Reason> reason, Role role, const std::string& peer) {
  const bool caller = role == Role::Caller;
  if (reason == Reason::ByApi) return "The service withdrew the call.";
  if (reason == Reason::CallerLost) {
    return caller ? "The call was withdrawn because your connection was lost." : peer + " lost the connection.";
  }
  return caller ? "You cancelled the call." : peer + " cancelled the call.";
}

std::string connect_failed_text(std::optional<Reason> reason, Role role, const std::string& peer) {
  const std::string begin = "The call was answered but could not connect: ";
  if (reason == Reason::Permission) return begin + "microphone or camera access was refused.";
  if (reason == Reason::IceFailed) return begin + "the network lets no sound or picture through.";
  switch (side_of(reason, role)) {
    case Side::You: return begin + "no microphone or camera could be used here.";
    case Side::Them: return begin + "no microphone or camera could be used at " + peer + "'s end.";
    case Side::Nobody: break;
  }
  return begin + "it took too long.";
}

std::string dropped_text(std::optional<Reason> reason, Role role, const std::string& peer) {
  if (reason == Reason::BothLost) return "The call was cut off: both sides lost the connection.";
  if (reason == Reason::MediaLost) return "The call was cut off: sound and picture stopped.";
  switch (side_of(reason, role)) {
    case Side::You: return "The call was cut off: you lost the connection.";
    case Side::Them: return "The call was cut off: " + peer + " lost the connection.";
    case Side::Nobody: break;
  }
  return "The call was cut off.";
}

std::string failed_text(std::optional<Reason> reason, const std::string& peer) {
  if (!reason) return "The call failed.";
  switch (*reason) {
    case Reason::NoSuchUser: return "There is nobody called " + peer + ".";
    case Reason::Blocked:
    case Reason::NotAllowed: return "You are not allowed to make this call.";
    case Reason::RateLimited: return "Too many calls in a short time; wait a little and try again.";
    case Reason::Overloaded: return "The service is overloaded; try again in a while.";
    case Reason::ServerShutdown: return "The service is being restarted; try again in a minute.";
    case Reason::ServerUnreachable: return "The call could not be placed: the service cannot be reached.";
    default: return "The call failed.";
  }
}

}  // namespace

std::string outcome_text(Outcome outcome, std::optional<Reason> reason, Role role, std::string_view peer_name) {
  const std::string peer(peer_name);
  const bool caller = role == Role::Caller;
  switch (outcome) {
    case Outcome::Ended: return ended_text(reason, role, peer);
    case Outcome::Declined: return caller ? peer + " declined the call." : declined_text(reason);
    case Outcome::Busy: return caller ? peer + " is busy." : "You were busy.";
    case Outcome::NoAnswer: return caller ? peer + " did not answer." : "You did not answer.";
    case Outcome::Unreachable:
      return reason == Reason::NoDevices ? peer + " is not online." : peer + " cannot be reached right now.";
    case Outcome::Cancelled: return cancelled_text(reason, role, peer);
    case Outcome::ConnectFailed: return connect_failed_text(reason, role, peer);
    case Outcome::Dropped: return dropped_text(reason, role, peer);
    case Outcome::Failed: return failed_text(reason, peer);
    case Outcome::AnsweredElsewhere: return "The call was answered on another device of yours.";
    case Outcome::DeclinedElsewhere: return "The call was declined on another device of yours.";
    case Outcome::BusyElsewhere: return "Another device of yours was busy.";
    case Outcome::Missed: return "You missed a call from " + peer + ".";
    case Outcome::MovedElsewhere: return "The call goes on on another device of yours.";
    case Outcome::LostContact: return "The connection to the service was lost, so how the call ended is not known here.";
  }
  return "The call is over.";
}

}  // namespace offhook
