// Harmless submissions that try what `seekling grade --help` says that they cannot do, and what it
// says that they can.
#include <arpa/inet.h>
#include <sys/socket.h>

#include <fstream>

#include "cli/program.h"
#include "course/check.h"
#include "course/pages.h"
#include "system/confinement.h"

namespace seekling {

namespace {

class GradingContained : public ProgramTest {
 protected:
  GradingContained() {
    setenv("OMP_NUM_THREADS", "2", 1);
    fs::create_directories(mine().parent_path());
    write_file(secret, "const int kWord = 71077;\n");
  }
  fs::path mine() const { return folder / "my/05/attention/rope.cpp"; }

  // What is said of a submission that is wrong and has `code` in it.
  std::string said_of(const std::string& code) const {
    std::string source = read_file(kRoot / "src/attention/rope.cpp");
    const std::string right = "double(start + t)";
    write_file(mine(), source.replace(source.find(right), right.size(), "double(t)") + code);
    const Ran ran = run({"grade", (folder / "my").string(), "--rounds", "1", "--json"});
    return ran.out + ran.err;
  }

  const fs::path secret = folder / "secret.h";
};

// A socket that takes connections from this machine.
class Listener {
 public:
  Listener() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    ::bind(socket_, reinterpret_cast<const sockaddr*>(&address_), size);
    ::listen(socket_, 8);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address_), &size);
  }
  ~Listener() { ::close(socket_); }
  int port() const { return ntohs(address_.sin_port); }

 private:
  int socket_;
  sockaddr_in address_{};
};

}  // namespace

TEST_F(GradingContained, AProgramReachesWhatTheHelpSaysAndNoMore) {
  const Listener listener;
  const std::string code = R"(
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cstdio>
static const bool kTried = [] {
  const std::string secret = "SECRET", folder = "FOLDER";
  struct stat info {};
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(PORT);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  const auto can = [](bool yes) { return yes ? 'y' : 'n'; };
  std::printf("read %c write %c list %c ask %c etc %c connect %c signal %c terminal %c\n",
              can(::open(secret.c_str(), O_RDONLY) >= 0),
              can(::open((folder + "/new").c_str(), O_WRONLY | O_CREAT, 0600) >= 0),
              can(::opendir(folder.c_str()) != nullptr), can(::stat(secret.c_str(), &info) == 0),
              can(::open("/etc/passwd", O_RDONLY) >= 0),
              can(::connect(socket, (const sockaddr*)&to, sizeof to) == 0),
              can(::kill(PROCESS, 0) == 0), can(::open("/dev/tty", O_RDWR) >= 0));
  std::fflush(stdout);
  return true;
}();
)";
  std::string filled = code;
  for (const auto& [word, value] : {std::pair<std::string, std::string>{"SECRET", secret.string()},
                                    {"FOLDER", folder.string()},
                                    {"PORT", std::to_string(listener.port())},
                                    {"PROCESS", std::to_string(::getpid())}})
    filled.replace(filled.find(word), word.size(), value);
  const Containment here = containment();
  const char files = here.files ? 'n' : 'y', network = here.network ? 'n' : 'y',
             processes = here.processes ? 'n' : 'y';
  const std::string expected =
      text("read ", files, " write ", files, " list ", files, " ask y etc y connect ", network,
           " signal ", processes, " terminal n");
  const std::string said = said_of(filled);
  EXPECT_NE(said.find(expected), said.npos) << said;
}

TEST_F(GradingContained, TooManyProcessesAreStoppedAndNoneIsLeft) {
  const std::string said = said_of(R"(
#include <sys/prctl.h>
#include <unistd.h>
#include <cstdio>
static const bool kTried = [] {
  int started = 0;
  for (; started < 2000; ++started) {
    const int child = ::fork();
    if (child < 0) break;
    if (child > 0) continue;
    ::setsid();
    ::prctl(PR_SET_NAME, "leftover");
    ::sleep(600);
    ::_exit(0);
  }
  std::printf("started %d\n", started);
  std::fflush(stdout);
  ::sleep(1);
  return true;
}();
)");
  const std::size_t at = said.find("started ");
  const bool stopped = said.find("ran more than 512 processes at a time") != said.npos;
  EXPECT_TRUE(stopped || (at != said.npos && std::stoi(said.substr(at + 8)) <= 512)) << said;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::error_code ignored;
    if (!fs::exists(entry.path() / "comm", ignored)) continue;
    std::ifstream in(entry.path() / "comm");
    std::string name;
    std::getline(in, name);
    EXPECT_NE(name, "leftover") << entry.path();
  }
}

TEST_F(GradingContained, WhatItPrintsCannotSteerATerminal) {
  const std::string said = said_of(R"(
#include <cstdio>
static const bool kTried = [] {
  std::printf("\x1b[2J\x1b]0;title\x07 \xE2\x80\xAE back\n");
  std::fflush(stdout);
  return true;
}();
)");
  EXPECT_NE(said.find("it also printed"), said.npos) << said;
  for (const char c : said) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 32) << int(c);
  EXPECT_EQ(said.find("\xE2\x80\xAE"), said.npos);
}

// The compiler itself, of which `seekling grade` asks less: it looks for such lines first.
TEST_F(GradingContained, TheCompilerReadsNoOtherFiles) {
  if (!containment().files) GTEST_SKIP() << "this kernel has no Landlock";
  const std::vector<Chapter> chapters = read_chapters(kRoot);
  const auto chapter = std::ranges::find(chapters, Index(5), &Chapter::number);
  const auto file =
      std::ranges::find(chapter->files, fs::path("attention/rope.cpp"), &ExerciseFile::source);
  ASSERT_NE(file, chapter->files.end());
  const Checker checker(kRoot, SEEKLING_BUILD);
  const auto because = [&](const std::string& code) {
    write_file(mine(), read_file(kRoot / "src/attention/rope.cpp") + code);
    std::string all;
    for (const Verdict& verdict :
         checker.check_file(*file, mine(), {.rounds = 1, .limits = {}, .strangers = true}))
      all += verdict.because + "\n";
    return all;
  };
  const std::string included = because("\n#include \"" + secret.string() + "\"\nint a = kWrong;\n");
  EXPECT_NE(included.find("Permission denied"), included.npos) << included;
  const std::string assembled = because("\nasm(\".incbin \\\"" + secret.string() + "\\\"\");\n");
  EXPECT_NE(assembled.find("does not compile"), assembled.npos) << assembled;
  for (const std::string& said : {included, assembled}) EXPECT_EQ(said.find("71077"), said.npos);
}

}  // namespace seekling
