#pragma once
// Words and limits of flags that several commands have.

#include <cstdint>

#include "cli/flag_reader.hpp"
#include "model/cluster.hpp"

namespace ithaca {

inline constexpr Choice<Op> kOps[] = {{"all_gather", Op::all_gather},
                                      {"reduce_scatter", Op::reduce_scatter},
                                      {"all_reduce", Op::all_reduce},
                                      {"all_to_all", Op::all_to_all},
                                      {"send_recv", Op::send_recv}};
inline constexpr std::int64_t kMostGpus = 1'000'000;

}  // namespace ithaca
