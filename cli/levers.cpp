#include "cli/levers.hpp"

namespace ithaca {
namespace {

struct Lever {
  std::string flag;
  Question question;
};

bool fits(const Question& question) { return best_row(compare(question)).has_value(); }

/// Settings that cost time but no GPUs.
std::vector<Lever> settings(const Question& q) {
  std::vector<Lever> all;
  const auto add = [&](std::string flag) -> Question& {
    all.push_back({std::move(flag), q});
    return all.back().question;
  };
  if (!q.work.flash) add("--attention flash").work.flash = true;
  if (q.work.recompute != Recompute::full) add("--recompute full").work.recompute = Recompute::full;
  if (!q.work.tiled_loss) add("--tiled-loss").work.tiled_loss = true;
  if (q.degrees.zero && *q.degrees.zero < 3) add("--zero 3").degrees.zero = 3;
  if (q.work.micro_batch > 1) add("--micro-batch 1").work.micro_batch = 1;
  return all;
}

Lever all_together(const Question& q) {
  Lever together{"", q};
  for (const Lever& lever : settings(q)) together.flag += (together.flag.empty() ? "" : " ") + lever.flag;
  together.question.work.flash = true;
  together.question.work.recompute = Recompute::full;
  together.question.work.tiled_loss = true;
  together.question.work.micro_batch = 1;
  if (q.degrees.zero) together.question.degrees.zero = 3;
  return together;
}

}  // namespace

std::vector<std::string> levers(const Question& q) {
  std::vector<std::string> found;
  for (const Lever& lever : settings(q)) {
    if (fits(lever.question)) found.push_back(lever.flag);
  }
  if (found.empty()) {
    if (const Lever together = all_together(q); fits(together.question)) found.push_back(together.flag);
  }
  Question more = q;
  for (int doublings = 0; doublings < 5; ++doublings) {
    more.gpus *= 2;
    if (!fits(more)) continue;
    found.push_back("--gpus " + std::to_string(more.gpus));
    break;
  }
  return found;
}

}  // namespace ithaca
