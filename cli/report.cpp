#include "cli/report.hpp"

#include <fmt/format.h>

#include "cli/text.hpp"
#include "model/lora.hpp"

namespace ithaca {

Mark time_mark(const Question& question) {
  const Gpu& gpu = question.cluster.gpu;
  return worst(worst(gpu.gemm_mark, gpu.attention_mark), question.cluster.link_mark);
}

std::string layout_words(const Layout& layout) {
  std::string words;
  const auto add = [&](std::string_view degree, int size) {
    if (size != 1) words += fmt::format("{}{} {}", words.empty() ? "" : " x ", degree, size);
  };
  add("tp", layout.tp);
  add("ulysses", layout.ulysses);
  add("ring", layout.ring);
  add("dp", layout.dp);
  add("pp", layout.pp);
  return words.empty() ? "1 GPU" : words;
}

std::string lora_words(const Transformer& model, const Workload& work) {
  if (work.lora_rank == 0) return "";
  const LoraTargets& t = work.lora_targets;
  const double millions = trained_parameter_count(model, work) / 1e6;
  return fmt::format("LoRA of rank {} at {}: {} million parameters trained, the rest frozen", work.lora_rank,
                     t.attention && t.ffn ? "attention and FFN"
                     : t.ffn              ? "the FFN"
                                          : "attention",
                     significant(millions));
}

std::string attention_words(const Workload& work) {
  return fmt::format("{} {} attention", work.causal ? "causal" : "full", work.flash ? "flash" : "eager");
}

}  // namespace ithaca
