#include "program/man_page.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "program/all_options.hpp"

namespace sluice::program {
namespace {

class ManPage : public testing::Test {
 protected:
  ManPage() {
    options_.declare(set_);
    page_ = man_page(all_commands(), set_.options());
  }

  AllOptions options_;
  base::OptionSet set_;
  std::string page_;
};

TEST_F(ManPage, HasEveryCommandAndEveryOption) {
  for (const Command& command : all_commands()) {
    EXPECT_NE(page_.find("\n.B " + std::string(command.name) + "\n"), std::string::npos) << command.name;
  }
  EXPECT_NE(page_.find("\n\\fB\\-\\-drain\\-seconds\\fR \\fIN\\fR\n"), std::string::npos);
  EXPECT_NE(page_.find("Default info; live; SLUICE_LOG_LEVEL\n"), std::string::npos);
  std::size_t items = 0;
  for (auto at = page_.find("\n\\fB\\-\\-"); at != std::string::npos; at = page_.find("\n\\fB\\-\\-", at + 1)) ++items;
  EXPECT_EQ(items, set_.options().size());
}

TEST_F(ManPage, IsAPageOfSectionOneWithTheSectionsThatReadersLookFor) {
  EXPECT_TRUE(page_.starts_with(".TH SLUICE 1 "));
  for (const std::string section : {"NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "OPTIONS OF SERVE", "SIGNALS",
                                    "EXIT STATUS", "FILES", "EXAMPLES", "SEE ALSO"}) {
    EXPECT_NE(page_.find("\n.SH " + section + "\n"), std::string::npos) << section;
  }
}

TEST_F(ManPage, NoLineIsARequestByAccident) {
  std::istringstream lines(page_);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_FALSE(line.empty());  // groff would print a blank line
    EXPECT_FALSE(line.starts_with('\'')) << line;
  }
}

}  // namespace
}  // namespace sluice::program
