#include "layer.hpp"

#include <algorithm>
#include <vector>

#include "matmul.hpp"
#include "row_norm.hpp"
#include "rows.hpp"
#include "scratch.hpp"
#include "shares.hpp"

namespace recurra {
namespace {

constexpr std::int64_t kGates[kCells] = {1, 4, 3, 3, 4};

// The tensors of one call laid out: what belongs to a direction, and scratch memory.
template <class T>
class Call {
 public:
  Call(const Layer<T>& layer, const Layout& layout, int threads, void* memory)
      : layer_(layer),
        layout_(layout),
        threads_(threads),
        pieces_(memory),
        cell_(static_cast<Cell>(layer.cell)),
        gates_(kGates[layer.cell]),
        width_(gates_ * layer.hidden),
        positions_(layout.positions()) {
    if (!lies_as_positions()) rows_ = pieces_.template take<T>(positions_ * layer.features);
  }

  std::size_t size() const { return pieces_.used() + product_room_; }

 protected:
  // Whether the rows of padded tensors are the positions.
  bool lies_as_positions() const { return layer_.lengths == nullptr && layer_.time_major != 0; }
  bool normalizes() const { return cell_ == kLayerNormLstm; }

  // The part of a direction, in numbers, of something that has them one after another.
  template <class N>
  static N* part(N* all, std::int64_t direction, std::int64_t size) {
    return all == nullptr ? nullptr : all + direction * size;
  }

  // Make sure that there is room for a product, which comes last.
  void make_room(std::int64_t columns, std::int64_t inner, bool packs_left) {
    Matmul<T> m;
    m.columns = columns;
    m.inner = inner;
    m.left.column_stride = packs_left ? 0 : 1;
    product_room_ = std::max(product_room_, room_for(m, threads_));
  }

  void multiply(const Matmul<T>& m) const { recurra::multiply(m, threads_, pieces_.rest()); }

  // Of so many numbers at each position.
  std::int64_t bytes_of(std::int64_t size) const { return positions_ * size * static_cast<std::int64_t>(sizeof(T)); }

  std::int64_t extra_size() const {
    if (normalizes()) return 4 * layer_.hidden + 3;
    return cell_ == kElman ? 0 : layer_.hidden;
  }

  // Layer norm of W x, whose means and scales are kept if anything is.
  RowNorm<T> normalization(std::int64_t d, const T* products) const {
    RowNorm<T> norm;
    norm.count = positions_;
    norm.width = width_;
    norm.x = products;
    norm.gain = part(layer_.gain_ih, d, width_);
    norm.epsilon = layer_.epsilon;
    norm.means = part(layer_.moments, d, layer_.saved_rows);
    if (norm.means != nullptr) norm.scales = norm.means + layer_.directions * layer_.saved_rows;
    return norm;
  }

  // The valid steps of the input, (positions, F).
  const T* input_rows() const {
    if (lies_as_positions()) return layer_.input;
    const auto bytes = layer_.features * static_cast<std::int64_t>(sizeof(T));
    pack_rows(layout_.sequence(), reinterpret_cast<const char*>(layer_.input), reinterpret_cast<char*>(rows_), bytes,
              bytes, threads_);
    return rows_;
  }

  Recurrence<T> recurrence(std::int64_t d) const {
    const Layer<T>& l = layer_;
    const std::int64_t states = l.batch * l.outputs_size, cells = l.batch * l.hidden;
    Recurrence<T> r;
    r.sequence = layout_.sequence();
    r.sequence.resets = l.resets;
    r.reverse = d == 1 || l.reverse != 0;
    r.nonlinearity = l.nonlinearity;
    r.hidden = l.hidden;
    r.outputs_size = l.outputs_size;
    r.epsilon = l.epsilon;
    r.weight_hh = part(l.weight_hh, d, width_ * l.outputs_size);
    if (cell_ == kGru && l.bias_hh != nullptr) r.bias_candidate = part(l.bias_hh, d, width_) + 2 * l.hidden;
    r.peepholes = part(l.peepholes, d, 3 * l.hidden);
    r.projection = part(l.projection, d, l.outputs_size * l.hidden);
    r.gain_hh = part(l.gain_hh, d, width_);
    r.gain_cell = part(l.gain_cell, d, l.hidden);
    r.bias_cell = part(l.bias_cell, d, l.hidden);
    r.hidden_first = part(l.hidden_first, d, states);
    r.cell_first = part(l.cell_first, d, cells);
    r.mask = part(l.mask, d, states);
    r.zoneout_hidden = {part(l.kept_hidden, d, states * l.steps), l.rate_hidden};
    r.zoneout_cell = {part(l.kept_cell, d, cells * l.steps), l.rate_cell};
    r.outputs = {l.outputs + d * l.outputs_size, l.directions * l.outputs_size};
    if (l.gates != nullptr) r.gates = {part(l.gates, d, l.saved_rows * width_), width_};
    if (l.cells != nullptr) r.cells = {part(l.cells, d, l.saved_rows * l.hidden), l.hidden};
    if (l.extra != nullptr) r.extra = {part(l.extra, d, l.saved_rows * extra_size()), extra_size()};
    return r;
  }

