#pragma once
// Tables of flags put together, for commands that share some.

#include <array>

#include "cli/command.hpp"

namespace ithaca {

template <std::size_t... sizes>
constexpr auto join_flags(const Flag (&... tables)[sizes]) {
  std::array<Flag, (sizes + ...)> all{};
  std::size_t next = 0;
  const auto add = [&](const auto& table) {
    for (const Flag& flag : table) all[next++] = flag;
  };
  (add(tables), ...);
  return all;
}

}  // namespace ithaca
