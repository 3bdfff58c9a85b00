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

AttentionErrors judge(const AttentionCases& cases, double share) {
  const auto machine = load_cluster(cases.cluster);
  EXPECT_TRUE(machine);
  const auto errors = attention_errors(cases, *machine, share);
  EXPECT_TRUE(errors) << (errors ? "" : errors.error());
  return errors ? *errors : AttentionErrors{};
}
AttentionErrors judge(const std::string& name) {
  const AttentionCases cases = load(name);
  return judge(cases, cases.kernel_share);
}

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

TEST(ReferenceAttention, TheKernelShareIsTheOneOfTheFittingHalf) {
  // The share, in percent, at which the fitting half's mean absolute error is least.
  const AttentionCases cases = load("usp-attention-a100");
  const auto mean = [&](double share) { return summary(judge(cases, share), AttentionPass::forward, false).mean; };
  EXPECT_LE(mean(cases.kernel_share), mean(cases.kernel_share - 0.01));
  EXPECT_LE(mean(cases.kernel_share), mean(cases.kernel_share + 0.01));
  EXPECT_EQ(load("magi-attention-h100").kernel_share, 1);
}

TEST(ReferenceAttention, NothingIsBelowItsBound) {
  for (const char* name : {"magi-attention-h100", "usp-attention-a100", "ring-attention-a100", "usp-gqa-a100"})
    for (const AttentionRow& row : judge(name).rows) EXPECT_GE(row.layer.time(), row.layer.bound) << name;
}

TEST(AttentionErrors, AKernelWithoutACurveIsSaid) {
  AttentionCases cases = load("ring-attention-a100");
  cases.kernel = "fa9";
  const auto errors = attention_errors(cases, *load_cluster("dgx-a100"), 1);
  ASSERT_FALSE(errors);
  EXPECT_NE(errors.error().find("fa9"), std::string::npos);
}

}  // namespace
}  // namespace ithaca
