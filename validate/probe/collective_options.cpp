#include "validate/probe/collective_options.hpp"

#include <algorithm>

#include "configs/reader/byte_range.hpp"
#include "configs/reader/load_model.hpp"
#include "configs/reader/nearest.hpp"
#include "validate/probe/option_table.hpp"

namespace ithaca {

const char* const kCollectivesHelp =
    "ithaca_probe collectives [flags]\n"
    "Times NCCL's collectives and checks every element. Alone: all GPUs of this machine, a thread each. Started by\n"
    "torchrun, srun or mpirun, or with --rank: one rank. Rank 0 writes the table (measurements/1).\n"
    "\n"
    "  --ops OP,...      all_gather, reduce_scatter, all_reduce, all_to_all, send_recv. Default: all\n"
    "  --sizes RANGE     as nccl-tests counts them. Default: 64KiB..256MiB*4\n"
    "  --model M         its layer's Ulysses and Megatron-SP patterns too; a model of the catalogue, or a file\n"
    "  --seq N,...       tokens of the whole sequence, for the patterns\n"
    "  --overlap         its FFN-up GEMM beside an all-gather of the activation too, into FILE-overlap\n"
    "  --gpus P          how many GPUs of this machine. Default: all\n"
    "  --rank R --ranks N --meet HOST:PORT   without a launcher; rank 0 listens there and nowhere else\n"
    "  --token WORD      the same for all ranks; needed where they are processes, and keeps strangers out\n"
    "  --share-gpu       the ranks are processes on one GPU: a functional run over the loopback, marked as such\n"
    "  --patience T      with a step that hangs, before NCCL is aborted. Default: 30s\n"
    "  --error E         of the median, at which timing stops. Default: 2%\n"
    "  --budget T        for one row. Default: 2s\n"
    "  --cluster NAME    of the catalogue, for the file\n"
    "  --gpu NAME        its name in the catalogue. Default: by the driver's name\n"
    "  -o FILE           is written anew after each row\n"
    "  --list            prints what would be measured, and needs no GPU\n"
    "\n"
    "ithaca_probe layers [flags]\n"
    "Runs small layers by Ulysses and Megatron-SP over NCCL, against one process and against the model's bytes.\n"
    "\n"
    "Exit codes: 0 done, 1 cannot write, or a rank was lost or hung, 2 wrong command line, 4 a layer came out wrong,\n"
    "5 a driver, GPU or library is missing.\n";

namespace {

constexpr Op kOps[] = {Op::all_gather, Op::reduce_scatter, Op::all_reduce, Op::all_to_all, Op::send_recv};

class Reader {
 public:
  Result<CollectiveOptions, std::string> read(const std::vector<std::string>& arguments, const Variables& variables) {
    bool help = false;
    o_.plan.rule.error = 0.02;
    o_.plan.rule.budget = Seconds{2};
    add_flags(help);
    read_launch_of(variables);
    table_.read(arguments, 1);
    if (help) return o_;
    using Command = CollectiveOptions::Command;
    o_.command = arguments[0] == "layers" ? Command::layers : Command::collectives;
    if (o_.plan.ops.empty()) o_.plan.ops.assign(std::begin(kOps), std::end(kOps));
    if (o_.plan.sizes.empty()) read_sizes("64KiB..256MiB*4");
    check();
    if (!table_.problems().empty()) return table_.problems();
    return o_;
  }

 private:
  void add_flags(bool& help) {
    table_.toggle("--help", help);
    table_.toggle("-h", help);
    table_.toggle("--list", o_.list);
    table_.toggle("--overlap", o_.overlap);
    table_.toggle("--share-gpu", o_.share_gpu);
    table_.value("--ops", [this](const std::string& v) { read_ops(v); });
    table_.value("--sizes", [this](const std::string& v) { read_sizes(v); });
    table_.value("--model", [this](const std::string& v) { read_model(v); });
    table_.value("--seq", [this](const std::string& v) { read_lengths(v); });
    table_.value("--meet", [this](const std::string& v) { read_place(v); });
    table_.value("--rank", [this](const std::string& v) { read_rank(v); });
    table_.parsed("--ranks", parse_count, o_.meeting.ranks);
    table_.parsed("--gpus", parse_count, o_.gpus);
    table_.parsed("--patience", parse_seconds, o_.meeting.patience);
    table_.parsed("--error", parse_percent, o_.plan.rule.error);
    table_.parsed("--budget", parse_seconds, o_.plan.rule.budget);
    for (auto [flag, to] :
         {std::pair{"--token", &o_.meeting.token}, {"--cluster", &o_.cluster}, {"--gpu", &o_.gpu}, {"-o", &o_.file}})
      table_.value(flag, [to = to](const std::string& v) { *to = v; });
  }

