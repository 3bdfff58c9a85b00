#pragma once
// What a program must keep to before it is run.

#include <optional>
#include <string>

#include "sim/program.hpp"
#include "sim/run_program.hpp"

namespace ithaca {

/// The first thing that is wrong, in words that name the task, exchange or rank: no rank or more ranks than `gpus`,
/// tasks that wait for later ones or for those of others, stages, streams, labels, exchanges and loads that are not
/// there, loads and slowdowns that are not one a rank, numbers below zero or not finite. Messages are looked at when
/// they are sent.
std::optional<std::string> check(const Program& program, std::size_t gpus, const Slowdown& slowdown);

}  // namespace ithaca
