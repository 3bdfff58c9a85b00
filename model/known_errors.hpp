#pragma once
// What is known of the errors of a machine's kernel curves and links, as relative standard deviations.

#include <vector>

#include "model/collective_profile.hpp"

namespace ithaca {

/// Relative standard deviations of one source of times. `common` is the fit's own, alike for all that the source times;
/// `own` is what single shapes and sizes differ from it by, alike only where two layouts run the same ones.
struct CurveError {
  bool known = false;
  double common = 0, own = 0;
};
/// Of one kind of collective at one level, as a profile's measurements give it.
struct LinkError {
  Op op{};
  bool across_nodes = false;
  CurveError error;
};

/// Of one machine. The links' are those of rates that no profile measured. `steps` is the deviation of whole steps from
/// published ones that nothing was fitted to; 0: none.
struct Uncertainty {
  CurveError half_gemm, fp32_gemm, attention, streaming, server_links, network_links;
  std::vector<LinkError> links;
  double steps = 0;
};

}  // namespace ithaca
