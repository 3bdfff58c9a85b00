#include "model/packing.hpp"

#include <gtest/gtest.h>

#include "model/compare.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

using Lengths = std::vector<std::int64_t>;

Layout ring_of(int ranks, bool zigzag = true) { return {.strategy = Strategy::ring, .ring = ranks, .zigzag = zigzag}; }

TEST(Pack, FillsSequencesInOrderAndBeginsAgain) {
  // 60 | 50 40 | 60 (30 does not follow 60) ... of 100 tokens: 60 30, 50 40, 60 30.
  const Packing p = pack(Lengths{60, 30, 50, 40}, 100, 3);
  EXPECT_EQ(p.ends, (Lengths{60, 90, 50, 90, 60, 90}));
  EXPECT_EQ(p.documents, 6);
  EXPECT_EQ(p.longest, 60);
  EXPECT_DOUBLE_EQ(p.filled, 0.9);
  // Half of 2 x (3600 + 900) + 2500 + 1600, of 3 x 100^2 / 2.
  EXPECT_DOUBLE_EQ(p.share(), 13100.0 / 30000);
  EXPECT_DOUBLE_EQ(p.area_before(0, 60), 1800);
  EXPECT_DOUBLE_EQ(p.area_before(0, 70), 1850);
  EXPECT_DOUBLE_EQ(p.area_before(1, 100), 2050);
}

TEST(PackedShare, OneDocumentASequenceIsNoPacking) {
  const Packing p = pack(Lengths{4096}, 4096, 4);
  for (const Layout& l : {Layout{}, ring_of(8), ring_of(8, false)}) {
    EXPECT_NEAR(packed_share(p, l, 1, 4096).slowest, 1, 1e-12);
    EXPECT_NEAR(packed_share(p, l, 2, 4096).slowest, 1, 1e-12);
  }
  // Plain rings: the last rank has 2 - 1/r times the mean.
  EXPECT_NEAR(packed_share(p, ring_of(8, false), 1, 4096).mean, 1 / (2 - 1.0 / 8), 1e-12);
}

TEST(PackedShare, UnequalDocumentsUnbalanceARingButNotHeads) {
  // A document of half the sequence, then four of an eighth. Over 4 ranks a chunk is an eighth of n: the long one has
  // chunks 0 to 3, whose areas are (2i + 1)/128 of n^2/2 x 2, the short ones a chunk each. Rank 0 holds chunks 0 and 7,
  // rank 3 chunks 3 and 4: (7 + 1)/64 of the whole mask's area, of which a quarter is 1/4.
  const Packing p = pack(Lengths{4, 1, 1, 1, 1}, 8, 1);
  const PackedShare heads = packed_share(p, {}, 1, 8), ring = packed_share(p, ring_of(4), 1, 8);
  EXPECT_DOUBLE_EQ(heads.mean, (16 + 4) / 64.0);
  EXPECT_DOUBLE_EQ(heads.slowest, heads.mean);
  EXPECT_DOUBLE_EQ(ring.mean, heads.mean);
  EXPECT_DOUBLE_EQ(ring.slowest, 8 / 64.0 * 4);
  // Eight documents of a chunk each leave nothing to wait for.
  const PackedShare even = packed_share(pack(Lengths{1}, 8, 1), ring_of(4), 1, 8);
  EXPECT_DOUBLE_EQ(even.slowest, even.mean);
}

TEST(PackedShare, ReplicasWaitForTheLongestDocuments) {
  // Sequences of one long and of eight short documents, in turns: areas 64, 8, 8, 64 of 64.
  const Packing p = pack(Lengths{8, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 8}, 8, 4);
  const Layout two{.dp = 2, .zero = 3};
  EXPECT_DOUBLE_EQ(packed_share(p, two, 1, 8).mean, 0.5625);
  EXPECT_DOUBLE_EQ(packed_share(p, two, 1, 8).slowest, 1);  // one replica has a long one in each pass
  Layout once = two;
  once.zero = 1;  // 64 + 8 and 8 + 64 until the gradients meet
  EXPECT_DOUBLE_EQ(packed_share(p, once, 1, 8).slowest, 0.5625);
}

