#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>

#include "cli/commands.hpp"
#include "cli/deliver.hpp"

namespace {

void on_interrupt(int) { _exit(static_cast<int>(ithaca::ExitCode::interrupted)); }

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGPIPE, SIG_DFL);  // a reader that closes early ends the command without a word
  try {
    const ithaca::Outcome outcome = ithaca::run({argv + (argc > 0 ? 1 : 0), argv + argc}, ithaca::read_environment());
    return static_cast<int>(ithaca::deliver(outcome));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: internal: %s\n", error.what());
    return static_cast<int>(ithaca::ExitCode::internal);
  }
}
