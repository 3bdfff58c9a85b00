#include "validate/least_squares.hpp"

#include <Eigen/Core>
#include <cmath>
#include <unsupported/Eigen/NonLinearOptimization>
#include <unsupported/Eigen/NumericalDiff>

namespace ithaca {
namespace {

struct Problem {
  using Scalar = double;
  using InputType = Eigen::VectorXd;
  using ValueType = Eigen::VectorXd;
  using JacobianType = Eigen::MatrixXd;
  enum { InputsAtCompileTime = Eigen::Dynamic, ValuesAtCompileTime = Eigen::Dynamic };

  const ResidualFunction* function;
  std::size_t parameter_count, residual_count;

  int inputs() const { return static_cast<int>(parameter_count); }
  int values() const { return static_cast<int>(residual_count); }
  int operator()(const Eigen::VectorXd& logs, Eigen::VectorXd& out) const {
    std::vector<double> parameters(parameter_count), residuals(residual_count);
    for (std::size_t i = 0; i < parameter_count; ++i) parameters[i] = std::exp(logs[static_cast<Eigen::Index>(i)]);
    (*function)(parameters, residuals);
    out = Eigen::Map<const Eigen::VectorXd>(residuals.data(), static_cast<Eigen::Index>(residual_count));
    return 0;
  }
};

}  // namespace

std::vector<double> least_squares(const std::vector<double>& start, std::size_t residual_count,
                                  const ResidualFunction& function) {
  Eigen::VectorXd logs(static_cast<Eigen::Index>(start.size()));
  for (std::size_t i = 0; i < start.size(); ++i) logs[static_cast<Eigen::Index>(i)] = std::log(start[i]);
  // The residuals have kinks where the best tile changes: a step of 1e-4 looks across the small ones.
  Eigen::NumericalDiff<Problem, Eigen::Central> derivable(Problem{&function, start.size(), residual_count}, 1e-8);
  Eigen::LevenbergMarquardt<decltype(derivable)> solver(derivable);
  solver.parameters.maxfev = 4000;
  solver.minimize(logs);
  std::vector<double> best(start.size());
  for (std::size_t i = 0; i < start.size(); ++i) best[i] = std::exp(logs[static_cast<Eigen::Index>(i)]);
  return best;
}

}  // namespace ithaca
