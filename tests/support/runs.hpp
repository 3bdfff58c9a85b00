#pragma once
// A small file of published runs, and changes of it.

#include <gtest/gtest.h>

#include <string>

#include "configs/reader/load_runs.hpp"

namespace ithaca::test {

/// One case of a 1.3B GPT on 8 A100s, with `extra` lines in the case and `measured` in its map.
inline std::string runs_text(const std::string& extra = "", const std::string& measured = "iter_time_s: 2") {
  return "schema_version: 1\n"
         "sources: {paper: {title: A paper, url: 'https://example.org', read_from: table 1}}\n"
         "hardware: {box: {gpu: A100-SXM4-80GB, gpus_per_node: 8}}\n"
         "models:\n"
         "  gpt-1.3B: {arch: gpt, hidden: 2048, layers: 24, heads: 16, kv_heads: 16, head_dim: 128, ffn: 8192,\n"
         "             gated_mlp: false, vocab: 51200}\n"
         "cases:\n"
         "- id: paper-one\n"
         "  source: paper\n"
         "  hardware: box\n"
         "  model: gpt-1.3B\n"
         "  seq_len: 2048\n"
         "  global_batch: 32\n"
         "  micro_batch: 4\n"
         "  num_gpus: 8\n"
         "  dtype: fp16\n" +
         extra + "  measured: {" + measured + "}\n";
}

inline Result<TrainingRuns, Diagnostics> read_runs_text(const std::string& text) {
  const auto document = parse_document("runs.yaml", text);
  if (!document) return document.error();
  return read_runs(*document);
}

/// The only case of such a text, which must be right.
inline TrainingRun one_run(const std::string& extra = "", const std::string& measured = "iter_time_s: 2") {
  auto runs = read_runs_text(runs_text(extra, measured));
  EXPECT_TRUE(runs) << (runs ? "" : print(runs.error()));
  return runs ? runs->runs.at(0) : TrainingRun{};
}

}  // namespace ithaca::test
