// The model for the page's script: numbers in, numbers and words out, through the module's memory. Compiled for
// WebAssembly alone (cmake/page.cmake).

#include <string>
#include <vector>

#include "model/live.hpp"
#include "model/question_numbers.hpp"
#include "model/what_if.hpp"

namespace ithaca {
namespace {

/// A module has one page, which asks one question at a time.
struct Desk {
  std::vector<double> numbers;
  std::optional<Question> question;
  LiveAnswer answer;
  std::string words;
};
Desk& desk() {
  static Desk only;
  return only;
}

int put(LiveAnswer answer) {
  Desk& d = desk();
  d.answer = std::move(answer);
  d.words.clear();
  for (const std::string& word : d.answer.words) d.words += word + '\n';
  return static_cast<int>(d.answer.numbers.size());
}

}  // namespace
}  // namespace ithaca

#define ITHACA_EXPORT(name) extern "C" __attribute__((export_name(#name)))

/// Room for as many numbers: those of a question, then pairs of a knob and its value.
ITHACA_EXPORT(room) double* ithaca_room(int count) {
  ithaca::desk().numbers.assign(static_cast<std::size_t>(count), 0);
  return ithaca::desk().numbers.data();
}

/// Takes the question and turns its knobs: 1, or 0 where that makes no question.
ITHACA_EXPORT(take) int ithaca_take(int numbers, int turns) {
  auto& d = ithaca::desk();
  const std::span<const double> all(d.numbers);
  const auto size = static_cast<std::size_t>(numbers);
  d.question = ithaca::question_of(all.first(size));
  bool good = d.question.has_value();
  for (std::size_t i = 0; good && i < static_cast<std::size_t>(turns); ++i) {
    const int knob = static_cast<int>(all[size + 2 * i]);
    good = knob >= 0 && knob < ithaca::kKnobs &&
           ithaca::turn(*d.question, static_cast<ithaca::Knob>(knob), all[size + 2 * i + 1]);
  }
  return good ? 1 : 0;
}

// Each answers the question that was taken and returns how many numbers that are.
ITHACA_EXPORT(rows) int ithaca_rows() { return ithaca::put(ithaca::live_rows(*ithaca::desk().question)); }
ITHACA_EXPORT(curves) int ithaca_curves() { return ithaca::put(ithaca::live_curves(*ithaca::desk().question)); }
ITHACA_EXPORT(winners) int ithaca_winners() { return ithaca::put(ithaca::live_winners(*ithaca::desk().question)); }
ITHACA_EXPORT(numbers) const double* ithaca_numbers() { return ithaca::desk().answer.numbers.data(); }

/// The words of the answer, a line each.
ITHACA_EXPORT(words) const char* ithaca_words() { return ithaca::desk().words.data(); }
ITHACA_EXPORT(words_size) int ithaca_words_size() { return static_cast<int>(ithaca::desk().words.size()); }

/// Makes the names of a row's fields the words; returns how many there are.
ITHACA_EXPORT(fields) int ithaca_fields() {
  auto& words = ithaca::desk().words;
  words.clear();
  for (const ithaca::LiveField& field : ithaca::live_fields()) words += std::string(field.name) + '\n';
  return static_cast<int>(ithaca::live_fields().size());
}
