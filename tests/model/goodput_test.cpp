#include "model/goodput.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace ithaca {
namespace {

constexpr double kHour = 3600;

double sum(const Goodput& g) { return g.trained + g.written + g.redone + g.restarted; }

/// A job lived through, failure by failure.
Goodput live(const Failures& f, int gpus, int checkpoints, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const double mtbf = f.gpu_mtbf.value() / gpus;
  const auto next_failure = [&] { return -mtbf * std::log1p(-std::generate_canonical<double, 53>(random)); };
  double redone = 0, restarted = 0, until_failure = next_failure();
  const double kept = f.every->value() + f.checkpoint.value();
  for (int done = 0; done < checkpoints;) {
    if (until_failure > kept) {
      until_failure -= kept;
      ++done;
      continue;
    }
    redone += until_failure;
    for (until_failure = next_failure(); until_failure < f.restart.value(); until_failure = next_failure())
      restarted += until_failure;
    restarted += f.restart.value();
    until_failure -= f.restart.value();
  }
  const double all = checkpoints * kept + redone + restarted;
  return {Seconds{mtbf}, *f.every,       checkpoints * f.every->value() / all, checkpoints * f.checkpoint.value() / all,
          redone / all,  restarted / all};
}

TEST(Goodput, IsWhatALivedJobHas) {
  // 16,384 GPUs of 50,000 h fail every 3.05 h, 2,048 of 100 h every 176 s: both are lived for 400,000 checkpoints. With
  // 400,000 checkpoints of 30 min there are 70,000 failures, so that a share of s is uncertain by about s / 265.
  for (const auto& [failures, gpus] :
       {std::pair{Failures{Seconds{50000 * kHour}, Seconds{60}, Seconds{600}, Seconds{1800}}, 16384},
        {Failures{Seconds{100 * kHour}, Seconds{30}, Seconds{90}, Seconds{120}}, 2048}}) {
    const Goodput lived = live(failures, gpus, 400'000, 7), g = goodput(failures, gpus);
    EXPECT_NEAR(g.trained, lived.trained, 0.01 * g.trained);
    EXPECT_NEAR(g.written, lived.written, 0.01 * g.written);
    EXPECT_NEAR(g.redone, lived.redone, 0.02 * g.redone);
    EXPECT_NEAR(g.restarted, lived.restarted, 0.02 * g.restarted);
    EXPECT_NEAR(sum(g), 1, 1e-12);
    EXPECT_EQ(g.job_mtbf, failures.gpu_mtbf / gpus);
  }
}

TEST(Goodput, NoOtherIntervalIsBetter) {
  for (const double checkpoint : {0.5, 30.0, 900.0, 4000.0}) {
    for (const int gpus : {8, 1024, 100'000}) {
      const Failures best{Seconds{50000 * kHour}, Seconds{checkpoint}, Seconds{300}, std::nullopt};
      const Goodput g = goodput(best, gpus);
      for (const double times : {0.5, 0.9, 0.99, 1.01, 1.1, 2.0}) {
        Failures other = best;
        other.every = g.every * times;
        EXPECT_LT(goodput(other, gpus).trained, g.trained) << checkpoint << " s, " << gpus << " GPUs, x " << times;
      }
    }
  }
}

TEST(Goodput, RareFailuresGiveYoungsInterval) {
  // Young 1974: sqrt(2 x checkpoint x mtbf) = sqrt(2 x 10 x 2e7) = 20,000 s; the next term, -2/3 checkpoint, is 6.67 s.
  EXPECT_NEAR(best_checkpoint_interval(Seconds{2e7}, Seconds{10}).value(), 20000 - 6.67, 0.01);
  // Where writing takes many mean times, an interval is one mean time: (1 - x) e^x = e^-50 leaves x = 1 - e^-51.
  EXPECT_DOUBLE_EQ(best_checkpoint_interval(Seconds{100}, Seconds{5000}).value(), 100);
}

TEST(Goodput, LosesToMoreFailuresSlowerWritingAndRestarts) {
  const Failures f{Seconds{50000 * kHour}, Seconds{60}, Seconds{600}, std::nullopt};
  double before = 1;
  for (const int gpus : {1, 8, 64, 512, 4096, 32768, 262144, 1'000'000}) {
    const Goodput g = goodput(f, gpus);
    EXPECT_LT(g.trained, before);
    EXPECT_NEAR(sum(g), 1, 1e-12);
    before = g.trained;
  }
  Failures slow = f, late = f;
  slow.checkpoint = Seconds{61};
  late.restart = Seconds{601};
  EXPECT_LT(goodput(slow, 4096).trained, goodput(f, 4096).trained);
  EXPECT_LT(goodput(late, 4096).trained, goodput(f, 4096).trained);
}

TEST(Goodput, SaysWhatNeverEnds) {
  // A failure every 36 ms, a restart of ten minutes: e^16,000 restarts.
  EXPECT_EQ(goodput({Seconds{10 * kHour}, Seconds{60}, Seconds{600}, std::nullopt}, 1'000'000).trained, 0);
  EXPECT_EQ(goodput({Seconds{10 * kHour}, Seconds{60}, Seconds{}, Seconds{1e9}}, 1000).trained, 0);
  // Practically no failures: all but the checkpoints trains.
  const Goodput g = goodput({Seconds{1e10}, Seconds{1e-9}, Seconds{}, std::nullopt}, 1);
  EXPECT_NEAR(g.trained, 1, 1e-9);
  EXPECT_GT(g.every, Seconds{});
}

}  // namespace
}  // namespace ithaca
