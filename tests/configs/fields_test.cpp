#include "configs/reader/fields.hpp"

#include <gtest/gtest.h>

#include <ctime>

namespace ithaca {
namespace {

/// A document and what is wrong with it.
struct Read {
  explicit Read(const std::string& text) {
    auto parsed = parse_document("f.yaml", text);
    if (parsed) {
      document = *parsed;
    } else {
      ADD_FAILURE() << print(parsed.error());
    }
  }
  Fields fields(std::string what = "the thing") { return {document, document.root, std::move(what), problems}; }
  std::string said() const { return print(problems); }
  std::vector<std::string> what() const {
    std::vector<std::string> all;
    for (const Diagnostic& d : problems) all.push_back(d.what);
    return all;
  }

  Document document;
  Diagnostics problems;
};

using Words = std::vector<std::string>;

TEST(Fields, ReadsValues) {
  Read read("hidden: 4096\nrate: 400Gbps\nflag: true\nshare: 0.85\nname: 'a b'\nlist: [1, 2]\nmap: {a: 1}\n");
  Fields fields = read.fields();
  EXPECT_EQ(fields.need("hidden", parse_size), 4096);
  EXPECT_EQ(fields.need("rate", parse_rate), BytesPerSecond{50e9});  // 400e9 bits / 8
  EXPECT_EQ(fields.need("flag", parse_flag), true);
  EXPECT_EQ(fields.need("share", parse_share), 0.85);
  EXPECT_EQ(fields.text("name"), "a b");
  EXPECT_EQ(fields.text_or("note", "none"), "none");
  EXPECT_EQ(fields.maybe("heads", parse_size), std::nullopt);
  ASSERT_NE(fields.sequence("list"), nullptr);
  EXPECT_EQ(fields.sequence("list")->items.size(), 2u);
  ASSERT_NE(fields.map("map"), nullptr);
  fields.finish();
  EXPECT_EQ(read.said(), "");
}

TEST(Fields, ReportsEverythingAtOnce) {
  Read read(
      "hiden: 4096\n"
      "layers: 32\n"
      "layers: 33\n"
      "heads: many\n"
      "ffn: [1, 2]\n"
      "memory: 80\n"
      "vocab:\n"
      "extra: 1\n");
  Fields fields = read.fields("the model");
  fields.need("hidden", parse_size);
  fields.need("layers", parse_size);
  fields.need("heads", parse_size);
  fields.need("ffn", parse_size);
  fields.need("memory", parse_bytes);
  fields.need("vocab", parse_size);
  fields.finish();
  EXPECT_EQ(read.said(), R"(error: f.yaml:1:1: key 'hidden' is missing in the model
 > 1 | hiden: 4096
     | ^
next: add 'hidden: ...'
error: f.yaml:1:1: unknown key 'hiden' in the model
 > 1 | hiden: 4096
     | ^^^^^ did you mean 'hidden'?
next: mend the name, or remove the key
error: f.yaml:3:1: key 'layers' is given twice
   2 | layers: 32
 > 3 | layers: 33
     | ^^^^^^
other place: f.yaml:2:1
   1 | hiden: 4096
 > 2 | layers: 32
     | ^^^^^^
next: keep one of them
error: f.yaml:4:8: 'heads' in the model: 'many' is no number
   3 | layers: 33
 > 4 | heads: many
     |        ^^^^
next: write digits alone, such as 64
error: f.yaml:5:6: 'ffn' in the model must be a single value, this is a list
   4 | heads: many
 > 5 | ffn: [1, 2]
     |      ^
next: write 'ffn: value'
error: f.yaml:6:9: 'memory' in the model: '80' has no unit
   5 | ffn: [1, 2]
 > 6 | memory: 80
     |         ^^
next: write 80GB (10^9 bytes) or 80GiB (2^30 bytes)
error: f.yaml:7:1: 'vocab' in the model has no value
   6 | memory: 80
 > 7 | vocab:
     | ^^^^^
next: give it one, or leave the key out
error: f.yaml:8:1: unknown key 'extra' in the model
   7 | vocab:
 > 8 | extra: 1
     | ^^^^^ one of ffn, heads, hidden, layers, memory, vocab
next: mend the name, or remove the key
)");
}

TEST(Fields, NothingIsConvertedSilently) {
  // What YAML 1.1 readers take for numbers and booleans, and what each is here.
  for (const char* number :
       {"010",   "0x10", "0o10", "1_000", "1,000", "1e3",   "1.5",        "4096.0", ".inf",   ".nan",
        "-.inf", "-5",   "+5",   "0",     "true",  "12:30", "2024-01-01", "'64'",   "\"64\"", "9007199254740993"}) {
    Read read("heads: " + std::string(number));
    EXPECT_EQ(read.fields().need("heads", parse_size), 0) << number;
    EXPECT_EQ(read.problems.size(), 1u) << number << "\n" << read.said();
  }
  for (const char* flag : {"yes", "no", "on", "off", "y", "n", "True", "TRUE", "1", "0", "'true'", "\"false\""}) {
    Read read("tied: " + std::string(flag));
    EXPECT_EQ(read.fields().maybe("tied", parse_flag), std::nullopt) << flag;
    EXPECT_EQ(read.problems.size(), 1u) << flag << "\n" << read.said();
  }
  for (const char* share : {"0", "1.1", "-0.5", "85%", "'0.5'", ".inf", "nan", "1e-1", "0x0.8p0", "", "."}) {
    EXPECT_FALSE(parse_share(share)) << share;
  }
}

TEST(Fields, QuotesAreNoMistakeAroundUnits) {
  Read read("memory: '80GB'\nname: \"x\"\n");
  Fields fields = read.fields();
  EXPECT_EQ(fields.need("memory", parse_bytes), Bytes{80e9});
  EXPECT_EQ(fields.text("name"), "x");
  EXPECT_EQ(read.said(), "");
}

TEST(Fields, AKeyWithoutAValueIsReportedOnce) {
  for (const char* text : {"heads:\n", "heads: ~\n", "heads: null\n"}) {
    Read read(text);
    Fields fields = read.fields();
    EXPECT_EQ(fields.maybe("heads", parse_size), std::nullopt);
    EXPECT_EQ(fields.node("heads"), nullptr);
    EXPECT_EQ(fields.need("heads", parse_size), 0);
    fields.finish();
    EXPECT_EQ(read.what(), Words{"'heads' in the thing has no value"}) << text;
  }
}

TEST(Fields, NullCanCountAsAbsent) {
  Read read(R"({"heads": null, "layers": null})");
  Fields fields = read.fields();
  fields.allow_null();
  EXPECT_EQ(fields.maybe("heads", parse_size), std::nullopt);
  EXPECT_EQ(read.said(), "");
  EXPECT_TRUE(fields.has("heads"));
  fields.need("layers", parse_size);
  EXPECT_EQ(read.what(), Words{"key 'layers' is missing in the thing"});
}

TEST(Fields, ReportsTheWrongShape) {
  const std::vector<std::pair<std::string, std::string>> roots{
      {"hello", "the thing must be a map of keys, this is a single value"},
      {"[1, 2]", "the thing must be a map of keys, this is a list"},
      {"~", "the thing must be a map of keys, this is nothing"}};
  for (const auto& [text, what] : roots) {
    Read read(text);
    Fields fields = read.fields();
    EXPECT_EQ(fields.need("heads", parse_size), 0);
    fields.finish();
    EXPECT_EQ(read.what(), Words{what}) << "and no missing or unknown keys";
  }
  Read read("a: {b: 1}\nc: 5\nd: [1]\n");
  Fields fields = read.fields();
  EXPECT_EQ(fields.sequence("a"), nullptr);
  EXPECT_EQ(fields.map("c"), nullptr);
  EXPECT_EQ(fields.sequence("c"), nullptr);
  EXPECT_EQ(fields.map("d"), nullptr);
  EXPECT_EQ(fields.map("e"), nullptr);
  EXPECT_EQ(fields.text("d"), "");
  EXPECT_EQ(read.problems.size(), 6u) << read.said();
}

TEST(Fields, AForgottenSpaceIsSeen) {
  Read read("{heads:32}");
  Fields fields = read.fields();
  fields.maybe("heads", parse_size);
  fields.finish();
  EXPECT_EQ(read.said(),
            "error: f.yaml:1:2: unknown key 'heads:32' in the thing\n"
            " > 1 | {heads:32}\n"
            "     |  ^^^^^^^^ a space is missing after the ':'\n"
            "next: write 'key: value'\n");
}

TEST(Fields, AMisspeltKeyHearsOfItsValueToo) {
  Read read("rail:\n  bandwith: 400\n");
  Fields fields(read.document, *read.fields().map("rail"), "link 'rail'", read.problems);
  fields.maybe("bandwidth", parse_rate);
  fields.finish();
  EXPECT_EQ(read.said(),
            "error: f.yaml:2:3: unknown key 'bandwith' in link 'rail'\n"
            "   1 | rail:\n"
            " > 2 |   bandwith: 400\n"
            "     |   ^^^^^^^^ did you mean 'bandwidth'? it also needs a unit: 400Gbps (bits) or 400GBps (bytes)\n"
            "next: mend the name, or remove the key\n");
  Read other("flagg: yes\nlayer: 32\n");
  Fields flags = other.fields();
  flags.maybe("flag", parse_flag);
  flags.maybe("layers", parse_size);
  flags.finish();
  ASSERT_EQ(other.problems.size(), 2u);
  EXPECT_EQ(other.problems[0].hint, "did you mean 'flag'? and 'yes' is neither true nor false");
  EXPECT_EQ(other.problems[1].hint, "did you mean 'layers'?");
}

TEST(Fields, UnknownKeysNameTheKnownOnes) {
  Read read("zzzzzz: 1\n");
  Fields fields = read.fields();
  for (const char* key : {"a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9"}) fields.maybe(key, parse_size);
  fields.finish();
  ASSERT_EQ(read.problems.size(), 1u);
  EXPECT_EQ(read.problems[0].hint, "");
  EXPECT_EQ(read.problems[0].next, "remove it, or take one of a1, a2, a3, a4, a5, a6, a7, a8, a9");
}

TEST(Fields, ThreeOfAKindNameTheFirst) {
  Read read("a: 1\na: 2\na: 3\n");
  Fields fields = read.fields();
  EXPECT_EQ(fields.need("a", parse_size), 1);
  fields.finish();
  ASSERT_EQ(read.problems.size(), 2u);
  EXPECT_EQ(read.problems[1].at.line, 3);
  EXPECT_EQ(read.problems[1].conflicts->line, 1);
}

TEST(Fields, QuotedAndPlainKeysAreTheSame) {
  Read read("heads: 1\n\"heads\": 2\n'he\\u0061ds': 3\n");
  read.fields();
  EXPECT_EQ(read.what(), Words{"key 'heads' is given twice"}) << "escapes mean nothing in single quotes";
}

const std::string kFigures = "sources: {sheet: \"a datasheet\"}\n";

TEST(Figures, CarryTheirOrigin) {
  Read read(kFigures +
            "rate: {value: 50GBps, from: sheet, mark: measured, note: \"warm\"}\nsms: {value: 132, from: sheet}\n");
  Fields fields = read.fields();
  const Node* sources = fields.map("sources");
  const auto rate = fields.need_figure("rate", parse_rate, sources);
  EXPECT_EQ(rate.value, BytesPerSecond{50e9});
  EXPECT_EQ(rate.mark, Mark::measured);
  EXPECT_EQ(rate.source, "a datasheet");
  EXPECT_EQ(rate.note, "warm");
  EXPECT_EQ(rate.text, "50GBps");
  ASSERT_NE(rate.node, nullptr);
  EXPECT_EQ(rate.node->line, 2);
  EXPECT_EQ(fields.need_figure("sms", parse_size, sources).mark, Mark::datasheet);
  EXPECT_EQ(fields.maybe_figure("none", parse_rate, sources), std::nullopt);
  fields.finish();
  EXPECT_EQ(read.said(), "");
}

TEST(Figures, WithoutASourceAreMistakes) {
  Read read(kFigures +
            "a: 50GBps\n"
            "b: {value: 50GBps}\n"
            "c: {value: 50GBps, from: shet}\n"
            "d: {value: 50, from: sheet, mark: guessed, unit: GBps}\n");
  Fields fields = read.fields();
  const Node* sources = fields.map("sources");
  for (const char* key : {"a", "b", "c", "d"}) fields.need_figure(key, parse_rate, sources);
  EXPECT_EQ(read.said(), R"(error: f.yaml:2:4: 'a' must be a map of keys, this is a single value
   1 | sources: {sheet: "a datasheet"}
 > 2 | a: 50GBps
     |    ^^^^^^
next: write {value: ..., from: ...} or nested keys
error: f.yaml:3:4: key 'from' is missing in 'b'
   2 | a: 50GBps
 > 3 | b: {value: 50GBps}
     |    ^
next: add 'from: ...'
error: f.yaml:4:26: source 'shet' is not in this file's sources
   3 | b: {value: 50GBps}
 > 4 | c: {value: 50GBps, from: shet}
     |                          ^^^^ did you mean 'sheet'?
next: add it under 'sources:' with the document it stands for
error: f.yaml:5:12: 'value' in 'd': '50' has no unit
   4 | c: {value: 50GBps, from: shet}
 > 5 | d: {value: 50, from: sheet, mark: guessed, unit: GBps}
     |            ^^
next: write 50Gbps (bits) or 50GBps (bytes)
error: f.yaml:5:35: 'mark' in 'd': 'guessed' is no mark
   4 | c: {value: 50GBps, from: shet}
 > 5 | d: {value: 50, from: sheet, mark: guessed, unit: GBps}
     |                                   ^^^^^^^
next: one of measured, calibrated, datasheet, extrapolated
error: f.yaml:5:44: unknown key 'unit' in 'd'
   4 | c: {value: 50GBps, from: shet}
 > 5 | d: {value: 50, from: sheet, mark: guessed, unit: GBps}
     |                                            ^^^^ one of from, mark, note, value
next: mend the name, or remove the key
)");
}

TEST(Schema, IsNamedAtTheTop) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"schema: model/1", ""},
      {"schema: gpu/1", "schema 'gpu/1' is not 'model/1'"},
      {"schema: model/2", "schema 'model/2' is not 'model/1'"},
      {"schema: model", "schema 'model' is not 'model/1'"},
      {"name: x", "key 'schema' is missing in the thing"},
      {"schema: [model/1]", "'schema' in the thing must be a single value, this is a list"},
  };
  for (const auto& [text, what] : cases) {
    Read read(text);
    Fields fields = read.fields();
    check_schema(fields, "model");
    EXPECT_EQ(read.what(), what.empty() ? Words{} : Words{what}) << text;
  }
}

TEST(Fields, AFileOfAnotherKindDoesNotFloodTheScreen) {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "key" + std::to_string(i) + ": 1\n";
  Read read(text + text);
  const std::clock_t start = std::clock();
  Fields fields = read.fields();
  fields.need("hidden", parse_size);
  fields.finish();
  EXPECT_EQ(read.problems.size(), 50u);
  EXPECT_LT(std::clock() - start, 5 * CLOCKS_PER_SEC) << "duplicates are found without a square";
}

}  // namespace
}  // namespace ithaca
