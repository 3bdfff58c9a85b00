#include "model/traffic.hpp"

#include <gtest/gtest.h>

#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

using test::llama_7b;
using test::qwen25_14b;
using test::round_cluster;
using test::sequence;

TrainingTraffic traffic(const Transformer& model, const Workload& work, const Layout& layout) {
  const Cluster cluster = round_cluster();
  return layer_traffic(model, work, cluster, layout, split_rank(model, work, layout), place_groups(cluster, layout));
}
double sent(const TrainingTraffic& t) { return (t.forward.sent + t.backward.sent).value(); }

Workload no_recompute(std::int64_t tokens) {
  Workload work = sequence(tokens);
  work.recompute = Recompute::none;
  return work;
}

constexpr std::int64_t kMi = 1048576;
const Layout kUlysses32{.strategy = Strategy::ulysses, .ulysses = 32};
const Layout kMegatron32{.strategy = Strategy::megatron_sp, .tp = 32};

double op_bytes(const LayerTraffic& traffic, Op op) {
  double bytes = 0;
  for (const Collective& c : traffic.collectives) bytes += c.op == op ? c.sent.value() : 0;
  return bytes;
}

TEST(Traffic, Llama7bForwardOn32) {
  // Ulysses: e b (N/P) (2a + 2a_kv) d (P-1)/P = 2 * 32768 * 128 * 128 * 31/32 = 1,040,187,392.
  EXPECT_EQ(traffic(llama_7b(), sequence(kMi), kUlysses32).forward.sent.value(), 1040187392.0);
  // Megatron-SP: 4 e b N h (t-1)/t = 4 * 2 * 2^20 * 4096 * 31/32 = 33,285,996,544: P times as much.
  EXPECT_EQ(traffic(llama_7b(), sequence(kMi), kMegatron32).forward.sent.value(), 33285996544.0);
}

TEST(Traffic, PapersOwnCounts) {
  // 4Nh/P = 4 * 2^20 * 4096 / 32 and 4Nh = 4 * 2^20 * 4096, elements.
  EXPECT_EQ(paper_elements(llama_7b(), sequence(kMi), kUlysses32), 536870912.0);
  EXPECT_EQ(paper_elements(llama_7b(), sequence(kMi), kMegatron32), 17179869184.0);
}

TEST(Traffic, DoublingNAndPTogether) {
  // Ulysses' bytes follow N/P (P-1)/P: unchanged but for (P-1)/P. Megatron-SP's follow N (t-1)/t: doubled but for that.
  for (int p = 2; p <= 16; p *= 2) {
    const auto ulysses = [&](int ranks, std::int64_t n) {
      return traffic(llama_7b(), sequence(n), {.strategy = Strategy::ulysses, .ulysses = ranks}).forward.sent.value() *
             ranks / (ranks - 1);
    };
    const auto megatron = [&](int ranks, std::int64_t n) {
      return traffic(llama_7b(), sequence(n), {.strategy = Strategy::megatron_sp, .tp = ranks}).forward.sent.value() *
             ranks / (ranks - 1);
    };
    EXPECT_DOUBLE_EQ(ulysses(2 * p, 65536 * p * 2), ulysses(p, 65536 * p));
    EXPECT_DOUBLE_EQ(megatron(2 * p, 65536 * p * 2), 2 * megatron(p, 65536 * p));
  }
}

TEST(Traffic, WholeStepOfALayer) {
  // Ulysses mirrors: x2, and a full recompute repeats the forward: x3. Megatron-SP in units of e b N h 31/32 =
  // 8,321,499,136: 6 all-gathers and 4 reduce-scatters, 10; with full recompute 14.
  EXPECT_EQ(sent(traffic(llama_7b(), no_recompute(kMi), kUlysses32)), 2080374784.0);
  EXPECT_EQ(sent(traffic(llama_7b(), sequence(kMi), kUlysses32)), 3120562176.0);
  EXPECT_EQ(sent(traffic(llama_7b(), no_recompute(kMi), kMegatron32)), 83214991360.0);
  EXPECT_EQ(sent(traffic(llama_7b(), sequence(kMi), kMegatron32)), 116500987904.0);
}

TEST(Traffic, UspAndRingOn64) {
  // USP 32 x 2: all-to-all 2 * 16384 * 128 * 128 * 31/32; ring 2 e (N/2) (32/32) 128 * 1.
  const TrainingTraffic usp = traffic(llama_7b(), sequence(kMi), {.strategy = Strategy::usp, .ulysses = 32, .ring = 2});
  EXPECT_EQ(op_bytes(usp.forward, Op::all_to_all), 520093696.0);
  EXPECT_EQ(op_bytes(usp.forward, Op::send_recv), 268435456.0);
  // Ring over 64: 2 e (N/64) * 4096 * 63.
  const TrainingTraffic ring = traffic(llama_7b(), sequence(kMi), {.strategy = Strategy::ring, .ring = 64});
  EXPECT_EQ(ring.forward.sent.value(), 16911433728.0);
}

