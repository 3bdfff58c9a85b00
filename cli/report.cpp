#include "cli/report.hpp"

#include <fmt/format.h>

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

std::string attention_words(const Workload& work) {
  return fmt::format("{} {} attention", work.causal ? "causal" : "full", work.flash ? "flash" : "eager");
}

}  // namespace ithaca
