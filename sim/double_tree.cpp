#include "sim/double_tree.hpp"

namespace ithaca {
namespace {

/// The second tree is the first one mirrored, or shifted by one where the number of servers is odd. Its own inverse
/// but for the direction of the shift.
int relabel(int servers, int tree, int server, int shift) {
  if (tree == 0) return server;
  return servers % 2 == 0 ? servers - 1 - server : (server + shift + servers) % servers;
}

/// Root 0; others hang below the number with their lowest bit replaced by the next one, or cleared where that is too
/// large.
int first_parent(int servers, int server) {
  if (server == 0) return -1;
  const int low = server & -server, cleared = server ^ low;
  const int parent = cleared | low << 1;
  return parent < servers ? parent : cleared;
}

}  // namespace

int tree_parent(int servers, int tree, int server) {
  const int parent = first_parent(servers, relabel(servers, tree, server, -1));
  return parent < 0 ? -1 : relabel(servers, tree, parent, 1);
}

std::vector<int> tree_children(int servers, int tree, int server) {
  std::vector<int> children;
  const int self = relabel(servers, tree, server, -1);
  for (int bit = 1; bit < servers; bit <<= 1) {
    for (const int child : {self - bit, self + bit}) {
      if (child > 0 && child < servers && first_parent(servers, child) == self)
        children.push_back(relabel(servers, tree, child, 1));
    }
  }
  return children;
}

int tree_depth(int servers, int tree, int server) {
  int depth = 0;
  for (int at = tree_parent(servers, tree, server); at >= 0; at = tree_parent(servers, tree, at)) ++depth;
  return depth;
}

}  // namespace ithaca
