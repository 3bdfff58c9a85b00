#include "validate/run_fit.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "model/step.hpp"

namespace ithaca {
namespace {

constexpr double kRobust = 0.15;    // beyond this log error a run counts as an outlier, and by a third only
constexpr double kPull = 0.01;      // of a squared log factor
constexpr double kFirstStep = 0.2;  // of a parameter's logarithm
constexpr double kLastStep = 0.003;
constexpr Host kHostGuess{Seconds{1e-3}, Seconds{1e-3}};

/// A parameter's logarithm over its value at the start, applied to a GPU.
using Apply = void (*)(Gpu&, double factor);

template <std::size_t Tile>
void tile(Gpu& gpu, double factor) {
  gpu.gemm.half.tile[Tile] = gpu.gemm.half.tile[Tile] * factor;
}
void rate(Gpu& gpu, double factor) {
  for (FlopPerSecond& t : gpu.gemm.half.tile) t = t * factor;
}
void attention(Gpu& gpu, double factor) {
  for (AttentionCurve::Pass* pass : {&gpu.attention.forward, &gpu.attention.backward})
    for (AttentionCurve::Points* points : {&pass->full, &pass->causal})
      for (AttentionCurve::Point& point : *points) point.rate = point.rate * factor;
}
void wave(Gpu& gpu, double factor) { gpu.gemm.half.wave = gpu.gemm.half.wave * factor; }
void batched(Gpu& gpu, double factor) { gpu.gemm.half.batched = std::min(1.0, gpu.gemm.half.batched * factor); }
void streaming(Gpu& gpu, double factor) { gpu.streaming_efficiency = std::min(1.0, gpu.streaming_efficiency * factor); }
void pace(Gpu& gpu, double factor) {
  for (GemmCurve::Rates* rates : {&gpu.gemm.half, &gpu.gemm.fp32})
    for (FlopPerSecond& t : rates->tile) t = t * factor;
  attention(gpu, factor);
  wave(gpu, 1 / factor);
  streaming(gpu, factor);
}
void host_forward(Gpu& gpu, double factor) { gpu.host.forward_layer = gpu.host.forward_layer * factor; }
void host_backward(Gpu& gpu, double factor) { gpu.host.backward_layer = gpu.host.backward_layer * factor; }

std::vector<Apply> moves(const std::vector<FitParameter>& free) {
  std::vector<Apply> all;
  for (const FitParameter p : free) {
    switch (p) {
      case FitParameter::rate: all.push_back(rate); break;
      case FitParameter::tiles: all.insert(all.end(), {tile<0>, tile<1>, tile<2>, tile<3>}); break;
      case FitParameter::wave: all.push_back(wave); break;
      case FitParameter::batched: all.push_back(batched); break;
      case FitParameter::attention: all.push_back(attention); break;
      case FitParameter::streaming: all.push_back(streaming); break;
      case FitParameter::pace: all.push_back(pace); break;
      case FitParameter::host: all.insert(all.end(), {host_forward, host_backward}); break;
    }
  }
  return all;
}

/// log(predicted / measured); zero for a run that the model refuses.
double log_error(const Gpu& gpu, const FitRun& run) {
  Cluster cluster = run.question.cluster;
  cluster.gpu.gemm = gpu.gemm;
  cluster.gpu.attention = gpu.attention;
  cluster.gpu.streaming_efficiency = gpu.streaming_efficiency;
  cluster.gpu.host = gpu.host;
  const auto e = estimate_step(run.question.model, run.question.work, cluster, run.question.layout);
  return e ? std::log(e->step.time / run.step) : 0;
}

double robust_loss(double error) {
  const double size = std::abs(error);
  const double loss = size < kRobust ? size : kRobust + (size - kRobust) / 3;
  return loss + 2 * loss * loss;
}

double objective(const Gpu& gpu, const std::vector<FitRun>& runs) {
  std::map<std::string, std::pair<double, int>> by_table;
  for (const FitRun& run : runs) {
    if (run.held_out) continue;
    auto& [sum, count] = by_table[run.table];
    sum += robust_loss(log_error(gpu, run));
    ++count;
  }
  double total = 0;
  for (const auto& [table, sum] : by_table) total += sum.first / sum.second;
  return by_table.empty() ? 0 : total / static_cast<double>(by_table.size());
}

/// The search's state: a log factor for each move.
class Fit {
 public:
  Fit(const Gpu& start, const std::vector<FitRun>& runs, std::vector<Apply> moves)
      : start_(start), runs_(runs), moves_(std::move(moves)), logs_(moves_.size(), 0.0), best_(value(logs_)) {}

  void run() {
    for (double step = kFirstStep; step > kLastStep;) {
      bool better = false;
      for (std::size_t i = 0; i < moves_.size(); ++i) better = improve(i, step) || better;
      if (!better) step /= 2;
    }
  }
  Gpu gpu() const { return moved(logs_); }

 private:
  Gpu moved(const std::vector<double>& logs) const {
    Gpu gpu = start_;
    for (std::size_t i = 0; i < moves_.size(); ++i) moves_[i](gpu, std::exp(logs[i]));
    return gpu;
  }
  double value(const std::vector<double>& logs) const {
    double pull = 0;
    for (const double log : logs) pull += log * log;
    return objective(moved(logs), runs_) + kPull * pull;
  }
  /// Tries one step either way; true if one of them is better.
  bool improve(std::size_t i, double step) {
    for (const double by : {step, -step}) {
      std::vector<double> logs = logs_;
      logs[i] += by;
      const double tried = value(logs);
      if (tried >= best_ - 1e-7) continue;
      best_ = tried;
      logs_ = std::move(logs);
      return true;
    }
    return false;
  }

  const Gpu& start_;
  const std::vector<FitRun>& runs_;
  std::vector<Apply> moves_;
  std::vector<double> logs_;
  double best_;
};

}  // namespace

Kernels fit_runs(const Gpu& start, const std::vector<FitRun>& runs, const std::vector<FitParameter>& free) {
  const auto has = [&](FitParameter p) { return std::find(free.begin(), free.end(), p) != free.end(); };
  Gpu first = start;
  if (has(FitParameter::host)) first.host = kHostGuess;
  Fit fit(first, runs, moves(free));
  fit.run();
  const Gpu gpu = fit.gpu();
  Kernels kernels;
  kernels.gpu = gpu.name;
  kernels.gemm = gpu.gemm;
  kernels.gemm_mark = Mark::calibrated;
  if (has(FitParameter::attention) || has(FitParameter::pace))
    kernels.attention = {{"", gpu.attention, Mark::calibrated, ""}};
  kernels.streaming = StreamingFit{gpu.streaming_efficiency, gpu.host, Mark::calibrated};
  kernels.errors = step_errors(gpu, runs);
  return kernels;
}

std::vector<FitError> step_errors(const Gpu& gpu, const std::vector<FitRun>& runs) {
  std::map<std::pair<std::string, bool>, FitError> by_part;
  for (const FitRun& run : runs) {
    FitError& e = by_part[{run.table, run.held_out}];
    const double error = 100 * std::expm1(log_error(gpu, run));
    e.of = "steps of " + run.table;
    e.held_out = run.held_out;
    ++e.samples;
    e.mean += std::abs(error);
    e.bias += error;
    e.max = std::max(e.max, std::abs(error));
  }
  std::vector<FitError> errors;
  for (auto& [part, e] : by_part) {
    e.mean /= e.samples;
    e.bias /= e.samples;
    errors.push_back(e);
  }
  return errors;
}

}  // namespace ithaca