TEST(Traffic, RingGradientsGoHome) {
  // K and V again over 63 hops; dK and dV in fp32 over 64 hops, or in bf16 over 63. One hop of bf16: 2 * 2 * 16384 *
  // 4096.
  const double hop = 2.0 * 2 * 16384 * 4096;
  Workload work = no_recompute(kMi);
  const Layout ring{.strategy = Strategy::ring, .ring = 64};
  EXPECT_EQ(traffic(llama_7b(), work, ring).backward.sent.value(), 63 * hop + 64 * 2 * hop);
  work.ring_gradient = RingGradient::half;
  EXPECT_EQ(traffic(llama_7b(), work, ring).backward.sent.value(), 63 * hop + 63 * hop);
}

TEST(Traffic, RingSelfAttentionAndGathersMoveEverySequenceOfAMicroBatch) {
  // Two sequences on 4 ranks: K or V of a block is 2 e (N/4) 4096 bytes. Ring self-attention sends each of them over 3
  // hops, in backward again, and all-reduces the gradient of all four blocks: 2 x 3/4 of them.
  Workload work = no_recompute(65536);
  work.micro_batch = work.global_batch = 2;
  const double slice = 2.0 * 2 * 16384 * 4096;
  const TrainingTraffic ring = traffic(llama_7b(), work, {.strategy = Strategy::ring_self_attention, .ring = 4});
  EXPECT_EQ(ring.forward.sent.value(), 2 * 3 * slice);
  EXPECT_EQ(op_bytes(ring.backward, Op::send_recv), 2 * 3 * slice);
  EXPECT_EQ(op_bytes(ring.backward, Op::all_reduce), 2 * 2 * 3.0 / 4 * 4 * slice);
  // An all-gather of both, and a reduce-scatter of their gradients.
  const TrainingTraffic gather = traffic(llama_7b(), work, {.strategy = Strategy::cp_all_gather, .ring = 4});
  EXPECT_EQ(op_bytes(gather.forward, Op::all_gather), 2 * 3 * slice);
  EXPECT_EQ(op_bytes(gather.backward, Op::all_gather), 2 * 3 * slice);
  EXPECT_EQ(op_bytes(gather.backward, Op::reduce_scatter), 2 * 3 * slice);
}

TEST(Traffic, GathersAndReductionsCostWhatTheyAre) {
  const Cluster cluster = round_cluster();
  const Layout layout{.strategy = Strategy::cp_all_gather, .ring = 4};
  const Placement ring = place_groups(cluster, layout).ring;
  const TrainingTraffic t = traffic(llama_7b(), no_recompute(65536), layout);
  const Bytes whole{2.0 * 65536 * 2 * 4096};  // K and V of all blocks
  EXPECT_EQ(t.forward.collectives[0].cost.total(), all_gather_cost(cluster, ring, whole).total());
  for (const Collective& c : t.backward.collectives) {
    const CollectiveCost cost =
        c.op == Op::all_gather ? all_gather_cost(cluster, ring, whole) : reduce_scatter_cost(cluster, ring, whole);
    EXPECT_EQ(c.cost.total(), cost.total()) << name(c.op);
  }
}

TEST(Traffic, HopsOfARingAreOneAfterTheOther) {
  const Cluster cluster = round_cluster();
  const Layout layout{.strategy = Strategy::ring, .ring = 4};
  const Collective hops = traffic(llama_7b(), sequence(65536), layout).forward.collectives[0];
  const CollectiveCost one = send_recv_cost(cluster, place_groups(cluster, layout).ring, hops.message);
  EXPECT_DOUBLE_EQ(hops.cost.latency.value(), 3 * one.latency.value());
  EXPECT_DOUBLE_EQ(hops.cost.transfer.value(), 3 * one.transfer.value());
  EXPECT_DOUBLE_EQ(hops.cost.bound.value(), 3 * one.bound.value());
}

TEST(Traffic, ADoubleRingGoesRoundInsideBetweenTwoHopsOutside) {
  // 3 hops of K and V: of 2 x 2 ranks one outside and two inside; with one rank or all of them inside a plain ring.
  const auto hops = [](int inner) {
    std::vector<int> counts;
    const Layout layout{.strategy = Strategy::loongtrain, .ring = 4, .inner_ring = inner};
    for (const Collective& c : traffic(llama_7b(), sequence(65536), layout).forward.collectives)
      if (c.op == Op::send_recv) counts.push_back(c.count);
    return counts;
  };
  EXPECT_EQ(hops(2), (std::vector{2, 1}));
  EXPECT_EQ(hops(1), std::vector{3});
  EXPECT_EQ(hops(4), std::vector{3});
}

