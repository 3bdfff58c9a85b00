#pragma once
// Ranks as threads of the test, met over the loopback.

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "validate/tcp/mesh.hpp"

namespace ithaca::test {

/// Calls `work(mesh)` as every rank; with `star` they are connected with rank 0 alone.
template <class Work>
void as_ranks(int ranks, Work work, bool star = false) {
  auto door = Socket::listen({"127.0.0.1", 0});
  ASSERT_TRUE(door) << door.error();
  const Endpoint at = door->local();
  std::vector<std::thread> threads;
  for (int rank = 0; rank < ranks; ++rank) {
    threads.emplace_back([&, rank] {
      auto mesh =
          Mesh::join({rank, ranks, at, "secret", Seconds{10}, star}, rank == 0 ? std::move(door).value() : Socket{});
      ASSERT_TRUE(mesh) << mesh.error();
      work(*mesh);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace ithaca::test
