#pragma once
// A question as a flat list of numbers and back, all but names and packed documents: how the page of `ithaca report`
// hands a question to the same model compiled to WebAssembly.

#include <optional>
#include <span>
#include <vector>

#include "model/compare.hpp"

namespace ithaca {

/// The model's come first, as many for any model. Whole numbers are exact below 2^53.
std::vector<double> question_numbers(const Question& question);
std::vector<double> model_numbers(const Transformer& model);
/// None if the numbers are not those of one question.
std::optional<Question> question_of(std::span<const double> numbers);

}  // namespace ithaca
