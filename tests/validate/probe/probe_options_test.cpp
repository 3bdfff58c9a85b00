#include "validate/probe/probe_options.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

using Words = std::vector<std::string>;

Words kernels(const Words& more) {
  Words words{"kernels", "--model", "llama3-8b", "--seq", "64Ki"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST(ProbeOptions, Defaults) {
  const auto options = parse_probe_options(kernels({}));
  ASSERT_TRUE(options) << options.error();
  EXPECT_EQ(options->command, ProbeOptions::Command::kernels);
  EXPECT_EQ(options->request.model.heads, 32);
  EXPECT_EQ(options->request.lengths, std::vector<std::int64_t>{65536});
  EXPECT_EQ(options->request.gpus, 1);
  EXPECT_EQ(options->families.size(), std::size(kFamilies));
  EXPECT_EQ(options->rule.error, 0.01);
  EXPECT_FALSE(options->list);
}

TEST(ProbeOptions, EveryFlag) {
  const auto options =
      parse_probe_options({"kernels",  "--model",   "llama3-8b", "--seq", "4Ki,16Ki", "--gpus", "8",
                           "--family", "gemm,copy", "--error",   "0.5%",  "--budget", "500ms",  "--device",
                           "2",        "--gpu",     "h200-sxm",  "-o",    "out.yaml", "--list"});
  ASSERT_TRUE(options) << options.error();
  EXPECT_EQ(options->request.lengths, (std::vector<std::int64_t>{4096, 16384}));
  EXPECT_EQ(options->request.gpus, 8);
  EXPECT_EQ(options->families, (std::vector<Family>{Family::gemm, Family::copy}));
  EXPECT_DOUBLE_EQ(options->rule.error, 0.005);
  EXPECT_EQ(options->rule.budget, Seconds{0.5});
  EXPECT_EQ(options->device, 2);
  EXPECT_EQ(options->gpu, "h200-sxm");
  EXPECT_EQ(options->file, "out.yaml");
  EXPECT_TRUE(options->list);
}

TEST(ProbeOptions, Commands) {
  EXPECT_EQ(parse_probe_options({})->command, ProbeOptions::Command::help);
  EXPECT_EQ(parse_probe_options({"kernels", "--help"})->command, ProbeOptions::Command::help);
  EXPECT_NE(parse_probe_options({"kernel"}).error().find("'kernel' is no command"), std::string::npos);
}

TEST(ProbeOptions, EveryMistakeAtOnce) {
  const auto options = parse_probe_options(
      {"kernels", "--model", "llama3-9b", "--seq", "lots", "--gpu-s", "--family", "gem", "--error", "1", "--device"});
  ASSERT_FALSE(options);
  for (const char* part : {"llama3-9b", "--seq", "'--gpu-s' is no flag", "'gem'", "--error", "--device needs a value"})
    EXPECT_NE(options.error().find(part), std::string::npos) << part << " in\n" << options.error();
}

TEST(ProbeOptions, WhatIsMissingOrImpossible) {
  EXPECT_NE(parse_probe_options({"kernels"}).error().find("--model is missing"), std::string::npos);
  EXPECT_NE(parse_probe_options(kernels({"--gpus", "0"})).error().find("at least 1"), std::string::npos);
  EXPECT_NE(parse_probe_options(kernels({"--gpus", "64"})).error().find("32 heads"), std::string::npos);
  EXPECT_NE(parse_probe_options(kernels({"--error", "0%"})).error().find("above 0%"), std::string::npos);
  EXPECT_NE(parse_probe_options({"kernels", "--model", "llama3-8b", "--seq", "4", "--gpus", "8"})
                .error()
                .find("fewer tokens"),
            std::string::npos);
}

}  // namespace
}  // namespace ithaca
