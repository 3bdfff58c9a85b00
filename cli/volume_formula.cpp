#include "cli/volume_formula.hpp"

#include <fmt/format.h>

#include <cmath>

#include "cli/text.hpp"

namespace ithaca {
namespace {

Factor factor(std::string symbol, std::int64_t number) {
  return {std::move(symbol), grouped(number), static_cast<double>(number)};
}

Factor others(std::string_view degree, int ranks) {
  return {fmt::format("({}-1)/{}", degree, degree), fmt::format("{}/{}", ranks - 1, ranks), (ranks - 1.0) / ranks};
}

Factor element(const Workload& work) { return factor("e", static_cast<std::int64_t>(element_bytes(work.dtype))); }

Factor head_slices(const RankSplit& rank, Tensor tensor, bool backward) {
  const HeadSplit::Exchange& exchange = tensor == Tensor::qkv ? rank.split.qkv : rank.split.output;
  const std::int64_t slices = backward ? exchange.received : exchange.sent;
  const bool scatters = (tensor == Tensor::qkv) != backward;  // a rank's own tokens of every head go out
  if (tensor == Tensor::qkv) return factor(scatters ? "[(a-q) + 2(K-k)]" : "(u-1)(q+2k)", slices);
  return factor(scatters ? "(a-q)" : "(u-1)q", slices);
}

Product ring_formula(const Transformer& model, const Workload& work, const RankSplit& rank, const Collective& c) {
  const bool fp32 = c.tensor == Tensor::kv_gradient && work.ring_gradient == RingGradient::fp32;
  return {factor("hops", c.count),
          factor("2", 2),
          fp32 ? factor("4", 4) : element(work),
          factor("b", work.micro_batch),
          factor("N/r", rank.block_tokens),
          factor("k", rank.split.max_kv),
          factor("d", model.head_dim)};
}

template <class Text>
std::string join_factors(const Product& product, Text text) {
  std::string joined;
  for (const Factor& f : product) joined += (joined.empty() ? "" : " * ") + text(f);
  return joined;
}

}  // namespace

Product sent_formula(const Transformer& model, const Workload& work, const Layout& layout, const RankSplit& rank,
                     const Collective& c, bool backward) {
  switch (c.op) {
    case Op::all_to_all:
      return {element(work), factor("T", rank.tokens), factor("d", model.head_dim),
              head_slices(rank, c.tensor, backward)};
    case Op::send_recv: return ring_formula(model, work, rank, c);
    case Op::all_gather:
    case Op::reduce_scatter:
    case Op::all_reduce: break;
  }
  return {element(work), factor("T", rank.tokens), factor("h", model.hidden), others("t", layout.tp)};
}

Product parameter_formula(const Collective& c) {
  Product product;
  if (c.op == Op::all_reduce) product.push_back(factor("2", 2));
  product.push_back(factor("count", c.count));
  product.push_back({"bytes", grouped(std::llround(c.message.value())), c.message.value()});
  product.push_back(others("S", c.group));
  return product;
}

double value(const Product& product) {
  double result = 1;
  for (const Factor& f : product) result *= f.value;
  return result;
}

std::string symbols(const Product& product) {
  return join_factors(product, [](const Factor& f) { return f.symbol; });
}
std::string numbers(const Product& product) {
  return join_factors(product, [](const Factor& f) { return f.number; });
}

}  // namespace ithaca
