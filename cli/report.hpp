#pragma once
// The whole answer of `ithaca compare`, from which every writer works.

#include <optional>
#include <string>
#include <vector>

#include "configs/reader/load_hardware.hpp"
#include "model/compare.hpp"
#include "model/mark.hpp"

namespace ithaca {

struct Provenance {
  std::string version, git;
  std::vector<std::string> argv;
  std::string model_file, model_source;
  std::string cluster_file, cluster_source;
};

struct Report {
  Provenance made_by;
  Question question;
  std::string attention_kernel;       ///< whose curve times FlashAttention: fa2, fa3; may be empty
  std::string price_source;           ///< with its date; "--price" if it was given
  std::vector<FigureSource> figures;  ///< of the cluster and its GPU
  std::vector<std::string> defaults;
  std::vector<std::string> notices;
  std::string engine;  ///< in words, where step times are the event engine's: its network; else empty
  std::vector<Row> rows;
  std::optional<std::size_t> best;  ///< the row to take
  Uncertainty errors;               ///< what is known of the cluster's and the kernels' errors
};

/// What the step time of every row inherits from kernels and links.
Mark time_mark(const Question& question);

/// "ulysses 32 x dp 2"
std::string layout_words(const Layout& layout);
/// "LoRA of rank 16 at attention and FFN: 41.9 million parameters trained, the rest frozen"; empty without.
std::string lora_words(const Transformer& model, const Workload& work);
/// "causal flash attention"
std::string attention_words(const Workload& work);

}  // namespace ithaca
