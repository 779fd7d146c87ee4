// The twins: every op has one for the GPU, a test that compares the two, and a place where nvcc
// compiles it.
//
// The functions that an op's header declares in namespace cpu it declares in namespace cuda, too.
// NAME.cu, beside NAME.cpp, defines all of them and is listed in the directory's CMakeLists.txt,
// from which it is compiled as C++ (emulated) and, with SEEKLING_CUDA, by nvcc. The tests
// tests/DIRECTORY/NAME_test.cpp run it, in a TEST whose suite's name ends in Twins. A .cpp that
// needs no twin says why, in a comment that begins "No twin:".
#include <gtest/gtest.h>

#include <iomanip>
#include <iostream>
#include <regex>

#include "structure/tree.h"

namespace seekling {

namespace {

// An op: its file without the ending, src/ops/rope, and from there its directory and its name.
struct Op {
  std::string file, directory, name;
};

struct Report {
  Faults faults;
  std::string table;
};

// The text between the braces of every `namespace NAME {` in a header, without the braces in it and
// their contents.
std::string namespace_body(const std::string& header, const std::string& name) {
  const std::string code = without_comments(header, "//");
  std::string body;
  for (const std::string& begin :
       {"namespace " + name + " {", "namespace seekling::" + name + " {"})
    for (std::size_t at = code.find(begin); at != code.npos; at = code.find(begin, at + 1)) {
      int depth = 1;
      for (std::size_t i = at + begin.size(); i < code.size() && depth > 0; ++i) {
        if (code[i] == '{') ++depth;
        if (code[i] == '}') --depth;
        if (depth == 1) body += code[i];
      }
    }
  return body;
}

// The functions that a header declares there. A declaration is words, a name and arguments; one by
// a type of functions, like `AddForward add_forward;`, has no arguments.
Words functions_of(const std::string& header, const std::string& name) {
  static const std::regex declaration(R"(\s*(?:[\w:<>,&*]+\s+)+([a-z]\w*))");
  Words functions;
  std::string statement;
  int parentheses = 0;  // {} among the arguments ends no statement
  for (const char c : namespace_body(header, name)) {
    if (c == '(') ++parentheses;
    if (c == ')') --parentheses;
    if (c != ';' && (c != '}' || parentheses > 0)) {
      statement += c;
      continue;
    }
    const std::string declared = statement.substr(0, statement.find('('));
    std::smatch match;
    if (c == ';' && std::regex_match(declared, match, declaration)) functions.push_back(match[1]);
    statement.clear();
  }
  return functions;
}

// A definition begins at the left margin: "void cuda::turn(View y) {".
bool defines(const std::string& kernels, const std::string& function) {
  for (const std::string& line : lines_of(kernels))
    if (!line.starts_with(' ') && line.find(" cuda::" + function + "(") != line.npos) return true;
  return false;
}

std::string why_no_twin(const std::string& source) {
  const std::string begin = "No twin: ";
  for (const std::string& line : lines_of(source))
    if (const std::size_t at = line.find(begin); at != line.npos)
      return line.substr(at + begin.size());
  return "";
}

// An op is a .cpp that has a .cu beside it, whose header declares something in namespace cpu or
// cuda, that records on the tape, or that says why it has no twin. Where other files are kernels,
// it is also every .cpp that reads elements, through a View. The layers of a model do none of this.
bool is_op(const Tree& tree, const Op& op) {
  const std::string source = tree.at(op.file + ".cpp"), code = without_comments(source, "//");
  const std::string header = text_of(tree, op.file + ".h");
  return tree.contains(op.file + ".cu") || !namespace_body(header, "cpu").empty() ||
         !namespace_body(header, "cuda").empty() || names(code, "record(") ||
         !why_no_twin(source).empty() ||
         (names(code, "View") && !files_below(tree, "src/" + op.directory, {".cu"}).empty());
}

std::vector<Op> ops_of(const Tree& tree) {
  static const Words kUnderOps{"tensor", "cuda"};  // these hold what ops are made of
  std::vector<Op> ops;
  for (const std::string& directory : directories_of(tree, "src")) {
    if (contains(kUnderOps, directory)) continue;
    for (const std::string& file : files_below(tree, "src/" + directory, {".cpp"})) {
      const std::string path = file.substr(0, file.size() - std::string(".cpp").size());
      const Op op{path, directory, path.substr(("src/" + directory + "/").size())};
      if (is_op(tree, op)) ops.push_back(op);
    }
  }
  return ops;
}

Faults faults_of_declarations(const Tree& tree, const Op& op) {
  Faults faults;
  const std::string header = text_of(tree, op.file + ".h"),
                    kernels = text_of(tree, op.file + ".cu");
  const Words cpu = functions_of(header, "cpu"), cuda = functions_of(header, "cuda");
  for (const std::string& function : cpu)
    if (!contains(cuda, function))
      faults.push_back(text(op.file, ".h declares cpu::", function, ", but no cuda::", function));
  for (const std::string& function : cuda)
    if (!defines(kernels, function))
      faults.push_back(text(op.file, ".cu does not define cuda::", function));
  return faults;
}

std::string row(const std::string& op, const std::string& twins, const std::string& tested,
                const std::string& nvcc) {
  std::ostringstream out;
  out << std::left << std::setw(14) << op << " " << std::setw(59) << twins << " " << std::setw(14)
      << tested << " " << nvcc << "\n";
  return out.str();
}

Report report_of_op(const Tree& tree, const Op& op) {
  static const std::regex twins_test(R"(TEST(_F|_P)?\([A-Za-z0-9]*Twins?,)");
  if (const std::string why = why_no_twin(tree.at(op.file + ".cpp")); !why.empty())
    return {{}, op.name + ": " + why + "\n"};
  const Words cuda = functions_of(text_of(tree, op.file + ".h"), "cuda");
  if (cuda.empty())
    return {{text(op.file, ".h declares nothing in namespace cuda: the op has no twin. Write one, ",
                  "or say why not in ", op.file, ".cpp after \"No twin: \"")},
            ""};
  Faults faults = faults_of_declarations(tree, op);
  const bool nvcc = contains(compiled_files(tree, op.directory), op.name + ".cu");
  if (!nvcc)
    faults.push_back(text(op.file, ".cu is not listed in src/", op.directory,
                          "/CMakeLists.txt: it is never compiled"));
  const std::string test = "tests/" + op.directory + "/" + op.name + "_test.cpp";
  const bool tested = std::regex_search(text_of(tree, test), twins_test);
  if (!tested)
    faults.push_back(text(test, " has no test named ...Twins: cuda's ", op.name,
                          " is never compared with the CPU's"));
  std::string twins;
  for (const std::string& function : cuda) twins += (twins.empty() ? "" : " ") + function;
  return {faults, row(op.name, twins, tested ? "yes" : "no", nvcc ? "yes" : "no")};
}

Report report_of_twins(const Tree& tree) {
  Report report{{}, row("op", "twins", "emulated test", "nvcc")};
  for (const Op& op : ops_of(tree)) {
    const Report one = report_of_op(tree, op);
    append(report.faults, one.faults);
    report.table += one.table;
  }
  return report;
}

const Tree kSoundTwins{
    {"src/CMakeLists.txt",
     "add_subdirectory(tensor)\nadd_subdirectory(ops)\nadd_subdirectory(nn)\n"},
    {"src/tensor/tape.cpp", "void record() {}\n"},
    {"src/ops/CMakeLists.txt",
     "seekling_directory(ops SOURCES\n  add.cpp\n  add.cu\n  sort.cpp)\n"},
    {"src/ops/add.cpp", ""},
    {"src/ops/add.h",
     "namespace seekling {\nnamespace cpu {\nAdd add_forward;\nAdd add_to_W;\n}\n"
     "namespace cuda {\nstruct Batch {\n  View first;\n};\nAdd add_forward;\n"
     "const Tensor& add_batch(Batch a,\n                        Batch b = {});\nAdd add_to_W;\n"
     "inline int twice(int n) { return 2 * n; }\n}  // namespace cuda\n}\n"},
    {"src/ops/add.cu",
     "void cuda::add_forward(View y) {}\nconst Tensor& cuda::add_batch(Batch a, Batch b) {}\n"
     "void cuda::add_to_W(View y) {\n  cuda::add_forward(y);\n}\n"},
    {"src/ops/sort.cpp", "// No twin: few values.\n"},
    {"src/ops/loops_avx2.cpp", "// A View has rows.\nvoid loop(float* x) {}\n"},
    {"src/nn/layer.cpp", "Tensor Layer::operator()(const Tensor& x) const { return add(x, x); }\n"},
    {"tests/ops/add_test.cpp", "TEST(Add, Adds) {}\nTEST(AddTwins, Agree) {}\n"}};

// The faults of the sound tree with `text` as the file `path`.
Faults faults_of_twins_with(const std::string& path, const std::string& text) {
  return report_of_twins(with(kSoundTwins, path, text)).faults;
}

std::string no_twin(const std::string& file) {
  return file +
         ".h declares nothing in namespace cuda: the op has no twin. Write one, or say why "
         "not in " +
         file + ".cpp after \"No twin: \"";
}

}  // namespace

TEST(Twins, EveryOpHasOneThatIsTestedAndCompiled) {
  const Report report = report_of_twins(repository());
  std::cout << report.table;
  EXPECT_EQ(report.faults, Faults{});
}

TEST(TwinsFaults, ASoundTreeHasNone) {
  const Report report = report_of_twins(kSoundTwins);
  EXPECT_EQ(report.faults, Faults{});
  EXPECT_EQ(report.table,
            "op             twins                                                       "
            "emulated test  nvcc\n"
            "add            add_forward add_batch add_to_W                              "
            "yes            yes\n"
            "sort: few values.\n");
}

TEST(TwinsFaults, AnOpWithoutATwinIsFound) {
  EXPECT_EQ(faults_of_twins_with("src/ops/scale.cpp", "void scale(View y) {}\n"),
            Faults{no_twin("src/ops/scale")});
  EXPECT_EQ(faults_of_twins_with("src/ops/sort.cpp", "void sort(View y) {}\n"),
            Faults{no_twin("src/ops/sort")});
  EXPECT_EQ(faults_of_twins_with("src/nn/scale.cpp", "  record(\"scale\", {x}, {y}, [] {});\n"),
            Faults{no_twin("src/nn/scale")});
  EXPECT_EQ(faults_of_twins_with("src/nn/layer.h", "namespace cpu {\nAdd layer_forward;\n}\n"),
            Faults{no_twin("src/nn/layer")});
}

TEST(TwinsFaults, AFunctionWithoutATwinIsFound) {
  EXPECT_EQ(faults_of_twins_with("src/ops/add.h",
                                 "namespace cpu {\nAdd add_forward;\nAdd add_to_W;\n}\n"
                                 "namespace cuda {\nAdd add_forward;\n}\n"),
            Faults{"src/ops/add.h declares cpu::add_to_W, but no cuda::add_to_W"});
}

TEST(TwinsFaults, ATwinThatIsOnlyCalledIsFound) {
  EXPECT_EQ(faults_of_twins_with("src/ops/add.cu",
                                 "void cuda::add_forward(View y) {\n  cuda::add_to_W(y);\n}\n"
                                 "void cuda::add_batch(Batch a, Batch b) {}\n"),
            Faults{"src/ops/add.cu does not define cuda::add_to_W"});
}

TEST(TwinsFaults, ATwinThatIsNeverCompiledIsFound) {
  EXPECT_EQ(faults_of_twins_with("src/ops/CMakeLists.txt",
                                 "seekling_directory(ops SOURCES\n  add.cpp\n  sort.cpp)\n"),
            Faults{"src/ops/add.cu is not listed in src/ops/CMakeLists.txt: it is never compiled"});
}

TEST(TwinsFaults, ATwinThatIsNeverTestedIsFound) {
  EXPECT_EQ(faults_of_twins_with("tests/ops/add_test.cpp", "TEST(Add, Adds) {}\n"),
            Faults{"tests/ops/add_test.cpp has no test named ...Twins: cuda's add is never "
                   "compared with the CPU's"});
}

}  // namespace seekling
