#include "cli/terminal.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

Environment terminal() {
  Environment environment;
  environment.out_is_terminal = true;
  environment.term = "xterm";
  return environment;
}

TEST(UseColor, OnlyOnATerminalThatCan) {
  EXPECT_TRUE(use_color(ColorWhen::automatic, terminal()));
  EXPECT_FALSE(use_color(ColorWhen::automatic, Environment{}));
  Environment dumb = terminal();
  dumb.term = "dumb";
  EXPECT_FALSE(use_color(ColorWhen::automatic, dumb));
}

TEST(UseColor, NoColorSwitchesOffUnlessEmpty) {
  Environment environment = terminal();
  environment.no_color = "1";
  EXPECT_FALSE(use_color(ColorWhen::automatic, environment));
  environment.no_color = "";
  EXPECT_TRUE(use_color(ColorWhen::automatic, environment));
}

TEST(UseColor, ForceWinsOverNoColorAndPipes) {
  Environment environment;
  environment.no_color = "1";
  environment.force_color = "1";
  EXPECT_TRUE(use_color(ColorWhen::automatic, environment));
  environment.force_color = "0";
  EXPECT_FALSE(use_color(ColorWhen::automatic, environment));
}

TEST(UseColor, TheFlagWinsOverEverything) {
  Environment environment = terminal();
  environment.no_color = "1";
  EXPECT_TRUE(use_color(ColorWhen::always, environment));
  environment.force_color = "1";
  EXPECT_FALSE(use_color(ColorWhen::never, environment));
}

TEST(Style, AddsNothingWithoutColor) {
  EXPECT_EQ((Style{80, false}.bad("NO")), "NO");
  EXPECT_EQ((Style{80, true}.bad("NO")), "\x1b[31mNO\x1b[0m");
}

}  // namespace
}  // namespace ithaca
