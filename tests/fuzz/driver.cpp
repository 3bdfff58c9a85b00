// driver NAME SECONDS SEED FOLDERS...: a fuzzer without libFuzzer, for any compiler: gives the harness the files of the
// folders, then changed ones for so many seconds. Not guided by coverage as libFuzzer is: it finds shallow faults. The
// input of a crash stays in crash-NAME of the current folder.

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

// The build gives ITHACA_HARNESSES: X(cluster) X(flows) ...
#define X(name) extern "C" int fuzz_##name(const unsigned char* data, std::size_t size);
ITHACA_HARNESSES
#undef X

namespace {

using Harness = int (*)(const unsigned char*, std::size_t);

Harness find_harness(std::string_view wanted) {
#define X(name) \
  if (wanted == #name) return fuzz_##name;
  ITHACA_HARNESSES
#undef X
  return nullptr;
}

constexpr std::size_t kLargest = 16384;
constexpr unsigned kPatience = 10;  // seconds that one input may take

// A signal's handler finds nothing else.
std::string current;
std::string crash_file;

void save_input() {
  if (std::FILE* file = std::fopen(crash_file.c_str(), "wb")) {
    std::fwrite(current.data(), 1, current.size(), file);
    std::fclose(file);
  }
}

extern "C" void on_crash(int signal) {
  save_input();
  ::signal(signal, SIG_DFL);
  raise(signal);
}

/// The folders' files, but for large ones.
std::vector<std::string> read_all(char** first, char** last) {
  std::vector<std::string> inputs;
  for (; first != last; ++first) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(*first)) {
      if (!entry.is_regular_file() || entry.file_size() > kLargest) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
  }
  std::sort(inputs.begin(), inputs.end());  // folders have no order of their own
  return inputs;
}

class Changer {
 public:
  Changer(const std::vector<std::string>& inputs, std::uint32_t seed) : inputs_(inputs), dice_(seed) {}

  std::string next() {
    std::string text = any();
    for (std::size_t changes = 1 + below(6); changes > 0; --changes) change(text);
    if (text.size() > kLargest) text.resize(kLargest);
    return text;
  }

 private:
  std::size_t below(std::size_t end) {
    return end == 0 ? 0 : std::uniform_int_distribution<std::size_t>(0, end - 1)(dice_);
  }
  const std::string& any() { return inputs_[below(inputs_.size())]; }

  std::string piece(const std::string& text) {
    const std::size_t at = below(text.size());
    return text.substr(at, 1 + below(std::min<std::size_t>(text.size() - at, 64)));
  }

  std::string tail(const std::string& text) { return text.substr(below(text.size() + 1)); }

  void change(std::string& text) {
    static constexpr std::string_view kTricky[] = {"0",    "-1",   "1e309", "9223372036854775808",
                                                   "nan",  "\n",   ": ",    "[",
                                                   "{",    "}",    "\"",    "&a ",
                                                   "*a",   "<",    ">",     ",",
                                                   "\x1b", "\xff", "#",     "%"};
    const std::size_t at = below(text.size() + 1);
    switch (below(6)) {
      case 0: text.insert(at, kTricky[below(std::size(kTricky))]); break;
      case 1: text.insert(at, piece(any())); break;
      case 2: text.erase(at, 1 + below(32)); break;
      case 3: text.insert(at, piece(text)); break;
      case 4: text.replace(at, text.npos, tail(any())); break;
      default:
        if (at < text.size()) text[at] = static_cast<char>(below(256));
    }
  }

  const std::vector<std::string>& inputs_;
  std::mt19937 dice_;
};

void try_input(Harness harness, std::string input) {
  current = std::move(input);
  alarm(kPatience);
  harness(reinterpret_cast<const unsigned char*>(current.data()), current.size());
}

}  // namespace

// NOLINTNEXTLINE(bugprone-reserved-identifier): AddressSanitizer calls it.
extern "C" void __asan_on_error() { save_input(); }

int main(int argc, char** argv) {
  if (argc < 5) return std::fputs("usage: driver NAME SECONDS SEED FOLDERS...\n", stderr), 2;
  const Harness harness = find_harness(argv[1]);
  const std::vector<std::string> inputs = read_all(argv + 4, argv + argc);
  if (harness == nullptr || inputs.empty()) return std::fprintf(stderr, "%s: no harness, or no input\n", argv[1]), 2;
  crash_file = std::string("crash-") + argv[1];
  for (const int signal : {SIGSEGV, SIGABRT, SIGALRM, SIGFPE, SIGBUS}) ::signal(signal, on_crash);

  for (const std::string& input : inputs) try_input(harness, input);
  Changer changer(inputs, static_cast<std::uint32_t>(std::atoi(argv[3])));
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(std::atof(argv[2]));
  std::size_t tried = inputs.size();
  for (; std::chrono::steady_clock::now() < end; ++tried) try_input(harness, changer.next());
  std::printf("%s: %zu inputs from seed %s\n", argv[1], tried, argv[3]);
}
