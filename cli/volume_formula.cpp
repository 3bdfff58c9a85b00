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

/// Of one head of a rank's own tokens: the output's, or the mean over Q, K and V.
Factor head_width(const Transformer& model, const RankSplit& rank, Tensor tensor) {
  const std::int64_t d = model.head_dim, value = model.value_head();
  if (d == value) return factor("d", d);
  if (tensor != Tensor::qkv) return factor("d_v", value);
  const std::int64_t a = rank.heads, copies = rank.split.kv_copies;
  const std::int64_t all = a * d + copies * (d + value), heads = a + 2 * copies;
  return {"[a*d + K(d+d_v)]/(a+2K)", fmt::format("{}/{}", grouped(all), grouped(heads)),
          static_cast<double>(all) / static_cast<double>(heads)};
}

/// `rounds` of a rank's block of K and V, of both or of one of them.
Product ring_formula(Factor rounds, const Transformer& model, const Workload& work, const RankSplit& rank,
                     const Collective& c) {
  const bool one = c.tensor == Tensor::keys || c.tensor == Tensor::values;
  const bool alike = model.head_dim == model.value_head();
  const bool fp32 =
      c.op == Op::send_recv && c.tensor == Tensor::kv_gradient && work.ring_gradient == RingGradient::fp32;
  Product product{std::move(rounds)};
  if (!one && alike) product.push_back(factor("2", 2));
  product.insert(product.end(), {fp32 ? factor("4", 4) : element(work), factor("b", work.micro_batch),
                                 factor("N/r", rank.block_tokens), factor("k", rank.split.max_kv)});
  product.push_back(one || alike ? factor("d", model.head_dim)
                                 : factor("(d+d_v)", model.head_dim + model.value_head()));
  return product;
}

/// Every token to its top_k experts, or back.
Product expert_formula(const Transformer& model, const Workload& work, const Layout& layout, const RankSplit& rank) {
  const bool split = rank.norm_tokens != rank.tokens;
  return {element(work), factor(split ? "T/t" : "T", rank.norm_tokens), factor("top_k", model.experts.top_k),
          factor("h", model.hidden), others("ep", layout.ep)};
}

bool of_ring(Tensor tensor) {
  return tensor == Tensor::kv_block || tensor == Tensor::kv_gradient || tensor == Tensor::keys ||
         tensor == Tensor::values;
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
  if (c.tensor == Tensor::tokens) return expert_formula(model, work, layout, rank);
  const bool summed = c.op == Op::all_reduce;  // every byte goes out twice
  if (c.op == Op::all_to_all)
    return {element(work), factor("T", rank.tokens), head_width(model, rank, c.tensor),
            head_slices(rank, c.tensor, backward)};
  if (c.op == Op::send_recv) return ring_formula(factor("hops", c.count), model, work, rank, c);
  if (of_ring(c.tensor))
    return ring_formula(factor(summed ? "2(r-1)" : "(r-1)", std::int64_t{summed ? 2 : 1} * (c.group - 1)), model, work,
                        rank, c);
  Product product{element(work), factor("T", rank.tokens), factor("h", model.hidden), others("t", layout.tp)};
  if (summed) product.insert(product.begin(), factor("2", 2));
  return product;
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
