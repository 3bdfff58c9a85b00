#include "cli/page_live.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cli/compare_flags.hpp"
#include "cli/page_charts.hpp"
#include "cli/page_program.hpp"
#include "cli/text.hpp"
#include "configs/reader/catalogue.hpp"
#include "configs/reader/load_model.hpp"
#include "model/around.hpp"
#include "model/question_numbers.hpp"
#include "model/units.hpp"
#include "model/what_if.hpp"

namespace ithaca {
namespace {

constexpr std::int64_t kLargestHead = 256;  // FlashAttention's README: "all head dimensions up to 256"
constexpr std::int64_t kSmallestHead = 8;   // below which a matrix unit's tile would be empty
constexpr std::int64_t kLongestOffered = std::int64_t{1} << 24;

/// A position of a slider: its value, how people read it, how the command line takes it.
struct Option {
  double value = 0;
  std::string words, text;
};
using Options = std::vector<Option>;

/// A JSON string that ends no element of the page.
std::string json_text(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\' || c == '<' || code < 0x20)
      json += fmt::format("\\u{:04x}", code);
    else
      json += c;
  }
  return json + "\"";
}

template <class Items, class Write>
std::string json_list(const Items& items, const Write& write) {
  std::string json = "[";
  for (const auto& item : items) json += (json.size() > 1 ? "," : "") + write(item);
  return json + "]";
}
constexpr auto json_number = [](double value) { return fmt::format("{}", value); };
constexpr auto json_whole = [](std::int64_t value) { return std::to_string(value); };

Options counts(const std::set<std::int64_t>& values) {
  Options options;
  for (const std::int64_t v : values) options.push_back({real(v), grouped(v), std::to_string(v)});
  return options;
}

std::set<std::int64_t> doubled(std::int64_t first, std::int64_t last, std::int64_t own) {
  std::set<std::int64_t> values{own};
  for (std::int64_t v = first; v <= last; v *= 2) values.insert(v);
  return values;
}

/// Single GPUs up to a node, a few nodes one by one, then powers of two and halfway between.
Options gpu_options(const Question& q) {
  const std::int64_t node = std::max(1, q.cluster.node_gpus), open = std::max<std::int64_t>(512, 8LL * q.gpus);
  const std::int64_t most = q.cluster.max_gpus > 0 ? std::min<std::int64_t>(q.cluster.max_gpus, open) : open;
  std::set<std::int64_t> values = doubled(1, most, q.gpus);
  for (std::int64_t nodes = 1; nodes <= 8 && nodes * node <= most; ++nodes) values.insert(nodes * node);
  for (std::int64_t v = 12; v <= most; v *= 2) values.insert(v);
  return counts(values);
}

Options length_options(const Question& q) {
  std::set<std::int64_t> values = doubled(1024, kLongestOffered, q.work.seq_len.count);
  for (std::int64_t v = 1536; v <= kLongestOffered; v *= 2) values.insert(v);
  Options options;
  for (const std::int64_t v : values) options.push_back({real(v), print(Tokens{v}), std::to_string(v)});
  return options;
}

Options degree_options(double own, std::int64_t most, bool open) {
  Options options = counts(doubled(1, most, std::max<std::int64_t>(1, static_cast<std::int64_t>(own))));
  if (open) options.insert(options.begin(), Option{0, "chosen", ""});
  return options;
}

/// How a rate is shown and how it is written: "400 Gb/s", "400Gbps".
struct RateUnit {
  double size = 1;  ///< bytes a second
  std::string_view shown, written;
};

/// `steps` in that unit, and the cluster's own.
Options rate_options(std::initializer_list<double> steps, const RateUnit& unit, double own) {
  std::set<double> values{own};
  for (const double step : steps) values.insert(step * unit.size);
  Options options;
  for (const double v : values) {
    const double count = v / unit.size;
    const bool whole = count * unit.size == v;
    options.push_back({v, fmt::format("{:.6g} {}", count, unit.shown),
                       whole ? fmt::format("{}{}", count, unit.written) : exact(BytesPerSecond{v})});
  }
  return options;
}

Options price_options(double own) {
  std::set<double> values{own};
  for (const double v :
       {0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 16.0})
    values.insert(v);
  Options options;
  for (const double v : values) options.push_back({v, fmt::format("{:.6g} USD", v), fmt::format("{}USD", v)});
  return options;
}

Options recompute_options() {
  Options options;
  for (const Recompute r : {Recompute::none, Recompute::selective, Recompute::full})
    options.push_back({static_cast<double>(r), std::string(name(r)), std::string(name(r))});
  return options;
}

Options zero_options() {
  Options options = counts({0, 1, 2, 3});
  options.insert(options.begin(), Option{-1, "as usual", ""});
  return options;
}

/// `flag` of compare, or else `axis` of sweep --set; a few `named` positions are a list, more a slider.
struct KnobShown {
  Knob knob{};
  bool named = false;
  std::string_view name, label, flag, axis;
  Options (*options)(const Question&, double own) = nullptr;
};
constexpr KnobShown kShown[] = {
    {Knob::gpus, false, "gpus", "GPUs", "--gpus", "", [](const Question& q, double) { return gpu_options(q); }},
    {Knob::seq_len, false, "seq_len", "sequence, tokens", "--seq", "",
     [](const Question& q, double) { return length_options(q); }},
    {Knob::micro_batch, false, "micro_batch", "micro-batch", "--micro-batch", "",
     [](const Question&, double own) { return degree_options(own, 64, false); }},
    {Knob::global_batch, false, "global_batch", "global batch", "--global-batch", "",
     [](const Question&, double own) { return degree_options(own, 4096, false); }},
    {Knob::recompute, true, "recompute", "recompute", "--recompute", "",
     [](const Question&, double) { return recompute_options(); }},
    {Knob::zero, true, "zero", "ZeRO stage", "--zero", "", [](const Question&, double) { return zero_options(); }},
    {Knob::tp, false, "tp", "tensor parallel", "--tp", "",
     [](const Question&, double own) { return degree_options(own, 128, true); }},
    {Knob::pp, false, "pp", "pipeline", "--pp", "",
     [](const Question& q, double own) {
       return degree_options(own, std::min<std::int64_t>(64, q.model.layers), false);
     }},
    {Knob::dp, false, "dp", "data parallel", "--dp", "",
     [](const Question&, double own) { return degree_options(own, 512, true); }},
    {Knob::ulysses, false, "ulysses", "ulysses", "--ulysses", "",
     [](const Question&, double own) { return degree_options(own, 128, true); }},
    {Knob::ring, false, "ring", "ring", "--ring", "",
     [](const Question&, double own) { return degree_options(own, 512, true); }},
    {Knob::heads, false, "heads", "query heads", "", "heads", nullptr},
    {Knob::kv_heads, false, "kv_heads", "KV heads", "", "kv_heads", nullptr},
    {Knob::nvlink, false, "nvlink", "NVLink a GPU", "", "nvlink",
     [](const Question&, double own) {
       return rate_options({25, 50, 100, 150, 200, 300, 450, 600, 900, 1200, 1800}, RateUnit{1e9, "GB/s", "GBps"}, own);
     }},
    {Knob::nic, false, "nic", "network a NIC", "", "nic",
     [](const Question&, double own) {
       return rate_options({25, 50, 100, 200, 400, 800, 1600, 3200}, RateUnit{1e9 / 8, "Gb/s", "Gbps"}, own);
     }},
    {Knob::price, false, "price", "price of a GPU-hour", "--price", "",
     [](const Question&, double own) { return price_options(own); }},
};

std::string knob_json(const Question& q, const KnobShown& shown, double own, const Arguments& arguments) {
  const Options options = shown.options != nullptr ? shown.options(q, own) : Options{};
  const auto option = [](const Option& o) {
    return fmt::format("[{},{},{}]", json_number(o.value), json_text(o.words), json_text(o.text));
  };
  return fmt::format(
      R"({{"id":{},"name":{},"label":{},"flag":{},"axis":{},"named":{},"base":{},"typed":{},"options":{}}})",
      static_cast<int>(shown.knob), json_text(shown.name), json_text(shown.label), json_text(shown.flag),
      json_text(shown.axis), shown.named, json_number(own), !shown.flag.empty() && arguments.has(shown.flag),
      json_list(options, option));
}

/// Head counts that keep the width and that FlashAttention takes; none under latent attention.
std::vector<std::int64_t> head_choices(const Transformer& m) {
  std::vector<std::int64_t> choices;
  for (std::int64_t heads = 1; !m.is_latent() && heads <= m.query_width(); ++heads) {
    const std::int64_t width = m.query_width() / heads;
    const bool fits = m.query_width() % heads == 0 && width >= kSmallestHead && width <= kLargestHead;
    if (fits || heads == m.heads) choices.push_back(heads);
  }
  return choices;
}

std::string model_json(const LiveModel& live) {
  return fmt::format(R"({{"name":{},"word":{},"heads":{},"kv_heads":{},"choices":{},"numbers":{}}})",
                     json_text(live.model.name), json_text(live.word), live.model.heads, live.model.kv_heads,
                     json_list(head_choices(live.model), json_whole),
                     json_list(model_numbers(live.model), json_number));
}

/// Flags that stay as they were typed.
std::vector<std::string> rest_of(const Arguments& arguments) {
  std::vector<std::string> words;
  const auto add = [&](const Flag& flag) {
    const auto turns = [&](const KnobShown& shown) { return shown.flag == flag.name; };
    if (!arguments.has(flag.name) || std::any_of(std::begin(kShown), std::end(kShown), turns)) return;
    words.emplace_back(flag.name);
    if (!flag.value.empty()) words.push_back(arguments.find(flag.name).value_or(""));
  };
  for (const Flag& flag : kJobFlags) {
    if (flag.name != "--model") add(flag);
  }
  for (const Flag& flag : kCompareOnlyFlags) {
    if (flag.name != "--engine") add(flag);
  }
  return words;
}

std::string shown_json(const PageFacts& facts) {
  const std::string settings = facts.settings.substr(0, facts.settings.rfind(' ')) + " {recompute}";
  return fmt::format(R"({{"cluster":{},"gpu":{},"settings":{}}})", json_text(facts.cluster), json_text(facts.gpu),
                     json_text(settings));
}

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::vector<LiveModel> live_models(const Question& question, const std::string& typed) {
  std::vector<LiveModel> models{{typed, question.model}};
  for (const std::string& name : catalogue_names(Kind::model)) {
    if (name == typed) continue;
    if (auto loaded = load_model(name)) models.push_back({name, std::move(loaded.value().model)});
  }
  return models;
}

std::string live_data(const Question& q, const PageFacts& facts, const std::vector<LiveModel>& models,
                      const Arguments& arguments) {
  std::vector<std::string> knobs;
  for (const KnobShown& shown : kShown) {
    if (const auto own = knob_value(q, shown.knob)) knobs.push_back(knob_json(q, shown, *own, arguments));
  }
  const auto every = [](const auto& write) { return json_list(kAllStrategies, write); };
  return fmt::format(
      R"({{"numbers":{},"models":{},"knobs":{},"rest":{},"strategies":{},"letters":{},"formulas":{},"asked":{},)"
      R"("shown":{},"model_error":{},"event_engine":{}}})",
      json_list(question_numbers(q), json_number), json_list(models, model_json),
      json_list(knobs, [](const std::string& k) { return k; }), json_list(rest_of(arguments), json_text),
      every([](Strategy s) { return json_text(name(s)); }), every([](Strategy s) { return json_text(letters_of(s)); }),
      every([](Strategy s) { return json_text(formula_of(s)); }),
      json_list(q.strategies, [](Strategy s) { return std::to_string(static_cast<int>(s)); }), shown_json(facts),
      kModelError, !facts.engine.empty());
}

std::string base64(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t three = 0;
    for (std::size_t k = 0; k < 3; ++k)
      three = three << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) text += i + k < bytes.size() + 1 ? kBase64[three >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

std::string script_source() {
  std::string digest;
  const std::string_view hex = page_script_sha256();
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    digest += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return "'sha256-" + base64(digest) + "'";
}

std::string live_elements(const std::string& data) {
  if (data.empty() || page_model().empty()) return "";
  return R"(<script type="application/json" id="live-data">)" + data +
         "</script>\n<script type=\"application/wasm\" id=\"model-code\">" + base64(page_model()) +
         "</script>\n<script>" + std::string(page_script()) + "</script>\n";
}

}  // namespace ithaca
