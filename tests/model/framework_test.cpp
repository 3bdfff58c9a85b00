#include "model/framework.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

TEST(Framework, ReleasesRiseByMajorMinorAndPatch) {
  EXPECT_LT(release(0, 9), release(0, 10));
  EXPECT_LT(release(0, 16), release(0, 16, 4));
  EXPECT_LT(release(0, 999, 999), release(1, 0));
  EXPECT_EQ(version_text(release(0, 17)), "0.17");
  EXPECT_EQ(version_text(release(0, 16, 4)), "0.16.4");
  EXPECT_EQ(version_text(release(12, 345, 1)), "12.345.1");
  EXPECT_EQ(version_text(kNewest), "");
}

TEST(Framework, FirstAndNewestReleasesAreThoseOfTheirSources) {
  const auto known = [](Framework framework) {
    const KnownReleases releases = known_releases(framework);
    return version_text(releases.first) + " to " + version_text(releases.last);
  };
  EXPECT_EQ(known(Framework::deepspeed), "0.10 to 0.19");
  EXPECT_EQ(known(Framework::megatron), "0.4 to 0.19");
  EXPECT_EQ(known(Framework::accelerate), "1.0 to 1.15");
  EXPECT_EQ(known(Framework::verl), "0.2 to 0.7");
}

TEST(Framework, EachKnowsItsReleases) {
  for (int i = 1; i < kFrameworks; ++i) {
    const auto framework = static_cast<Framework>(i);
    EXPECT_LT(known_releases(framework).first, known_releases(framework).last) << name(framework);
    EXPECT_LT(known_releases(framework).last, kNewest);
    EXPECT_NE(name(framework), display_name(static_cast<Framework>(0)));
  }
}

}  // namespace
}  // namespace ithaca
