#include "cli/arguments.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

constexpr Flag kFlags[] = {{"--gpus", "G", "number of GPUs", true},
                           {"--seq", "N", "tokens"},
                           {"--json", "", "JSON"},
                           {"-o", "FILE", "file"},
                           {"--fail", "LINK", "what fails", false, true}};
const Command kCommand{"compare", "", "--gpus G", "", {}, kFlags, nullptr};

std::string problems_of(const std::vector<std::string>& words) {
  return print(parse_arguments(kCommand, words).problems);
}

TEST(ParseArguments, TakesBothSpellings) {
  const auto parsed = parse_arguments(kCommand, {"--gpus=8", "--seq", "1Mi", "--json", "-o", "out.csv"});
  EXPECT_TRUE(parsed.problems.empty());
  EXPECT_EQ(parsed.arguments.find("--gpus"), "8");
  EXPECT_EQ(parsed.arguments.find("--seq"), "1Mi");
  EXPECT_EQ(parsed.arguments.find("-o"), "out.csv");
  EXPECT_TRUE(parsed.arguments.has("--json"));
  EXPECT_EQ(parsed.arguments.typed.size(), 8u);  // ithaca compare and the six words
}

TEST(ParseArguments, AbsentFlagsAreAbsent) {
  const auto parsed = parse_arguments(kCommand, {"--gpus", "8"});
  EXPECT_FALSE(parsed.arguments.has("--json"));
  EXPECT_EQ(parsed.arguments.find("--seq"), std::nullopt);
}

TEST(ParseArguments, NegativeNumbersAreValues) {
  EXPECT_EQ(parse_arguments(kCommand, {"--gpus", "-5"}).arguments.find("--gpus"), "-5");
}

TEST(ParseArguments, MisspeltFlagIsNamedOnceAndNotMissedAgain) {
  EXPECT_EQ(problems_of({"--gpsu", "8"}),
            "error: --gpsu: unknown flag\n  did you mean '--gpus'?\nnext: see 'ithaca compare --help'\n");
}

TEST(ParseArguments, ReportsAllProblemsAtOnce) {
  const std::string text = problems_of({"stray", "--seq", "--json=5", "-o", "a", "-o", "b"});
  EXPECT_NE(text.find("error: stray: this word belongs to no flag"), std::string::npos) << text;
  EXPECT_NE(text.find("error: --seq: needs a value"), std::string::npos) << text;
  EXPECT_NE(text.find("error: --json=5: this flag takes no value"), std::string::npos) << text;
  EXPECT_NE(text.find("error: -o: given 2 times"), std::string::npos) << text;
  EXPECT_NE(text.find("error: --gpus: missing\nnext: ithaca compare --gpus G"), std::string::npos) << text;
}

TEST(ParseArguments, RepeatableFlagsKeepTheirOrder) {
  const auto parsed = parse_arguments(kCommand, {"--gpus", "8", "--fail", "b", "--fail=a->c", "--fail", "b"});
  EXPECT_TRUE(parsed.problems.empty()) << print(parsed.problems);
  EXPECT_EQ(parsed.arguments.all("--fail"), (std::vector<std::string>{"b", "a->c", "b"}));
  EXPECT_EQ(parsed.arguments.find("--fail"), "b");
  EXPECT_TRUE(parsed.arguments.all("--seq").empty());
}

TEST(ParseArguments, EachRepetitionNeedsAValue) {
  for (const auto& words : {std::vector<std::string>{"--gpus", "8", "--fail", "a", "--fail"},
                            {"--gpus", "8", "--fail", "--json", "--fail", "a"},
                            {"--gpus", "8", "--fail", "a", "--fail="}}) {
    EXPECT_EQ(problems_of(words), "error: --fail: needs a value\nnext: write --fail LINK\n");
  }
}

TEST(ParseArguments, TypedIsWordByWord) {
  Command command = kCommand;
  command.name = "simulate flows";
  const std::vector<std::string> typed{"ithaca", "simulate", "flows", "--gpus", "8"};
  EXPECT_EQ(parse_arguments(command, {"--gpus", "8"}).arguments.typed, typed);
}

TEST(ParseArguments, TakesAsManyWordsAsTheCommandDoes) {
  Command command = kCommand;
  command.words = 2;
  const auto parsed = parse_arguments(command, {"flows", "--gpus", "8", "-", "more"});
  EXPECT_EQ(parsed.arguments.words, (std::vector<std::string>{"flows", "-"}));
  EXPECT_NE(print(parsed.problems).find("error: more: this word belongs to no flag"), std::string::npos);
}

}  // namespace
}  // namespace ithaca
