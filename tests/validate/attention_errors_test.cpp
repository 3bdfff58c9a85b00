// The project's own tables of distributed attention: their split is the one that they declare, and the errors and the
// order of the methods on what nothing was fitted to stay where they are.

#include "validate/attention_errors.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace ithaca {
namespace {

AttentionCases load(const std::string& name) {
  auto cases = load_attention(std::string(ITHACA_REFERENCE_RUNS) + "/" + name + ".yaml");
  EXPECT_TRUE(cases) << (cases ? "" : print(cases.error()));
  return cases ? std::move(cases).value() : AttentionCases{};
}

AttentionErrors judge(const AttentionCases& cases) {
  const auto machine = load_cluster(cases.cluster);
  EXPECT_TRUE(machine);
  const auto errors = attention_errors(cases, *machine);
  EXPECT_TRUE(errors) << (errors ? "" : errors.error());
  return errors ? *errors : AttentionErrors{};
}
AttentionErrors judge(const std::string& name) { return judge(load(name)); }

AttentionSummary summary(const AttentionErrors& errors, AttentionPass pass, bool held_out = true) {
  for (const AttentionSummary& s : errors.summary)
    if (s.pass == pass && s.held_out == held_out) return s;
  return {};
}

std::uint64_t fnv1a(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

std::string words(const AttentionCase& c) {
  const AttentionSetting& s = c.setting;
  std::string out = std::to_string(c.layout.gpus()) + (s.causal ? " causal " : " full ") + std::string(name(s.pass));
  for (const std::int64_t n : {s.heads, s.kv_heads, s.head_dim, s.batch, s.seq}) out += " " + std::to_string(n);
  return out;
}

void expect_declared_split(const AttentionCases& cases) {
  std::set<std::pair<std::uint64_t, std::string>> keys;
  for (const AttentionCase& c : cases.cases)
    if (c.doubt.empty()) keys.emplace(fnv1a(words(c)), words(c));
  for (const AttentionCase& c : cases.cases) {
    if (!c.doubt.empty() || c.order_only) continue;
    const auto rank = std::distance(keys.begin(), keys.find({fnv1a(words(c)), words(c)}));
    EXPECT_EQ(c.held_out, rank >= static_cast<std::ptrdiff_t>(keys.size() / 2)) << words(c);
  }
}

TEST(ReferenceAttention, SplitsAreAsDeclared) {
  expect_declared_split(load("magi-attention-h100"));
  expect_declared_split(load("usp-attention-a100"));
}

TEST(ReferenceAttention, TheMachinesFiguresAreThoseOfTheFittingHalf) {
  // No neighbour, 1 % and 0.2 ms away, has a smaller mean absolute error on the half that may be fitted.
  const AttentionCases cases = load("usp-attention-a100");
  const auto mean = [&](double share, double call) {
    AttentionCases other = cases;
    other.kernel_share += share;
    other.call += Seconds{call};
    return summary(judge(other), AttentionPass::forward, false).mean;
  };
  for (const double share : {-0.01, 0.0, 0.01})
    for (const double call : {-2e-4, 0.0, 2e-4}) EXPECT_LE(mean(0, 0), mean(share, call)) << share << " " << call;
}

TEST(ReferenceAttention, HeldOutErrorsAndTheOrderOfTheMethods) {
  // What is reached, rounded up.
  struct Table {
    const char* name;
    int held_out;
    double mean;
    int settings, right;
  };
  for (const Table& t : {Table{"magi-attention-h100", 6, 0.065, 6, 6}, Table{"usp-attention-a100", 35, 0.047, 11, 10},
                         Table{"ring-attention-a100", 2, 0.03, 1, 1}, Table{"usp-gqa-a100", 6, 0.10, 1, 1}}) {
    const AttentionErrors errors = judge(t.name);
    const AttentionSummary forward = summary(errors, AttentionPass::forward);
    EXPECT_EQ(forward.count, t.held_out) << t.name;
    EXPECT_LE(forward.mean, t.mean) << t.name;
    EXPECT_EQ(errors.forward.settings, t.settings) << t.name;
    EXPECT_GE(errors.forward.right, t.right) << t.name;
  }
}

TEST(ReferenceAttention, NothingIsBelowItsBound) {
  for (const char* name : {"magi-attention-h100", "usp-attention-a100", "ring-attention-a100", "usp-gqa-a100"})
    for (const AttentionRow& row : judge(name).rows) EXPECT_GE(row.predicted, row.layer.bound) << name;
}

TEST(AttentionErrors, AKernelWithoutACurveIsSaid) {
  AttentionCases cases = load("ring-attention-a100");
  cases.kernel = "fa9";
  const auto errors = attention_errors(cases, *load_cluster("dgx-a100"));
  ASSERT_FALSE(errors);
  EXPECT_NE(errors.error().find("fa9"), std::string::npos);
}

}  // namespace
}  // namespace ithaca
