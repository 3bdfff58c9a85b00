#pragma once
// What `ithaca simulate step` and `simulate layer` found.

#include <vector>

#include "cli/report.hpp"
#include "cli/terminal.hpp"
#include "sim/critical_path.hpp"
#include "sim/layout_exchanges.hpp"
#include "sim/run_summary.hpp"

namespace ithaca {

struct StepReport {
  Report job;  ///< with one row, the layout that was run
  bool layer = false;
  int steps = 1;
  DimensionOrder order = kFrameworkOrder;
  std::string network;  ///< "rail_optimised, deterministic routing"

  /// Of one step or layer.
  struct Times {
    Seconds time{};
    Seconds compute{};  ///< with the optimizer
    Seconds exposed{};  ///< what compute waits for, a pipeline's bubble among it
    Seconds bound{};
  };
  Times engine, closed_form;
  bool healthy = true;  ///< nothing fails, straggles or jitters: the closed form's machine but for its network

  struct Link {
    std::string name;
    LinkUse use;
  };
  std::vector<Link> links;  ///< busiest first
  struct PathPart {
    std::string label;
    Seconds time{};
  };
  std::vector<PathPart> path;  ///< of the critical path, longest first; of all steps
  std::size_t path_tasks = 0;
  Seconds makespan{};

  std::uint64_t first_seed = 1;
  std::vector<Seconds> by_seed;  ///< time of a step or layer, in the order of the seeds

  std::uint32_t ranks = 0, classes = 0;
  std::size_t tasks = 0, flows = 0;
  double messages = 0;
  std::int64_t events = 0;
};

TokensPerSecond tokens_per_s(const StepReport& report, Seconds time);

/// No line is wider than `style.width`, which is at least 72.
std::string write_step_table(const StepReport& report, const Style& style);
/// The JSON of `compare` for the one row, with "simulation" beside it.
std::string write_step_json(const StepReport& report);
/// A line a figure: section,name,value,unit.
std::string write_step_csv(const StepReport& report);

}  // namespace ithaca
