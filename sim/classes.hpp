#pragma once
// Ranks, links and messages that cannot be told apart, each told once. In the flat engine everything is a class of its
// own.

#include <cstdint>
#include <string>
#include <vector>

#include "model/flows.hpp"
#include "model/result.hpp"
#include "sim/program.hpp"
#include "sim/router.hpp"

namespace ithaca {

/// The messages of an exchange by class, each as one of them. `from` and `to` are classes of ranks, both the lowest of
/// those that come together where the exchange has such; `route` is classes of links; `usage` is how many messages of
/// the class cross one link of that class, empty: one.
struct MessageClasses {
  std::vector<std::uint32_t> from, to;
  std::vector<double> bytes, delay;
  IndexRows route;
  std::vector<double> usage;
  double messages = 0;  ///< in all classes

  std::size_t size() const { return from.size(); }
};

struct ProgramClasses {
  std::vector<std::uint32_t> class_of_rank, class_of_link;
  std::vector<std::uint32_t> rank, link;  ///< by class: a member
  std::vector<MessageClasses> exchanges;  ///< as in the program; empty where no task has it
};

/// Every rank, link and message alone. Or which message is wrong.
Result<ProgramClasses, std::string> single_classes(const Program& program, const Router& router);

/// By rank: the lowest colour of those that it comes together with; its own where the exchange has no such.
std::vector<std::uint32_t> lowest_met(const Exchange& exchange, const std::vector<std::uint32_t>& colour);

/// Which exchanges some task has.
std::vector<bool> used_exchanges(const Program& program);

}  // namespace ithaca
