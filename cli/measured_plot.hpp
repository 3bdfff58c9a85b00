#pragma once
// Measured and predicted times over the message, both axes logarithmic, drawn with letters.

#include <string>
#include <vector>

namespace ithaca {

struct MeasuredPoint {
  double bytes = 0, measured = 0, predicted = 0;  ///< seconds
};

enum class PlotAxis { bytes, flops };  ///< what `bytes` of the points counts

/// 80 columns, 12 lines and a key: 'o' measured, '*' predicted, '@' both. Empty without points above zero.
std::string measured_plot(const std::vector<MeasuredPoint>& points, PlotAxis axis = PlotAxis::bytes);

}  // namespace ithaca
