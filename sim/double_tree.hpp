#pragma once
// NCCL's pair of binary trees over servers (v2.28.9-1 src/graph/trees.cc): who is inside one is a leaf of the other, so
// that together they load all servers alike.

#include <vector>

namespace ithaca {

inline constexpr int kTrees = 2;

/// -1 for the root.
int tree_parent(int servers, int tree, int server);
std::vector<int> tree_children(int servers, int tree, int server);
/// Of the server below the root, which has 0.
int tree_depth(int servers, int tree, int server);

}  // namespace ithaca
