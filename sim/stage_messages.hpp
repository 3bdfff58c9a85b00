#pragma once
// Exchanges that are made of others: between stages of a pipeline, for ranks that are numbered in another order, in
// parts.

#include "sim/program.hpp"
#include "sim/rank_grid.hpp"

namespace ithaca {

/// On the wires of `like`, from every stage to that `step` after it, but the last; or, `around`, only from the last.
Exchange stage_message(Exchange like, const RankGrid& grid, Bytes message, int step, bool around);

/// Leaves what ranks of the first and the last stage send.
void keep_end_stages(Exchange& exchange, const RankGrid& grid);

/// Leaves that part of every message's bytes.
void send_part(Exchange& exchange, double part);
/// A part of the bytes in that part of the time, its latency as well.
Exchange part_of(const Exchange& exchange, double part);

/// What is written for ranks as `plain` has them, for those of `grid`.
void rename_ranks_of(Exchange& exchange, const RankGrid& plain, const RankGrid& grid);

}  // namespace ithaca
