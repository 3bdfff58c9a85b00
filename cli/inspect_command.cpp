#include "cli/inspect_command.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/json_writer.hpp"
#include "cli/text.hpp"
#include "configs/reader/catalogue.hpp"

namespace ithaca {
namespace {

constexpr Flag kFlags[] = {
    {"--model", "M", "shape, parameters and source of a model: a name, a YAML file or a config.json"},
    {"--cluster", "C", "every figure of a cluster and its GPU, with mark and source: a name or a YAML file"},
    {"--gpu", "G", "every figure of a GPU, with mark and source: a name or a YAML file"},
    {"--json", "", "JSON"},
    {"-o", "FILE", "write there instead of stdout"},
};

constexpr std::string_view kExamples[] = {
    "ithaca inspect",
    "ithaca inspect --cluster dgx-h100",
    "ithaca inspect --model llama3-8b --json",
};

std::string_view text(Norm norm) { return norm == Norm::rms ? "RMSNorm" : "LayerNorm"; }
std::string_view yes(bool value) { return value ? "yes" : "no"; }

std::string billions(const Transformer& model) {
  return significant(static_cast<double>(parameter_count(model)) / 1e9) + " billion parameters";
}

/// The section of what was loaded, or its diagnostics.
template <class Loaded>
void add(const Result<Loaded, Diagnostics>& loaded, std::vector<Section>& sections, Diagnostics& problems) {
  if (loaded) {
    sections.push_back(describe(*loaded));
  } else {
    problems.insert(problems.end(), loaded.error().begin(), loaded.error().end());
  }
}

Section names_of(Kind kind, std::string key, std::string title) {
  Section section{std::move(key), std::move(title), {}};
  for (const std::string& name : catalogue_names(kind)) section.items.push_back({name, "", "", ""});
  return section;
}

std::vector<Section> everything() {
  Section models{"models", "Models", {}};
  for (const std::string& name : catalogue_names(Kind::model)) {
    const auto model = load_model(name);
    models.items.push_back({name, model ? billions(model->model) : "cannot be read", "", ""});
  }
  Section clusters{"clusters", "Clusters", {}};
  for (const std::string& name : catalogue_names(Kind::cluster)) {
    const auto cluster = load_cluster(name);
    clusters.items.push_back({name, cluster ? cluster->description : "cannot be read", "", ""});
  }
  return {models, clusters, names_of(Kind::gpu, "gpus", "GPUs")};
}

Outcome run_inspect(const Arguments& arguments, Diagnostics problems, const Environment& environment) {
  std::vector<Section> sections;
  if (const auto name = arguments.find("--model")) add(load_model(*name), sections, problems);
  if (const auto name = arguments.find("--cluster")) add(load_cluster(*name), sections, problems);
  if (const auto name = arguments.find("--gpu")) add(load_gpu(*name), sections, problems);
  if (!problems.empty()) return {ExitCode::usage, "", print(problems), ""};
  if (sections.empty()) sections = everything();
  Outcome outcome;
  const Style style{environment.columns, use_color(ColorWhen::automatic, environment)};
  outcome.file = arguments.find("-o").value_or("");
  const Style plain{80, false};
  outcome.result =
      arguments.has("--json") ? write_json(sections) : write_sections(sections, outcome.file.empty() ? style : plain);
  return outcome;
}

std::vector<Section::Item> items_of(const std::vector<FigureSource>& figures) {
  std::vector<Section::Item> items;
  items.reserve(figures.size());
  for (const FigureSource& figure : figures) {
    items.push_back({figure.figure, figure.value, std::string(name(figure.mark)), figure.source});
  }
  return items;
}

}  // namespace

const Command kInspect{
    "inspect",
    "the models, clusters and GPUs that are known, and their figures",
    "[--model M] [--cluster C] [--gpu G] [flags]",
    "Without a flag it lists every name that --model, --cluster and --gpu take. With one it shows all figures behind "
    "that name or file, each with its mark (measured, calibrated, datasheet or extrapolated) and its source.",
    kExamples,
    kFlags,
    run_inspect,
};

Section describe(const LoadedModel& loaded) {
  const Transformer& m = loaded.model;
  Section section{"model", fmt::format("Model {}", m.name), {}};
  const auto add = [&](std::string_view name, std::string value) {
    section.items.push_back({std::string(name), std::move(value), "", ""});
  };
  add("parameters", fmt::format("{} ({})", grouped(parameter_count(m)), billions(m)));
  add("hidden", grouped(m.hidden));
  add("layers", grouped(m.layers));
  add("query heads", grouped(m.heads));
  add("KV heads", grouped(m.kv_heads));
  add("head dimension", grouped(m.head_dim));
  add("FFN", fmt::format("{}, {}", grouped(m.ffn), m.gated_ffn ? "gated" : "plain"));
  add("vocabulary", grouped(m.vocab));
  add("positions", m.learned_positions > 0 ? fmt::format("{} learned", grouped(m.learned_positions)) : "rotary");
  add("norm", std::string(text(m.norm)));
  add("tied embeddings", std::string(yes(m.tied_embeddings)));
  add("biases", fmt::format("QKV {}, output {}, FFN {}", yes(m.qkv_bias), yes(m.output_bias), yes(m.ffn_bias)));
  add("Q and K norm", std::string(yes(m.qk_norm)));
  add("file", loaded.file);
  add("source", loaded.source);
  if (!loaded.note.empty()) add("note", loaded.note);
  return section;
}

Section describe(const LoadedCluster& loaded) {
  return {"cluster", fmt::format("Cluster {}: {}", loaded.cluster.name, loaded.description), items_of(loaded.sources)};
}

Section describe(const LoadedGpu& loaded) {
  return {"gpu", fmt::format("GPU {}: {}", loaded.gpu.name, loaded.description), items_of(loaded.sources)};
}

std::string write_sections(const std::vector<Section>& sections, const Style& style) {
  std::string result;
  for (const Section& section : sections) {
    std::size_t widest = 0;
    for (const Section::Item& item : section.items) widest = std::max(widest, item.name.size());
    result += result.empty() ? "" : "\n";
    const std::string title = wrap(section.title, style.width, "", "  ");
    result += style.strong(title.substr(0, title.size() - 1)) + "\n";
    for (const Section::Item& item : section.items) {
      const std::string mark = item.mark.empty() ? "" : fmt::format(" ({})", item.mark);
      result += wrap(item.value + mark, style.width, fmt::format("  {:<{}}  ", item.name, widest),
                     std::string(widest + 4, ' '));
      if (!item.source.empty()) result += wrap(item.source, style.width, "      ", "      ");
    }
  }
  return result;
}

}  // namespace ithaca
