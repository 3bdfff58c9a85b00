#include "validate/sample_fit.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "validate/kernel_fit.hpp"
#include "validate/least_squares.hpp"

namespace ithaca {
namespace {

double relative_error(const Gpu& gpu, const KernelSample& sample) {
  return predicted_time(gpu, sample) / sample.time - 1;
}

double residual(const Gpu& gpu, const KernelSample& sample) {
  constexpr double kLinear = 0.3;
  const double r = std::log(predicted_time(gpu, sample) / sample.time);
  return std::abs(r) <= kLinear ? r : std::copysign(std::sqrt(2 * kLinear * std::abs(r) - kLinear * kLinear), r);
}

}  // namespace

Samples filter(const Samples& samples, const std::function<bool(const KernelSample&)>& choice) {
  Samples chosen;
  std::copy_if(samples.begin(), samples.end(), std::back_inserter(chosen), choice);
  return chosen;
}

Samples not_held_out(const Samples& samples) {
  return filter(samples, [](const KernelSample& s) { return !is_held_out(s); });
}

void fit(Gpu& gpu, const Samples& samples, const std::vector<double>& start,
         const std::function<void(Gpu&, const std::vector<double>&)>& place) {
  const auto residuals = [&](const std::vector<double>& parameters, std::vector<double>& out) {
    place(gpu, parameters);
    for (std::size_t i = 0; i < samples.size(); ++i) out[i] = residual(gpu, samples[i]);
  };
  place(gpu, least_squares(start, samples.size(), residuals));
}

void add_errors(const Gpu& gpu, const Samples& samples, const std::string& of, std::vector<FitError>& errors) {
  for (const bool held_out : {false, true}) {
    FitError error{.of = of, .held_out = held_out};
    for (const KernelSample& sample : samples) {
      if (is_held_out(sample) != held_out) continue;
      const double percent = 100 * relative_error(gpu, sample);
      ++error.samples;
      error.mean += std::abs(percent);
      error.bias += percent;
      error.max = std::max(error.max, std::abs(percent));
    }
    if (error.samples == 0) continue;
    error.mean /= error.samples;
    error.bias /= error.samples;
    errors.push_back(error);
  }
}

}  // namespace ithaca
