#include "report/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "core/check.h"
#include "report/html.h"
#include "system/file.h"

namespace seekling {

namespace {

// Of a plot, in pixels.
constexpr double kWidth = 760, kHeight = 260, kLeft = 64, kBottom = 34, kTop = 12, kRight = 12;
constexpr std::size_t kPoints = 600;    // a curve has no more: longer ones are averaged over pieces
constexpr std::size_t kCells = 20'000;  // of all heat maps together: megabytes of page

struct Curve {
  std::string name, colour;
  std::vector<std::pair<double, double>> points;  // step, value
};

struct Range {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  void include(double v) { low = std::min(low, v), high = std::max(high, v); }
  double place(double v) const { return high > low ? (v - low) / (high - low) : 0.5; }  // in [0, 1]
};

// At most kPoints points, each the mean of a piece; values that are not finite are left out.
std::vector<std::pair<double, double>> thinned(
    const std::vector<std::pair<double, double>>& points) {
  std::vector<std::pair<double, double>> finite, means;
  for (const auto& point : points)
    if (std::isfinite(point.second)) finite.push_back(point);
  const std::size_t piece = (finite.size() + kPoints - 1) / kPoints;
  for (std::size_t begin = 0; begin < finite.size(); begin += piece) {
    const std::size_t end = std::min(finite.size(), begin + piece);
    double x = 0, y = 0;
    for (std::size_t i = begin; i < end; ++i) x += finite[i].first, y += finite[i].second;
    means.emplace_back(x / double(end - begin), y / double(end - begin));
  }
  return means;
}

// 1, 2 or 5 times a power of ten, so that about `count` of it make up the range.
double tick_distance(const Range& range, double count) {
  const double rough = (range.high - range.low) / count,
               power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1, 2, 5})
    if (rough <= factor * power) return factor * power;
  return 10 * power;
}

template <class F>
void for_each_tick(const Range& range, double count, F&& f) {
  if (!(range.high > range.low)) return f(range.low);
  const double distance = tick_distance(range, count), first = std::ceil(range.low / distance);
  for (double k = first; k * distance <= range.high; ++k) f(k * distance);
}

std::string grid_line(double x1, double y1, double x2, double y2) {
  return "<path class=\"grid\" d=\"M" + fixed(x1) + " " + fixed(y1) + "L" + fixed(x2) + " " +
         fixed(y2) + "\"/>";
}

std::string line_plot(std::vector<Curve> curves) {
  // The ranges of both axes.
  Range x, y;
  for (Curve& curve : curves) {
    curve.points = thinned(curve.points);
    for (const auto& [step, value] : curve.points) x.include(step), y.include(value);
  }
  if (x.low > x.high) return "<p>Nothing yet.</p>\n";

  // From values to pixels.
  const auto across = [&](double v) { return kLeft + x.place(v) * (kWidth - kLeft - kRight); };
  const auto down = [&](double v) {
    return kHeight - kBottom - y.place(v) * (kHeight - kTop - kBottom);
  };

  // Grid lines and labels.
  std::string svg = "<svg viewBox=\"0 0 " + fixed(kWidth) + " " + fixed(kHeight) + "\">";
  for_each_tick(y, 5, [&](double v) {
    svg += grid_line(kLeft, down(v), kWidth - kRight, down(v)) +
           svg_label(kLeft - 8, down(v) + 4, "end", rounded(v));
  });
  for_each_tick(x, 8, [&](double v) {
    svg += svg_label(across(v), kHeight - kBottom + 18, "middle", rounded(v));
  });

  // Curves and their key.
  double key = kWidth - kRight;
  for (const Curve& curve : curves) {
    std::string path;
    for (const auto& [step, value] : curve.points)
      path += (path.empty() ? "M" : "L") + fixed(across(step)) + " " + fixed(down(value));
    svg += "\n<path class=\"curve\" stroke=\"" + curve.colour + "\" d=\"" + path + "\"/>";
    if (curve.points.size() == 1)  // a path of one point draws nothing
      svg += "<circle r=\"3\" fill=\"" + curve.colour + "\" cx=\"" +
             fixed(across(curve.points[0].first)) + "\" cy=\"" +
             fixed(down(curve.points[0].second)) + "\"/>";
    svg +=
        "<g fill=\"" + curve.colour + "\">" + svg_label(key, kTop + 12, "end", curve.name) + "</g>";
    key -= 12 + 8 * double(curve.name.size());
  }
  return svg + "</svg>\n";
}

// White where an expert has its fair share, towards orange at twice that and more,
// towards blue down to none.
std::string share_colour(double times) {
  if (!std::isfinite(times)) return "#888888";
  const double above = std::clamp(times - 1, 0.0, 1.0), below = std::clamp(1 - times, 0.0, 1.0);
  char out[8];
  std::snprintf(out, sizeof out, "#%02x%02x%02x", unsigned(255 - 200 * below),
                unsigned(255 - 120 * above - 130 * below),
                unsigned(255 - 225 * above - 50 * below));
  return out;
}

// The load of a layer's experts over the steps begin .. end-1, averaged,
// as multiples of the fair share.
std::vector<double> mean_shares(const std::vector<StepMetrics>& all, std::size_t layer,
                                std::size_t begin, std::size_t end) {
  std::vector<double> shares(all[begin].expert_load[layer].size());
  for (std::size_t i = begin; i < end; ++i)
    for (std::size_t e = 0; e < shares.size(); ++e) shares[e] += all[i].expert_load[layer][e];
  for (double& share : shares) share *= double(shares.size()) / double(end - begin);
  return shares;
}

