#include <gtest/gtest.h>

#include <set>
#include <string>

#include "model/framework_rules.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

/// Every rule that some layout of a wide grid breaks.
std::set<const FrameworkRule*> broken_rules() {
  std::set<const FrameworkRule*> broken;
  Transformer latent = test::qwen25_14b(), experts = test::qwen25_14b();
  latent.latent.kv_rank = 512;
  experts.experts.count = 8;
  const auto look = [&](const Transformer& model, Workload work, const Layout& layout) {
    for (int f = 1; f < kFrameworks; ++f) {
      const auto framework = static_cast<Framework>(f);
      for (const int version :
           {known_releases(framework).first, release(0, 11), release(0, 15), release(1, 11), kNewest}) {
        work.framework = {framework, version};
        if (const auto refusal = check_framework(model, work, layout)) broken.insert(refusal->demand);
      }
    }
  };
  Workload plain = test::sequence(131072), eager = plain, lora = plain, offload = plain, optimizer = plain;
  eager.flash = false;
  lora.lora_rank = 8;
  offload.offload.parameters = optimizer.offload.optimizer = true;
  for (const Strategy s : kAllStrategies) {
    Layout l{.strategy = s, .tp_sequence = s != Strategy::tensor_parallel};
    for (l.tp = 1; l.tp <= 40; l.tp *= l.tp == 1 ? 2 : 20)
      for (l.zero = 0; l.zero <= 3; ++l.zero)
        for (const int degree : {1, 3, 8, 10, 16}) {
          l.ulysses = has_ulysses(s) ? degree : 1;
          l.ring = has_ring(s) ? degree : 1;
          for (const Transformer& model : {test::qwen25_14b(), latent, experts})
            for (const Workload& work : {plain, eager, lora, offload, optimizer}) look(model, work, l);
        }
    for (Layout other : {Layout{.pp = 5}, Layout{.pp = 2, .schedule = Schedule::gpipe},
                         Layout{.ring = 2, .zigzag = false}, Layout{.ulysses = 2, .ep = 2}}) {
      other.strategy = s;
      other.zero = 1;
      if (has_ring(s) || other.ring == 1) look(test::qwen25_14b(), plain, other);
      other.zero = 3;
      look(experts, plain, other);
    }
  }
  return broken;
}

TEST(FrameworkRules, EachIsNamedSourcedFilledInAndAlive) {
  const std::set<const FrameworkRule*> broken = broken_rules();
  for (const FrameworkRule& r : framework_rules()) {
    EXPECT_TRUE(r.name.starts_with(std::string(name(r.framework)) + ".")) << r.name;
    EXPECT_NE(r.source, "") << r.name;
    EXPECT_TRUE(broken.contains(&r)) << r.name << " is never broken";
    const Refusal refusal{Rule::framework, {.ulysses = 16}, 16, 40, 8, &r, release(0, 17)};
    for (const std::string& text : {why(refusal), instead(refusal)}) {
      EXPECT_EQ(text.find_first_of("{}"), std::string::npos) << text;
      for (const char* key : {"given", "limit", "nearest"}) EXPECT_EQ(text.find(key), std::string::npos) << text;
    }
  }
}

}  // namespace
}  // namespace ithaca
