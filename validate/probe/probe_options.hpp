#pragma once
// The command line of ithaca_probe.

#include <string>
#include <vector>

#include "model/result.hpp"
#include "validate/probe/kernel_cases.hpp"
#include "validate/probe/sampling.hpp"

namespace ithaca {

struct ProbeOptions {
  enum class Command { kernels, help };
  Command command = Command::help;
  CaseRequest request;
  std::vector<Family> families;
  StoppingRule rule{.warm_time = kClockSettles};
  int device = 0;
  std::string gpu;    ///< catalogue name; empty: from the driver's name
  std::string file;   ///< -o; empty: stdout
  bool list = false;  ///< prints the cases and measures none
};

extern const char* const kProbeHelp;

/// `arguments` without the program's name. An error says every mistake, a line each.
Result<ProbeOptions, std::string> parse_probe_options(const std::vector<std::string>& arguments);

}  // namespace ithaca
