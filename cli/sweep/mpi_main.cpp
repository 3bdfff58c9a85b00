// ithaca_mpi: `ithaca sweep` as one of several MPI processes. The first one speaks for all.

#include <mpi.h>

#include <cstdio>
#include <cstdlib>
#include <exception>

#include "cli/commands.hpp"
#include "cli/deliver.hpp"
#include "cli/sweep/mpi_crew.hpp"

namespace {

ithaca::ExitCode run(int argc, char** argv, ithaca::MpiCrew& crew) {
  ithaca::Environment environment = ithaca::read_environment();
  if (crew.workers() > 0) environment.crew = &crew;
  const ithaca::Outcome outcome = ithaca::run({argv + (argc > 0 ? 1 : 0), argv + argc}, environment);
  return crew.leads() ? ithaca::deliver(outcome) : outcome.exit;
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  auto exit = ithaca::ExitCode::internal;
  int missing = 0;
  try {
    ithaca::MpiCrew crew;
    exit = run(argc, argv, crew);
    missing = crew.missing();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: internal: %s\n", error.what());
    MPI_Abort(MPI_COMM_WORLD, static_cast<int>(exit));
  }
  if (missing > 0) {
    std::fprintf(stderr, "note: %d ranks did not come back; others worked their points out again\n", missing);
    std::fflush(nullptr);
    std::_Exit(static_cast<int>(exit));  // MPI_Finalize would wait for them
  }
  MPI_Finalize();
  return static_cast<int>(exit);
}
