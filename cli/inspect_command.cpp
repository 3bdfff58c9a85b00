#include "cli/inspect_command.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/fabric_dot.hpp"
#include "cli/fabric_svg.hpp"
#include "cli/fabric_view.hpp"
#include "cli/flag_reader.hpp"
#include "cli/json_writer.hpp"
#include "cli/text.hpp"
#include "configs/reader/catalogue.hpp"
#include "configs/reader/load_fabric.hpp"

namespace ithaca {
namespace {

constexpr Flag kInspectFlags[] = {
    {"--model", "M", "shape, parameters and source of a model: a name, a YAML file or a config.json"},
    {"--cluster", "C", "every figure of a cluster and its GPU, with mark and source: a name or a YAML file"},
    {"--fabric", "F",
     "a network: a kind (fat_tree), a map ({kind: fat_tree, tiers: 3}), or a file with one, with "
     "GraphML, an NCCL topology or what nvidia-smi topo -m prints"},
    {"--gpus", "G", "how many GPUs of the cluster the network joins (8 servers' if left out)"},
    {"--dot", "", "the network for Graphviz"},
    {"--svg", "", "a picture of the network"},
    {"--gpu", "G", "every figure of a GPU, with mark and source: a name or a YAML file"},
    {"--json", "", "JSON"},
    {"-o", "FILE", "write there instead of stdout"},
};

constexpr std::string_view kInspectExamples[] = {
    "ithaca inspect",
    "ithaca inspect --cluster dgx-h100",
    "ithaca inspect --cluster dgx-h100 --gpus 512 --svg -o fabric.svg",
    "ithaca inspect --fabric topo.xml",
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

/// What a sweep asks, in its own words.
std::string question_of_sweep(const std::string& name) {
  const auto document = open_document(Kind::sweep, name);
  if (!document) return "cannot be read";
  for (const Entry& entry : document->root.entries) {
    if (entry.key.text == "question") return entry.value.text;
  }
  return "";
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
  Section sweeps{"sweeps", "Sweeps", {}};
  for (const std::string& name : catalogue_names(Kind::sweep)) {
    sweeps.items.push_back({name, question_of_sweep(name), "", ""});
  }
  return {models, clusters, names_of(Kind::gpu, "gpus", "GPUs"), sweeps};
}

constexpr int kMostGpusDescribed = 1 << 24;

/// Eight servers, or what the installation has; all GPUs of a graph that was given.
int default_gpus(const Cluster& cluster, const FabricSpec& spec) {
  const auto& nodes = spec.graph.nodes;
  if (spec.kind == FabricKind::custom)
    return static_cast<int>(
        std::count_if(nodes.begin(), nodes.end(), [](const auto& node) { return node.kind == NodeKind::gpu; }));
  const bool alone = std::none_of(cluster.domains.begin(), cluster.domains.end(),
                                  [](const Domain& domain) { return domain.uplink == Domain::Uplink::nics; });
  const int gpus = cluster.node_gpus * (alone ? 1 : 8);
  return cluster.max_gpus > 0 ? std::min(gpus, cluster.max_gpus) : gpus;
}

/// What --cluster, --fabric and --gpus describe together; none where they are silent or wrong.
std::optional<FabricView> read_view(const Arguments& arguments, const std::optional<LoadedCluster>& cluster,
                                    std::vector<std::string>& notices, Diagnostics& problems) {
  FlagReader flags(arguments, problems);
  const auto gpus = flags.count("--gpus", 1, kMostGpusDescribed);
  if (!arguments.has("--cluster") && !arguments.has("--fabric")) {
    for (const char* flag : {"--gpus", "--dot", "--svg"}) {
      if (arguments.has(flag)) flags.complain(flag, "says something of a network", "add --cluster or --fabric");
    }
    return std::nullopt;
  }
  if (arguments.has("--cluster") && !cluster) return std::nullopt;
  LoadedFabric loaded;
  if (cluster) loaded = {cluster->fabric, "", cluster->fabric_notices};
  if (const auto text = arguments.find("--fabric")) {
    auto own = load_fabric(*text, cluster ? &cluster->cluster : nullptr);
    if (!own) {
      problems.insert(problems.end(), own.error().begin(), own.error().end());
      return std::nullopt;
    }
    loaded = std::move(own).value();
  }
  if (!cluster && loaded.spec.kind != FabricKind::custom) {
    flags.complain("--fabric", "this kind of network joins the servers of a cluster", "add --cluster");
    return std::nullopt;
  }
  const Cluster machine = cluster ? cluster->cluster : Cluster{};
  const int count = gpus ? static_cast<int>(*gpus) : default_gpus(machine, loaded.spec);
  if (!problems.empty()) return std::nullopt;
  const auto fabric = cluster ? build_fabric(machine, loaded.spec, count) : Fabric::make(loaded.spec.graph);
  if (!fabric) {
    flags.complain(arguments.has("--fabric") ? "--fabric" : "--cluster", fabric.error(), "change --gpus or the fabric");
    return std::nullopt;
  }
  notices = std::move(loaded.notices);
  return view_of(*fabric, loaded.spec);
}

void check_formats(const Arguments& arguments, Diagnostics& problems) {
  const int formats =
      (arguments.has("--json") ? 1 : 0) + (arguments.has("--dot") ? 1 : 0) + (arguments.has("--svg") ? 1 : 0);
  if (formats > 1) problems.push_back(mistake("--json, --dot and --svg", "exclude each other", "keep one of them"));
}

Outcome run_inspect(const Arguments& arguments, Diagnostics problems, const Environment& environment) {
  std::vector<Section> sections;
  std::vector<std::string> notices;
  std::optional<LoadedCluster> cluster;
  check_formats(arguments, problems);
  if (const auto name = arguments.find("--model")) add(load_model(*name), sections, problems);
  if (const auto name = arguments.find("--cluster")) {
    auto loaded = load_cluster(*name);
    add(loaded, sections, problems);
    if (loaded) cluster = std::move(loaded).value();
  }
  if (const auto name = arguments.find("--gpu")) add(load_gpu(*name), sections, problems);
  const std::optional<FabricView> view = read_view(arguments, cluster, notices, problems);
  if (!problems.empty()) return misuse(problems);
  if (view) sections.push_back(describe(*view));
  if (sections.empty()) sections = everything();
  Outcome outcome;
  for (const std::string& notice : notices) outcome.talk += "notice: " + notice + "\n";
  outcome.file = arguments.find("-o").value_or("");
  const Style plain{80, false}, style{environment.columns, use_color(ColorWhen::automatic, environment)};
  if (arguments.has("--dot")) {
    outcome.result = write_dot(view->graph);
  } else if (arguments.has("--svg")) {
    outcome.result = write_svg(view->graph, title_of(*view));
  } else if (arguments.has("--json")) {
    outcome.result = write_json(sections, view ? &*view : nullptr);
  } else {
    outcome.result = write_sections(sections, outcome.file.empty() ? style : plain);
  }
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
    "[--model M] [--cluster C] [--fabric F] [--gpu G] [flags]",
    "Without a flag it lists every name that --model, --cluster and --gpu take. With one it shows all figures behind "
    "that name or file, each with its mark (measured, calibrated, datasheet or extrapolated) and its source. "
    "--cluster and --fabric also show the network: its nodes, its links by tier, and what it carries at best; --dot "
    "and "
    "--svg draw it.",
    kInspectExamples,
    kInspectFlags,
    run_inspect,
};

/// Which keys a query sees.
std::string mask_words(const Transformer& m) {
  std::string words = m.window == 0 ? "all tokens before"
                                    : fmt::format("the last {} tokens, in {} of {} layers all", grouped(m.window),
                                                  grouped(m.full_layers), grouped(m.layers));
  return m.attention_density < 1 ? fmt::format("{}; {:.3g} % of the blocks", words, 100 * m.attention_density) : words;
}

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
  add("attention", mask_words(m));
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
