#include "wire/words.hpp"

#include "wire/codec.hpp"

namespace offhook::wire {

std::string_view word(Media value) { return word_of(value); }
std::string_view word(Phase value) { return word_of(value); }
std::string_view word(Role value) { return word_of(value); }
std::string_view word(DeviceState value) { return word_of(value); }
std::string_view word(DeclineReason value) { return word_of(value); }
std::string_view word(MediaFailure value) { return word_of(value); }
std::string_view word(PushProvider value) { return word_of(value); }
std::string_view word(DeclinePolicy value) { return word_of(value); }
std::string_view word(GroupMode value) { return word_of(value); }
std::string_view word(LegState value) { return word_of(value); }
std::string_view word(Outcome value) { return word_of(value); }
std::string_view word(Reason value) { return word_of(value); }
std::string_view word(LeaveReason value) { return word_of(value); }
std::string_view word(MissReason value) { return word_of(value); }
std::string_view word(VideoType value) { return word_of(value); }
std::string_view word(SessionRole value) { return word_of(value); }
std::string_view word(ErrorWord value) { return word_of(value); }
std::optional<SessionRole> parse_session_role(std::string_view text) { return parse_word<SessionRole>(text); }
std::optional<Media> parse_media(std::string_view text) { return parse_word<Media>(text); }
std::optional<DeclinePolicy> parse_decline_policy(std::string_view text) { return parse_word<DeclinePolicy>(text); }
std::optional<Phase> parse_phase(std::string_view text) { return parse_word<Phase>(text); }
std::optional<Outcome> parse_outcome(std::string_view text) { return parse_word<Outcome>(text); }
std::optional<Reason> parse_reason(std::string_view text) { return parse_word<Reason>(text); }

}  // namespace offhook::wire
