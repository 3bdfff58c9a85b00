#include "configs/reader/known_errors.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "model/collective.hpp"

namespace ithaca {
namespace {

constexpr double kWidth = 2 * 1.6448536269514722;  // from the 5th to the 95th percentile

// Root mean squares of ln(time by the carried curve / time by the GPU's own), which tests/configs/known_errors_test.cpp
// works out from the catalogue. GEMMs of H100s on H200s, A100s and two machines with Blackwells; attention likewise;
// streaming of A100s on the latter.
constexpr double kCarriedGemm = 0.26, kCarriedAttention = 0.35, kCarriedStreaming = 0.36;
// What single shapes are off by, where nobody timed any: about what the timed curves state.
constexpr double kShapes = 0.03;
// All-reduces of 1 MiB and more by the catalogue against published logs, bias and mean absolute error averaged over
// tables (tests/validate/collective_errors_test.cpp): one server of A100s, H100s, H200s, B200s or GB200s; 2 to 16 of
// A100s, H100s, B200s or GH200s.
constexpr double kServerBias = 0.05, kServerMean = 0.087, kNetworkBias = 0.16, kNetworkMean = 0.21;

double deviation_of_mean(double percent) { return percent / 100 * std::sqrt(std::numbers::pi / 2); }

const FitError* held_out(const std::vector<FitError>& fits, std::string_view of) {
  const auto found =
      std::find_if(fits.begin(), fits.end(), [&](const FitError& e) { return e.held_out && e.of == of; });
  return found == fits.end() ? nullptr : &*found;
}

CurveError error_of(const FitError* fit) {
  return fit == nullptr ? CurveError{} : CurveError{true, std::abs(fit->bias) / 100, deviation_of_mean(fit->mean)};
}

CurveError carried(const CurveError& there, double deviation) {
  return {true, std::hypot(there.common, deviation), there.known ? there.own : kShapes};
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
  if (!forward.known || !backward.known) return error_of(held_out(fits, std::string(kernel) + " forward and backward"));
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

CurveError carried_gemm(const CurveError& there) { return carried(there, kCarriedGemm); }
CurveError carried_attention(const CurveError& there) { return carried(there, kCarriedAttention); }
CurveError carried_streaming() { return {true, kCarriedStreaming, 0}; }

CurveError step_error(const std::vector<FitError>& fits) {
  const double deviation = step_deviation(fits);
  return {deviation > 0, deviation, kShapes};
}

CurveError catalogue_links(bool across_servers) {
  return across_servers ? CurveError{true, kNetworkBias, deviation_of_mean(100 * kNetworkMean)}
                        : CurveError{true, kServerBias, deviation_of_mean(100 * kServerMean)};
}

double interval_deviation(double low, double high) { return low > 0 && high > low ? std::log(high / low) / kWidth : 0; }

}  // namespace ithaca
