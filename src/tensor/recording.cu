#include "core/check.h"
#include "tensor/recording.h"

namespace seekling {

static thread_local const std::int32_t* plays_under_way = nullptr;

const std::int32_t* Recording::plays() { return plays_under_way; }

#if defined(__CUDACC__)

struct Recording::Work {
  cudaGraphExec_t graph = nullptr;

  explicit Work(const std::function<void()>& ask) {
    cudaGraph_t asked = nullptr;
    succeed(cudaStreamBeginCapture(stream(), cudaStreamCaptureModeRelaxed),
            "the capture of a graph could not begin");
    try {
      ask();
    } catch (...) {
      cudaStreamEndCapture(stream(), &asked);
      throw;
    }
    succeed(cudaStreamEndCapture(stream(), &asked), "the capture of a graph failed");
    succeed(cudaGraphInstantiate(&graph, asked, 0), "a captured graph could not be instantiated");
    cudaGraphDestroy(asked);
  }
  ~Work() { cudaGraphExecDestroy(graph); }
  void play() const {
    succeed(cudaGraphLaunch(graph, stream()), "a captured graph could not be launched");
  }
};

#else

struct Recording::Work {
  std::vector<std::function<void()> > list;

  explicit Work(const std::function<void()>& ask) {
    keep_work_in(&list);
    try {
      ask();
    } catch (...) {
      keep_work_in(nullptr);
      throw;
    }
    keep_work_in(nullptr);
  }
  void play() const {
    for (const auto& work : list) work();
  }
};

#endif

static void give_back(const std::vector<pool::Buffer>& buffers) {
  for (const pool::Buffer& b : buffers) pool::give(b.data, b.n, Device::kCuda);
}

Recording::Recording(const std::function<void()>& ask) : plays_(Ints::zeros(1, Device::kCuda)) {
  check(!plays(), "the capture of a graph began during another capture");
  plays_under_way = plays_.data();
  pool::keep_in(&buffers_);
  const auto end = [] { plays_under_way = nullptr, pool::keep_in(nullptr); };
  try {
    work_ = std::make_unique<Work>(ask);
  } catch (...) {
    end();
    give_back(buffers_);
    throw;
  }
  end();
}

Recording::~Recording() {
  finish(Device::kCuda);
  work_.reset();
  give_back(buffers_);
}

void Recording::play() {
  copy(Device::kCuda, plays_.data(), Device::kCpu, &played_, sizeof played_);
  work_->play();
  ++played_;
}

}  // namespace seekling