  const Layer<T>& layer_;
  const Layout& layout_;
  int threads_;
  Pieces pieces_;
  Cell cell_;
  std::int64_t gates_;
  std::int64_t width_;  // of all gates
  std::int64_t positions_;
  T* rows_ = nullptr;
  std::size_t product_room_ = 0;
};

template <class T>
class Forward : public Call<T> {
 public:
  Forward(const Layer<T>& layer, const Layout& layout, int threads, void* memory)
      : Call<T>(layer, layout, threads, memory) {
    bias_ = pieces_.template take<T>(width_);
    for (std::int64_t d = 0; d < layer.directions; ++d) {
      if (layer.gates == nullptr) scratch_[d] = pieces_.template take<T>(positions_ * width_);
    }
    if (normalizes() && layer.products == nullptr) products_ = pieces_.template take<T>(positions_ * width_);
    make_room(width_, layer.features, false);
  }

  bool run(bool (*interrupted)()) {
    if (layer_.lengths != nullptr) {
      const std::int64_t bytes = layer_.directions * layer_.outputs_size * static_cast<std::int64_t>(sizeof(T));
      unpack_rows(layout_.sequence(), nullptr, reinterpret_cast<char*>(layer_.outputs), bytes, bytes, threads_);
    }
    const T* const rows = input_rows();
    std::vector<Recurrence<T>> directions;
    for (std::int64_t d = 0; d < layer_.directions; ++d) {
      Recurrence<T> r = recurrence(d);
      if (layer_.gates == nullptr) r.gates = {scratch_[d], width_};
      r.hidden_last = part(layer_.hidden_last, d, layer_.batch * layer_.outputs_size);
      r.cell_last = part(layer_.cell_last, d, layer_.batch * layer_.hidden);
      project(d, rows, r.gates.data);
      directions.push_back(r);
    }
    return run_pass<T>(cell_, false, directions, threads_, interrupted);
  }

 private:
  // What the inputs add to the gates.
  void project(std::int64_t d, const T* rows, T* gates) {
    const std::int64_t features = layer_.features;
    T* const products =
        layer_.products == nullptr ? products_ : part(layer_.products, d, layer_.saved_rows * width_);
    Matmul<T> m;
    m.rows = positions_;
    m.columns = width_;
    m.inner = features;
    m.left = {rows, features, 1};
    m.right = {part(layer_.weight_ih, d, width_ * features), 1, features};
    m.start = normalizes() ? nullptr : bias(d);
    m.result = normalizes() ? products : gates;
    m.pitch = width_;
    multiply(m);
    if (!normalizes()) return;
    RowNorm<T> norm = normalization(d, products);
    norm.shift = part(layer_.bias_ih, d, width_);
    norm.y = gates;
    normalize(norm, threads_);
  }

  // The bias of the gates, but for what acts inside the recurrence.
  const T* bias(std::int64_t d) {
    if (layer_.bias_ih == nullptr) return nullptr;
    const T* const own = part(layer_.bias_ih, d, width_);
    const T* const other = part(layer_.bias_hh, d, width_);
    const std::int64_t shared = other == nullptr ? 0 : cell_ == kGru ? 2 * layer_.hidden : width_;
    for (std::int64_t j = 0; j < width_; ++j) bias_[j] = j < shared ? own[j] + other[j] : own[j];
    return bias_;
  }

  using Call<T>::layer_, Call<T>::layout_, Call<T>::threads_, Call<T>::pieces_, Call<T>::cell_, Call<T>::width_,
      Call<T>::positions_, Call<T>::normalizes, Call<T>::recurrence, Call<T>::input_rows, Call<T>::part, Call<T>::normalization,
      Call<T>::make_room, Call<T>::multiply;
  T* bias_ = nullptr;
  T* scratch_[2] = {};
  T* products_ = nullptr;
};

template <class T>
class Backward : public Call<T> {
 public:
  Backward(const Layer<T>& layer, const Layout& layout, int threads, void* memory)
      : Call<T>(layer, layout, threads, memory),
        // What the candidate's weights saw and what came back to them differ from the gates' in a GRU.
        grad_width_(cell_ == kGru ? 4 * layer.hidden : width_),
        back_size_(normalizes() ? width_ : layer.projection != nullptr ? layer.outputs_size : 0) {
    for (std::int64_t d = 0; d < layer.directions; ++d) {
      grad_gates_[d] = pieces_.template take<T>(positions_ * grad_width_);
      grad_products_[d] = pieces_.template take<T>(positions_ * back_size_);
      through_[d] = normalizes() ? pieces_.template take<T>(positions_ * width_) : grad_gates_[d];
      if (normalizes()) gains_[d] = pieces_.template take<T>(6 * layer.hidden);
    }
    entering_ = pieces_.template take<T>(positions_ * layer.outputs_size);
    sums_ = pieces_.template take<T>(grad_width_);
    some_ = pieces_.template take<T>(grad_width_);
    make_room(std::max({layer.features, layer.outputs_size, layer.hidden}), positions_, true);
    if (layer.grad_input == nullptr) return;
    make_room(layer.features, width_, false);
    for (std::int64_t d = 0; d < layer.directions; ++d)
      if (d > 0 || !lies_as_positions()) grad_rows_[d] = pieces_.template take<T>(positions_ * layer.features);
  }

