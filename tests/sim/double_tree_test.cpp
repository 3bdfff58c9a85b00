#include "sim/double_tree.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>

namespace ithaca {
namespace {

TEST(DoubleTree, EightServers) {
  // 0 - 4 - {2 - {1, 3}, 6 - {5, 7}}, and the same mirrored.
  const int parents[8] = {-1, 2, 4, 2, 0, 6, 4, 6};
  for (int s = 0; s < 8; ++s) {
    EXPECT_EQ(tree_parent(8, 0, s), parents[s]);
    EXPECT_EQ(tree_parent(8, 1, 7 - s), parents[s] < 0 ? -1 : 7 - parents[s]);
  }
  EXPECT_EQ(tree_children(8, 0, 4).size(), 2u);
  EXPECT_EQ(tree_depth(8, 0, 7), 3);
}

TEST(DoubleTree, BothAreTreesAndNobodyIsInsideBoth) {
  for (int n = 1; n < 100; ++n) {
    std::vector<int> inside(static_cast<std::size_t>(n), 0);
    for (int tree = 0; tree < kTrees; ++tree) {
      int roots = 0, edges = 0;
      for (int s = 0; s < n; ++s) {
        const int parent = tree_parent(n, tree, s);
        roots += parent < 0;
        const auto children = tree_children(n, tree, s);
        EXPECT_LE(children.size(), 2u);
        edges += static_cast<int>(children.size());
        for (const int child : children) EXPECT_EQ(tree_parent(n, tree, child), s);
        // The depth counts the way to the root, which ends: no circles.
        EXPECT_LE(tree_depth(n, tree, s), std::bit_width(static_cast<unsigned>(n)));
        inside[static_cast<std::size_t>(s)] += !children.empty() && parent >= 0;
      }
      EXPECT_EQ(roots, 1) << n;
      EXPECT_EQ(edges, n - 1) << n;
    }
    EXPECT_LE(*std::max_element(inside.begin(), inside.end()), 1) << n;
  }
}

}  // namespace
}  // namespace ithaca
