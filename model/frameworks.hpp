#pragma once
// Whether a framework runs a layout that is possible in principle.

#include <string_view>

#include "model/layout.hpp"
#include "model/static_vector.hpp"
#include "model/transformer.hpp"

namespace ithaca {

struct FrameworkAnswer {
  std::string_view framework;
  bool accepts = true;
  std::string_view rule;    ///< what it demands; empty where it demands nothing of heads
  std::string_view source;  ///< where that is stated
};

/// The frameworks that implement the layout's strategy, each with its answer.
StaticVector<FrameworkAnswer, 4> frameworks(const Transformer& model, const Layout& layout);

}  // namespace ithaca
