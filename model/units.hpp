#pragma once
// Quantities as people write them. Units are always written: `1Mi` tokens is 2^20 and `1M` is 10^6, `80GB` is not
// `80GiB`, `400Gbps` is bits and `50GBps` bytes. A bare number where a unit is due is an error that names the likely
// ones. Numbers are decimal digits, perhaps with a fraction and an exponent, then the unit at once: no sign, leading
// zero, space, underscore, hexadecimal, infinity or NaN. Bytes, rates and tokens are above zero.

#include <string>
#include <string_view>

#include "model/quantity.hpp"
#include "model/result.hpp"

namespace ithaca {

/// Why a text is no quantity, and what would be.
struct UnitError {
  std::string what;  ///< "'80' has no unit"
  std::string next;  ///< "write 80GB (10^9 bytes) or 80GiB (2^30 bytes)"
};
template <class T>
using Parsed = Result<T, UnitError>;

Parsed<Bytes> parse_bytes(std::string_view text);               ///< 80GB, 80GiB, 512KiB, 16B
Parsed<Seconds> parse_seconds(std::string_view text);           ///< 7.1us, 3ms, 2s
Parsed<BytesPerSecond> parse_rate(std::string_view text);       ///< 400Gbps, 50GBps, 3.35TBps
Parsed<FlopPerSecond> parse_flop_rate(std::string_view text);   ///< 989TFLOPS, 1.979PFLOPS
Parsed<Tokens> parse_tokens(std::string_view text);             ///< 1048576, 128Ki, 1Mi, 1M
Parsed<std::int64_t> parse_token_total(std::string_view text);  ///< of a training run: 200G, 15T
Parsed<Dollars> parse_dollars(std::string_view text);           ///< 2.99USD
Parsed<double> parse_percent(std::string_view text);            ///< 50%, 0.1% as 0.5, 0.001
Parsed<double> parse_times(std::string_view text);              ///< 1.2x
Parsed<std::int64_t> parse_count(std::string_view text);        ///< 64; zero or more, whole, digits alone

/// Printers for people: three significant digits and one unit, chosen by size. Bytes in GiB and friends, rates in GB/s.
std::string print(Bytes value);
std::string print(Seconds value);
std::string print(BytesPerSecond value);
std::string print(FlopPerSecond value);
std::string print(Tokens value);  ///< 1Mi when exact, else digits in groups: 1,000,000

/// Shortest text that parses back to the same value; decimal bytes rather than bits.
std::string exact(Bytes value);
std::string exact(Seconds value);
std::string exact(BytesPerSecond value);
std::string exact(FlopPerSecond value);

}  // namespace ithaca
