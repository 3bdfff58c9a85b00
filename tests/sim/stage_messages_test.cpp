#include "sim/stage_messages.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ithaca {
namespace {

const Layout kLayout{.tp = 2, .pp = 3};
const RankGrid kGrid(kLayout, kFrameworkOrder);

/// "0>2 1>3": what all six ranks send.
std::string words(const Exchange& exchange) {
  std::string text;
  std::vector<Message> messages;
  for (std::uint32_t rank = 0; rank < 6; ++rank) exchange.sends(rank, messages);
  for (const Message& m : messages)
    text += (text.empty() ? "" : " ") + std::to_string(m.from) + ">" + std::to_string(m.to);
  return text;
}

TEST(StageMessages, GoToTheSamePlaceOfAnotherStage) {
  const auto from_stages = [](int step, bool around) {
    return words(stage_message({}, kGrid, Bytes{8}, step, around));
  };
  EXPECT_EQ(from_stages(1, false), "0>2 1>3 2>4 3>5");
  EXPECT_EQ(from_stages(-1, false), "2>0 3>1 4>2 5>3");
  EXPECT_EQ(from_stages(1, true), "4>0 5>1");
  EXPECT_EQ(from_stages(-1, true), "0>4 1>5");
}

Exchange opposite() {
  Exchange exchange;
  exchange.sends = [](std::uint32_t rank, std::vector<Message>& messages) {
    messages.push_back({rank, 5 - rank, Bytes{8}});
  };
  exchange.together = [](std::uint32_t rank) { return rank < 3 ? rank : 5 - rank; };
  return exchange;
}

TEST(StageMessages, OnlyTheEndsExchangeTheirEmbedding) {
  Exchange exchange = opposite();
  keep_end_stages(exchange, kGrid);
  EXPECT_EQ(words(exchange), "0>5 1>4 4>1 5>0");
  EXPECT_EQ(exchange.together(5), 0U);
  EXPECT_EQ(exchange.together(3), 3U);
}

TEST(StageMessages, APartTakesAPartOfTheTime) {
  Exchange whole = opposite();
  whole.wires.push_back({Seconds{8}, 0.5});
  const Exchange part = part_of(whole, 0.25);
  std::vector<Message> messages;
  part.sends(0, messages);
  EXPECT_EQ(messages.at(0).bytes, Bytes{2});
  EXPECT_EQ(part.wires[0].latency, Seconds{2});
  EXPECT_EQ(part.wires[0].efficiency, 0.5);
}

// With stages innermost, rank 3 t + s of the grid is rank t + 2 s of the plain one.
TEST(StageMessages, RanksAreRenamed) {
  Exchange exchange = opposite();
  rename_ranks_of(
      exchange, kGrid,
      RankGrid(kLayout, {Dimension::pp, Dimension::tp, Dimension::ulysses, Dimension::ring, Dimension::dp}));
  EXPECT_EQ(words(exchange), "0>5 1>4 2>3 3>2 4>1 5>0");
  EXPECT_EQ(exchange.together(5), 0U);
  EXPECT_EQ(exchange.together(3), 3U);  // 1 of the plain grid, the first of its pair; 4 there is 2 here
  EXPECT_EQ(exchange.together(2), 3U);
}

}  // namespace
}  // namespace ithaca
