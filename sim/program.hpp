#pragma once
// What every rank does: one list of tasks for all of them, or for the stages of a pipeline, on streams as CUDA has
// them. Rank r is GPU r of the fabric.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "model/flows.hpp"
#include "model/quantity.hpp"
#include "model/static_vector.hpp"
#include "sim/router.hpp"

namespace ithaca {

struct Message {
  std::uint32_t from = 0, to = 0;
  Bytes bytes{};  ///< of payload; zero is sent all the same
  std::uint32_t channel = 0;
  Leg leg = Leg::whole;  ///< into_switch and out_of_switch: from == to
};

/// What a message pays for the outermost border that it crosses.
struct Wire {
  Seconds latency{};
  double efficiency = 1;  ///< payload over what the wire carries, above 0 and at most 1
};

/// Messages in packets, for transports whose start-up is not in the latencies already. A message of n packets carries n
/// whole packets on the wire, asks for leave first, and its last packet is stored and forwarded at each hop.
struct Packets {
  Bytes payload{};    ///< of a full packet; zero: a message is a fluid
  Bytes header{};     ///< of each
  int round_trips{};  ///< of control messages before the first byte
};

/// What the maker of an exchange knows about it, so that a large one need not be looked at message by message. Ranks
/// come in groups of `size` that are `stride` apart, and what is sent within one group is sent within every other
/// alike.
struct Likeness {
  enum class Members : std::uint8_t {
    different,  ///< nothing is said
    circle,     ///< member i + 1 sends to member j + 1 as i sends to j, the last being followed by the first
    alike,      ///< every pair as every other
  };
  std::uint32_t size = 0;  ///< 0: nothing is said
  std::uint32_t stride = 1;
  Members members = Members::different;
};

/// One round of a collective, in all groups of a layout at once.
struct Exchange {
  /// Appends what `rank` sends. Pure: the same each time it is asked. Nothing is sent to oneself but the switch's legs.
  std::function<void(std::uint32_t rank, std::vector<Message>& messages)> sends;
  /// By level: 0 inside the innermost box, i + 1 across the uplink of box i. `boxes[i]` is the GPUs of box i.
  StaticVector<Wire, 5> wires;
  StaticVector<int, 4> boxes;
  Packets packets;
  /// By rank: one, always the same, of those that send to each other alone, must all have come before any of their
  /// messages leaves, and are through when all of these have arrived: as in a stream, which passes what everyone brings
  /// on through everyone. Empty: a message waits for its two ends alone.
  std::function<std::uint32_t(std::uint32_t rank)> together;
  Likeness likeness;

  const Wire& wire(const Message& message) const;
};

/// compute: `duration` on a healthy GPU, times load[rank] and what slows the GPU down. exchange: a message leaves when
/// its sender and its receiver have come to the task; a rank is through when all that it sends and receives has
/// arrived; those of Exchange::together come and go as one. copy: to or from host memory, `duration` on any GPU.
/// barrier: all ranks wait for each other. Only the ranks of `stage` do it, and those of `peer`; of an exchange, what
/// is sent among them.
struct Task {
  enum class Kind : std::uint8_t { compute, exchange, copy, barrier };
  Kind kind{};
  std::uint8_t stream = 0;  ///< a rank begins a task when the task before in its stream and those of `after` are done
  std::uint32_t label = 0;
  std::uint32_t exchange = 0;  ///< index into Program::exchanges
  Seconds duration{};
  std::uint32_t load = kEvenLoad;  ///< index into Program::loads
  std::uint16_t stage = 0;
  std::uint16_t peer = kNoPeer;  ///< exchange: a second stage
  std::uint8_t peer_stream = 0;  ///< in which the ranks of `peer` do it

  static constexpr std::uint32_t kEvenLoad = 0xFFFFFFFF;
  static constexpr std::uint16_t kNoPeer = 0xFFFF;

  bool is_of(std::uint32_t some_stage) const { return some_stage == stage || some_stage == peer; }
  std::uint8_t stream_of(std::uint32_t some_stage) const { return some_stage == stage ? stream : peer_stream; }
};

struct Program {
  std::uint32_t ranks = 0;
  std::vector<std::string> streams;        ///< "compute", "comm"
  std::vector<std::string> labels;         ///< "layer 3 attention", shared by tasks that are alike
  std::vector<Exchange> exchanges;         ///< shared by tasks that repeat them
  std::vector<std::vector<double>> loads;  ///< by rank
  std::vector<std::uint16_t> stage_of;     ///< by rank, in a pipeline; empty: all are of stage 0
  std::vector<Task> tasks;                 ///< each after those it waits for
  IndexRows after;                         ///< by task: earlier tasks; a row for every task

  std::uint32_t stage(std::uint32_t rank) const { return stage_of.empty() ? 0 : stage_of[rank]; }
  /// One more than the last.
  std::uint32_t stages() const;
};

}  // namespace ithaca
