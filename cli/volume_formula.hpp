#pragma once
// The formula behind a collective's bytes, as a product whose factors can be shown with symbol and number.

#include <string>
#include <vector>

#include "model/split.hpp"
#include "model/traffic.hpp"

namespace ithaca {

struct Factor {
  std::string symbol;  ///< "(t-1)/t"
  std::string number;  ///< "31/32"
  double value = 0;
};
using Product = std::vector<Factor>;

/// Bytes that leave the busiest GPU, as computed by model/traffic.cpp; the product equals `collective.sent`.
/// `backward`: the collective belongs to the backward pass and is not a repeated forward.
Product sent_formula(const Transformer& model, const Workload& work, const Layout& layout, const RankSplit& rank,
                     const Collective& collective, bool backward);
/// ZeRO's and data parallelism's collectives of a whole step.
Product parameter_formula(const Collective& collective);

double value(const Product& product);
std::string symbols(const Product& product);  ///< "e * T * h * (t-1)/t"
std::string numbers(const Product& product);  ///< "2 * 32,768 * 4,096 * 31/32"

}  // namespace ithaca
