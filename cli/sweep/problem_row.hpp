#pragma once
// Why a point of a sweep has no estimate, in the words of a refused row.

#include <string>

namespace ithaca {

struct PointProblem {
  std::string rule;     ///< "model.heads"
  std::string why;      ///< a sentence with the numbers
  std::string instead;  ///< what to ask instead
};

}  // namespace ithaca
