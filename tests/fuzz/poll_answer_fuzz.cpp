// What is read as a poll's answer: whatever comes, taking it apart ends well, and only JSON is one.

#include <cstdlib>
#include <string_view>

#include "base/json_scanner.hpp"
#include "program/poll_answer.hpp"

using namespace sluice;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto answer = program::read_poll_answer(body);
  if (answer && !base::is_json(body)) std::abort();
  return 0;
}
