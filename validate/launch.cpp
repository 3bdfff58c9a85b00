#include "validate/launch.hpp"

#include <charconv>

namespace ithaca {
namespace {

struct Launcher {
  const char* name;
  const char* rank;
  const char* ranks;
  const char* local_rank;
};
constexpr Launcher kLaunchers[] = {
    {"torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK"},
    {"mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"},
    {"srun", "SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"},
};

/// The number in a variable; complains into `problem`.
int number(const Variables& variables, const std::string& name, int otherwise, std::string& problem) {
  const auto text = variables(name);
  if (!text) return otherwise;
  int value = 0;
  const char* end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, value);
  if (error != std::errc{} || stop != end || value < 0) problem = name + " is '" + *text + "', which is no count";
  return value;
}

}  // namespace

std::string first_host(const std::string& node_list) {
  const std::size_t bracket = node_list.find('['), comma = node_list.find(',');
  if (bracket == std::string::npos || comma < bracket) return node_list.substr(0, comma);
  const std::size_t end = node_list.find_first_of("-,]", bracket);
  return node_list.substr(0, bracket) + node_list.substr(bracket + 1, end - bracket - 1);
}

Result<std::optional<Launch>, std::string> read_launch(const Variables& variables) {
  for (const Launcher& launcher : kLaunchers) {
    if (!variables(launcher.rank) || !variables(launcher.ranks)) continue;
    std::string problem;
    Launch launch;
    launch.by = launcher.name;
    launch.rank = number(variables, launcher.rank, 0, problem);
    launch.ranks = number(variables, launcher.ranks, 1, problem);
    launch.local_rank = number(variables, launcher.local_rank, 0, problem);
    launch.port = number(variables, "MASTER_PORT", launch.port, problem);
    // torchrun's agent then listens there itself (PyTorch, torch/distributed/rendezvous.py).
    if (variables("TORCHELASTIC_USE_AGENT_STORE") == "True") ++launch.port;
    launch.host = variables("MASTER_ADDR").value_or(first_host(variables("SLURM_NODELIST").value_or("")));
    if (problem.empty() && launch.rank >= launch.ranks) {
      problem = std::string(launcher.rank) + " is " + std::to_string(launch.rank) + " of " +
                std::to_string(launch.ranks) + " ranks, which count from 0";
    }
    if (problem.empty() && launch.port > 65535) problem = "MASTER_PORT leaves no port up to 65535";
    if (!problem.empty()) return problem;
    return std::optional(launch);
  }
  return std::optional<Launch>{};
}

}  // namespace ithaca