TEST(PackedShare, RanksReplicasAndPassesTogether) {
  // Sequences of 8 tokens: 2 4 2 | 1 1 1 5 | 8 | eight of 1, whose masks hold 12, 14, 32 and 4 scores of 32. Of a ring
  // of 2 rank 0 has tokens 0, 1, 6 and 7: 4, 9, 16 and 2 of them, rank 1 8, 5, 16 and 2.
  const Packing p = pack(Lengths{2, 4, 2, 1, 1, 1, 5, 8, 1, 1, 1, 1, 1, 1, 1, 1}, 8, 4);
  const auto slowest = [&](const Layout& layout, std::int64_t micro_batch) {
    return packed_share(p, layout, micro_batch, 8).slowest;
  };
  Layout two{.strategy = Strategy::ring, .dp = 2, .ring = 2, .zero = 2};
  EXPECT_DOUBLE_EQ(packed_share(p, two, 1, 8).mean, 62 / 128.0);
  EXPECT_DOUBLE_EQ(slowest(two, 1), (9 + 16) / 32.0);  // first and second, third and fourth at once
  EXPECT_DOUBLE_EQ(slowest(two, 2), 18 / 32.0);        // rank 0 and rank 1 have 13 of the first two, 18 of the others
  two.zero = 1;
  EXPECT_DOUBLE_EQ(slowest(two, 1), (8 + 16) / 32.0);  // first and third
  two.dp = 1;
  EXPECT_DOUBLE_EQ(slowest(two, 2), (13 + 18) / 64.0);
  // Without zigzag the second half: 8, 12, 24 and 2 of the 24 that a last rank has of a whole mask.
  two = {.strategy = Strategy::ring, .dp = 2, .ring = 2, .zero = 3, .zigzag = false};
  EXPECT_DOUBLE_EQ(slowest(two, 1), (12 + 24) / 48.0);
  EXPECT_DOUBLE_EQ(packed_share(p, two, 1, 8).mean, 62 / 192.0);
  EXPECT_DOUBLE_EQ(slowest({.dp = 2}, 1), (14 + 32) / 64.0);
  const Packing token = pack(Lengths{1}, 1, 1);  // half a score of half a score
  for (const int zero : {1, 3}) EXPECT_DOUBLE_EQ(packed_share(token, {.zero = zero}, 1, 1).slowest, 1);
  // Padded to 12: the last rank of a ring of 3 has tokens 4 to 7, 24 of the 72 / 3 scores of an even share.
  EXPECT_DOUBLE_EQ(packed_share(pack(Lengths{8}, 8, 1), ring_of(3), 1, 12).slowest, 1);
  EXPECT_DOUBLE_EQ(packed_share(pack(Lengths{8}, 8, 1), ring_of(3), 1, 12).mean, 32 / 72.0);
}

Question ask(Strategy strategy, const Packing* packing, std::int64_t tokens) {
  Question q;
  q.model = test::llama3_8b();
  q.cluster = test::round_cluster();
  q.gpus = 16;
  q.work = test::sequence(tokens);
  q.work.packing = packing;
  q.strategies = {strategy};
  return q;
}

TEST(Packing, OneDocumentASequenceChangesNothing) {
  const Packing p = pack(Lengths{262144}, 262144, 1);
  for (const Strategy strategy : {Strategy::ulysses, Strategy::ring, Strategy::usp, Strategy::cp_all_gather}) {
    const Row packed = compare(ask(strategy, &p, 262144))[0], plain = compare(ask(strategy, nullptr, 262144))[0];
    EXPECT_NEAR(packed.estimate->step.time / plain.estimate->step.time, 1, 1e-9) << name(strategy);
    EXPECT_NEAR(packed.estimate->parts.imbalance.value(), plain.estimate->parts.imbalance.value(), 1e-9);
    EXPECT_EQ(packed.max_seq_len, plain.max_seq_len);
    EXPECT_DOUBLE_EQ(packed.mfu, plain.mfu);
  }
}

TEST(Packing, AttentionGoesByTheSumOfSquares) {
  // 16 documents of a sixteenth: a sixteenth of the scores, and of the model's attention FLOPs.
  const Packing p = pack(Lengths{16384}, 262144, 1);
  const StepEstimate packed = *compare(ask(Strategy::ulysses, &p, 262144))[0].estimate;
  const StepEstimate plain = *compare(ask(Strategy::ulysses, nullptr, 262144))[0].estimate;
  EXPECT_NEAR(packed.parts.attention / plain.parts.attention, 1.0 / 16, 0.01);
  const double attention = 3.0 * 32 * 2 * 262144 * 262144 * 4096;
  EXPECT_NEAR((plain.model_flops - packed.model_flops).value() / (attention * 15 / 16), 1, 1e-9);
  EXPECT_LT(packed.executed_flops, plain.executed_flops);
  EXPECT_GE(packed.step.time, packed.step.bound);
}

/// One of 65,536 tokens and 64 of 1,024.
Lengths half_and_small() {
  Lengths lengths(65, 1024);
  lengths[0] = 65536;
  return lengths;
}

TEST(Packing, TurnsTheWinner) {
  // Whole sequences: the hybrid's and the all-gather's traffic hides better than the all-to-all. Half a sequence in one
  // document leaves some ranks of their rings with most of the scores; heads stay even.
  const Packing p = pack(half_and_small(), 131072, 1);
  const auto step = [&](Strategy strategy, const Packing* packing) {
    Question q = ask(strategy, packing, 131072);
    q.gpus = 32;
    return compare(q)[0].estimate->step.time.value();
  };
  const double heads = step(Strategy::ulysses, nullptr), packed_heads = step(Strategy::ulysses, &p);
  for (const Strategy other : {Strategy::usp, Strategy::cp_all_gather}) {
    EXPECT_LT(step(other, nullptr), heads * 0.97) << name(other);
    EXPECT_GT(step(other, &p), packed_heads * 1.05) << name(other);
  }
}

}  // namespace
}  // namespace ithaca
