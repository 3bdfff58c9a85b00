#pragma once
// Collectives of a group of ranks, whatever carries them.

#include <optional>
#include <string>
#include <vector>

namespace ithaca {

class Communicator {
 public:
  /// Blocks by rank; they may differ in size, and those of a rank to itself are copied.
  using Blocks = std::vector<std::vector<float>>;
  using Trouble = std::optional<std::string>;  ///< none: it went well

  virtual ~Communicator() = default;
  virtual int rank() const = 0;
  virtual int ranks() const = 0;
  /// Payload that this rank sent to others so far.
  virtual double sent_bytes() const = 0;

  /// `from` has its sizes already.
  virtual Trouble all_to_all(const Blocks& to, Blocks& from) = 0;
  /// `buffer` is one equal block a rank, and the rank's own goes to all.
  virtual Trouble all_gather(std::vector<float>& buffer) = 0;
  /// The rank's own block becomes the sum of all ranks'; the other blocks are used up.
  virtual Trouble reduce_scatter(std::vector<float>& buffer) = 0;
};

}  // namespace ithaca
