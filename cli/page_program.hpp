#pragma once
// The script and the WebAssembly that the page of `ithaca report` carries, embedded by cmake/page.cmake.

#include <string_view>

namespace ithaca {

/// cli/page/*.js as one text.
std::string_view page_script();
/// Its SHA-256 in hexadecimal.
std::string_view page_script_sha256();
/// model/ as a WebAssembly module; empty in a program that was built without the toolchain.
std::string_view page_model();

}  // namespace ithaca
