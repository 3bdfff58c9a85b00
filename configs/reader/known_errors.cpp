#include "configs/reader/known_errors.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "model/collective.hpp"

namespace ithaca {
namespace {

constexpr double kWidth = 2 * 1.6448536269514722;  // from the 5th to the 95th percentile

double deviation_of_mean(double percent) { return percent / 100 * std::sqrt(std::numbers::pi / 2); }

const FitError* held_out(const std::vector<FitError>& fits, std::string_view of) {
  const auto found =
      std::find_if(fits.begin(), fits.end(), [&](const FitError& e) { return e.held_out && e.of == of; });
  return found == fits.end() ? nullptr : &*found;
}

CurveError error_of(const FitError* fit) {
  return fit == nullptr ? CurveError{} : CurveError{true, std::abs(fit->bias) / 100, deviation_of_mean(fit->mean)};
}

/// Of GEMMs that a step is made of, where they are told apart.
CurveError gemm_error(const std::vector<FitError>& fits, const std::string& type) {
  const FitError* longer = held_out(fits, "gemm " + type + " from 25 us");
  return error_of(longer != nullptr ? longer : held_out(fits, "gemm " + type));
}

}  // namespace

void take_gemm_errors(const std::vector<FitError>& fits, Uncertainty& errors) {
  errors.half_gemm = gemm_error(fits, "bf16");
  errors.fp32_gemm = gemm_error(fits, "fp32");
}

CurveError attention_error(const std::vector<FitError>& fits, std::string_view kernel) {
  const CurveError forward = error_of(held_out(fits, std::string(kernel) + " forward"));
  const CurveError backward = error_of(held_out(fits, std::string(kernel) + " backward"));
  if (!forward.known || !backward.known) return {};
  const auto both = [](double f, double b) { return (f + 2.5 * b) / 3.5; };
  return {true, both(forward.common, backward.common), both(forward.own, backward.own)};
}

double step_deviation(const std::vector<FitError>& fits) {
  double sum = 0;
  int tables = 0;
  for (const FitError& e : fits) {
    if (!e.held_out || !e.of.starts_with("steps of ")) continue;
    sum += deviation_of_mean(e.mean);
    ++tables;
  }
  return tables > 0 ? sum / tables : 0;
}

double collective_deviation(const std::vector<FitError>& fits, Op op) {
  double sum = 0;
  int samples = 0;
  for (const FitError& e : fits) {
    if (!e.held_out || !e.of.starts_with(std::string(name(op)) + " of ") || !e.of.ends_with(" from 1 MiB")) continue;
    sum += deviation_of_mean(e.mean) * e.samples;
    samples += e.samples;
  }
  return samples > 0 ? sum / samples : 0;
}

double interval_deviation(double low, double high) { return low > 0 && high > low ? std::log(high / low) / kWidth : 0; }

}  // namespace ithaca
