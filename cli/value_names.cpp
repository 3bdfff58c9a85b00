#include "cli/value_names.hpp"

#include <sstream>

#include "cli/row_fields.hpp"
#include "configs/reader/catalogue.hpp"
#include "model/fabric.hpp"
#include "model/framework.hpp"

namespace ithaca {
namespace {

using Words = std::vector<std::string>;

constexpr std::string_view kOps = "all_gather reduce_scatter all_reduce all_to_all send_recv";

/// Names that stand nowhere else as a list.
struct Written {
  std::string_view flag, names;
};
constexpr Written kWritten[] = {
    {"--algorithm", "direct pairwise hierarchical bruck ring recursive nvls tree"},
    {"--attention", "flash eager causal full fa1 fa2 fa3 cudnn"},
    {"--backend", "nccl cuda tcp"},
    {"--color", "auto always never"},
    {"--dtype", "bf16 fp16 fp32 fp8"},
    {"--engine", "analytic event"},
    {"--family", "gemm attention streaming permute copy overlap"},
    {"--grad-dtype", "same fp32"},
    {"--keep", "all fastest smallest cheapest front"},
    {"--kv-dtype", "same fp8"},
    {"--no-overlap", "gradients parameters"},
    {"--offload", "checkpoints optimizer parameters"},
    {"--op", kOps},
    {"--ops", kOps},
    {"--order", "tp ulysses ring dp pp"},
    {"--patterns", "ping_pong shift all_gather reduce_scatter all_to_all pairwise"},
    {"--phase", "prefill decode"},
    {"--placement", "inner outer"},
    {"--recompute", "none selective full"},
    {"--ring-grad", "fp32 half"},
    {"--routing", "deterministic ecmp polarised spray pxn"},
    {"--schedule", "1f1b gpipe"},
};

Words split(std::string_view text) {
  std::istringstream in{std::string(text)};
  Words words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

Words all(auto first, auto last) {
  Words names;
  for (int i = static_cast<int>(first); i <= static_cast<int>(last); ++i)
    names.emplace_back(name(static_cast<decltype(first)>(i)));
  return names;
}

Words fields() {
  Words names;
  for (const RowField& field : row_fields()) names.emplace_back(field.name);
  return names;
}

template <Kind kind>
Words catalogue() {
  return catalogue_names(kind);
}
Words strategy_names(const auto& strategies) {
  Words names;
  for (const Strategy strategy : strategies) names.emplace_back(name(strategy));
  return names;
}

/// Names that the program has elsewhere.
struct Made {
  std::string_view flag;
  Words (*names)();
  bool files = false;
};
constexpr Made kMade[] = {
    {"--model", catalogue<Kind::model>, true},
    {"--cluster", catalogue<Kind::cluster>, true},
    {"--gpu", catalogue<Kind::gpu>, true},
    {"--strategies", [] { return strategy_names(kAllStrategies); }},
    {"--strategy", [] { return strategy_names(kAllStrategies); }},
    {"--framework", [] { return all(Framework::deepspeed, Framework::verl); }},
    {"--fabric", [] { return all(FabricKind::ideal, FabricKind::pcie_tree); }, true},
    {"--columns", fields},
    {"--heat", fields},
};

}  // namespace

ValueNames value_names(const Flag& flag) {
  for (const Made& made : kMade) {
    if (made.flag == flag.name) return {made.names(), made.files};
  }
  for (const Written& written : kWritten) {
    if (written.flag == flag.name) return {split(written.names), false};
  }
  return {{}, flag.value == "FILE" || flag.name == "--documents"};
}

ValueNames word_names(const Command& command) {
  if (command.words == 0) return {};
  if (command.name == "completion") return {{"bash", "zsh", "fish"}, false};
  if (command.name == "simulate collective") return {split(kOps), false};
  if (command.name == "sweep") return {catalogue_names(Kind::sweep), true};
  return {{}, true};
}

bool takes_list(const Flag& flag) {
  const auto has = [](std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
  };
  return flag.value == "LIST" || has(flag.value, "[,") || has(flag.help, "comma list");
}

}  // namespace ithaca
