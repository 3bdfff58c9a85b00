#pragma once
// How a layout is asked for in the frameworks that people train with: their own flags, where they can express it.

#include <string>
#include <vector>

#include "model/cluster.hpp"
#include "model/layout.hpp"
#include "model/transformer.hpp"
#include "model/workload.hpp"

namespace ithaca {

struct LaunchCommand {
  std::string framework;
  std::vector<std::string> words;  ///< of the command; empty where the framework cannot express the layout
  std::string settings;            ///< what belongs in a file beside it: DeepSpeed's JSON
  std::string why_not;
  std::string source;  ///< of the flags' names and limits
};

/// The workload's framework, or else Megatron-LM, DeepSpeed and Hugging Face Accelerate, in this order.
std::vector<LaunchCommand> launches(const Transformer& model, const Workload& work, const Cluster& cluster,
                                    const Layout& layout);

}  // namespace ithaca
