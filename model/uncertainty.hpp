#pragma once
// How likely one layout is faster than another: from what is known of the errors of kernel curves and links, on the
// difference of the two. An error that both share moves both times and so cancels as far as both spend alike.

#include <array>
#include <cstdint>
#include <string_view>

#include "model/compare.hpp"
#include "model/known_errors.hpp"
#include "model/static_vector.hpp"

namespace ithaca {

enum class ErrorSource : std::uint8_t { gemm, attention, streaming, server_links, network_links };
inline constexpr std::array kErrorSources{ErrorSource::gemm, ErrorSource::attention, ErrorSource::streaming,
                                          ErrorSource::server_links, ErrorSource::network_links};
std::string_view name(ErrorSource source);  ///< "matrix products"

/// A row with an estimate, and what is known of the errors of its question's cluster.
struct Contender {
  const Question& question;
  const Row& row;
  const Uncertainty& errors;
};

/// Errors are taken as normal and small: the logarithm of the ratio of the times is normal with the first-order
/// variance of all sources, each worked out by estimates with that source slower and faster by one standard deviation.
/// Contenders on one cluster, told by its name, share its errors. What `steps` leaves above them counts for each alone.
struct TimeComparison {
  double faster = 0.5;                   ///< probability that the first takes less time, or costs less
  double deviation = 0;                  ///< standard deviation of ln(second / first)
  bool known = false;                    ///< whether any error of theirs is
  StaticVector<ErrorSource, 5> unknown;  ///< no interval, though an error of 10 % moves the ratio by 0.5 % or more
};
/// With `dearness`, by what a second of the second costs over a second of the first.
TimeComparison compare_times(const Contender& first, const Contender& second, double dearness = 1);
inline TimeComparison compare_times(const Question& question, const Row& first, const Row& second,
                                    const Uncertainty& errors) {
  return compare_times({question, first, errors}, {question, second, errors});
}

}  // namespace ithaca
