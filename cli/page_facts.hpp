#pragma once
// What the page of `ithaca report` shows of an answer, read from what `ithaca compare` (with --phase too), `plan` or
// `simulate step` writes with --json: the figures of the page are those of the JSON.

#include <optional>
#include <string>
#include <vector>

#include "configs/reader/diagnostic.hpp"
#include "model/layout.hpp"
#include "model/result.hpp"

namespace ithaca {

struct PageTerm {
  std::string name;
  double bytes = 0;
  std::string formula, source;
};

/// The model or the cluster as it was read.
struct PageInput {
  std::string name, file, source;
};

/// A table that only one command's answers have.
struct PageTable {
  std::string title;
  std::vector<std::vector<std::string>> lines;  ///< text; the first one is the heading
};

/// A pass of inference; SI base units. time = compute + exposed communication.
struct PagePass {
  double time_s = 0, compute_s = 0, gemm_s = 0, attention_s = 0, comm_s = 0, exposed_s = 0, bound_s = 0;
};

/// A row of the answer; SI base units. Of a refused row there are the strategy and the reason alone, of inference the
/// passes in place of a step.
struct PageRow {
  Strategy strategy{};
  std::string words;  ///< "usp (ulysses 8 x ring 8)"
  std::string rule, why, instead;
  double step_s = 0, compute_s = 0, comm_s = 0, exposed_s = 0, bubble_s = 0, optimizer_s = 0, bound_s = 0;
  double tokens_per_s = 0, mfu = 0, forward_bytes = 0, backward_bytes = 0;
  std::optional<double> usd_per_million;
  double peak_bytes = 0, capacity_bytes = 0, longest_tokens = 0;
  std::optional<PagePass> prefill, decode;
  double cache_bytes = 0, most_sequences = 0;
  int idle_gpus = 0;
  bool fits = false;
  bool best = false;  ///< the one to take
  std::string misfit;
  std::string lost;  ///< why a plan does not take it; may be empty
  std::vector<PageTerm> terms;

  bool refused() const { return !rule.empty(); }
  /// Communication beside compute, which costs no time.
  double hidden_s() const { return comm_s > exposed_s ? comm_s - exposed_s : 0; }
};

struct PageFacts {
  std::string model, cluster, gpu;
  double parameters = 0, usd_per_gpu_hour = 0;
  std::int64_t gpus = 0, seq_len = 0, global_batch = 0;
  std::string phase;  ///< of inference, which layouts are chosen for; else empty
  std::int64_t output_tokens = 0;
  std::string price_source, settings, engine;  ///< in words
  std::vector<std::string> defaults, notices, verdict;
  std::vector<PageInput> inputs;
  std::vector<std::pair<std::string, std::string>> asked;  ///< every input by name, as JSON text
  std::vector<std::pair<std::string, std::string>> marks;  ///< what, how it is known
  std::string best;                                        ///< a strategy's name; empty if none fits
  std::string command, version;
  std::vector<PageRow> rows;  ///< one or more
  std::vector<PageTable> tables;
};

enum class PageAnswers { of_compare, any };  ///< the last: of plan and simulate too
/// `file` is how messages call the text.
Result<PageFacts, Diagnostics> read_page_facts(const std::string& file, const std::string& text,
                                               PageAnswers accepted = PageAnswers::of_compare);

}  // namespace ithaca
