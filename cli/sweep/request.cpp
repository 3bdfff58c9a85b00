#include "cli/sweep/request.hpp"

#include <algorithm>
#include <thread>

#include "cli/flag_reader.hpp"
#include "cli/sweep/figures.hpp"
#include "cli/sweep/flags.hpp"
#include "configs/reader/load_sweep.hpp"

namespace ithaca {
namespace {

constexpr Choice<SweepKeep> kKeepNames[] = {{"all", SweepKeep::all},
                                            {"fastest", SweepKeep::fastest},
                                            {"smallest", SweepKeep::smallest},
                                            {"cheapest", SweepKeep::cheapest},
                                            {"front", SweepKeep::front}};
constexpr int kMostThreads = 1024;

std::vector<SweepKey> file_keys() {
  std::vector<SweepKey> keys;
  for (const Flag& flag : kSweepFlags) {
    if (!of_the_run(flag.name) && flag.name != "--set")
      keys.push_back({flag.name, flag.value.empty(), flag.repeatable});
  }
  return keys;
}

/// "seq=64Ki..4Mi*2"
AxisTexts read_axes(const Arguments& arguments, Diagnostics& problems) {
  AxisTexts axes;
  for (const std::string& text : arguments.all("--set")) {
    const std::size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos || equals + 1 == text.size()) {
      problems.push_back(mistake("--set " + text, "is no axis with values", "write --set seq=64Ki..4Mi*2"));
    } else {
      axes.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return axes;
}

const std::pair<std::string, std::string>* axis_for(const AxisTexts& axes, std::string_view flag) {
  for (const auto& axis : axes) {
    if (flag_of_axis(axis.first) == flag) return &axis;
    for (const DerivedAxis& derived : derived_axes()) {
      if (derived.name == axis.first && derived.flag == flag) return &axis;
    }
  }
  return nullptr;
}

/// Whether a flag of the command line stands against one of the file's: itself, another form of output, or a map, which
/// shows rows of its own choice.
bool overridden(const Arguments& typed, std::string_view flag) {
  constexpr std::string_view kForms[] = {"--json", "--jsonl", "--csv", "--heat"};
  if (typed.has(flag)) return true;
  if (flag == "--keep" || flag == "--per") return typed.has("--heat");
  const bool is_form = std::find(std::begin(kForms), std::end(kForms), flag) != std::end(kForms);
  return is_form && std::any_of(std::begin(kForms), std::end(kForms), [&](auto form) { return typed.has(form); });
}

/// The command line's flags and axes with the file's behind them.
Arguments with_file(const Arguments& typed, const SweepFile& file, AxisTexts& axes) {
  Arguments all = typed;
  for (const auto& [flag, value] : file.flags) {
    if (!overridden(typed, flag) && axis_for(axes, flag) == nullptr) all.add(flag, value);
  }
  AxisTexts merged;
  for (const auto& axis : file.axes) {
    const auto own = std::find_if(axes.begin(), axes.end(), [&](const auto& a) { return a.first == axis.first; });
    if (own != axes.end()) {
      merged.push_back(*own);
    } else if (!typed.has(flag_of_axis(axis.first))) {
      merged.push_back(axis);
    }
  }
  for (const auto& axis : axes) {
    if (std::none_of(merged.begin(), merged.end(), [&](const auto& a) { return a.first == axis.first; }))
      merged.push_back(axis);
  }
  axes = std::move(merged);
  return all;
}

/// Flags of the question itself. What an axis gives is left out; needed ones that it works out later get a stand-in.
Arguments job_of(const Arguments& all, const AxisTexts& axes, Diagnostics& problems) {
  Arguments job;
  for (const Flag& flag : sweep_job_flags()) {
    const auto* axis = axis_for(axes, flag.name);
    if (axis != nullptr && all.has(flag.name))
      problems.push_back(mistake(std::string(flag.name), "is an axis too: --set " + axis->first, "keep one of them"));
    if (all.has(flag.name) && axis == nullptr) job.set(flag.name, all.find(flag.name).value_or(""));
  }
  std::vector<std::string> missing;
  for (const char* flag : {"--model", "--cluster", "--gpus", "--seq"}) {
    const bool unneeded = std::string_view(flag) == "--seq" && all.has("--longest");
    const auto* axis = axis_for(axes, flag);
    if (axis != nullptr && std::string_view(flag) != "--model" && std::string_view(flag) != "--cluster")
      job.set(flag, "1");
    if (axis == nullptr && !job.has(flag) && !unneeded) missing.emplace_back(flag);
  }
  for (const std::string& flag : missing)
    problems.push_back(mistake(flag, "missing", "give it, or make it an axis: --set " + flag.substr(2) + "=..."));
  return job;
}

/// With --phase, or where it is an axis, points are about inference.
SweepAsks read_asks(const FlagReader& flags, const AxisTexts& axes) {
  if (flags.has("--plan")) return SweepAsks::plan;
  return flags.has("--phase") || axis_for(axes, "--phase") != nullptr ? SweepAsks::phase : SweepAsks::step;
}

void check_flags(const FlagReader& flags, SweepAsks asks, Diagnostics& problems) {
  for (const Flag& flag : sweep_job_flags()) {
    const auto reason = misplaced(flag.name, asks);
    if (reason && flags.has(flag.name))
      problems.push_back(mistake(std::string(flag.name), std::string(reason->first), std::string(reason->second)));
  }
}

void read_columns(FlagReader& flags, SweepRequest& request) {
  const auto find = [&](std::string_view flag, const std::string& name) {
    const SweepField* field = find_field(name, request.asks);
    if (field == nullptr)
      flags.complain(flag, "there is no field '" + name + "'", "fields are the columns of 'ithaca compare --csv'",
                     suggestion(name, field_names(request.asks)));
    return field;
  };
  if (flags.has("--heat")) request.heat = find("--heat", flags.text("--heat"));
  if (!flags.has("--columns")) return;
  const std::vector<std::string> names =
      flags.text("--columns") == "all" ? field_names(request.asks) : flags.words("--columns");
  for (const SweepField& field : sweep_fields(request.asks)) {
    if (std::find(names.begin(), names.end(), field.name) != names.end()) request.columns.push_back(&field);
  }
  for (const std::string& name : names) find("--columns", name);
}

void read_format(FlagReader& flags, SweepRequest& request) {
  const std::pair<const char*, SweepFormat> formats[] = {{"--json", SweepFormat::json},
                                                         {"--jsonl", SweepFormat::jsonl},
                                                         {"--csv", SweepFormat::csv},
                                                         {"--heat", SweepFormat::heat}};
  std::string asked;
  for (const auto& [flag, format] : formats) {
    if (!flags.has(flag)) continue;
    if (!asked.empty()) flags.complain(asked + " and " + flag, "exclude each other", "keep one of them");
    asked = flag;
    request.format = format;
  }
  if (request.format == SweepFormat::heat) {
    if (request.keep != SweepKeep::all || flags.has("--per"))
      flags.complain("--heat", "shows the fastest row of each point", "leave out --keep and --per");
    request.keep = SweepKeep::fastest;
  }
}

void read_shard(FlagReader& flags, SweepRequest& request) {
  if (!flags.has("--shard")) return;
  const std::string text = flags.text("--shard");
  const std::size_t slash = text.find('/');
  const auto index = parse_count(text.substr(0, slash));
  const auto count = parse_count(slash == std::string::npos ? "" : text.substr(slash + 1));
  if (!index || !count || *index < 1 || *index > *count || *count > 1'000'000)
    return flags.complain("--shard", "is no part of a whole", "write 1/8 to 8/8");
  request.shard = {static_cast<std::uint64_t>(*index), static_cast<std::uint64_t>(*count)};
  request.is_shard = true;
}

/// Going on and putting together need rows in a file of their own.
void check_file(FlagReader& flags, const SweepRequest& request) {
  const bool in_file = !request.file.empty() && request.file != "-";
  for (const char* flag : {"--resume", "--shard"}) {
    if (!flags.has(flag)) continue;
    if (!in_file) flags.complain(flag, "needs a file", "add -o FILE");
    if (request.format == SweepFormat::heat || request.format == SweepFormat::table)
      flags.complain(flag, "needs rows for programs", "add --csv or --jsonl");
  }
  if (request.is_shard && request.format == SweepFormat::json)
    flags.complain("--shard", "parts of one JSON document cannot be put together", "take --jsonl");
}

/// The question in words, each flag and axis as it was given.
std::vector<std::string> question_words(const Arguments& all, const SweepRequest& request) {
  std::vector<std::string> words{"ithaca", "sweep"};
  for (const auto& [name, values] : request.axes) {
    words.emplace_back("--set");
    words.push_back(std::string(name).append("=").append(values));
  }
  for (const Flag& flag : kSweepFlags) {
    if (of_the_run(flag.name) || flag.name == "--set") continue;
    if (axis_for(request.axes, flag.name) != nullptr) continue;
    for (const std::string& value : all.all(flag.name)) {
      words.emplace_back(flag.name);
      if (!flag.value.empty()) words.push_back(value);
    }
  }
  return words;
}

}  // namespace

std::string_view name(SweepKeep keep) { return kKeepNames[static_cast<std::size_t>(keep)].first; }

SweepRequest read_sweep(const Arguments& arguments, Diagnostics& problems) {
  SweepRequest request;
  request.axes = read_axes(arguments, problems);
  Arguments all = arguments;
  if (!arguments.words.empty()) {
    const auto file = load_sweep(arguments.words[0], file_keys());
    if (file) {
      all = with_file(arguments, *file, request.axes);
    } else {
      problems.insert(problems.end(), file.error().begin(), file.error().end());
    }
  }
  FlagReader flags(all, problems);
  request.asks = read_asks(flags, request.axes);
  check_flags(flags, request.asks, problems);
  if (problems.empty()) request.job = job_of(all, request.axes, problems);
  request.keep = flags.choice<SweepKeep>("--keep", kKeepNames).value_or(SweepKeep::all);
  request.has_per = flags.has("--per");
  request.per = flags.words("--per");
  for (const std::string& limit : all.all("--where")) {
    if (auto read = read_limit(limit, request.asks, problems)) request.limits.push_back(std::move(*read));
  }
  read_columns(flags, request);
  read_format(flags, request);
  request.file = flags.text("-o");
  const auto cores = static_cast<std::int64_t>(std::max(1U, std::thread::hardware_concurrency()));
  request.threads = static_cast<int>(flags.count("--threads", 1, kMostThreads).value_or(cores));
  request.resume = flags.has("--resume");
  request.dry_run = flags.has("--dry-run");
  request.progress = !flags.has("--no-progress");
  read_shard(flags, request);
  check_file(flags, request);
  request.color = flags.color();
  request.words = question_words(all, request);
  if (!problems.empty()) {  // a misspelt axis may be why a flag is missing
    Diagnostics of_axes;
    make_axes(request.axes, request.asks, of_axes);
    problems.insert(problems.begin(), of_axes.begin(), of_axes.end());
  }
  return request;
}

}  // namespace ithaca
