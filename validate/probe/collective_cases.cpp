#include "validate/probe/collective_cases.hpp"

#include <algorithm>
#include <array>

namespace ithaca {
namespace {

/// Values repeat with a prime period, so that no shift by a chunk or a block goes unnoticed.
constexpr std::size_t kPeriod = 8191, kRankShift = 977;

std::array<float, kPeriod> make_values() {
  std::array<float, kPeriod> values{};
  std::uint64_t state = 1;
  for (float& value : values) {
    state = state * 6364136223846793005U + 1442695040888963407U;  // Knuth's MMIX generator; its high bits are good
    value = static_cast<float>(static_cast<int>(state >> 53) - 1024);
  }
  return values;
}

float value(int rank, std::size_t i) {
  static const std::array<float, kPeriod> values = make_values();
  return values[(i + kRankShift * static_cast<std::size_t>(rank)) % kPeriod];
}

/// Sums over the ranks, by the element's place within the period.
std::vector<float> sums(int ranks) {
  std::vector<float> sums(kPeriod);
  for (int rank = 0; rank < ranks; ++rank)
    for (std::size_t i = 0; i < kPeriod; ++i) sums[i] += value(rank, i);
  return sums;
}

template <class Expected>
std::size_t count_other(std::span<const float> got, Expected expected) {
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < got.size(); ++i) wrong += got[i] != expected(i);
  return wrong;
}

std::size_t index(int rank) { return static_cast<std::size_t>(rank); }

}  // namespace

Bytes CollectiveCase::message() const { return Bytes{4.0 * static_cast<double>(std::max(sent(), received()))}; }

std::size_t CollectiveCase::sent() const {
  return op == Op::all_to_all || op == Op::reduce_scatter ? count * index(ranks) : count;
}

std::size_t CollectiveCase::received() const {
  return op == Op::all_to_all || op == Op::all_gather ? count * index(ranks) : count;
}

std::vector<CollectiveCase> collective_cases(const std::vector<Op>& ops, const std::vector<Bytes>& sizes, int ranks) {
  std::vector<CollectiveCase> cases;
  for (const Op op : ops)
    for (const Bytes size : sizes) {
      const double blocks = op == Op::all_reduce || op == Op::send_recv ? 1 : ranks;
      cases.push_back({op, ranks, std::max<std::size_t>(1, static_cast<std::size_t>(size.value() / 4 / blocks))});
    }
  return cases;
}

std::vector<float> brought(const CollectiveCase& c, int rank) {
  std::vector<float> values(c.sent());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = value(rank, i);
  return values;
}

std::size_t count_wrong(const CollectiveCase& c, int rank, std::span<const float> got) {
  const std::size_t shift = index(rank) * c.count;
  switch (c.op) {
    case Op::all_gather:
      return count_other(got, [&](std::size_t i) { return value(static_cast<int>(i / c.count), i % c.count); });
    case Op::all_to_all:
      return count_other(got, [&](std::size_t i) { return value(static_cast<int>(i / c.count), shift + i % c.count); });
    case Op::reduce_scatter:
      return count_other(got, [&, all = sums(c.ranks)](std::size_t i) { return all[(shift + i) % kPeriod]; });
    case Op::all_reduce: return count_other(got, [all = sums(c.ranks)](std::size_t i) { return all[i % kPeriod]; });
    case Op::send_recv:
      return count_other(got, [&](std::size_t i) { return value((rank + c.ranks - 1) % c.ranks, i); });
  }
  return got.size();
}

}  // namespace ithaca
