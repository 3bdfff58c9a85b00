#include "cli/csv_writer.hpp"

#include <fmt/format.h>

#include "cli/row_fields.hpp"

namespace ithaca {
namespace {

struct Cell {
  std::string operator()(std::monostate) const { return ""; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::int64_t value) const { return fmt::format("{}", value); }
  std::string operator()(double value) const { return fmt::format("{}", value); }
  std::string operator()(const std::string& value) const { return csv_cell(value); }
};

}  // namespace

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string csv_header() {
  std::string text;
  for (const RowField& field : row_fields()) text += (text.empty() ? "" : ",") + std::string(field.name);
  return text;
}

std::string csv_line(const Question& question, const Row& row) {
  std::string text, comma;
  for (const RowField& field : row_fields()) {
    text += comma + std::visit(Cell{}, get(field, question, row));
    comma = ",";
  }
  return text;
}

std::string write_csv(const Report& report) {
  std::string text = csv_header() + "\r\n";
  for (const Row& row : report.rows) text += csv_line(report.question, row) + "\r\n";
  return text;
}

}  // namespace ithaca
