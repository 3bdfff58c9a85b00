#pragma once
// The command line as a whole: which command, its help, or what is wrong.

#include <span>
#include <string>
#include <vector>

#include "cli/command.hpp"

namespace ithaca {

extern const Command kCalibrate;
extern const Command kCompare;
extern const Command kCompletion;
extern const Command kImport;
extern const Command kInspect;
extern const Command kMan;
extern const Command kMeasure;
extern const Command kPlan;
extern const Command kReport;
extern const Command kSimulateCollective;
extern const Command kSimulateFlows;
extern const Command kSimulateLayer;
extern const Command kSimulateStep;
extern const Command kSweep;
extern const Command kValidateAttention;
extern const Command kValidateCollectives;
extern const Command kValidateKernels;
extern const Command kValidateRuns;

/// Names of two words stand together by their first word, which lists them: `ithaca simulate`.
std::span<const Command> all_commands();

/// `words` without the program's name. The longest name that they begin with is the command.
Outcome run(const std::vector<std::string>& words, const Environment& environment);

}  // namespace ithaca
