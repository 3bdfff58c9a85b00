// Quantities, counts, ranges and lists of them. What was read is finite and reads back from its exact text.

#include <cmath>

#include "configs/reader/axis_values.hpp"
#include "configs/reader/byte_range.hpp"
#include "configs/reader/fields.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace ithaca::fuzz {
namespace {

void expect(bool good, const std::string& text) {
  if (good) return;
  std::fprintf(stderr, "fails for '%s'\n", text.c_str());
  std::abort();
}

template <class T>
bool is_quantity(const Parsed<T>& parsed) {
  if (!parsed) expect(!parsed.error().what.empty(), "an error without words");
  return static_cast<bool>(parsed);
}

/// `parse` and exact() are inverse to each other.
template <class Parse>
void round_trip(const std::string& text, Parse parse) {
  const auto value = parse(text);
  if (!is_quantity(value)) return;
  expect(std::isfinite(value->value()), text);
  const auto again = parse(exact(*value));
  expect(again && *again == *value && !print(*value).empty(), text + " as " + exact(*value));
}

void read_numbers(const std::string& text) {
  for (const auto parse :
       {parse_percent, parse_times, parse_number, parse_above_zero, parse_not_negative, parse_share}) {
    const auto number = parse(text);
    if (is_quantity(number)) expect(std::isfinite(*number), text);
  }
  for (const auto parse : {parse_count, parse_token_total, parse_size}) {
    const auto count = parse(text);
    if (is_quantity(count)) expect(*count >= 0, text);
  }
  if (const auto tokens = parse_tokens(text); is_quantity(tokens))
    expect(tokens->count > 0 && !print(*tokens).empty(), text);
  is_quantity(parse_dollars(text));
}

void read_ranges(const std::string& text) {
  if (const auto sizes = parse_byte_range(text); is_quantity(sizes)) {
    expect(!sizes->empty() && sizes->size() <= 1000, text);
    for (const Bytes size : *sizes) expect(std::isfinite(size.value()) && size.value() > 0, text);
  }
  if (const auto counts = parse_count_range(text); is_quantity(counts)) {
    expect(!counts->empty() && counts->size() <= 1000, text);
    for (const std::int64_t count : *counts) expect(count > 0, text);
  }
  if (const auto words = parse_axis_values(text); is_quantity(words)) expect(words->size() <= 100'000, text);
}

}  // namespace
}  // namespace ithaca::fuzz

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace ithaca;
  const std::string text = fuzz::text_of(data, size);
  fuzz::round_trip(text, parse_bytes);
  fuzz::round_trip(text, parse_seconds);
  fuzz::round_trip(text, parse_rate);
  fuzz::round_trip(text, parse_flop_rate);
  fuzz::read_numbers(text);
  fuzz::read_ranges(text);
  return 0;
}
