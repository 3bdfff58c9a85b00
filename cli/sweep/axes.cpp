#include "cli/sweep/axes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/flag_reader.hpp"
#include "cli/inference_command.hpp"
#include "cli/plan_flags.hpp"
#include "cli/sweep/figures.hpp"
#include "cli/sweep/flags.hpp"
#include "configs/reader/axis_values.hpp"
#include "configs/reader/catalogue.hpp"

namespace ithaca {
namespace {

constexpr double kMostPoints = 1e15;
constexpr std::string_view kGoByNumbers[] = {"--documents", "--batch-tokens"};

bool goes_by_numbers(std::string_view flag) {
  return std::find(std::begin(kGoByNumbers), std::end(kGoByNumbers), flag) != std::end(kGoByNumbers);
}

template <std::optional<int> Degrees::*degree>
constexpr NumberAxis open_degree(std::string_view flag) {
  return {flag, [](const CompareRequest& r) -> double { return (r.degrees.*degree).value_or(1); },
          [](Question& q, double value) { q.degrees.*degree = static_cast<int>(value); }};
}
template <int Degrees::*degree>
constexpr NumberAxis plain_degree(std::string_view flag) {
  return {flag, [](const CompareRequest& r) -> double { return r.degrees.*degree; },
          [](Question& q, double value) { q.degrees.*degree = static_cast<int>(value); }};
}
template <std::int64_t Workload::*size>
constexpr NumberAxis batch_size(std::string_view flag) {
  return {flag, [](const CompareRequest& r) { return static_cast<double>(r.work.*size); },
          [](Question& q, double value) { q.work.*size = static_cast<std::int64_t>(value); }};
}

constexpr NumberAxis kNumbers[] = {
    {"--seq", [](const CompareRequest& r) { return static_cast<double>(r.work.seq_len.count); },
     [](Question& q, double value) { q.work.seq_len = Tokens{static_cast<std::int64_t>(value)}; }},
    {"--gpus", [](const CompareRequest& r) -> double { return r.gpus; },
     [](Question& q, double value) { q.gpus = static_cast<int>(value); }},
    {"--strategies", [](const CompareRequest& r) { return static_cast<double>(r.strategies.front()); },
     [](Question& q, double value) { q.strategies.assign(1, static_cast<Strategy>(static_cast<int>(value))); }},
    {"--price", [](const CompareRequest& r) { return r.price.value_or(Dollars{}).value(); },
     [](Question& q, double value) { q.cluster.price_per_gpu_hour = Dollars{value}; }},
    batch_size<&Workload::global_batch>("--global-batch"),
    batch_size<&Workload::global_batch>("--batch"),
    batch_size<&Workload::micro_batch>("--micro-batch"),
    open_degree<&Degrees::tp>("--tp"),
    open_degree<&Degrees::pp>("--pp"),
    open_degree<&Degrees::dp>("--dp"),
    open_degree<&Degrees::ulysses>("--ulysses"),
    open_degree<&Degrees::ring>("--ring"),
    open_degree<&Degrees::zero>("--zero"),
    plain_degree<&Degrees::ep>("--ep"),
    plain_degree<&Degrees::virtual_pp>("--virtual-pp"),
    plain_degree<&Degrees::inner_ring>("--inner-ring"),
    plain_degree<&Degrees::chunks>("--chunks"),
};

template <class Table>
std::optional<std::size_t> find_entry(const Table& table, std::string_view name, auto member) {
  for (std::size_t i = 0; i < std::size(table); ++i) {
    if (table[i].*member == name) return i;
  }
  return std::nullopt;
}

/// Whether points that ask for this have the flag.
bool is_asked(std::string_view flag, SweepAsks asks) { return !misplaced(flag, asks); }

std::vector<std::string> names_of(SweepAsks asks) {
  std::vector<std::string> names;
  for (const Flag& flag : sweep_job_flags()) {
    if (!is_asked(flag.name, asks)) continue;
    std::string name(flag.name.substr(2));
    std::replace(name.begin(), name.end(), '-', '_');
    names.push_back(name == "strategies" ? "strategy" : name);
  }
  for (const FigureAxis& figure : figure_axes()) names.emplace_back(figure.name);
  for (const DerivedAxis& derived : derived_axes()) names.emplace_back(derived.name);
  return names;
}

std::string place(const SweepAxis& axis, const std::string& word) { return "--set " + axis.name + "=" + word; }

CompareRequest read_flags(const Arguments& arguments, SweepAsks asks, Diagnostics& problems) {
  switch (asks) {
    case SweepAsks::plan: return read_plan_flags(arguments, problems).job;
    case SweepAsks::phase: return read_inference_flags(arguments, problems).job;
    case SweepAsks::step: break;
  }
  return read_compare_flags(arguments, problems);
}

/// Reads one value of a flag with nothing else around it, as the command that is asked would.
std::optional<CompareRequest> read_alone(const SweepAxis& axis, const std::string& word, SweepAsks asks,
                                         Diagnostics& problems) {
  Arguments arguments;
  for (const char* flag : {"--model", "--cluster", "--gpus", "--seq"}) arguments.set(flag, "1");
  if (axis.is_switch && word != "true" && word != "false") {
    problems.push_back(mistake(place(axis, word), "is neither true nor false", "write " + axis.name + "=[true,false]"));
    return std::nullopt;
  }
  if (!axis.is_switch || word == "true") arguments.set(axis.flag, axis.is_switch ? "" : word);
  Diagnostics own;
  CompareRequest request = read_flags(arguments, asks, own);
  for (Diagnostic& problem : own) {
    problem.at.file = place(axis, word);
    problems.push_back(std::move(problem));
  }
  if (!own.empty()) return std::nullopt;
  return request;
}

template <class Read>
void read_numbers(SweepAxis& axis, Read read, Diagnostics& problems) {
  for (const std::string& word : axis.words) {
    const auto number = read(word);
    if (number) {
      axis.numbers.push_back(*number);
    } else {
      problems.push_back(mistake(place(axis, word), number.error().what, number.error().next));
    }
  }
}

void read_values(SweepAxis& axis, SweepAsks asks, Diagnostics& problems) {
  switch (axis.kind) {
    case SweepAxis::Kind::figure: return read_numbers(axis, figure_axes()[axis.entry].read, problems);
    case SweepAxis::Kind::derived: return read_numbers(axis, derived_axes()[axis.entry].read, problems);
    case SweepAxis::Kind::words:
    case SweepAxis::Kind::number: break;
  }
  if (goes_by_numbers(axis.flag)) return;  // what is wrong with it depends on the point
  for (const std::string& word : axis.words) {
    const auto request = read_alone(axis, word, asks, problems);
    if (request && axis.kind == SweepAxis::Kind::number) axis.numbers.push_back(kNumbers[axis.entry].get(*request));
  }
}

/// `model=all` and `cluster=all` are every one of the catalogue.
void spell_out(SweepAxis& axis) {
  if (axis.words != std::vector<std::string>{"all"}) return;
  if (axis.name == "model") axis.words = catalogue_names(Kind::model);
  if (axis.name == "cluster") axis.words = catalogue_names(Kind::cluster);
}

/// What the name stands for; false where it is no axis.
bool resolve(SweepAxis& axis, SweepAsks asks) {
  if (const auto figure = find_entry(figure_axes(), axis.name, &FigureAxis::name)) {
    axis.kind = SweepAxis::Kind::figure;
    axis.entry = *figure;
    return true;
  }
  if (const auto derived = find_entry(derived_axes(), axis.name, &DerivedAxis::name)) {
    axis.kind = SweepAxis::Kind::derived;
    axis.entry = *derived;
    axis.flag = derived_axes()[*derived].flag;
    return true;
  }
  axis.flag = flag_of_axis(axis.name);
  const auto flags = sweep_job_flags();
  const auto flag = std::find_if(flags.begin(), flags.end(), [&](const Flag& f) { return f.name == axis.flag; });
  if (flag == flags.end() || !is_asked(axis.flag, asks)) return false;
  axis.is_switch = flag->value.empty();
  const auto number = asks == SweepAsks::plan ? std::nullopt : find_entry(kNumbers, axis.flag, &NumberAxis::flag);
  if (number) axis.kind = SweepAxis::Kind::number;
  axis.entry = number.value_or(0);
  return true;
}

Diagnostic no_axis(const std::string& name, SweepAsks asks) {
  if (const auto reason = misplaced(flag_of_axis(name), asks))
    return mistake("--set " + name, std::string(reason->first), std::string(reason->second));
  return mistake("--set " + name, "this is no axis", "'ithaca sweep --help' lists them",
                 suggestion(name, names_of(asks)));
}

}  // namespace

std::span<const NumberAxis> number_axes() { return kNumbers; }

std::string flag_of_axis(std::string_view name) {
  if (name == "strategy") return "--strategies";
  std::string flag = "--" + std::string(name);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

std::vector<SweepAxis> make_axes(const AxisTexts& texts, SweepAsks asks, Diagnostics& problems) {
  std::vector<SweepAxis> axes;
  for (const auto& [name, text] : texts) {
    SweepAxis axis;
    axis.name = name;
    if (!resolve(axis, asks)) {
      problems.push_back(no_axis(name, asks));
      continue;
    }
    const auto twice = [&](const SweepAxis& a) {
      return a.name == axis.name || (!axis.flag.empty() && a.flag == axis.flag);
    };
    if (const auto other = std::find_if(axes.begin(), axes.end(), twice); other != axes.end()) {
      problems.push_back(
          mistake("--set " + name, "is given by the axis " + other->name + " already", "keep one of them"));
      continue;
    }
    const auto words = parse_axis_values(text);
    if (!words) {
      problems.push_back(mistake(fmt::format("--set {}={}", name, text), words.error().what, words.error().next));
      continue;
    }
    axis.words = *words;
    spell_out(axis);
    read_values(axis, asks, problems);
    axes.push_back(std::move(axis));
  }
  return axes;
}

void check_shared_flags(const Arguments& base, SweepAsks asks, Diagnostics& problems) {
  Arguments alone;
  for (const char* flag : {"--model", "--cluster", "--gpus"}) alone.set(flag, "1");  // where an axis gives them
  if (!base.has("--longest")) alone.set("--seq", "1");
  for (const Flag& flag : sweep_job_flags()) {
    if (base.has(flag.name) && !goes_by_numbers(flag.name)) alone.set(flag.name, *base.find(flag.name));
  }
  read_flags(alone, asks, problems);
}

void read_anew_where_due(std::vector<SweepAxis>& axes, const Arguments& base, Diagnostics& problems) {
  for (const std::string_view flag : kGoByNumbers) {
    const auto along = [&](const SweepAxis& axis) { return axis.flag == flag; };
    if (!base.has(flag) && std::none_of(axes.begin(), axes.end(), along)) continue;
    for (SweepAxis& axis : axes) {
      if (axis.kind == SweepAxis::Kind::number) axis.kind = SweepAxis::Kind::words;
      if (axis.kind == SweepAxis::Kind::derived && axis.flag == "--seq")
        problems.push_back(mistake("--set " + axis.name, std::string(flag) + " has to know the length itself",
                                   "give it: --set seq=64Ki..4Mi*2"));
    }
  }
}

std::optional<std::uint64_t> count_points(std::span<const SweepAxis> axes) {
  double product = 1;
  std::uint64_t points = 1;
  for (const SweepAxis& axis : axes) {
    product *= static_cast<double>(axis.words.size());
    if (product > kMostPoints) return std::nullopt;
    points *= axis.words.size();
  }
  return points;
}

void digits_at(std::span<const SweepAxis> axes, std::uint64_t point, Digits& digits) {
  digits.resize(axes.size());
  for (std::size_t i = axes.size(); i-- > 0;) {
    digits[i] = static_cast<std::uint32_t>(point % axes[i].words.size());
    point /= axes[i].words.size();
  }
}

}  // namespace ithaca
