#include "validate/probe/probe_options.hpp"

#include <algorithm>

#include "configs/reader/load_model.hpp"
#include "configs/reader/nearest.hpp"
#include "model/units.hpp"
#include "validate/probe/option_table.hpp"

namespace ithaca {

const char* const kProbeHelp =
    "ithaca_probe kernels --model M --seq N[,N...] [flags]\n"
    "Times the kernels of one transformer layer on this machine's GPU: a YAML document (measurements/1) a family.\n"
    "\n"
    "  --model M         a model of the catalogue, or a file\n"
    "  --seq N,...       tokens of the whole sequence: 64Ki,256Ki\n"
    "  --gpus P          GPUs that share it. Default: 1\n"
    "  --family F,...    gemm, attention, streaming, permute, copy, overlap. Default: all\n"
    "  --error E         of the median, at which timing stops. Default: 1%\n"
    "  --budget T        kernel time for one case. Default: 5s\n"
    "  --device I        which GPU. Default: 0\n"
    "  --gpu NAME        its name in the catalogue. Default: by the driver's name\n"
    "  -o FILE           writes there; of several families FILE-FAMILY\n"
    "  --list            prints what would be timed, and needs no GPU\n"
    "\n"
    "ithaca_probe collectives [flags], ithaca_probe layers [flags]: NCCL; see 'ithaca_probe collectives --help'\n"
    "\n"
    "Exit codes: 0 done, 1 cannot write, 2 wrong command line, 5 a driver, GPU or library is missing.\n";

namespace {

class OptionReader {
 public:
  Result<ProbeOptions, std::string> read(const std::vector<std::string>& arguments) {
    bool help = false;
    add_flags(help);
    if (!arguments.empty()) read_command(arguments[0]);
    table_.read(arguments, 1);
    if (help) options_.command = ProbeOptions::Command::help;
    if (options_.command == ProbeOptions::Command::kernels) check_kernels();
    if (!table_.problems().empty()) return table_.problems();
    return options_;
  }

 private:
  void add_flags(bool& help) {
    table_.toggle("--help", help);
    table_.toggle("-h", help);
    table_.toggle("--list", options_.list);
    table_.value("--model", [this](const std::string& v) { read_model(v); });
    table_.value("--seq", [this](const std::string& v) { read_lengths(v); });
    table_.value("--family", [this](const std::string& v) { read_families(v); });
    table_.parsed("--gpus", parse_count, options_.request.gpus);
    table_.parsed("--error", parse_percent, options_.rule.error);
    table_.parsed("--budget", parse_seconds, options_.rule.budget);
    table_.parsed("--device", parse_count, options_.device);
    table_.value("--gpu", [this](const std::string& v) { options_.gpu = v; });
    table_.value("-o", [this](const std::string& v) { options_.file = v; });
  }

  void read_command(const std::string& word) {
    if (word == "kernels")
      options_.command = ProbeOptions::Command::kernels;
    else if (word != "--help" && word != "-h")
      table_.complain("'" + word + "' is no command; write kernels, collectives or layers");
  }

  void read_model(const std::string& name) {
    const auto loaded = load_model(name);
    if (loaded)
      options_.request.model = loaded->model;
    else
      table_.add(print(loaded.error()));
  }

  void read_lengths(const std::string& list) {
    for (const std::string& word : split_list(list)) {
      Tokens tokens;
      table_.take("--seq", word, parse_tokens, tokens);
      if (tokens.count > 0) options_.request.lengths.push_back(tokens.count);
    }
  }

  void read_families(const std::string& list) {
    std::vector<std::string> names;
    for (const Family family : kFamilies) names.emplace_back(name(family));
    for (const std::string& word : split_list(list)) {
      const auto found = std::find(names.begin(), names.end(), word);
      if (found == names.end())
        table_.complain("--family: '" + word + "' is none; " + suggestion(word, names));
      else
        options_.families.push_back(kFamilies[found - names.begin()]);
    }
  }

  void check_kernels() {
    const CaseRequest& request = options_.request;
    if (request.model.heads == 0 && table_.problems().empty()) table_.complain("--model is missing");
    if (request.lengths.empty() && table_.problems().empty()) table_.complain("--seq is missing");
    if (request.gpus < 1) table_.complain("--gpus: at least 1");
    if (request.model.heads > 0 && request.gpus > request.model.heads)
      table_.complain("--gpus: " + request.model.name + " has " + std::to_string(request.model.heads) +
                      " heads, and no GPU may be without");
    for (const std::int64_t length : request.lengths)
      if (length < request.gpus) table_.complain("--seq: fewer tokens than GPUs");
    if (options_.rule.error <= 0) table_.complain("--error: above 0%");
    if (options_.families.empty()) options_.families.assign(std::begin(kFamilies), std::end(kFamilies));
  }

  ProbeOptions options_;
  OptionTable table_;
};

}  // namespace

Result<ProbeOptions, std::string> parse_probe_options(const std::vector<std::string>& arguments) {
  return OptionReader().read(arguments);
}

}  // namespace ithaca
