#include "data/find_files.h"

#include <algorithm>
#include <set>

#include "core/check.h"

namespace seekling {

namespace fs = std::filesystem;

namespace {

bool ends_in(const fs::path& path, const std::vector<std::string>& endings) {
  const std::string name = path.filename().string();
  return std::ranges::any_of(endings, [&](const std::string& e) { return name.ends_with(e); });
}

bool hidden(const fs::path& path) { return path.filename().string().starts_with("."); }

std::string alternatives(const std::vector<std::string>& endings) {  // .txt, .md or .jsonl
  std::string all;
  for (std::size_t i = 0; i < endings.size(); ++i)
    all += (i == 0 ? "" : i + 1 == endings.size() ? " or " : ", ") + endings[i];
  return all;
}

}  // namespace

std::vector<fs::path> files_below(const fs::path& folder, const std::vector<std::string>& endings,
                                  std::vector<fs::path>& skipped) {
  std::vector<fs::path> files;
  std::set<fs::path> seen{fs::canonical(folder)};  // a link may lead back
  const auto links = fs::directory_options::follow_directory_symlink;
  try {
    for (auto entry = fs::recursive_directory_iterator(folder, links); entry != fs::end(entry);
         ++entry) {
      const bool again = entry->is_directory() && !seen.insert(fs::canonical(entry->path())).second;
      if (hidden(entry->path()) || again) {
        entry.disable_recursion_pending();
      } else if (entry->is_regular_file()) {
        (ends_in(entry->path(), endings) ? files : skipped).push_back(entry->path());
      }
    }
  } catch (const fs::filesystem_error& e) {
    const fs::path& at = e.path1().empty() ? folder : e.path1();
    throw Error(text(at.string(), ": this folder cannot be read: ", e.code().message()));
  }
  check(!files.empty(), folder.string(), ": found no ", alternatives(endings),
        " file in this folder or below it; if the files have another ending, name the files "
        "themselves");
  std::sort(files.begin(), files.end());
  std::sort(skipped.begin(), skipped.end());
  return files;
}

}  // namespace seekling
