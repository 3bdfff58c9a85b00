#pragma once
// A program of classes as a flow system: every task of a class of ranks is a flow without links that takes the task's
// time, and every class of messages is a flow that waits for its two ends.

#include <cstdint>
#include <vector>

#include "sim/classes.hpp"
#include "sim/flow_engine.hpp"
#include "sim/run_program.hpp"

namespace ithaca {

struct LoweredProgram {
  FlowSystem system;
  std::vector<std::uint32_t>
      done;  ///< by task: the flow that ends it for its first class; the others' follow, but at a barrier
};

LoweredProgram lower(const Program& program, const ProgramClasses& classes, const Router& router,
                     const Slowdown& slowdown);

/// Fills the spans of `result` and what tells where they are.
void read_spans(const Program& program, const ProgramClasses& classes, const LoweredProgram& lowered,
                const FlowRun& run, ProgramRun& result);

/// What an exchange of the program comes to, for memory.
struct ExchangeSize {
  double flows = 0, crossings = 0;
};

struct ProgramSize {
  double flows = 0;
  double rows = 0;   ///< items of the longest array of rows
  double bytes = 0;  ///< that lowering and running take, about
};
ProgramSize size_of(const Program& program, double rank_classes, const std::vector<ExchangeSize>& exchanges);

}  // namespace ithaca
