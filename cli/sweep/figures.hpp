#pragma once
// Axes of a sweep that are no flags: figures of the model and the machine, and what follows from them.

#include <optional>
#include <span>
#include <string_view>

#include "cli/sweep/problem_row.hpp"
#include "configs/reader/load_hardware.hpp"
#include "model/compare.hpp"
#include "model/units.hpp"

namespace ithaca {

/// What a figure changes: the model, and the machine with the fabric that the event engine builds.
struct Figured {
  Transformer& model;
  Cluster& cluster;
  FabricSpec& fabric;
};

/// `value` in SI base units, as `read` gives it. Figures are applied in the order of their table: NICs before the tier
/// above them, query heads before KV heads.
struct FigureAxis {
  std::string_view name;
  std::string_view help;
  Parsed<double> (*read)(std::string_view);
  std::optional<PointProblem> (*apply)(Figured, double value);
};
std::span<const FigureAxis> figure_axes();

/// What contradicts itself once all figures are in place.
std::optional<PointProblem> check_figures(const Transformer& model);

/// A flag's value worked out from the rest of the point, in the order of their table.
struct DerivedAxis {
  std::string_view name;
  std::string_view flag;  ///< that it stands for: --seq, --gpus
  std::string_view help;
  Parsed<double> (*read)(std::string_view);
  std::optional<PointProblem> (*apply)(Question&, double value);
};
std::span<const DerivedAxis> derived_axes();

}  // namespace ithaca
