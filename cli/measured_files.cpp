#include "cli/measured_files.hpp"

#include <algorithm>

#include "configs/reader/catalogue.hpp"

namespace ithaca {
namespace {

/// Whether the text is a table of kernels: schema measurements/1 and a first sample that is no collective.
bool is_of_kernels(const TextFile& text) {
  if (text.text.find("measurements/") == std::string::npos) return false;
  const auto document = parse_document(text.file, text.text);
  if (!document || document->root.kind != Node::Kind::map) return false;
  for (const Entry& entry : document->root.entries) {
    if (entry.key.text != "samples" || entry.value.items.empty()) continue;
    for (const Entry& field : entry.value.items.front().entries) {
      constexpr std::string_view kCollectives[] = {"all_gather", "reduce_scatter", "all_reduce", "all_to_all",
                                                   "send_recv"};
      if (field.key.text == "op")
        return std::find(std::begin(kCollectives), std::end(kCollectives), field.value.text) == std::end(kCollectives);
    }
  }
  return false;
}

void add(Diagnostics& problems, const Diagnostics& more) { problems.insert(problems.end(), more.begin(), more.end()); }

}  // namespace

CollectiveHints read_hints(FlagReader& flags) {
  const auto small = [](std::optional<std::int64_t> count) {
    return count ? std::optional(static_cast<int>(*count)) : std::nullopt;
  };
  return {std::nullopt, small(flags.count("--ranks", 1, 10'000'000)), small(flags.count("--nodes", 1, 10'000'000))};
}

MeasuredFiles read_measured(const std::vector<std::string>& paths, const CollectiveHints& hints,
                            Diagnostics& problems) {
  MeasuredFiles out;
  for (const std::string& path : paths) {
    const auto text = read_text(path);
    if (!text) {
      add(problems, text.error());
      continue;
    }
    Profile::Input input{text->file, text_hash(text->text), 0};
    if (is_of_kernels(*text)) {
      const auto document = parse_document(text->file, text->text);
      auto table = read_kernel_samples(*document);
      if (!table) {
        add(problems, table.error());
        continue;
      }
      input.samples = static_cast<int>(table->samples.size());
      out.kernels.push_back(std::move(table).value());
    } else {
      auto table = read_collectives(text->file, text->text, hints);
      add(problems, table ? table->broken : table.error());
      if (!table) continue;
      input.samples = static_cast<int>(table->samples.size());
      out.collectives.push_back(std::move(table).value());
    }
    out.inputs.push_back(std::move(input));
  }
  return out;
}

}  // namespace ithaca