std::string heat_map(const std::vector<StepMetrics>& all, std::size_t layer, std::size_t columns) {
  const std::size_t E = all[0].expert_load[layer].size();
  const double cell_width = (kWidth - kLeft - kRight) / double(columns);
  const double cell_height = std::clamp(200 / double(E), 3.0, 14.0);
  const double height = cell_height * double(E) + 24;
  std::string svg = "<svg viewBox=\"0 0 " + fixed(kWidth) + " " + fixed(height) +
                    "\" shape-rendering=\"crispEdges\">";
  for (std::size_t column = 0; column < columns; ++column) {
    const std::size_t begin = all.size() * column / columns,
                      end = all.size() * (column + 1) / columns;
    const std::vector<double> shares = mean_shares(all, layer, begin, end);
    for (std::size_t e = 0; e < E; ++e)
      svg += "<rect x=\"" + fixed(kLeft + cell_width * double(column)) + "\" y=\"" +
             fixed(cell_height * double(e)) + "\" width=\"" + fixed(cell_width + 0.1) +
             "\" height=\"" + fixed(cell_height) + "\" fill=\"" + share_colour(shares[e]) + "\"/>";
  }
  svg += svg_label(kLeft - 8, 10, "end", "expert 0") +
         svg_label(kLeft - 8, cell_height * double(E), "end", rounded(double(E - 1)));
  svg += svg_label(kLeft, height - 8, "start", "step " + rounded(double(all.front().step)));
  return svg + svg_label(kWidth - kRight, height - 8, "end", rounded(double(all.back().step))) +
         "</svg>\n";
}

std::string expert_load(const Report& report) {
  std::vector<StepMetrics> all;  // those of one shape: the last step's
  const auto shape = [](const ExpertLoad& load) {
    std::vector<std::size_t> sizes;
    for (const auto& layer : load) sizes.push_back(layer.size());
    return sizes;
  };
  for (const StepMetrics& m : report.metrics)
    if (shape(m.expert_load) == shape(report.metrics.back().expert_load)) all.push_back(m);
  if (all.empty() || all[0].expert_load.empty()) return "<p>This model has no experts.</p>\n";
  std::size_t experts = 0;
  for (const auto& layer : all[0].expert_load) experts += layer.size();
  const std::size_t columns = std::min(
      all.size(), std::clamp<std::size_t>(kCells / std::max<std::size_t>(experts, 1), 8, 120));
  std::string html =
      "<p>White: an equal share. Orange: more, up to twice that and beyond. Blue: less, down to "
      "none.</p>\n";
  for (std::size_t layer = 0; layer < all[0].expert_load.size(); ++layer)
    if (!all[0].expert_load[layer].empty())
      html += text("<h3>layer ", Index(layer) + report.first_moe_layer, "</h3>\n") +
              heat_map(all, layer, columns);
  return html;
}

std::string loss_plot(const std::vector<StepMetrics>& metrics) {
  Curve train{"train", "#888888", {}}, heldout{"held-out", "#c2410c", {}};
  for (const StepMetrics& m : metrics) {
    train.points.emplace_back(double(m.step), m.loss);
    if (m.heldout_loss) heldout.points.emplace_back(double(m.step), *m.heldout_loss);
  }
  return line_plot({train, heldout});
}

std::string lr_plot(const std::vector<StepMetrics>& metrics) {
  Curve lr{"lr", "#1d4ed8", {}};
  for (const StepMetrics& m : metrics) lr.points.emplace_back(double(m.step), m.lr);
  return line_plot({lr});
}

std::string summary(const std::vector<StepMetrics>& metrics) {
  if (metrics.empty()) return "<p>No step has been taken yet.</p>\n";
  const StepMetrics& last = metrics.back();
  std::string words = text("step ", last.step, ": loss ", rounded(last.loss));
  for (auto m = metrics.rbegin(); m != metrics.rend(); ++m) {
    if (!m->heldout_loss) continue;
    words += text("; held-out loss ", rounded(*m->heldout_loss), " at step ", m->step);
    if (m->heldout_bits_per_byte)
      words += text(", ", rounded(*m->heldout_bits_per_byte), " bits per byte");
    break;
  }
  return "<p>" + words + "</p>\n";
}

std::string settings_table(const Report& report) {
  std::string rows;
  for (const auto& [name, value] : report.settings)
    rows += "<tr><td>" + escaped(name) + "</td><td>" + escaped(value) + "</td></tr>\n";
  return "<table>\n" + rows + "</table>\n";
}

}  // namespace

std::string report_html(const Report& report) {
  std::string body = summary(report.metrics);
  body += "<h2>Loss</h2>\n" + loss_plot(report.metrics);
  body += "<h2>Learning rate</h2>\n" + lr_plot(report.metrics);
  body += "<h2>Expert load</h2>\n" + expert_load(report);
  body += "<h2>Samples</h2>\n<pre>" + escaped(report.samples) + "</pre>\n";
  body += "<h2>Settings</h2>\n" + settings_table(report);
  return html_page(report.title, body);
}

void write_report(const std::filesystem::path& path, const Report& report) {
  replace_file(path, report_html(report));
}

}  // namespace seekling
