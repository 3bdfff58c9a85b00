#pragma once
// A report on the round machine of tests/support, as `ithaca compare` would make it.

#include "cli/report.hpp"
#include "tests/support/machines.hpp"

namespace ithaca::test {

inline Report answer(Question question) {
  Report report;
  report.made_by = {"1.2.3",           "abc1234", {"ithaca", "compare"}, "models/m.yaml", "a paper",
                    "clusters/c.yaml", "a sheet"};
  report.attention_kernel = "fa3";
  report.price_source = "price list of 2025-10";
  report.figures = {{"gpu.memory", "80GB", Mark::datasheet, "a data sheet"}};
  report.question = std::move(question);
  report.rows = compare(report.question);
  report.best = best_row(report.rows);
  return report;
}

inline Question question(Transformer model, int gpus, std::int64_t tokens) {
  Question q;
  q.model = std::move(model);
  q.cluster = round_cluster();
  q.gpus = gpus;
  q.work = sequence(tokens);
  return q;
}

/// LLaMA-7B, 2^20 tokens, 64 GPUs, one sequence: Ulysses and Megatron-SP stop at 32 heads.
inline Report sample_report() { return answer(question(llama_7b(), 64, 1048576)); }

/// The same without FlashAttention: ring and USP are refused.
inline Report report_with_refusals() {
  Question q = question(llama_7b(), 8, 8192);
  q.work.flash = false;
  return answer(q);
}

/// Every row refused: 48 does not divide 32 heads, and no other degree is left open.
inline Report report_of_nothing() {
  Question q = question(llama_7b(), 48, 1048576);
  q.degrees.tp = 48;
  return answer(q);
}

}  // namespace ithaca::test
