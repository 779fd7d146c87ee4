// model.svg: the way of a row of ids through nano, and what one of its blocks does.
#include "interop/config_json.h"
#include "svg.h"

using namespace seekling;

int main() {
  const Config c = read_config(SEEKLING_MODELS "/nano.json");
  const std::string plain = "#f2f2f2", reads = "#9ecae1", works = "#fdd0a2", grey = "#666666";
  Svg picture(760, 330);
  const auto box = [&](double x, double y, double width, const std::string& fill,
                       const std::string& name, const std::string& below) {
    picture.box(x, y, width, 44, fill, grey);
    picture.write(x + width / 2, y + (below.empty() ? 27 : 19), name, "middle");
    picture.write(x + width / 2, y + 36, below, "middle", grey);
  };

  const double top = 20, middle = top + 22;  // the model
  box(10, top, 60, "white", "ids", "T");
  box(95, top, 100, plain, "embedding", text("T × ", c.hidden_size));
  for (Index i = 0; i < c.num_hidden_layers; ++i)
    box(220 + 85. * double(i), top, 70, plain, text("block ", i),
        c.is_moe(i) ? text(c.n_routed_experts, " experts") : "dense");
  box(560, top, 80, plain, "norm, head", "");
  box(665, top, 85, "white", "logits", text("T × ", c.vocab_size));
  for (const double x : {70, 195, 640}) picture.arrow(x + 2, middle, x + 23, middle);
  for (const double x : {290, 375, 460, 545}) picture.arrow(x + 2, middle, x + 13, middle);
  picture.line(305, top + 48, 20, 130, "#cccccc");  // block 1, enlarged
  picture.line(375, top + 48, 740, 130, "#cccccc");

  const double stream = 285, work = 170;  // the block
  picture.box(20, 130, 720, 190, "none", "#cccccc");
  picture.arrow(30, stream, 730, stream);
  picture.write(30, stream + 20, text("the stream: ", c.hidden_size, " numbers a token"));
  const auto branch = [&](double x, const std::string& fill, const std::string& name,
                          const std::string& below) {
    picture.line(x, stream, x, work + 22);
    picture.arrow(x, work + 22, x + 20, work + 22);
    box(x + 22, work, 60, plain, "norm", "");
    picture.arrow(x + 84, work + 22, x + 104, work + 22);
    box(x + 106, work, 150, fill, name, below);
    picture.line(x + 256, work + 22, x + 280, work + 22);
    picture.arrow(x + 280, work + 22, x + 280, stream - 10);
    picture.circle(x + 280, stream, 9, "white", "black");
    picture.write(x + 280, stream + 5, "+", "middle");
  };
  branch(50, reads, "attention", "reads from before");
  branch(390, works, "feed-forward",
         text("a router picks ", c.num_experts_per_tok, " of ", c.n_routed_experts));
  picture.save("model.svg");
}
