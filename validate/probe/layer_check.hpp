#pragma once
// Runs small layers by Ulysses and Megatron-SP on a group of ranks, against one process and against the model's bytes:
// MHA, GQA with copied KV heads, heads that do not divide.

#include "validate/communicator.hpp"
#include "validate/probe/together.hpp"

namespace ithaca {

struct LayerResult {
  std::string name;        ///< "ulysses, 8 heads, 2 KV heads, causal"
  double difference = 0;   ///< from one process, the worst of all ranks, over the largest value
  double sent_bytes = 0;   ///< counted, of the rank that sent most
  double model_bytes = 0;  ///< what the model says
  bool is_right() const { return difference < 2e-5 && sent_bytes == model_bytes; }
};

/// All ranks call it; all get the same. The error says what the group or the mesh ran into.
Result<std::vector<LayerResult>, std::string> check_layers(Communicator& group, const Mesh& mesh);

}  // namespace ithaca
