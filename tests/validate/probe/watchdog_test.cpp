#include "validate/probe/watchdog.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace ithaca {
namespace {

using namespace std::chrono_literals;

struct Alarms {
  std::atomic<int> hangs{0}, stuck{0};
  std::string step;
  Watchdog dog{Seconds{0.03}, Seconds{0.03}, [this](const std::string& what) { step = what, ++hangs; },
               [this](const std::string&) { ++stuck; }};
};

/// Until `count` is `value`, or a second is over.
void wait_for(const std::atomic<int>& count, int value) {
  for (int i = 0; i < 1000 && count < value; ++i) std::this_thread::sleep_for(1ms);
}

TEST(Watchdog, SaysNothingOfStepsThatEnd) {
  Alarms alarms;
  for (int i = 0; i < 20; ++i) {
    const auto step = alarms.dog.watch("short");
    std::this_thread::sleep_for(2ms);  // 20 of them are longer than the patience
  }
  EXPECT_EQ(alarms.hangs, 0);
}

TEST(Watchdog, NamesAStepThatHangsOnceAndLetsItReturn) {
  Alarms alarms;
  {
    const auto step = alarms.dog.watch("all-gather of 1 MiB");
    wait_for(alarms.hangs, 1);
  }
  std::this_thread::sleep_for(60ms);
  EXPECT_EQ(alarms.hangs, 1);
  EXPECT_EQ(alarms.stuck, 0);
  EXPECT_EQ(alarms.step, "all-gather of 1 MiB");
  {
    const auto step = alarms.dog.watch("the next one");
    wait_for(alarms.hangs, 2);
  }
  EXPECT_EQ(alarms.hangs, 2);
}

TEST(Watchdog, GivesUpOnAStepThatDoesNotReturnAtAll) {
  Alarms alarms;
  const auto step = alarms.dog.watch("joining");
  wait_for(alarms.stuck, 1);
  EXPECT_EQ(alarms.hangs, 1);
  EXPECT_EQ(alarms.stuck, 1);
}

}  // namespace
}  // namespace ithaca