  bool run(bool (*interrupted)()) {
    std::vector<Recurrence<T>> directions;
    for (std::int64_t d = 0; d < layer_.directions; ++d) directions.push_back(on_its_way_back(d));
    if (!run_pass<T>(cell_, true, directions, threads_, interrupted)) return false;
    const T* const rows = input_rows();
    for (std::int64_t d = 0; d < layer_.directions; ++d) {
      add_up_biases(d);
      if (normalizes()) walk_back_normalization(d);
      grad_weights(d, rows, directions[static_cast<std::size_t>(d)]);
    }
    if (layer_.grad_input != nullptr) grad_input();
    return true;
  }

 private:
  Recurrence<T> on_its_way_back(std::int64_t d) const {
    const Layer<T>& l = layer_;
    const std::int64_t states = l.batch * l.outputs_size, cells = l.batch * l.hidden;
    Recurrence<T> r = recurrence(d);
    if (l.grad_outputs != nullptr)
      r.grad_outputs = {l.grad_outputs + d * l.outputs_size, l.directions * l.outputs_size};
    r.grad_hidden_last = part(l.grad_hidden_last, d, states);
    r.grad_cell_last = part(l.grad_cell_last, d, cells);
    r.grad_gates = {grad_gates_[d], grad_width_};
    if (back_size_ > 0) r.grad_products = {grad_products_[d], back_size_};
    r.grad_hidden_first = part(l.grad_hidden_first, d, states);
    r.grad_cell_first = part(l.grad_cell_first, d, cells);
    r.grad_peepholes = part(l.grad_peepholes, d, 3 * l.hidden);
    r.grad_gains = gains_[d];
    if (r.grad_peepholes != nullptr) std::fill_n(r.grad_peepholes, 3 * l.hidden, T(0));
    if (r.grad_gains != nullptr) std::fill_n(r.grad_gains, 6 * l.hidden, T(0));
    return r;
  }

  // The sum over positions of outer products: to (count, size), of `count` columns of `grads` and rows of `seen`.
  void outer(const T* grads, std::int64_t pitch, std::int64_t count, const T* seen, std::int64_t size, T* to) const {
    Matmul<T> m;
    m.rows = count;
    m.columns = size;
    m.inner = positions_;
    m.left = {grads, 1, pitch};
    m.right = {seen, size, 1};
    m.result = to;
    m.pitch = size;
    multiply(m);
  }

  void grad_weights(std::int64_t d, const T* rows, const Recurrence<T>& r) {
    const std::int64_t hidden = layer_.hidden, size = layer_.outputs_size;
    T* const to = part(layer_.grad_weight_hh, d, width_ * size);
    outer(through_[d], normalizes() ? width_ : grad_width_, width_, rows, layer_.features,
          part(layer_.grad_weight_ih, d, width_ * layer_.features));
    gather_entering(r, Rows<T>{entering_, size}, threads_);
    if (normalizes()) {
      outer(grad_products_[d], width_, width_, entering_, size, to);
    } else if (cell_ == kGru || cell_ == kGruResetBefore) {
      const T* const seen = cell_ == kGruResetBefore ? r.extra.data : entering_;
      outer(grad_gates_[d], grad_width_, 2 * hidden, entering_, size, to);
      outer(grad_gates_[d] + grad_width_ - hidden, grad_width_, hidden, seen, size, to + 2 * hidden * size);
    } else {
      outer(grad_gates_[d], grad_width_, width_, entering_, size, to);
    }
    if (layer_.grad_projection != nullptr)
      outer(grad_products_[d], size, size, r.extra.data, hidden, part(layer_.grad_projection, d, size * hidden));
  }

