#include "cli/framework_flag.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

struct ReadFramework {
  FrameworkRelease framework;
  std::string problem;
};

ReadFramework read(const std::string& value) {
  Arguments arguments;
  arguments.set("--framework", value);
  Diagnostics problems;
  FlagReader flags(arguments, problems);
  const FrameworkRelease framework = read_framework(flags);
  return {framework, print(problems)};
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(FrameworkFlag, ReadsNameAndRelease) {
  EXPECT_EQ(read("megatron").framework, (FrameworkRelease{Framework::megatron, kNewest}));
  EXPECT_EQ(read("deepspeed@0.17").framework, (FrameworkRelease{Framework::deepspeed, release(0, 17)}));
  EXPECT_EQ(read("deepspeed@0.16.4").framework.version, release(0, 16, 4));
  EXPECT_EQ(words(read("accelerate@1.12").framework), "Hugging Face Accelerate 1.12");
  EXPECT_EQ(flag_value(read("verl").framework), "verl");
}

TEST(FrameworkFlag, NamesWhatItKnows) {
  EXPECT_TRUE(holds(read("deepsped").problem, "did you mean 'deepspeed'?")) << read("deepsped").problem;
  EXPECT_TRUE(holds(read("jax").problem, "one of deepspeed, megatron, accelerate, verl")) << read("jax").problem;
  const std::string old = read("megatron@0.1").problem;
  EXPECT_TRUE(holds(old, "'0.1' is no release of Megatron-LM that is known here")) << old;
  EXPECT_TRUE(holds(old, "write one from 0.4 to 0.19, or megatron alone for the newest")) << old;
  for (const char* wrong : {"verl@", "verl@7", "verl@0.x", "verl@0.3.1.2", "verl@9.0", "deepspeed@-1.2"})
    EXPECT_FALSE(read(wrong).problem.empty()) << wrong;
}

}  // namespace
}  // namespace ithaca
