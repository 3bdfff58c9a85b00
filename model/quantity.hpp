#pragma once
// Physical quantities as distinct types: a Bytes is no Seconds, and only physics that makes sense compiles.
// Values are doubles in SI base units (bytes, seconds, FLOP, US dollars); doubles are exact for integers below 2^53.

#include <compare>
#include <cstdint>

namespace ithaca {

/// A count, to reckon with.
constexpr double real(std::int64_t count) { return static_cast<double>(count); }

template <class Tag>
class Quantity {
 public:
  constexpr Quantity() = default;
  constexpr explicit Quantity(double value) : value_(value) {}
  constexpr double value() const { return value_; }

  constexpr Quantity& operator+=(Quantity other) {
    value_ += other.value_;
    return *this;
  }
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return Quantity{a.value_ + b.value_}; }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return Quantity{a.value_ - b.value_}; }
  friend constexpr Quantity operator*(Quantity a, double b) { return Quantity{a.value_ * b}; }
  friend constexpr Quantity operator*(double a, Quantity b) { return Quantity{a * b.value_}; }
  friend constexpr Quantity operator/(Quantity a, double b) { return Quantity{a.value_ / b}; }
  friend constexpr double operator/(Quantity a, Quantity b) { return a.value_ / b.value_; }
  friend constexpr auto operator<=>(Quantity, Quantity) = default;

 private:
  double value_ = 0;
};

using Bytes = Quantity<struct BytesTag>;
using Seconds = Quantity<struct SecondsTag>;
using BytesPerSecond = Quantity<struct BytesPerSecondTag>;
using Flop = Quantity<struct FlopTag>;
using FlopPerSecond = Quantity<struct FlopPerSecondTag>;
using TokensPerSecond = Quantity<struct TokensPerSecondTag>;
using Dollars = Quantity<struct DollarsTag>;

/// A count of tokens. Whole: sequences are padded, never cut.
struct Tokens {
  std::int64_t count = 0;
  friend constexpr auto operator<=>(Tokens, Tokens) = default;
};

constexpr Seconds operator/(Bytes amount, BytesPerSecond rate) { return Seconds{amount.value() / rate.value()}; }
constexpr Seconds operator/(Flop work, FlopPerSecond rate) { return Seconds{work.value() / rate.value()}; }
constexpr Bytes operator*(BytesPerSecond rate, Seconds time) { return Bytes{rate.value() * time.value()}; }
constexpr BytesPerSecond operator/(Bytes amount, Seconds time) { return BytesPerSecond{amount.value() / time.value()}; }
constexpr FlopPerSecond operator/(Flop work, Seconds time) { return FlopPerSecond{work.value() / time.value()}; }
constexpr TokensPerSecond operator/(Tokens tokens, Seconds time) {
  return TokensPerSecond{static_cast<double>(tokens.count) / time.value()};
}

template <class Tag>
constexpr Quantity<Tag> max(Quantity<Tag> a, Quantity<Tag> b) {
  return a < b ? b : a;
}
template <class Tag>
constexpr Quantity<Tag> min(Quantity<Tag> a, Quantity<Tag> b) {
  return b < a ? b : a;
}

}  // namespace ithaca
