// Quantities as people write them, and as they are shown.

#include "model/units.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <random>
#include <vector>

namespace ithaca {
namespace {

constexpr double kKi = 1024, kMi = 1024 * kKi, kGi = 1024 * kMi, kTi = 1024 * kGi, kPi = 1024 * kTi;

template <class T>
std::string error_of(const Parsed<T>& parsed) {
  return parsed ? "no error" : parsed.error().what + " | " + parsed.error().next;
}

// --- reading ---

TEST(Units, DecimalIsNotBinary) {
  const std::pair<const char*, double> cases[] = {{"16B", 16},       {"1KB", 1e3},        {"80GB", 80e9},
                                                  {"1.5TB", 1.5e12}, {"2PB", 2e15},       {"512KiB", 512 * kKi},
                                                  {"1MiB", kMi},     {"80GiB", 80 * kGi}, {"79.11GiB", 79.11 * kGi},
                                                  {"1TiB", kTi},     {"0.5PiB", kPi / 2}, {"5MB", 5e6}};
  for (const auto& [text, bytes] : cases) EXPECT_EQ(*parse_bytes(text), Bytes{bytes}) << text;
}

TEST(Units, BitsAreNotBytes) {
  const std::pair<const char*, double> cases[] = {
      {"400Gbps", 50e9},  // 400e9 bits / 8
      {"50GBps", 50e9},    {"1PBps", 1e15},    {"3.35TBps", 3.35e12}, {"8bps", 1},         {"1Bps", 1},
      {"100Mbps", 12.5e6}, {"1.6Tbps", 200e9}, {"64Kbps", 8e3},       {"1GiBps", kGi},     {"2KiBps", 2 * kKi},
      {"1KBps", 1e3},      {"3MBps", 3e6},     {"2Pbps", 0.25e15},    {"5MiBps", 5 * kMi}, {"0.5TiBps", kTi / 2}};
  for (const auto& [text, rate] : cases) EXPECT_EQ(*parse_rate(text), BytesPerSecond{rate}) << text;
}

// Powers of ten join the number's own exponent: the result is the double nearest to what is written.
TEST(Units, SecondsAreTheNearestDouble) {
  const std::pair<const char*, double> cases[] = {
      {"7.1us", 7.1e-6}, {"3ms", 3e-3},  {"2s", 2},       {"250ns", 250e-9},           {"0s", 0},    {"0.1us", 0.1e-6},
      {"5min", 300},     {"1.5h", 5400}, {"1e-6s", 1e-6}, {"8.6314e-06s", 8.6314e-06}, {"1e+3ms", 1}};
  for (const auto& [text, seconds] : cases) EXPECT_EQ(*parse_seconds(text), Seconds{seconds}) << text;
}

TEST(Units, FlopRatesAndDollars) {
  EXPECT_EQ(*parse_flop_rate("989TFLOPS"), FlopPerSecond{989e12});
  EXPECT_EQ(*parse_flop_rate("1.979PFLOPS"), FlopPerSecond{1.979e15});
  EXPECT_EQ(*parse_flop_rate("500GFLOPS"), FlopPerSecond{500e9});
  EXPECT_EQ(*parse_flop_rate("1.1EFLOPS"), FlopPerSecond{1.1e18});
  EXPECT_EQ(*parse_dollars("2.99USD"), Dollars{2.99});
  EXPECT_EQ(*parse_dollars("0USD"), Dollars{0});
}

TEST(Units, SharesAndTimes) {
  EXPECT_EQ(*parse_percent("50%"), 0.5);
  EXPECT_EQ(*parse_percent("0%"), 0);
  EXPECT_EQ(*parse_percent("12.5%"), 0.125);
  EXPECT_EQ(*parse_times("1.2x"), 1.2);
  EXPECT_EQ(error_of(parse_percent("50")), "'50' has no unit | write 50%");
  EXPECT_EQ(error_of(parse_times("1.2")), "'1.2' has no unit | write 1.2x");
  EXPECT_EQ(error_of(parse_percent("-5%")), "'-5%' is negative | leave the sign out");
}

TEST(Units, TokensAreWholeAndNeedNoUnit) {
  const std::pair<const char*, std::int64_t> cases[] = {
      {"1", 1},        {"1048576", 1048576}, {"1Mi", 1048576},  {"128Ki", 131072},   {"1M", 1000000},   {"3K", 3000},
      {"1.5Ki", 1536}, {"1.1M", 1100000},    {"2.3M", 2300000}, {"4Gi", 4294967296}, {"2G", 2000000000}};
  for (const auto& [text, tokens] : cases) EXPECT_EQ(*parse_tokens(text), Tokens{tokens}) << text;
  const std::string likely = "write digits alone, or 128Ki (x 2^10), 128Mi (x 2^20) or 128M (x 10^6)";
  EXPECT_EQ(error_of(parse_tokens("128k")), "'128k' has an unknown unit 'k' | " + likely);
  EXPECT_EQ(error_of(parse_tokens("0.3Ki")).substr(0, 27), "'0.3Ki' is no whole number ");  // 307.2
  EXPECT_EQ(error_of(parse_tokens("0")), "'0' is below one token | give 1 or more");
  EXPECT_EQ(error_of(parse_tokens("1e6")), "'1e6' has an exponent | write 1000000");
}

TEST(Units, TokensOfARunMayBeManyMore) {
  EXPECT_EQ(*parse_token_total("15T"), 15'000'000'000'000);
  EXPECT_EQ(*parse_token_total("200G"), 200'000'000'000);
  EXPECT_EQ(*parse_token_total("1Ti"), std::int64_t{1} << 40);
  EXPECT_EQ(*parse_token_total("3Gi"), std::int64_t{3} << 30);
  EXPECT_EQ(*parse_token_total("3Mi"), std::int64_t{3} << 20);
  EXPECT_EQ(*parse_token_total("3Ki"), 3072);
  EXPECT_EQ(*parse_token_total("7M"), 7'000'000);
  EXPECT_EQ(*parse_token_total("7K"), 7'000);
  EXPECT_FALSE(parse_token_total("0"));
  EXPECT_FALSE(parse_token_total(""));
}

TEST(Units, CountsAreDigitsAlone) {
  EXPECT_EQ(*parse_count("0"), 0);
  EXPECT_EQ(*parse_count("9007199254740991"), 9007199254740991);  // 2^53 - 1
  EXPECT_EQ(error_of(parse_count("9007199254740993")),
            "'9007199254740993' is absurdly large | check the number and its unit");
  EXPECT_EQ(error_of(parse_count("1e6")), "'1e6' has an exponent | write 1000000");
  EXPECT_EQ(error_of(parse_count("64.5")), "'64.5' is no whole number | write digits alone, such as 64");
  EXPECT_EQ(error_of(parse_count("64.0")), "'64.0' has a fraction | write 64");
  EXPECT_EQ(error_of(parse_tokens("64.0")), "'64.0' has a fraction | write 64");
  EXPECT_EQ(error_of(parse_count("64x")), "'64x' has an unknown unit 'x' | write digits alone, such as 64");
  EXPECT_EQ(error_of(parse_count("true")), "'true' is no number | write digits alone, such as 64");
}

TEST(Units, BareNumbersNameTheLikelyUnits) {
  EXPECT_EQ(error_of(parse_bytes("80")), "'80' has no unit | write 80GB (10^9 bytes) or 80GiB (2^30 bytes)");
  EXPECT_EQ(error_of(parse_rate("400")), "'400' has no unit | write 400Gbps (bits) or 400GBps (bytes)");
  EXPECT_EQ(error_of(parse_rate("1e3")), "'1e3' has no unit | write 1e3Gbps (bits) or 1e3GBps (bytes)");
  EXPECT_EQ(error_of(parse_seconds("7.1")), "'7.1' has no unit | write 7.1us, 7.1ms or 7.1s");
  EXPECT_EQ(error_of(parse_flop_rate("989")), "'989' has no unit | write 989TFLOPS or 989PFLOPS");
  EXPECT_EQ(error_of(parse_dollars("2.99")), "'2.99' has no unit | write 2.99USD");
}

TEST(Units, UnknownUnitsKeepTheirPrefix) {
  const std::string giga = "write 80GB (10^9 bytes) or 80GiB (2^30 bytes)";
  EXPECT_EQ(error_of(parse_bytes("80Gb")), "'80Gb' has an unknown unit 'Gb' | " + giga);
  EXPECT_EQ(error_of(parse_bytes("80GBx")), "'80GBx' has an unknown unit 'GBx' | " + giga);
  EXPECT_EQ(error_of(parse_bytes("80.GB")), "'80.GB' has an unknown unit '.GB' | " + giga);
  EXPECT_EQ(error_of(parse_bytes("5Mb")),
            "'5Mb' has an unknown unit 'Mb' | write 5MB (10^6 bytes) or 5MiB (2^20 bytes)");
  EXPECT_EQ(error_of(parse_rate("3TB/s")), "'3TB/s' has an unknown unit 'TB/s' | write 3Tbps (bits) or 3TBps (bytes)");
  EXPECT_EQ(error_of(parse_rate("80GB")), "'80GB' has an unknown unit 'GB' | write 80Gbps (bits) or 80GBps (bytes)");
  EXPECT_EQ(error_of(parse_seconds("7.1\xC2\xB5s")),
            "'7.1\xC2\xB5s' has an unknown unit '\xC2\xB5s' | write 7.1us, 7.1ms or 7.1s");
  EXPECT_EQ(error_of(parse_dollars("2.99EUR")), "'2.99EUR' has an unknown unit 'EUR' | write 2.99USD");
}

TEST(Units, SpellingsThatOthersReadDifferently) {
  EXPECT_EQ(error_of(parse_count("010")), "'010' starts with a zero | write '10'");
  EXPECT_EQ(error_of(parse_count("00")), "'00' starts with a zero | write '0'");
  EXPECT_EQ(error_of(parse_bytes("080GB")), "'080GB' starts with a zero | write '80GB'");
  EXPECT_EQ(error_of(parse_count("0x10")), "'0x10' is not decimal | write it in decimal digits");
  EXPECT_EQ(error_of(parse_count("0o17")), "'0o17' is not decimal | write it in decimal digits");
  EXPECT_EQ(error_of(parse_tokens("1_048_576")), "'1_048_576' has an underscore in it | write '1048576'");
  EXPECT_EQ(error_of(parse_tokens("1,048,576")), "'1,048,576' has a separator in it | write '1048576'");
  EXPECT_EQ(error_of(parse_bytes("80 GB")), "'80 GB' has a space in it | write '80GB'");
  EXPECT_EQ(error_of(parse_bytes("80GB ")), "'80GB ' has a space in it | write '80GB'");
  EXPECT_EQ(error_of(parse_bytes("-80GB")), "'-80GB' is negative | leave the sign out");
  EXPECT_EQ(error_of(parse_bytes("+80GB")), "'+80GB' has a sign | leave the sign out");
  EXPECT_EQ(error_of(parse_bytes("")), "the value is empty | write 80GB (10^9 bytes) or 80GiB (2^30 bytes)");
  for (const char* text : {".inf", "inf", "nan", ".nan", "NaN", "~", "yes", ".5GB", "GB", " 80GB", "\xC2\xA0",
                           "\xEF\xBC\x91GB"}) {  // the last is a full-width 1
    EXPECT_EQ(error_of(parse_bytes(text)),
              "'" + std::string(text) + "' is no number | write 80GB (10^9 bytes) or 80GiB (2^30 bytes)");
  }
}

TEST(Units, ImpossibleValues) {
  EXPECT_EQ(error_of(parse_bytes("0GB")), "'0GB' is zero | give a value above zero");
  EXPECT_EQ(error_of(parse_rate("0.0Gbps")), "'0.0Gbps' is zero | give a value above zero");
  EXPECT_EQ(error_of(parse_flop_rate("0TFLOPS")), "'0TFLOPS' is zero | give a value above zero");
  EXPECT_EQ(error_of(parse_bytes("1e-400B")), "'1e-400B' is zero | give a value above zero");  // underflows
  const std::string absurd = " is absurdly large | check the number and its unit";
  for (const char* text : {"1e19B", "1001PB", "1e400GB", "1e99999999999B"}) {
    EXPECT_EQ(error_of(parse_bytes(text)), "'" + std::string(text) + "'" + absurd);
  }
  EXPECT_EQ(error_of(parse_bytes(std::string(500, '9') + "B")), "'" + std::string(40, '9') + "...'" + absurd);
  EXPECT_EQ(error_of(parse_tokens("1025Gi")), "'1025Gi'" + absurd);
  EXPECT_EQ(error_of(parse_rate("1000001TBps")), "'1000001TBps'" + absurd);
}

TEST(Units, MessagesQuoteFortyBytesWithoutControlCharacters) {
  EXPECT_EQ(error_of(parse_count(std::string(50, 'x'))).substr(0, 45), "'" + std::string(40, 'x') + "...'");
  EXPECT_EQ(error_of(parse_count("1\n\x1B[31m")).substr(0, 9), "'1??[31m'");
  // 39 bytes, then a letter of two: the cut goes before the letter.
  EXPECT_EQ(error_of(parse_count(std::string(39, 'x') + "\xC2\xB5s")).substr(0, 44),
            "'" + std::string(39, 'x') + "...'");
}

// --- printing ---

TEST(Units, PrintsThreeDigitsAndOneUnit) {
  EXPECT_EQ(print(Bytes{0}), "0.00 B");
  EXPECT_EQ(print(Bytes{80e9}), "74.5 GiB");  // 80e9 / 2^30 = 74.506
  EXPECT_EQ(print(Bytes{kGi}), "1.00 GiB");
  EXPECT_EQ(print(Bytes{1023 * kMi}), "1023 MiB");
  EXPECT_EQ(print(Bytes{1.999 * kPi}), "2.00 PiB");
  EXPECT_EQ(print(Bytes{-kKi}), "-1.00 KiB");
  EXPECT_EQ(print(Seconds{7.1e-6}), "7.10 us");
  EXPECT_EQ(print(Seconds{0.99999}), "1.00 s");  // not 1000 ms
  EXPECT_EQ(print(Seconds{12345.6}), "12346 s");
  EXPECT_EQ(print(Seconds{2e-12}), "0.002 ns");
  EXPECT_EQ(print(Seconds{INFINITY}), "inf s");
  EXPECT_EQ(print(BytesPerSecond{50e9}), "50.0 GB/s");
  EXPECT_EQ(print(FlopPerSecond{989.4e12}), "989 TFLOP/s");
  EXPECT_EQ(print(Tokens{131072}), "128Ki");
  EXPECT_EQ(print(Tokens{1048576}), "1Mi");
  EXPECT_EQ(print(Tokens{1536}), "1,536");
  EXPECT_EQ(print(Tokens{1000000}), "1,000,000");
  EXPECT_EQ(print(Tokens{999}), "999");
}

TEST(Units, ExactTextIsTheShortest) {
  EXPECT_EQ(exact(Bytes{80e9}), "80GB");
  EXPECT_EQ(exact(Bytes{80 * kGi}), "80GiB");
  EXPECT_EQ(exact(Bytes{1}), "1B");
  EXPECT_EQ(exact(Seconds{7.1e-6}), "7.1us");
  EXPECT_EQ(exact(Seconds{0}), "0s");
  EXPECT_EQ(exact(Seconds{3600}), "1h");
  EXPECT_EQ(exact(BytesPerSecond{3.35e12}), "3.35TBps");
  EXPECT_EQ(exact(BytesPerSecond{500e9}), "500GBps");  // 4Tbps is shorter and means bits
  EXPECT_EQ(exact(FlopPerSecond{989.4e12}), "989.4TFLOPS");
}

TEST(Units, ExactTextParsesBackToTheSameValue) {
  for (double v : {1.0, 3.0, 1e-9, 7.1e-6, 1.0 / 3, 2.0 / 3e9, 123456789.125, 0.1 + 0.2, 1e15, 1.7e17, kGi, 79.11 * kGi,
                   std::nextafter(1e9, 0)}) {
    EXPECT_EQ(*parse_bytes(exact(Bytes{v})), Bytes{v}) << exact(Bytes{v});
    EXPECT_EQ(*parse_rate(exact(BytesPerSecond{v})), BytesPerSecond{v}) << exact(BytesPerSecond{v});
    EXPECT_EQ(*parse_flop_rate(exact(FlopPerSecond{v})), FlopPerSecond{v}) << exact(FlopPerSecond{v});
    const Seconds time{v / 1e9};  // 1e15 s would be refused
    EXPECT_EQ(*parse_seconds(exact(time)), time) << exact(time);
  }
}

// --- properties ---

constexpr unsigned kSeed = 271828;

/// Values of every size: any bits from 10^low to 10^high, and round ones from 10^(low-2) to 10^(high+1).
std::vector<double> values(double low, double high) {
  std::mt19937_64 random(kSeed);
  std::uniform_real_distribution<double> exponent(low, high);
  std::vector<double> all;
  for (int i = 0; i < 3000; ++i) {
    const double any = std::pow(10, exponent(random));
    all.push_back(any);
    all.push_back(
        std::strtod((std::to_string(1 + i % 999) + "e" + std::to_string(int(std::log10(any)) - 2)).c_str(), nullptr));
  }
  return all;
}

TEST(UnitProperties, ExactTextReadsBackWhateverTheValue) {
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  for (double v : values(-3, 17)) ASSERT_EQ(*parse_bytes(exact(Bytes{v})), Bytes{v}) << exact(Bytes{v});
  for (double v : values(-3, 17))
    ASSERT_EQ(*parse_rate(exact(BytesPerSecond{v})), BytesPerSecond{v}) << exact(BytesPerSecond{v});
  for (double v : values(0, 20))
    ASSERT_EQ(*parse_flop_rate(exact(FlopPerSecond{v})), FlopPerSecond{v}) << exact(FlopPerSecond{v});
  for (double v : values(-15, 9)) ASSERT_EQ(*parse_seconds(exact(Seconds{v})), Seconds{v}) << exact(Seconds{v});
}

/// "74.5 GiB": a number and a unit after one space; three digits, or a whole number of more, and no exponent.
void expect_short(const std::string& text, double value, const std::map<std::string, double>& units) {
  const std::size_t space = text.find(' ');
  ASSERT_NE(space, std::string::npos) << text;
  const std::string number = text.substr(0, space), unit = text.substr(space + 1);
  ASSERT_EQ(number.find_first_not_of("0123456789."), std::string::npos) << text;
  ASSERT_TRUE(units.count(unit)) << text;
  // Half a unit of the third digit is at most 1/200 of the number.
  ASSERT_NEAR(std::strtod(number.c_str(), nullptr) * units.at(unit) / value, 1, 0.005001) << text;
  const auto digits =
      static_cast<std::size_t>(std::count_if(number.begin(), number.end(), [](char c) { return c != '.'; }));
  ASSERT_TRUE(digits == 3 || (digits > 3 && number.find('.') == std::string::npos)) << text;
}

TEST(UnitProperties, PrintsThreeDigitsAndNoExponent) {
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  for (double v : values(2, 17)) {
    expect_short(print(Bytes{v}), v, {{"B", 1}, {"KiB", kKi}, {"MiB", kMi}, {"GiB", kGi}, {"TiB", kTi}, {"PiB", kPi}});
    if (HasFatalFailure()) return;
  }
  for (double v : values(-7, 6)) {
    expect_short(print(Seconds{v}), v, {{"s", 1}, {"ms", 1e-3}, {"us", 1e-6}, {"ns", 1e-9}});
    if (HasFatalFailure()) return;
  }
  for (double v : values(2, 14)) {
    expect_short(print(BytesPerSecond{v}), v,
                 {{"B/s", 1}, {"KB/s", 1e3}, {"MB/s", 1e6}, {"GB/s", 1e9}, {"TB/s", 1e12}});
    if (HasFatalFailure()) return;
  }
}

// 999.5 of a unit rounds to 1000 of it, which is 1.00 of the next; 1000 MiB stay 1000 MiB, as 1 GiB is 1024.
TEST(UnitProperties, RollsOverWhereItRounds) {
  EXPECT_EQ(print(BytesPerSecond{999.4e6}), "999 MB/s");
  EXPECT_EQ(print(BytesPerSecond{999.6e6}), "1.00 GB/s");
  EXPECT_EQ(print(Seconds{9.994e-3}), "9.99 ms");
  EXPECT_EQ(print(Seconds{9.996e-3}), "10.0 ms");
  EXPECT_EQ(print(Seconds{99.96e-3}), "100 ms");
  EXPECT_EQ(print(Bytes{1000 * kMi}), "1000 MiB");
  EXPECT_EQ(print(Bytes{1023.9 * kMi}), "1.00 GiB");
  for (double v : values(2, 14)) {
    const std::string text = print(BytesPerSecond{v});
    if (v < 999e12) {
      EXPECT_NE(text.substr(0, 4), "1000") << v;
    }
  }
}

TEST(UnitProperties, NoTextIsACrash) {
  std::mt19937 random(kSeed);
  const std::string letters = "0123456789.eE+-_, KMGTPiBbpsFLOSmunhUD\xC2\xB5\x01";
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (std::size_t n = random() % 12; n > 0; --n) text += letters[random() % letters.size()];
    // Either a value in range or both sentences.
    const auto told = [](const auto& parsed) {
      return bool(parsed) || (!parsed.error().what.empty() && !parsed.error().next.empty());
    };
    ASSERT_TRUE(told(parse_bytes(text)) && told(parse_seconds(text)) && told(parse_rate(text))) << text;
    ASSERT_TRUE(told(parse_flop_rate(text)) && told(parse_dollars(text))) << text;
    ASSERT_TRUE(told(parse_tokens(text)) && told(parse_count(text))) << text;
    const auto bytes = parse_bytes(text);
    ASSERT_TRUE(!bytes || (bytes->value() > 0 && bytes->value() <= 1e18)) << text;
  }
}

// --- types ---

template <class A, class B>
concept Addable = requires(A a, B b) {
  a + b;
};
template <class A, class B>
concept Comparable = requires(A a, B b) {
  a < b;
};

static_assert(Addable<Seconds, Seconds> && !Addable<Seconds, Bytes> && !Addable<Bytes, double>);
static_assert(!Comparable<Bytes, Seconds> && !Comparable<BytesPerSecond, FlopPerSecond>);
static_assert(!std::is_convertible_v<double, Bytes> && !std::is_convertible_v<Bytes, double>);
static_assert(std::is_same_v<decltype(Bytes{} / BytesPerSecond{}), Seconds>);

}  // namespace
}  // namespace ithaca
