#include "validate/probe/probe_options.hpp"

#include <algorithm>
#include <functional>
#include <map>

#include "configs/reader/load_model.hpp"
#include "configs/reader/nearest.hpp"
#include "model/units.hpp"

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
    "ithaca_probe collectives: not part of this build\n"
    "\n"
    "Exit codes: 0 done, 1 cannot write, 2 wrong command line, 5 a driver, GPU or library is missing.\n";

namespace {

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> words;
  std::size_t start = 0;
  for (std::size_t comma = list.find(','); comma != std::string::npos; comma = list.find(',', start)) {
    words.push_back(list.substr(start, comma - start));
    start = comma + 1;
  }
  words.push_back(list.substr(start));
  return words;
}

class OptionReader {
 public:
  Result<ProbeOptions, std::string> read(const std::vector<std::string>& arguments) {
    std::size_t next = 0;
    if (!arguments.empty()) read_command(arguments[next++]);
    for (; next < arguments.size(); ++next) {
      const std::string& flag = arguments[next];
      if (flag == "--help" || flag == "-h")
        options_.command = ProbeOptions::Command::help;
      else if (flag == "--list")
        options_.list = true;
      else if (readers_.count(flag) == 0)
        unknown(flag);
      else if (next + 1 == arguments.size())
        complain(flag + " needs a value");
      else
        readers_.at(flag)(arguments[++next]);
    }
    if (options_.command == ProbeOptions::Command::kernels) check_kernels();
    if (!problems_.empty()) return problems_;
    return options_;
  }

 private:
  void complain(const std::string& problem) { problems_ += "error: " + problem + "\n"; }
  void unknown(const std::string& flag) {
    std::vector<std::string> names{"--help", "--list"};
    for (const auto& [name, reader] : readers_) names.push_back(name);
    complain("'" + flag + "' is no flag; " + suggestion(flag, names));
  }

  void read_command(const std::string& word) {
    if (word == "kernels")
      options_.command = ProbeOptions::Command::kernels;
    else if (word == "collectives")
      options_.command = ProbeOptions::Command::collectives;
    else if (word != "--help" && word != "-h")
      complain("'" + word + "' is no command; write kernels or collectives");
  }

  template <class T, class Parse>
  void number(const char* flag, const std::string& text, Parse parse, T& to) {
    const auto parsed = parse(text);
    if (parsed)
      to = static_cast<T>(*parsed);
    else
      complain(std::string(flag) + ": " + parsed.error().what + "; " + parsed.error().next);
  }

  void read_model(const std::string& name) {
    const auto loaded = load_model(name);
    if (loaded)
      options_.request.model = loaded->model;
    else
      problems_ += print(loaded.error());
  }

  void read_lengths(const std::string& list) {
    for (const std::string& word : split(list)) {
      Tokens tokens;
      number("--seq", word, parse_tokens, tokens);
      if (tokens.count > 0) options_.request.lengths.push_back(tokens.count);
    }
  }

  void read_families(const std::string& list) {
    std::vector<std::string> names;
    for (const Family family : kFamilies) names.emplace_back(name(family));
    for (const std::string& word : split(list)) {
      const auto found = std::find(names.begin(), names.end(), word);
      if (found == names.end())
        complain("--family: '" + word + "' is none; " + suggestion(word, names));
      else
        options_.families.push_back(kFamilies[found - names.begin()]);
    }
  }

  void check_kernels() {
    const CaseRequest& request = options_.request;
    if (request.model.heads == 0 && problems_.empty()) complain("--model is missing");
    if (request.lengths.empty() && problems_.empty()) complain("--seq is missing");
    if (request.gpus < 1) complain("--gpus: at least 1");
    if (request.model.heads > 0 && request.gpus > request.model.heads)
      complain("--gpus: " + request.model.name + " has " + std::to_string(request.model.heads) +
               " heads, and no GPU may be without");
    for (const std::int64_t length : request.lengths)
      if (length < request.gpus) complain("--seq: fewer tokens than GPUs");
    if (options_.rule.error <= 0) complain("--error: above 0%");
    if (options_.families.empty()) options_.families.assign(std::begin(kFamilies), std::end(kFamilies));
  }

  ProbeOptions options_;
  std::string problems_;
  using Reader = std::function<void(const std::string&)>;
  const std::map<std::string, Reader> readers_{
      {"--model", [this](const std::string& v) { read_model(v); }},
      {"--seq", [this](const std::string& v) { read_lengths(v); }},
      {"--gpus", [this](const std::string& v) { number("--gpus", v, parse_count, options_.request.gpus); }},
      {"--family", [this](const std::string& v) { read_families(v); }},
      {"--error", [this](const std::string& v) { number("--error", v, parse_percent, options_.rule.error); }},
      {"--budget", [this](const std::string& v) { number("--budget", v, parse_seconds, options_.rule.budget); }},
      {"--device", [this](const std::string& v) { number("--device", v, parse_count, options_.device); }},
      {"--gpu", [this](const std::string& v) { options_.gpu = v; }},
      {"-o", [this](const std::string& v) { options_.file = v; }},
  };
};

}  // namespace

Result<ProbeOptions, std::string> parse_probe_options(const std::vector<std::string>& arguments) {
  return OptionReader().read(arguments);
}

}  // namespace ithaca
