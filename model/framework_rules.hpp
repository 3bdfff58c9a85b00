#pragma once
// What one framework demands of a layout beyond what can exist at all: a table of rules, each with its releases and its
// source. Layouts that break one are refused where the workload names the framework.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "model/framework.hpp"
#include "model/refusal.hpp"
#include "model/transformer.hpp"
#include "model/workload.hpp"

namespace ithaca {

/// The numbers of a broken rule: what was given, what it was held against, and what would do (0: nothing to say).
struct BrokenDemand {
  std::int64_t given = 0, limit = 0, nearest = 0;
};

/// `why` follows the framework's name ("wants {limit} query heads divisible by ulysses {given}"), `instead` is a
/// sentence of its own. {given}, {limit}, {nearest}, {strategy} and the layout's degrees stand for their values.
struct FrameworkRule {
  std::string_view name;  ///< "deepspeed.heads"
  Framework framework{};
  int since = 0, before = kNewest + 1;  ///< releases that have it
  bool of_strategy = false;             ///< no degree makes the strategy legal
  std::optional<BrokenDemand> (*check)(const Transformer&, const Workload&, const Layout&) = nullptr;
  std::string_view why, instead;
  std::string_view source;
};

std::span<const FrameworkRule> framework_rules();

/// The first rule of the workload's framework and release that the layout breaks. Free of allocation.
std::optional<Refusal> check_framework(const Transformer& model, const Workload& work, const Layout& layout);

/// What the sequence must be a multiple of: model/split.hpp's, and what the workload's framework does not pad to.
std::int64_t sequence_multiple(const Workload& work, const Layout& layout);

/// Words of a refusal by a framework's rule; `why_fragment` without the framework's name and the source.
std::string why_fragment(const Refusal& refusal);
std::string framework_why(const Refusal& refusal);
std::string framework_instead(const Refusal& refusal);

}  // namespace ithaca