  void read_launch_of(const Variables& variables) {
    const auto launch = read_launch(variables);
    if (!launch) return table_.complain(launch.error() + "; start it through the launcher, or clear its variables");
    if (!*launch) return;
    const Launch& said = **launch;
    o_.meeting.rank = said.rank;
    o_.meeting.ranks = said.ranks;
    o_.meeting.at = {said.host, static_cast<std::uint16_t>(said.port)};
    o_.local_rank = said.local_rank;
    o_.launched_by = said.by;
    o_.all_here = false;
  }

  void read_ops(const std::string& list) {
    std::vector<std::string> names;
    for (const Op op : kOps) names.emplace_back(name(op));
    for (const std::string& word : split_list(list)) {
      const auto found = std::find(names.begin(), names.end(), word);
      if (found == names.end())
        table_.complain("--ops: '" + word + "' is none; " + suggestion(word, names));
      else
        o_.plan.ops.push_back(kOps[found - names.begin()]);
    }
  }

  void read_sizes(const std::string& text) {
    auto sizes = parse_byte_range(text);
    if (sizes) o_.plan.sizes = *sizes;
    if (!sizes) table_.complain("--sizes: " + sizes.error().what + "; " + sizes.error().next);
  }

  void read_model(const std::string& name) {
    const auto loaded = load_model(name);
    if (loaded) o_.plan.model = loaded->model;
    if (!loaded) table_.add(print(loaded.error()));
  }

  void read_lengths(const std::string& list) {
    for (const std::string& word : split_list(list)) {
      Tokens tokens;
      table_.take("--seq", word, parse_tokens, tokens);
      if (tokens.count > 0) o_.plan.lengths.push_back(tokens.count);
    }
  }

  void read_place(const std::string& text) {
    const auto at = parse_endpoint(text);
    if (at) o_.meeting.at = *at;
    if (!at) table_.complain("--meet: " + at.error());
  }

  void read_rank(const std::string& text) {
    table_.take("--rank", text, parse_count, o_.meeting.rank);
    o_.all_here = false;
  }

  void check() {
    const Meeting& m = o_.meeting;
    if (o_.plan.model.has_value() == o_.plan.lengths.empty()) table_.complain("--model and --seq need each other");
    if (o_.overlap && !o_.plan.model) table_.complain("--overlap needs --model and --seq");
    if (o_.gpus < 0 || o_.gpus > 1024) table_.complain("--gpus: 1 to 1024");
    if (!(m.patience > Seconds{0})) table_.complain("--patience: more than nothing");
    if (!(o_.plan.rule.error > 0)) table_.complain("--error: above 0%");
    if (o_.all_here && o_.share_gpu)
      table_.complain("--share-gpu is for processes: start each with --rank, --ranks, --meet and --token");
    if (o_.all_here || o_.list) return;
    if (m.ranks < 1 || m.rank >= m.ranks) table_.complain("--rank: below --ranks, from 0");
    if (m.at.host.empty()) table_.complain("nobody says where the ranks meet; write --meet HOST:PORT");
    if (m.token.empty() || m.token.size() > 64)
      table_.complain("the token keeps strangers out, and has 1 to 64 bytes; write --token WORD on all ranks");
  }

  CollectiveOptions o_;
  OptionTable table_;
};

}  // namespace

Result<CollectiveOptions, std::string> parse_collective_options(const std::vector<std::string>& arguments,
                                                                const Variables& variables) {
  return Reader().read(arguments, variables);
}

std::vector<std::pair<std::string, std::string>> sharing_environment(int rank) {
  return {{"NCCL_HOSTID", "ithaca-" + std::to_string(rank)},
          {"NCCL_NET", "Socket"},
          {"NCCL_SOCKET_IFNAME", "lo"},
          {"NCCL_IB_DISABLE", "1"},
          {"NCCL_P2P_DISABLE", "1"},
          {"NCCL_SHM_DISABLE", "1"},
          {"NCCL_MAX_CTAS", "4"}};
}

}  // namespace ithaca
