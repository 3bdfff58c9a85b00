#pragma once
// Runs a program on a machine: lowers it to flows, by rank or by classes of ranks that cannot be told apart, and gives
// times back by rank and task.

#include <cstdint>
#include <string>
#include <vector>

#include "model/result.hpp"
#include "sim/program.hpp"
#include "sim/router.hpp"

namespace ithaca {

/// What is wrong with the machine beside its links, which are the fabric's.
struct Slowdown {
  std::vector<double> gpu;  ///< by rank, 1.2 is a fifth slower; empty: all healthy
  double jitter = 0;        ///< standard deviation of a compute task's duration over its mean, log-normal
  std::uint64_t seed = 1;   ///< of the jitter
};

struct RunOptions {
  /// classes: ranks, links and messages that cannot be told apart are simulated once. Exact; what differs splits by
  /// itself, and with everything different it is the flat engine.
  enum class Engine : std::uint8_t { classes, flat };
  Engine engine = Engine::classes;
  std::size_t memory = std::size_t{4} << 30;  ///< bytes; more is refused before the work starts
};

struct ProgramRun {
  struct Span {
    Seconds begin{}, end{};  ///< begin: all that the task waits for is done
  };
  std::uint32_t classes = 0;
  std::vector<std::uint32_t> class_of;  ///< by rank
  std::vector<Span> spans;              ///< by class: of the tasks that it does, in order
  std::vector<Bytes> carried;           ///< by link of the fabric, what the wire carried
  Seconds makespan{};
  std::size_t flows = 0;  ///< simulated
  double messages = 0;    ///< that they stand for
  std::int64_t events = 0;

  /// Where spans of a pipeline's stages are; empty where every rank does every task.
  std::vector<std::size_t> first;              ///< by class: its first span
  std::vector<std::uint32_t> turn, peer_turn;  ///< by task: its number among those of its stage, and of its peer

  /// At zero where the rank does not do the task.
  Span span(const Program& program, std::uint32_t rank, std::size_t task) const;
  /// By class: its first rank.
  std::vector<std::uint32_t> members() const;
};

/// The reason where the program does not fit the machine (more ranks than GPUs) or memory: then with the bytes it would
/// need and what smaller program could be run.
Result<ProgramRun, std::string> run_program(const Program& program, const Router& router, const Slowdown& slowdown = {},
                                            const RunOptions& options = {});

}  // namespace ithaca
