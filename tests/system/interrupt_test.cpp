#include "system/interrupt.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace seekling {

TEST(Interrupt, TheFirstCtrlCSetsAFlagThatTheNextInterruptClears) {
  {
    const Interrupt interrupt;
    EXPECT_FALSE(Interrupt::requested());
    std::raise(SIGINT);
    EXPECT_TRUE(Interrupt::requested());
  }
  const Interrupt again;
  EXPECT_FALSE(Interrupt::requested());
}

TEST(Interrupt, TheSystemsSignalsDoTheSame) {
  for (const int number : {SIGTERM, SIGHUP}) {
    const Interrupt interrupt;
    std::raise(number);
    EXPECT_TRUE(Interrupt::requested());
    EXPECT_EQ(Interrupt::exit_code(), 128 + number);
  }
}

TEST(Interrupt, AHangupThatIsIgnoredStaysIgnored) {
  std::signal(SIGHUP, SIG_IGN);  // as nohup does
  {
    const Interrupt interrupt;
    std::raise(SIGHUP);
    EXPECT_FALSE(Interrupt::requested());
  }
  std::signal(SIGHUP, SIG_DFL);
}

TEST(InterruptDeathTest, TheSecondCtrlCLeavesAtOnce) {
  const auto twice = [] {
    const Interrupt interrupt;
    std::raise(SIGINT);
    if (!Interrupt::requested()) std::_Exit(1);
    std::raise(SIGINT);
    std::_Exit(2);
  };
  EXPECT_EXIT(twice(), testing::ExitedWithCode(130), "");
}

}  // namespace seekling
