#pragma once
// Programs beside ithaca that need what it does not: ithaca_probe CUDA, ithaca_mpi MPI. Found and run.

#include <string>
#include <vector>

#include "model/result.hpp"

namespace ithaca {

/// Of this executable.
std::string own_folder();
/// The program in `folder`, else in one of the folders of `path` (as in PATH); empty if it is nowhere.
std::string find_program(const std::string& name, const std::string& folder, const std::string& path);

/// Runs a program on this process's input and output. Its exit code; 128 + the signal that ended it, as shells have it.
Result<int, std::string> run_program(const std::string& program, const std::vector<std::string>& arguments);

}  // namespace ithaca
