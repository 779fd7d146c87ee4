// The rules of the directories: what they may include, what must be listed in CMake, and how many
// files they hold.
#include <gtest/gtest.h>

#include "structure/tree.h"

namespace seekling {

namespace {

const std::string kRootHolds =
    "CMakeLists.txt CMakePresets.json pyproject.toml LICENSE README.md AGENTS.md seekling chapters "
    "src tests data notebooks python cmake findings build runs my";
constexpr std::size_t kMostFiles = 40;  // in one directory, so that a reader sees it at a glance

// These know nothing of models: they need no tensors, neither directly nor through others.
const Words kKnowNoModels{"text", "data", "toy", "stream", "clean"};

// The directories of src/ before the one whose files are being read, and this one.
struct Known {
  Words all;  // before and after
  std::set<std::string> before, need_tensors{"tensor"};
};

Faults faults_of_include(Known& known, const std::string& directory, const std::string& included) {
  if (!contains(known.all, included))
    return {"which names no directory of src/: write \"directory/file.h\""};
  if (!known.before.contains(included))
    return {text("but ", included, " is listed after ", directory,
                 ": a directory includes only directories listed before it in src/CMakeLists.txt")};
  if (!known.need_tensors.contains(included)) return {};
  if (contains(kKnowNoModels, directory))
    return {
        text("but ", directory, " knows nothing of models: neither tensors nor what needs them")};
  known.need_tensors.insert(directory);
  return {};
}

// A file includes only its own directory and directories listed before it.
Faults faults_of_includes(const Tree& tree) {
  Faults faults;
  Known known{directories_of(tree, "src"), {}};
  for (const std::string& directory : known.all) {
    known.before.insert(directory);
    for (const std::string& file : files_below(tree, "src/" + directory, {".h", ".cpp", ".cu"}))
      for (const std::string& include : includes_of(tree.at(file)))
        for (const std::string& fault :
             faults_of_include(known, directory, first_directory(include)))
          faults.push_back(text(file, " includes \"", include, "\", ", fault));
  }
  return faults;
}

// A directory of src/ or tests/ that holds sources is added by the CMakeLists.txt there.
Faults faults_of_added(const Tree& tree, const std::string& part, const std::string& consequence) {
  const Words added = directories_of(tree, part);
  std::set<std::string> found;
  for (const std::string& file : files_below(tree, part, {"/CMakeLists.txt", ".h", ".cpp", ".cu"}))
    found.insert(first_directory(file.substr(part.size() + 1)));
  found.erase("");  // files of src/ or tests/ itself
  Faults faults;
  for (const std::string& directory : found)
    if (!contains(added, directory))
      faults.push_back(
          text(part, "/", directory, " is not added in ", part, "/CMakeLists.txt: ", consequence));
  return faults;
}

// The files of `directory` that end in one of `endings` are all in `listed`.
Faults faults_of_listed(const Tree& tree, const std::string& directory, const Words& endings,
                        const Words& listed, const std::string& consequence) {
  Faults faults;
  for (const std::string& file : files_below(tree, directory, endings))
    if (!contains(listed, file.substr(directory.size() + 1)))
      faults.push_back(
          text(file, " is not listed in ", directory, "/CMakeLists.txt: ", consequence));
  return faults;
}

Faults faults_of_root(const Tree& tree) {
  const Words known = words_of(kRootHolds);
  Faults faults;
  for (const auto& [path, ignored] : tree)
    if (path.find('/') == path.npos && !path.starts_with('.') && !contains(known, path))
      faults.push_back(
          text(path, " is at the root of the repository, which holds only ", kRootHolds));
  return faults;
}

Faults faults_of_sizes(const Tree& tree) {
  std::map<std::string, std::size_t> sizes;
  for (const std::string part : {"src", "tests"})
    for (const std::string& file : files_below(tree, part, {""}))
      if (!file.starts_with("tests/fuzz/corpus/") && !file.starts_with("tests/golden/"))
        ++sizes[file.substr(0, file.rfind('/'))];
  Faults faults;
  for (const auto& [directory, size] : sizes)
    if (size > kMostFiles)
      faults.push_back(text(directory, " holds ", size,
                            " files: split it, a directory holds at most ", kMostFiles));
  return faults;
}

Faults faults_of_lists(const Tree& tree) {
  Faults faults;
  append(faults, faults_of_added(tree, "src", "nothing in it is compiled"));
  append(faults, faults_of_added(tree, "tests", "nothing in it is run"));
  for (const std::string& directory : directories_of(tree, "src"))
    append(faults, faults_of_listed(tree, "src/" + directory, {".cpp", ".cu"},
                                    compiled_files(tree, directory), "it is never compiled"));
  for (const std::string& directory : directories_of(tree, "tests")) {
    const std::string folder = "tests/" + directory;
    const Words run = arguments_of(text_of(tree, folder + "/CMakeLists.txt"), "seekling_tests");
    append(faults, faults_of_listed(tree, folder, {"_test.cpp"}, run, "it is never run"));
  }
  return faults;
}

Faults faults_of_directories(const Tree& tree) {
  Faults faults = faults_of_includes(tree);
  for (const auto& rule : {faults_of_lists, faults_of_root, faults_of_sizes})
    append(faults, rule(tree));
  return faults;
}

const Tree kSound{
    {"README.md", ""},
    {"seekling", ""},
    {"src", ""},
    {".hidden", ""},
    {"src/CMakeLists.txt",
     "# The list; add_subdirectory(of_a_comment)\nadd_subdirectory(core)\n"
     "add_subdirectory(tensor)   # matrices\nadd_subdirectory(nn)\nadd_subdirectory(data)\n"
     "add_subdirectory(cli)\n"},
    {"src/core/CMakeLists.txt",
     "seekling_directory(core\n  SOURCES\n    a.cpp   # first\n    b.cpp)\n"},
    {"src/core/a.h", "#pragma once\n"},
    {"src/core/a.cpp", "#include \"core/a.h\"\n#include <vector>\n// #include \"cli/main.h\"\n"},
    {"src/core/b.cpp", ""},
    {"src/tensor/tensor.h", "#include \"core/a.h\"\n"},
    {"src/nn/nn.h", "#include \"tensor/tensor.h\"\n"},
    {"src/data/data.h", "#include \"core/a.h\"\n"},
    {"src/cli/CMakeLists.txt",
     "add_executable(seekling_cli main.cpp)\nset_source_files_properties(c.cpp)\n"},
    {"src/cli/main.cpp",
     "#include \"core/a.h\"\n#include \"data/data.h\"\n\n#include \"nn/nn.h\"\n"},
    {"tests/CMakeLists.txt", "add_subdirectory(core)\n"},
    {"tests/core/CMakeLists.txt", "seekling_tests(core NUMERIC USES core SOURCES\n  a_test.cpp)\n"},
    {"tests/core/a_test.cpp", ""},
    {"tests/core/helper.h", ""}};

// The faults of the sound tree with `text` as the file `path`.
Faults faults_with(const std::string& path, const std::string& text) {
  return faults_of_directories(with(kSound, path, text));
}

Tree with_files(std::size_t files, const std::string& directory) {
  Tree tree = kSound;
  for (std::size_t i = 0; i < files; ++i) tree[directory + "/" + std::to_string(i) + ".txt"];
  return tree;
}

}  // namespace

TEST(Directories, IncludeOnlyDirectoriesListedBeforeThem) {
  EXPECT_EQ(faults_of_includes(repository()), Faults{});
}

TEST(Directories, AreAddedAndEveryFileIsCompiledOrRun) {
  EXPECT_EQ(faults_of_lists(repository()), Faults{});
}

TEST(Directories, OfTheRootAreTheKnownOnes) { EXPECT_EQ(faults_of_root(repository()), Faults{}); }

TEST(Directories, HoldAtMostFortyFiles) { EXPECT_EQ(faults_of_sizes(repository()), Faults{}); }

TEST(Directories, AreReadWithTheTextsOfTheirSources) {
  EXPECT_TRUE(text_of(repository(), "tests/structure/tree.h").starts_with("// The repository"));
  EXPECT_FALSE(files_below(repository(), "src", {".cu"}).empty());
  for (const std::string& kernels : files_below(repository(), "src", {".cu"}))
    EXPECT_FALSE(text_of(repository(), kernels).empty()) << kernels;
  EXPECT_TRUE(repository().contains("LICENSE"));
}

TEST(DirectoriesFaults, ASoundTreeHasNone) { EXPECT_EQ(faults_of_directories(kSound), Faults{}); }

TEST(DirectoriesFaults, AnIncludeOfADirectoryListedAfterIsFound) {
  EXPECT_EQ(faults_with("src/core/a.h", "#pragma once\n\n  # include \"nn/nn.h\"\n"),
            Faults{"src/core/a.h includes \"nn/nn.h\", but nn is listed after core: a directory "
                   "includes only directories listed before it in src/CMakeLists.txt"});
  EXPECT_EQ(faults_with("src/core/b.cpp", "#include \"cli/command.h\"\n"),
            Faults{"src/core/b.cpp includes \"cli/command.h\", but cli is listed after core: a "
                   "directory includes only directories listed before it in src/CMakeLists.txt"});
}

TEST(DirectoriesFaults, AnIncludeWithoutADirectoryIsFound) {
  EXPECT_EQ(faults_with("src/core/b.cpp", "#include \"a.h\"\n"),
            Faults{"src/core/b.cpp includes \"a.h\", which names no directory of src/: write "
                   "\"directory/file.h\""});
}

TEST(DirectoriesFaults, DataThatKnowsOfModelsIsFound) {
  EXPECT_EQ(faults_with("src/data/data.h", "#include \"tensor/tensor.h\"\n"),
            Faults{"src/data/data.h includes \"tensor/tensor.h\", but data knows nothing of "
                   "models: neither tensors nor what needs them"});
  EXPECT_EQ(faults_with("src/data/data.h", "#include \"nn/nn.h\"\n"),
            Faults{"src/data/data.h includes \"nn/nn.h\", but data knows nothing of models: "
                   "neither tensors nor what needs them"});
}

TEST(DirectoriesFaults, AFileThatIsNeverCompiledIsFound) {
  const std::string core = " is not listed in src/core/CMakeLists.txt: it is never compiled";
  EXPECT_EQ(faults_with("src/core/c.cpp", ""), Faults{"src/core/c.cpp" + core});
  EXPECT_EQ(faults_with("src/core/c.cu", ""), Faults{"src/core/c.cu" + core});
  EXPECT_EQ(faults_with("src/core/inner/a.cpp", ""), Faults{"src/core/inner/a.cpp" + core});
  EXPECT_EQ(faults_with("src/core/CMakeLists.txt",
                        "seekling_directory(core LOOPS b.cpp SOURCES\n  a.cpp\n  # b.cpp\n  )\n"),
            Faults{"src/core/b.cpp" + core});
  EXPECT_EQ(faults_with("src/cli/c.cpp", ""),  // it has properties there, but no target
            Faults{"src/cli/c.cpp is not listed in src/cli/CMakeLists.txt: it is never compiled"});
}

TEST(DirectoriesFaults, ATestThatIsNeverRunIsFound) {
  EXPECT_EQ(
      faults_with("tests/core/b_test.cpp", ""),
      Faults{"tests/core/b_test.cpp is not listed in tests/core/CMakeLists.txt: it is never run"});
}

TEST(DirectoriesFaults, ADirectoryThatIsNotAddedIsFound) {
  EXPECT_EQ(faults_with("src/attic/old.cpp", ""),
            Faults{"src/attic is not added in src/CMakeLists.txt: nothing in it is compiled"});
  EXPECT_EQ(faults_with("tests/nn/CMakeLists.txt", ""),
            Faults{"tests/nn is not added in tests/CMakeLists.txt: nothing in it is run"});
}

TEST(DirectoriesFaults, AFileAtTheRootIsFound) {
  EXPECT_EQ(faults_with("notes.txt", ""),
            Faults{"notes.txt is at the root of the repository, which holds only CMakeLists.txt "
                   "CMakePresets.json pyproject.toml LICENSE README.md AGENTS.md seekling chapters "
                   "src tests data notebooks python cmake findings build runs my"});
}

TEST(DirectoriesFaults, ADirectoryOfTooManyFilesIsFound) {
  EXPECT_EQ(faults_of_directories(with_files(40, "src/core/lists")), Faults{});
  EXPECT_EQ(faults_of_directories(with_files(41, "src/core/lists")),
            Faults{"src/core/lists holds 41 files: split it, a directory holds at most 40"});
  EXPECT_EQ(faults_of_directories(with_files(41, "tests/golden/v3")), Faults{});
  EXPECT_EQ(faults_of_directories(with_files(41, "tests/fuzz/corpus/gguf")), Faults{});
}

TEST(DirectoriesFaults, ATreeThatAddsNothingIsAnError) {
  EXPECT_THROW(faults_of_directories(Tree{{"README.md", ""}}), Error);
}

}  // namespace seekling
