#pragma once
// Runs a schedule on a fabric, and lists what its rounds send.

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim/collective_program.hpp"
#include "sim/run_program.hpp"
#include "tests/support/machines.hpp"

namespace ithaca::test {

inline CollectiveCall call_of(Op op, std::optional<Algorithm> algorithm, Group group, int ranks, Bytes message,
                              bool step_by_step = false) {
  CollectiveCall call;
  call.op = op;
  call.algorithm = algorithm;
  call.group = group;
  call.ranks = ranks;
  call.message = message;
  call.step_by_step = step_by_step;
  return call;
}

/// All that the ranks send, round by round, repeats written out.
inline std::vector<std::vector<Message>> sent_by_round(const Cluster& cluster, const CollectiveCall& call) {
  std::vector<std::vector<Message>> sent;
  const auto rounds = schedule(cluster, call);
  EXPECT_TRUE(rounds) << rounds.error();
  if (!rounds) return sent;
  for (const Round& round : *rounds) {
    for (int i = 0; i < round.repeat; ++i) {
      sent.emplace_back();
      for (int rank = 0; rank < call.ranks; ++rank) round.exchange.sends(static_cast<std::uint32_t>(rank), sent.back());
    }
  }
  return sent;
}

inline double total_bytes(const std::vector<std::vector<Message>>& rounds) {
  double bytes = 0;
  for (const auto& round : rounds) {
    for (const Message& message : round) bytes += message.bytes.value();
  }
  return bytes;
}

/// Seconds that the collective takes alone on the fabric.
inline double engine_seconds(const Cluster& cluster, const CollectiveCall& call, const FabricSpec& spec = {},
                             bool barrier = false) {
  const auto rounds = schedule(cluster, call);
  EXPECT_TRUE(rounds) << rounds.error();
  const auto fabric = build_fabric(cluster, spec, call.ranks);
  EXPECT_TRUE(fabric) << fabric.error();
  if (!rounds || !fabric) return 0;
  const auto router = Router::make(*fabric, spec.routing);
  EXPECT_TRUE(router) << router.error();
  if (!router) return 0;
  const auto run = run_program(collective_program(*rounds, call.ranks, barrier), *router);
  EXPECT_TRUE(run) << run.error();
  return run ? run->makespan.value() : 0;
}

}  // namespace ithaca::test
