#include "cli/sweep/points.hpp"

#include <algorithm>

#include "cli/inference_command.hpp"
#include "cli/sweep/figures.hpp"

namespace ithaca {
namespace {

constexpr std::size_t kMostPrepared = 64;  // some 10 KiB each

std::vector<std::size_t> axes_of(const SweepInputs& inputs, SweepAxis::Kind kind) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < inputs.axes.size(); ++i) {
    if (inputs.axes[i].kind == kind) found.push_back(i);
  }
  std::stable_sort(found.begin(), found.end(),
                   [&](std::size_t a, std::size_t b) { return inputs.axes[a].entry < inputs.axes[b].entry; });
  return found;
}

const SweepAxis* axis_of(const SweepInputs& inputs, std::string_view flag) {
  for (const SweepAxis& axis : inputs.axes) {
    if (axis.flag == flag) return &axis;
  }
  return nullptr;
}

/// Every name that the flag has, by itself or along an axis.
std::vector<std::string> names_under(const SweepInputs& inputs, std::string_view flag) {
  if (const SweepAxis* axis = axis_of(inputs, flag)) return axis->words;
  const auto base = inputs.base.find(flag);
  return base ? std::vector<std::string>{*base} : std::vector<std::string>{};
}

template <class Shelf, class Load>
void fill(Shelf& shelf, const std::vector<std::string>& names, Load load, Diagnostics& problems) {
  for (const std::string& name : names) {
    auto loaded = load(name);
    if (loaded) {
      shelf.emplace(name, std::move(loaded).value());
    } else {
      problems.insert(problems.end(), loaded.error().begin(), loaded.error().end());
    }
  }
}

PointProblem in_words(const Diagnostics& problems) {
  const Diagnostic& first = problems.front();
  return {"input", first.at.file + ": " + first.what, first.next};
}

}  // namespace

void load_inputs(SweepInputs& inputs, Diagnostics& problems) {
  fill(
      inputs.models, names_under(inputs, "--model"), [](const std::string& n) { return load_model(n); }, problems);
  fill(
      inputs.clusters, names_under(inputs, "--cluster"), [](const std::string& n) { return load_cluster(n); },
      problems);
}

PointReader::PointReader(const SweepInputs& inputs)
    : inputs_(inputs),
      words_(axes_of(inputs, SweepAxis::Kind::words)),
      figures_(axes_of(inputs, SweepAxis::Kind::figure)),
      numbers_(axes_of(inputs, SweepAxis::Kind::number)),
      derived_(axes_of(inputs, SweepAxis::Kind::derived)),
      batch_follows_(inputs.asks != SweepAsks::phase && !numbers_.empty() && !inputs.base.has("--global-batch") &&
                     axis_of(inputs, "--global-batch") == nullptr) {}

PointReader::Prepared PointReader::prepare(const Digits& digits) const {
  Arguments arguments = inputs_.base;
  for (const std::size_t i : words_) {
    const SweepAxis& axis = inputs_.axes[i];
    const std::string& word = axis.words[digits[i]];
    if (!axis.is_switch) arguments.set(axis.flag, word);
    if (axis.is_switch && word == "true") arguments.set(axis.flag, "");
  }
  Prepared prepared;
  Diagnostics problems;
  if (inputs_.asks == SweepAsks::plan) {
    prepared.plan = read_plan_flags(arguments, problems);
    prepared.request = prepared.plan.job;
    prepared.request.gpus = prepared.plan.gpus.front();
  } else if (inputs_.asks == SweepAsks::phase) {
    InferenceRequest asked = read_inference_flags(arguments, problems);
    prepared.request = std::move(asked.job);
    prepared.inference = asked.inference;
  } else {
    prepared.request = read_compare_flags(arguments, problems);
  }
  prepared.model = &inputs_.models.find(prepared.request.model)->second;
  prepared.cluster = inputs_.clusters.find(prepared.request.cluster)->second;
  fit_cluster(prepared.request, arguments, prepared.cluster, problems);
  if (prepared.request.price) prepared.cluster.cluster.price_per_gpu_hour = *prepared.request.price;
  if (!problems.empty()) prepared.problem = in_words(problems);
  return prepared;
}

const PointReader::Prepared& PointReader::prepared(std::uint64_t combination, const Digits& digits) {
  if (const auto known = known_.find(combination); known != known_.end()) return known->second;
  if (known_.size() == kMostPrepared) known_.clear();
  return known_.emplace(combination, prepare(digits)).first->second;
}

void PointReader::begin(const Prepared& prepared) {
  const CompareRequest& r = prepared.request;
  point_.question = {prepared.model->model, r.work,   prepared.cluster.cluster, r.gpus, r.degrees,
                     r.strategies,          r.packing};
  point_.engine = r.engine;
  point_.inference = prepared.inference;
  machine_problem_ = prepared.problem;
}

void PointReader::apply_figures(const Digits& digits) {
  for (const std::size_t i : figures_) {
    if (machine_problem_) return;
    const SweepAxis& axis = inputs_.axes[i];
    machine_problem_ = figure_axes()[axis.entry].apply(
        {point_.question.model, point_.question.cluster, machine_.fabric}, axis.numbers[digits[i]]);
  }
  if (!figures_.empty() && !machine_problem_) machine_problem_ = check_figures(point_.question.model);
}

void PointReader::apply_numbers(const Digits& digits) {
  Question& q = point_.question;
  for (const std::size_t i : numbers_) number_axes()[inputs_.axes[i].entry].set(q, inputs_.axes[i].numbers[digits[i]]);
  if (batch_follows_) q.work.global_batch = q.work.micro_batch;
  for (const std::size_t i : derived_) {
    if (point_.problem) return;
    point_.problem = derived_axes()[inputs_.axes[i].entry].apply(q, inputs_.axes[i].numbers[digits[i]]);
  }
}

const SweepPoint& PointReader::read(const Digits& digits) {
  std::uint64_t combination = 0;
  for (const std::size_t i : words_) combination = combination * inputs_.axes[i].words.size() + digits[i];
  const bool same_words = combination_ == combination;
  const bool same_figures =
      same_words && std::all_of(figures_.begin(), figures_.end(), [&](std::size_t i) { return at_[i] == digits[i]; });
  if (!same_figures) {
    const Prepared& now = prepared(combination, digits);
    begin(now);
    machine_ = now.cluster;
    apply_figures(digits);
    machine_.cluster = point_.question.cluster;
    ++machine_number_;
    combination_ = combination;
  }
  at_ = digits;
  point_.problem = machine_problem_;
  apply_numbers(digits);
  if (inputs_.asks == SweepAsks::plan && !point_.problem) {
    const PlanRequest& p = known_.find(combination)->second.plan;
    const Question& q = point_.question;
    const bool bought =
        axis_of(inputs_, "--gpus") != nullptr && axis_of(inputs_, "--gpus")->kind == SweepAxis::Kind::derived;
    const std::vector<int> gpus = bought ? std::vector<int>{q.gpus} : p.gpus;
    point_.plan = {q.model, q.work, {q.cluster}, gpus, q.strategies, p.fixed, p.goal, p.limits, 1};
  }
  return point_;
}

}  // namespace ithaca