  // To (columns): the sums of columns of rows over positions.
  void add_up(const T* from, std::int64_t columns, T* to) const {
    constexpr std::int64_t block = 256;  // rows that are added up by themselves, so that little is lost
    for_shares(columns, bytes_of(columns), threads_, [&](std::int64_t begin, std::int64_t end) {
      std::fill(to + begin, to + end, T(0));
      for (std::int64_t row = 0; row < positions_; row += block) {
        std::fill(some_ + begin, some_ + end, T(0));
        for (std::int64_t one = row; one < std::min(row + block, positions_); ++one)
          for (std::int64_t j = begin; j < end; ++j) some_[j] += from[one * columns + j];
        for (std::int64_t j = begin; j < end; ++j) to[j] += some_[j];
      }
    });
  }

  void add_up_biases(std::int64_t d) {
    if (layer_.grad_bias_ih == nullptr) return;
    const std::int64_t outside = 2 * layer_.hidden;
    add_up(grad_gates_[d], grad_width_, sums_);
    std::copy_n(sums_, width_, part(layer_.grad_bias_ih, d, width_));
    T* const inner = part(layer_.grad_bias_hh, d, width_);
    if (inner == nullptr) return;
    std::copy_n(sums_, outside, inner);
    std::copy_n(sums_ + width_, layer_.hidden, inner + outside);
  }

  // Back through the layer normalisation of W x, and the gains of all.
  void walk_back_normalization(std::int64_t d) {
    const std::int64_t hidden = layer_.hidden;
    RowNorm<T> norm = normalization(d, part(layer_.products, d, layer_.saved_rows * width_));
    norm.grad_y = grad_gates_[d];
    norm.grad_x = through_[d];
    norm.grad_gain = part(layer_.grad_gain_ih, d, width_);
    normalize_back(norm, threads_);
    const T* const gains = gains_[d];
    std::copy_n(gains, width_, part(layer_.grad_gain_hh, d, width_));
    std::copy_n(gains + width_, hidden, part(layer_.grad_gain_cell, d, hidden));
    std::copy_n(gains + width_ + hidden, hidden, part(layer_.grad_bias_cell, d, hidden));
  }

  void grad_input() {
    const std::int64_t features = layer_.features;
    T* const first = lies_as_positions() ? layer_.grad_input : grad_rows_[0];
    for (std::int64_t d = 0; d < layer_.directions; ++d) {
      Matmul<T> m;
      m.rows = positions_;
      m.columns = features;
      m.inner = width_;
      m.left = {through_[d], normalizes() ? width_ : grad_width_, 1};
      m.right = {part(layer_.weight_ih, d, width_ * features), features, 1};
      m.result = d == 0 ? first : grad_rows_[d];
      m.pitch = features;
      multiply(m);
    }
    if (layer_.directions > 1)
      for_shares(positions_, bytes_of(features), threads_, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t j = begin * features; j < end * features; ++j) first[j] += grad_rows_[1][j];
      });
    if (lies_as_positions()) return;
    const auto bytes = features * static_cast<std::int64_t>(sizeof(T));
    unpack_rows(layout_.sequence(), reinterpret_cast<const char*>(first), reinterpret_cast<char*>(layer_.grad_input),
                bytes, bytes, threads_);
  }

  using Call<T>::layer_, Call<T>::layout_, Call<T>::threads_, Call<T>::pieces_, Call<T>::cell_, Call<T>::width_,
      Call<T>::positions_, Call<T>::normalizes, Call<T>::recurrence, Call<T>::input_rows, Call<T>::part,
      Call<T>::lies_as_positions, Call<T>::normalization, Call<T>::bytes_of, Call<T>::make_room,
      Call<T>::multiply;
  std::int64_t grad_width_;
  std::int64_t back_size_;
  T* grad_gates_[2] = {};
  T* grad_products_[2] = {};
  T* through_[2] = {};  // gradients of W x
  T* gains_[2] = {};
  T* entering_ = nullptr;
  T* sums_ = nullptr;
  T* some_ = nullptr;
  T* grad_rows_[2] = {};
};

template <class T, template <class> class Pass>
bool run(const Layer<T>& layer, int threads, bool (*interrupted)()) {
  const Layout layout(layer.batch, layer.steps, layer.lengths, layer.time_major != 0);
  const Scratch scratch(Pass<T>(layer, layout, threads, nullptr).size(), layer.fills != 0);
  return Pass<T>(layer, layout, threads, scratch.data()).run(interrupted);
}

}  // namespace

template <class T>
bool run_forward(const Layer<T>& layer, int threads, bool (*interrupted)()) {
  return run<T, Forward>(layer, threads, interrupted);
}

template <class T>
bool run_backward(const Layer<T>& layer, int threads, bool (*interrupted)()) {
  return run<T, Backward>(layer, threads, interrupted);
}

template bool run_forward(const Layer<float>&, int, bool (*)());
template bool run_forward(const Layer<double>&, int, bool (*)());
template bool run_backward(const Layer<float>&, int, bool (*)());
template bool run_backward(const Layer<double>&, int, bool (*)());

}  // namespace recurra
