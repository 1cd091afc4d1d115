// The settings that an ended call's inputs keep, paired with those of the engine they came from. Private to the core.
#pragma once

#include <tuple>
#include <utility>

#include "core/inputs.hpp"
#include "core/settings.hpp"

namespace offhook::core {

inline constexpr std::tuple k_kept_settings{std::pair{&Settings::wake_timeout, &InputSettings::wake_timeout},
                                            std::pair{&Settings::ring_timeout, &InputSettings::ring_timeout},
                                            std::pair{&Settings::setup_timeout, &InputSettings::setup_timeout},
                                            std::pair{&Settings::caller_grace, &InputSettings::caller_grace},
                                            std::pair{&Settings::connect_timeout, &InputSettings::connect_timeout},
                                            std::pair{&Settings::drop_grace, &InputSettings::drop_grace},
                                            std::pair{&Settings::max_duration, &InputSettings::max_duration},
                                            std::pair{&Settings::keep_ended, &InputSettings::keep_ended},
                                            std::pair{&Settings::move_timeout, &InputSettings::move_timeout},
                                            std::pair{&Settings::alone_timeout, &InputSettings::alone_timeout},
                                            std::pair{&Settings::decline_policy, &InputSettings::decline_policy},
                                            std::pair{&Settings::push_retry, &InputSettings::push_retry}};

inline InputSettings in_force(const Settings& settings) {
  InputSettings kept;
  std::apply([&](auto... pair) { ((kept.*pair.second = settings.*pair.first), ...); }, k_kept_settings);
  return kept;
}

inline Settings to_settings(const InputSettings& kept) {
  Settings settings;
  std::apply([&](auto... pair) { ((settings.*pair.first = kept.*pair.second), ...); }, k_kept_settings);
  return settings;
}

}  // namespace offhook::core
