#pragma once
// Measured collectives against what the model predicts for them.

#include <string>
#include <vector>

#include "configs/reader/load_collectives.hpp"

namespace ithaca {

struct CollectiveError {
  CollectiveSample sample;
  CollectiveCost cost;
  Seconds predicted{};  ///< of the cost and the calling host
  int nodes = 1;        ///< servers that the group takes on the cluster
  double error = 0;     ///< signed: predicted over measured, less one
};

/// Rows of one op on as many ranks and servers, of which all are at least 1 MiB or all are smaller.
struct CollectiveClass {
  Op op{};
  int ranks = 0, nodes = 0;
  bool large = false;  ///< from 1 MiB on
  int rows = 0;
  double mean = 0;   ///< of the absolute errors
  double bias = 0;   ///< of the signed ones
  double worst = 0;  ///< signed, the largest either way
};

struct CollectiveErrors {
  std::vector<CollectiveError> rows;  ///< in the file's order
  std::vector<CollectiveClass> classes;
  std::vector<std::string> left_out;  ///< rows that judge nothing, and why, by kind
};

/// Runs every sample on `cluster`, its ranks side by side from the first GPU on. Rows with wrong results, rows that a
/// figure of the cluster was made of and groups that the cluster cannot hold are left out. Of several runs of the same
/// the fastest judges: what others send on the network only adds to it. In-place rows count as others.
CollectiveErrors collective_errors(const Cluster& cluster, const std::vector<CollectiveSample>& samples);

}  // namespace ithaca
