#include "configs/reader/load_collectives.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "configs/reader/catalogue.hpp"
#include "configs/reader/nccl_tests_json.hpp"

namespace ithaca {
namespace {

Diagnostics whole_file(const std::string& file, std::string what, std::string next) {
  return {Diagnostic{Place{file, 0, 0, 1, ""}, std::move(what), "", std::move(next), {}}};
}

/// nccl-tests' factor from algbw to busbw is 2(n-1)/n for all-reduce, 1 for send/recv, else (n-1)/n. Bandwidths are
/// printed with two decimals, so the factor tells n only where the rows are fast; none if it does not.
std::optional<int> ranks_of(Op op, double factor) {
  const double share = op == Op::all_reduce ? factor / 2 : factor;
  if (op == Op::send_recv || share <= 0 || share >= 1) return std::nullopt;
  const double ranks = 1 / (1 - share);
  if (std::abs(ranks - std::round(ranks)) > 0.25 || ranks < 1.5) return std::nullopt;
  return static_cast<int>(std::round(ranks));
}

/// Completes a table's rows; says why they stay incomplete.
std::optional<Diagnostics> complete(const std::string& file, NcclTestsText::Table& table,
                                    const CollectiveHints& hints) {
  if (!table.op) {
    return whole_file(file, "the log does not say which collective this is", "name it: --op all_reduce");
  }
  const auto implied = ranks_of(*table.op, table.busbw_over_algbw);
  if (table.ranks && implied && *table.ranks != *implied && !hints.ranks) {
    return whole_file(file,
                      fmt::format("the log lists {} ranks, but busbw over algbw is that of {}", *table.ranks, *implied),
                      "say how many they were: --ranks " + std::to_string(*implied));
  }
  const auto ranks = table.ranks ? hints.ranks.value_or(*table.ranks) : hints.ranks ? hints.ranks : implied;
  if (!ranks) return whole_file(file, "the log does not say how many ranks took part", "say it: --ranks 8");
  for (CollectiveSample& row : table.rows) {
    row.op = *table.op;
    row.ranks = *ranks;
    row.nodes = hints.nodes.value_or(table.nodes.value_or(0));
  }
  return std::nullopt;
}

Result<CollectiveSamples, Diagnostics> complete(const std::string& file, NcclTestsText text,
                                                const CollectiveHints& hints) {
  CollectiveSamples samples{file, "nccl-tests", text.gpu, text.nccl, {}, std::move(text.broken)};
  samples.more_broken = text.more_broken;
  for (NcclTestsText::Table& table : text.tables) {
    if (auto problem = complete(file, table, hints)) return *problem;
    samples.samples.insert(samples.samples.end(), table.rows.begin(), table.rows.end());
  }
  if (samples.samples.empty() && !samples.broken.empty()) return samples.broken;
  if (samples.samples.empty()) {
    return whole_file(file, "no measured row was found", "give what nccl-tests prints, with the line of column names");
  }
  return samples;
}

bool looks_structured(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") != std::string_view::npos &&
         (text[text.find_first_not_of(" \t\r\n")] == '{' ||
          text.find("schema: measurements/") != std::string_view::npos);
}

}  // namespace

Result<CollectiveSamples, Diagnostics> read_nccl_tests(const std::string& file, std::string text,
                                                       const CollectiveHints& hints) {
  if (Diagnostics problems = prepare_text(file, text); !problems.empty()) return problems;
  return complete(file, read_nccl_tests_text(file, text, hints), hints);
}

Result<CollectiveSamples, Diagnostics> load_collectives(const std::string& path, const CollectiveHints& hints) {
  auto read = read_text(path);
  if (!read) return read.error();
  return read_collectives(read->file, std::move(read.value().text), hints);
}

Result<CollectiveSamples, Diagnostics> read_collectives(const std::string& file, std::string text,
                                                        const CollectiveHints& hints) {
  if (!looks_structured(text)) return read_nccl_tests(file, std::move(text), hints);
  const auto document = parse_document(file, std::move(text));
  if (!document) return document.error();
  if (is_nccl_tests_json(*document)) return complete(file, read_nccl_tests_json(*document, hints), hints);
  return read_collective_table(*document);
}

}  // namespace ithaca
