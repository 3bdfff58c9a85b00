#pragma once
// Carries a sweep out: from the request to rows on disk.

#include "cli/command.hpp"
#include "cli/sweep/answers.hpp"
#include "cli/sweep/pool.hpp"
#include "cli/sweep/request.hpp"

namespace ithaca {

/// Reads what the points need. The request's fields are checked by now.
SweepPlan make_sweep_plan(const SweepRequest& request, Diagnostics& problems);

/// The points of this run: all, or those of the shard.
SweepChunks chunks_of(const SweepPlan& plan, const SweepShard& shard);

/// What tells one sweep from another: its words, and the bytes of the files that they name.
std::string fingerprint(const SweepRequest& request, const SweepPlan& plan);

/// Text above all rows and behind them.
std::string head_of(const SweepRequest& request, const SweepPlan& plan);
std::string tail_of(SweepFormat format);

Outcome run_sweep(const SweepRequest& request, const SweepPlan& plan, const Environment& environment);

/// How many points and rows, and for how long, from a few points worked out now.
std::string dry_run(const SweepRequest& request, const SweepPlan& plan);

}  // namespace ithaca
