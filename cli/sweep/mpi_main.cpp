// ithaca_mpi: `ithaca sweep` as one of several MPI processes. The first one speaks for all.

#include <mpi.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>

#include "cli/commands.hpp"
#include "cli/deliver.hpp"
#include "cli/problem.hpp"
#include "cli/sweep/launched.hpp"
#include "cli/sweep/mpi_crew.hpp"

namespace {

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

/// Where every process believes to be alone, each would write the file.
ithaca::Outcome not_joined(const ithaca::LaunchedRank& launched) {
  const std::string count = std::to_string(launched.size);
  if (launched.rank > 0) return {ithaca::ExitCode::no_device, "", "", ""};
  return {ithaca::ExitCode::no_device, "",
          ithaca::print(
              ithaca::mistake("sweep", count + " processes were started, but MPI joins none of them",
                              "start them with mpirun, or with srun --mpi=pmix; or give each --shard I/" + count)),
          ""};
}

ithaca::ExitCode run(int argc, char** argv, ithaca::MpiCrew& crew) {
  ithaca::Environment environment = ithaca::read_environment();
  if (crew.workers() > 0) environment.crew = &crew;
  const auto launched = ithaca::launched_rank(variable);
  if (launched && crew.workers() == 0) return ithaca::deliver(not_joined(*launched));
  const ithaca::Outcome outcome = ithaca::run({argv + (argc > 0 ? 1 : 0), argv + argc}, environment);
  return crew.leads() ? ithaca::deliver(outcome) : outcome.exit;
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  auto exit = ithaca::ExitCode::internal;
  int missing = 0;
  bool leads = false, orphaned = false;
  try {
    ithaca::MpiCrew crew;
    exit = run(argc, argv, crew);
    missing = crew.missing();
    leads = crew.leads();
    orphaned = crew.orphaned();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: internal: %s\n", error.what());
    MPI_Abort(MPI_COMM_WORLD, static_cast<int>(exit));
  }
  if (orphaned) {
    std::fputs("error: sweep: rank 0 died\nnext: the same command with --resume goes on where its file ends\n", stderr);
    exit = ithaca::ExitCode::internal;  // Open MPI 4.1's mpirun ends with 0 even so
  }
  if (missing > 0) {
    const char* their_points = exit == ithaca::ExitCode::interrupted ? "" : "; others worked the points out again";
    if (leads)
      std::fprintf(stderr, "note: %d %s did not come back%s\n", missing, missing == 1 ? "rank" : "ranks", their_points);
    std::fflush(nullptr);
    std::_Exit(static_cast<int>(exit));  // MPI_Finalize would wait for them
  }
  MPI_Finalize();
  return static_cast<int>(exit);
}
