#pragma once
// What the page's script works on: the question as numbers, what can be turned, and the words of a command line.

#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/page_facts.hpp"
#include "model/compare.hpp"

namespace ithaca {

struct LiveModel {
  std::string word;  ///< as --model takes it
  Transformer model;
};

/// Those of the catalogue, the question's own in front, under the word that was typed.
std::vector<LiveModel> live_models(const Question& question, const std::string& typed);

/// JSON, fit for an element <script> of the page. `arguments` are the flags of the scenario.
std::string live_data(const Question& question, const PageFacts& facts, const std::vector<LiveModel>& models,
                      const Arguments& arguments);

/// Bytes as base64.
std::string base64(std::string_view bytes);
/// The Content-Security-Policy's name of the page's script: 'sha256-...'.
std::string script_source();
/// The elements that carry data, module and script; empty in a program without the module.
std::string live_elements(const std::string& data);

}  // namespace ithaca