TEST(Traffic, Qwen14bCopiesKvHeads) {
  // One head's slice is e N/P d bytes; the busiest rank sends (a - q) + 2(K - k) + (P-1) q of them and receives
  // (P-1)(q + 2k) + (a - q). P = 16: slice 20,971,520; sends 37 + 40 + 45 = 122 (q 3, k 1), receives 105 + 37 = 142 (k
  // 2).
  struct Case {
    int ranks;
    double sent, received;
  };
  for (const Case& c :
       {Case{8, 3523215360, 3523215360}, Case{10, 3422552064, 3623878656}, Case{16, 2558525440, 2977955840},
        Case{20, 2046820352, 2550136832}, Case{40, 1308622848, 1308622848}}) {
    const Layout layout{.strategy = Strategy::ulysses, .ulysses = c.ranks};
    const LayerTraffic forward = traffic(qwen25_14b(), sequence(1310720), layout).forward;
    EXPECT_EQ(forward.sent.value(), c.sent) << c.ranks;
    EXPECT_EQ(forward.received.value(), c.received) << c.ranks;
  }
}

TEST(Traffic, BytesPerNic) {
  // Design: with one NIC a GPU, M = e b N h. Ulysses 4 (M/P)(P-g)/P, Megatron-SP 4 (M/g)(P-1)/P: 5.2 times at 32 GPUs,
  // 9 times at 64 (64 heads so that both can use 64).
  Transformer model = llama_7b();
  model.heads = model.kv_heads = 64;
  model.head_dim = 64;
  const double m = 2.0 * kMi * 4096;
  for (int p : {32, 64}) {
    const double ulysses =
        traffic(model, sequence(kMi), {.strategy = Strategy::ulysses, .ulysses = p}).forward.nic.value();
    const double megatron =
        traffic(model, sequence(kMi), {.strategy = Strategy::megatron_sp, .tp = p}).forward.nic.value();
    EXPECT_DOUBLE_EQ(ulysses, 4 * (m / p) * (p - 8) / p);
    EXPECT_DOUBLE_EQ(megatron, 4 * (m / 8) * (p - 1) / p);
    EXPECT_NEAR(megatron / ulysses, p == 32 ? 5.17 : 9.0, 0.01);
  }
  EXPECT_EQ(traffic(model, sequence(kMi), {.strategy = Strategy::ulysses, .ulysses = 8}).forward.nic.value(), 0);
}

TEST(Traffic, AllRanksTogetherSendWhatTheyReceive) {
  for (int p = 2; p <= 40; ++p) {
    const Layout layout{.strategy = Strategy::ulysses, .ulysses = p};
    const LayerTraffic forward = traffic(qwen25_14b(), sequence(40 * 8192), layout).forward;
    EXPECT_LE(forward.sent_mean.value(), forward.sent.value() * (1 + 1e-12));
    EXPECT_LE(forward.sent_mean.value(), forward.received.value() * (1 + 1e-12));
  }
}

TEST(Traffic, MessagesAreNcclTests) {
  // All-to-all: the rank's send buffer, its own share included: sent * P/(P-1). All-gather: the gathered buffer e b N
  // h.
  const LayerTraffic ulysses = traffic(llama_7b(), sequence(kMi), kUlysses32).forward;
  for (const Collective& c : ulysses.collectives) EXPECT_DOUBLE_EQ(c.message.value(), c.sent.value() * 32 / 31);
  const LayerTraffic megatron = traffic(llama_7b(), sequence(kMi), kMegatron32).forward;
  for (const Collective& c : megatron.collectives) EXPECT_EQ(c.message.value(), 2.0 * kMi * 4096);
}

TEST(Traffic, GqaMovesFewerKvHeads) {
  // SimuMax and Galvatron count or allow h for K and V whatever the KV heads (peers' mistakes 3 and 10). With 8 of 32
  // KV heads on 8 ranks: (2*32 + 2*8) instead of (2*32 + 2*32) heads.
  const Layout layout{.strategy = Strategy::ulysses, .ulysses = 8};
  const double mha = traffic(llama_7b(), sequence(kMi), layout).forward.sent.value();
  const double gqa = traffic(test::llama3_8b(), sequence(kMi), layout).forward.sent.value();
  EXPECT_DOUBLE_EQ(gqa / mha, 80.0 / 128.0);
}

TEST(Traffic, ElementSizeEntersOnce) {
  // SimuMax multiplied a byte count by the element size again (peers' mistake 1).
  Workload fp32 = sequence(kMi);
  fp32.dtype = Dtype::fp32;
  EXPECT_EQ(traffic(llama_7b(), fp32, kUlysses32).forward.sent,
            2 * traffic(llama_7b(), sequence(kMi), kUlysses32).forward.sent);
}

}  // namespace
}  // namespace ithaca
