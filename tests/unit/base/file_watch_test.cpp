#include "base/file_watch.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/base/test_folder.hpp"

namespace sluice::base {
namespace {

namespace files = std::filesystem;

class FileWatchTest : public testing::Test {
 protected:
  // Says whether the watch hears of what `change` does.
  template <class Change>
  bool hears(FileWatch& watch, Change&& change) {
    watch.refresh();
    watch.drain();
    const std::string before = watch.fingerprint();
    change();
    EXPECT_NE(watch.fingerprint(), before);
    return watch.drain();
  }

  TestFolder folder_;
};

TEST_F(FileWatchTest, AFileWrittenInPlaceIsHeardOf) {
  folder_.write("a", "one");
  FileWatch watch({folder_.path("a")});
  EXPECT_TRUE(hears(watch, [&] { std::ofstream(folder_.path("a")) << "other"; }));
}

TEST_F(FileWatchTest, AFileRenamedOverIsHeardOf) {
  folder_.write("a", "one");
  FileWatch watch({folder_.path("a")});
  EXPECT_TRUE(hears(watch, [&] { folder_.write("a", "two"); }));
  EXPECT_TRUE(hears(watch, [&] { folder_.write("a", "two"); }));
}

TEST_F(FileWatchTest, AFileThatAppearsOrGoesIsHeardOf) {
  FileWatch watch({folder_.path("a")});
  EXPECT_TRUE(hears(watch, [&] { folder_.write("a", "one"); }));
  EXPECT_TRUE(hears(watch, [&] { files::remove(folder_.path("a")); }));
}

// As a Kubernetes secret's volume does it: a -> ..data/a, ..data -> ..1, and then ..data is renamed over.
TEST_F(FileWatchTest, ASwappedLinkToAFolderIsHeardOf) {
  for (const std::string version : {"..1", "..2", "..3"}) {
    files::create_directory(folder_.path(version));
    folder_.write(version + "/a", version);
  }
  const auto point = [&](const std::string& version) {
    files::create_directory_symlink(version, folder_.path("..data_tmp"));
    files::rename(folder_.path("..data_tmp"), folder_.path("..data"));
  };
  point("..1");
  files::create_symlink("..data/a", folder_.path("a"));
  FileWatch watch({folder_.path("a")});
  EXPECT_TRUE(hears(watch, [&] { point("..2"); }));
  EXPECT_TRUE(hears(watch, [&] { point("..3"); }));
  EXPECT_TRUE(hears(watch, [&] { folder_.write("..3/a", "in place"); }));
}

TEST_F(FileWatchTest, ASwappedFolderOnThePathIsHeardOf) {
  files::create_directories(folder_.path("v1/deep"));
  files::create_directories(folder_.path("v2/deep"));
  folder_.write("v1/deep/a", "one");
  folder_.write("v2/deep/a", "two");
  files::create_directory_symlink(folder_.path("v1"), folder_.path("current"));
  FileWatch watch({folder_.path("current/deep/a")});
  EXPECT_TRUE(hears(watch, [&] {
    files::create_directory_symlink(folder_.path("v2"), folder_.path("next"));
    files::rename(folder_.path("next"), folder_.path("current"));
  }));
}

TEST_F(FileWatchTest, AFolderThatIsNoLongerOnThePathIsForgotten) {
  files::create_directory(folder_.path("v1"));
  files::create_directory(folder_.path("v2"));
  folder_.write("v1/a", "one");
  folder_.write("v2/a", "two");
  files::create_symlink("v1/a", folder_.path("a"));
  FileWatch watch({folder_.path("a")});
  watch.refresh();
  files::create_symlink("v2/a", folder_.path("b"));
  files::rename(folder_.path("b"), folder_.path("a"));
  watch.refresh();
  watch.drain();
  folder_.write("v1/a", "nobody looks at this");
  EXPECT_FALSE(watch.drain());
}

TEST_F(FileWatchTest, LinksThatGoInCirclesEnd) {
  files::create_symlink("b", folder_.path("a"));
  files::create_symlink("a", folder_.path("b"));
  EXPECT_FALSE(folders_deciding(folder_.path("a")).empty());
}

TEST_F(FileWatchTest, AFolderThatIsNotThereDoesNoHarm) {
  FileWatch watch({folder_.path("none/such/a")});
  watch.refresh();
  EXPECT_FALSE(watch.drain());
}

}  // namespace
}  // namespace sluice::base
