/* SPDX-License-Identifier: MIT */
/** @file vpf.hpp
 *  libvpf for C++17 and later: vpf.h with owners, exceptions, and arrays that know their size.
 *
 *  Header only. Every function here calls the C function of the same name, whose description holds for it as well:
 *  vpf_model_x() and vpf_model_get_x() are the member vpf::model::x(), likewise for the other handles, and every other
 *  function is vpf::x(). What is in vpf/experimental/ has no C++ form. A complete program:
 *
 *  @code
 *  #include <cstdio>
 *  #include <vpf.hpp>
 *
 *  int main() try {
 *    const auto data = vpf::data::load_idx("train-images-idx3-ubyte", 127);
 *    vpf::model model({784, 196});
 *    vpf::optimizer optimizer;
 *    model.init(1);
 *    vpf::train(model, data, optimizer, 10, [](const vpf_progress &p) {
 *      std::printf("epoch %zu of %zu: flow %.1f, %.0f images/s\n", p.epoch, p.epochs, p.flow, p.images_per_second);
 *    });
 *    model.save("rbm.safetensors");
 *  } catch (const vpf::error &e) {
 *    std::fprintf(stderr, "%s: %s\n", vpf::status_string(e.status()), e.what());
 *    return 1;
 *  }
 *  @endcode
 *
 *  Arguments are those of the C function, in the same order, except that
 *
 *  - arrays are spans, to which vectors, arrays, std::span and braced lists convert. Where the C function allows NULL,
 *    an empty span, {}, leaves the array out. The length of a vector and the number of points for Parzen windows are
 *    taken from the span and are not arguments
 *  - results are returned: handles and reports by value, arrays as a std::vector, or written to a span given as the
 *    last argument, which saves the allocation
 *
 *  Errors. A failure throws vpf::error, whose status() is what the C function returns and whose what() is its message;
 *  what C promises of handles after a failure holds here too. `@throws` lists the statuses of each function, and the C
 *  function says when. Three more things may happen. A span whose size is not what the C function will use is
 *  VPF_ERR_SHAPE, with both sizes in the message. A result that no std::vector could hold is VPF_ERR_LIMIT. A
 *  std::vector for which there is no memory is std::bad_alloc.
 *
 *  Ownership. data, model, optimizer and monitor each own one handle and are as large as a pointer. They can be moved
 *  but not copied. An object that was moved from is empty: it can be assigned to and destroyed, its accessors return 0,
 *  and every other function that is given it throws VPF_ERR_ARGUMENT. get() lends the handle to C, release() hands it
 *  over, and the constructor from a pointer takes one over.
 *
 *  Threads. As in vpf.h: an object has one writer at a time, and functions that take it as const may run together.
 *
 *  Constants and structs are those of the C headers, which are included. */
#ifndef VPF_HPP
#define VPF_HPP

#include <cstddef>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <vpf.h>

namespace vpf {

/** The exception that every failure throws. Since 1.0.
 *
 *  Exported, so that one shared object can catch what another one threw. */
class VPF_API error : public std::runtime_error {
public:
  /** With a status and a message of one's own. Since 1.0. */
  error(vpf_status status, const std::string &message) : std::runtime_error(message), status_(status) {}
  error(vpf_status status, const char *message) : std::runtime_error(message), status_(status) {}
  /** Why the call failed, never VPF_OK. what() is the text of vpf_error_message(). Since 1.0. */
  vpf_status status() const noexcept { return status_; }

private:
  vpf_status status_;
};

/** A pointer and a size: a view of an array that somebody else owns. Since 1.0.
 *
 *  Anything contiguous converts to it. A temporary or a braced list does so for reading only, and the span is then
 *  valid until the end of the full expression. */
template <class T> class span {
  template <class U> static constexpr bool fits = std::is_convertible_v<U (*)[], T (*)[]>; // only adds const

public:
  using element_type = T;
  using value_type = std::remove_cv_t<T>;
  using iterator = T *;

  constexpr span() noexcept = default;
  constexpr span(T *data, std::size_t size) noexcept : data_(data), size_(size) {}
  template <class C, class P = decltype(std::data(std::declval<C>())), class = decltype(std::size(std::declval<C>())),
            class = std::enable_if_t<fits<std::remove_pointer_t<P>> && !std::is_same_v<std::decay_t<C>, span>>>
  constexpr span(C &&container) : data_(std::data(std::forward<C>(container))), size_(std::size(container)) {}
  template <class U = T, class = std::enable_if_t<std::is_const_v<U>>>
  constexpr span(std::initializer_list<value_type> list) noexcept : data_(std::data(list)), size_(list.size()) {}

  constexpr T *data() const noexcept { return data_; }
  constexpr std::size_t size() const noexcept { return size_; }
  constexpr bool empty() const noexcept { return size_ == 0; }
  constexpr T *begin() const noexcept { return data_; }
  constexpr T *end() const noexcept { return data_ + size_; }
  constexpr T &operator[](std::size_t index) const { return data_[index]; }

private:
  T *data_ = nullptr;
  std::size_t size_ = 0;
};

namespace detail {

/* Separate from check(), which thereby costs the user's program a single comparison. */
[[noreturn]] inline void fail(vpf_status status) { throw error(status, vpf_error_message()); }

inline void check(vpf_status status) {
  if (status != VPF_OK) fail(status);
}

[[noreturn]] inline void wrong_size(const char *what, std::size_t size, const std::string &needed) {
  throw error(VPF_ERR_SHAPE, what + (" has " + std::to_string(size)) + " elements; " + needed);
}

/* The array, if it has as many elements as the C function will use. `needed` is 0 only for a layer that does not exist,
 * an empty object and the like: the C function refuses those, and knows best why. */
template <class T> T *exactly(std::size_t needed, span<T> array, const char *what) {
  if (needed != 0 && array.size() != needed) wrong_size(what, array.size(), std::to_string(needed) + " are needed");
  return array.data();
}

/* exactly() for an array that may be left out. */
template <class T> T *exactly_or_none(std::size_t needed, span<T> array, const char *what) {
  return array.empty() ? nullptr : exactly(needed, array, what);
}

/* The number of rows of a matrix with dim columns. The C function refuses a dim of 0. */
inline std::size_t rows_of(std::size_t dim, span<const float> matrix, const char *what) {
  if (dim == 0) return 0;
  if (matrix.size() % dim != 0)
    wrong_size(what, matrix.size(), "a multiple of " + std::to_string(dim) + " is needed");
  return matrix.size() / dim;
}

/* The number of elements of a matrix or, where that overflows, one that no array can have. */
inline std::size_t area(std::size_t rows, std::size_t cols) noexcept {
  constexpr std::size_t most = (std::numeric_limits<std::size_t>::max)();
  return cols != 0 && rows > most / cols ? most : rows * cols;
}

/* Room for a result: at least one element, since the C function checks for NULL before it looks at anything else. */
template <class T> std::vector<T> room(std::size_t size) {
  if (size > std::vector<T>().max_size())
    throw error(VPF_ERR_LIMIT, "a result of " + std::to_string(size) + " elements is too large for memory");
  return std::vector<T>(size != 0 ? size : 1);
}

/* An empty report, with the struct_size that its caller has to set. */
template <class T> T report() noexcept {
  T empty{};
  empty.struct_size = sizeof empty;
  return empty;
}

/* The name of a file: a C string, std::string or std::filesystem::path. */
class path {
  template <class S> using c_string = decltype(std::declval<const S &>().c_str());

public:
  path(const char *name) noexcept : name_(name) {}
  template <class S, class = std::enable_if_t<std::is_same_v<c_string<S>, const char *>>>
  path(const S &name) noexcept : name_(name.c_str()) {}
  operator const char *() const noexcept { return name_; }

private:
  const char *name_;
};

struct destroy {
  void operator()(vpf_data *handle) const noexcept { vpf_data_destroy(handle); }
  void operator()(vpf_model *handle) const noexcept { vpf_model_destroy(handle); }
  void operator()(vpf_optimizer *handle) const noexcept { vpf_optimizer_destroy(handle); }
  void operator()(vpf_monitor *handle) const noexcept { vpf_monitor_destroy(handle); }
  void operator()(vpf_ladder *handle) const noexcept { vpf_ladder_destroy(handle); }
};

/* What the four owning classes have in common. None of it throws. */
template <class T> class handle {
public:
  /** Take over a handle from C. Only a pointer of exactly this type will do, so {} and 0 are not taken for one.
   *  Since 1.0. */
  template <class P, class = std::enable_if_t<std::is_same_v<P, T *>>>
  explicit handle(P owned) noexcept : owned_(owned) {}
  /** Lend the handle to C; NULL if the object is empty. Since 1.0. */
  T *get() noexcept { return owned_.get(); }
  /** Lend the handle to C for reading; NULL if the object is empty. Since 1.0. */
  const T *get() const noexcept { return owned_.get(); }
  /** Hand the handle over to the caller; the object is empty afterwards. Since 1.0. */
  [[nodiscard]] T *release() noexcept { return owned_.release(); }
  /** Whether the object owns a handle. Since 1.0. */
  explicit operator bool() const noexcept { return owned_ != nullptr; }

private:
  std::unique_ptr<T, destroy> owned_;
};

} // namespace detail

/** @name Version, threads, status, memory: version.h, threads.h, status.h
 *  @{ */

/** The version of the running library as "major.minor.patch". Since 1.0. */
inline const char *version_string() noexcept { return vpf_version_string(); }
/** The version of the running library as major * 10000 + minor * 100 + patch. Since 1.0. */
inline unsigned version_number() noexcept { return vpf_version_number(); }
/** How many threads functions work with in this process; 0: the default. Since 1.0. */
inline void set_threads(std::size_t threads) noexcept { vpf_set_threads(threads); }
/** How many threads a call from here would work with at most. Since 1.0. */
inline std::size_t threads() noexcept { return vpf_threads(); }
/** The fixed text of a status. Since 1.0. */
inline const char *status_string(vpf_status status) noexcept { return vpf_status_string(status); }
/** The name of a status, such as "VPF_ERR_MEMORY". Since 1.0. */
inline const char *status_name(vpf_status status) noexcept { return vpf_status_name(status); }

/** Replace the allocator of the whole library, before the first object is created. Since 1.0.
 *  Neither function may throw.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_STATE */
inline void set_allocator(void *(*allocate)(std::size_t size, void *user), void (*release)(void *pointer, void *user),
                          void *user = nullptr) {
  const vpf_allocator allocator = {sizeof allocator, allocate, release, user};
  detail::check(vpf_set_allocator(&allocator));
}

/** @} */

/** Rows of bits: data.h. Since 1.0. */
class data : public detail::handle<vpf_data> {
public:
  using handle::handle;

  /** Make rows of bits from bytes, [rows x cols]: a value above the threshold becomes 1. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_LIMIT, VPF_ERR_MEMORY */
  static data from_u8(span<const std::uint8_t> values, std::size_t rows, std::size_t cols, std::uint8_t threshold) {
    vpf_data *out = nullptr;
    const auto array = detail::exactly(detail::area(rows, cols), values, "vpf_data_from_u8: values");
    detail::check(vpf_data_from_u8(&out, array, rows, cols, threshold));
    return data(out);
  }

  /** Make rows of bits from floats in [0, 1], [rows x cols]: a value above the threshold becomes 1. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_LIMIT, VPF_ERR_MEMORY */
  static data from_f32(span<const float> values, std::size_t rows, std::size_t cols, float threshold) {
    vpf_data *out = nullptr;
    const auto array = detail::exactly(detail::area(rows, cols), values, "vpf_data_from_f32: values");
    detail::check(vpf_data_from_f32(&out, array, rows, cols, threshold));
    return data(out);
  }

  /** Read a file of images in the IDX format, plain or gzipped. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_IO, VPF_ERR_FORMAT, VPF_ERR_LIMIT, VPF_ERR_MEMORY */
  static data load_idx(detail::path path, std::uint8_t threshold) {
    vpf_data *out = nullptr;
    detail::check(vpf_data_load_idx(&out, path, threshold));
    return data(out);
  }

  /** Copy rows first .. first+count-1. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_MEMORY */
  data slice(std::size_t first, std::size_t count) const {
    vpf_data *out = nullptr;
    detail::check(vpf_data_slice(&out, get(), first, count));
    return data(out);
  }

  /** Copy columns first .. first+count-1. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_MEMORY */
  data columns(std::size_t first, std::size_t count) const {
    vpf_data *out = nullptr;
    detail::check(vpf_data_columns(&out, get(), first, count));
    return data(out);
  }

  /** Copy the bits without the grey levels. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_MEMORY */
  data bits_only() const {
    vpf_data *out = nullptr;
    detail::check(vpf_data_bits_only(&out, get()));
    return data(out);
  }

  /** Copy the bits, with noise in a region, [cols]. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_MEMORY */
  data corrupt(span<const std::uint8_t> region, vpf_noise noise, std::uint64_t seed) const {
    vpf_data *out = nullptr;
    const auto array = detail::exactly(cols(), region, "vpf_data_corrupt: region");
    detail::check(vpf_data_corrupt(&out, get(), array, noise, seed));
    return data(out);
  }

  /** Number of rows. Since 1.0. */
  std::size_t rows() const noexcept { return vpf_data_rows(get()); }
  /** Number of columns. Since 1.0. */
  std::size_t cols() const noexcept { return vpf_data_cols(get()); }

  /** Unpack the bits, [rows x cols]. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE */
  void to_u8(span<std::uint8_t> out) const {
    const auto array = detail::exactly(detail::area(rows(), cols()), out, "vpf_data_to_u8: out_bits");
    detail::check(vpf_data_to_u8(get(), array));
  }
  /** The bits, [rows x cols]. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT */
  std::vector<std::uint8_t> to_u8() const {
    auto out = detail::room<std::uint8_t>(detail::area(rows(), cols()));
    to_u8(out);
    return out;
  }

  /** Unpack the grey levels where they were kept, the bits where they were not, [rows x cols]. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE */
  void to_f32(span<float> out) const {
    const auto array = detail::exactly(detail::area(rows(), cols()), out, "vpf_data_to_f32: out_levels");
    detail::check(vpf_data_to_f32(get(), array));
  }
  /** The grey levels where they were kept, the bits where they were not, [rows x cols]. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT */
  std::vector<float> to_f32() const {
    auto out = detail::room<float>(detail::area(rows(), cols()));
    to_f32(out);
    return out;
  }
};

/** A layered binary Boltzmann machine and its mathematics: model.h. Since 1.0. */
class model : public detail::handle<vpf_model> {
public:
  using handle::handle;

  /** Create a machine whose parameters are all zero. Since 1.0.
   *  @param sizes     [layers], units of each layer
   *  @param intra     [layers]; non-zero gives the layer intra-layer weights. {}: no layer has them
   *  @param coupling  see vpf_coupling
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_LIMIT, VPF_ERR_MEMORY */
  explicit model(span<const std::size_t> sizes, span<const std::uint8_t> intra = {},
                 vpf_coupling coupling = VPF_COUPLING_PAIRWISE)
      : handle(create(sizes, intra, coupling)) {}

  /** Read a model from a file, which is not trusted. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_IO, VPF_ERR_FORMAT, VPF_ERR_MEMORY */
  static model load(detail::path path) {
    vpf_model *out = nullptr;
    detail::check(vpf_model_load(&out, path));
    return model(out);
  }
  /** Write the model to a file; an existing one is replaced atomically. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_IO, VPF_ERR_LIMIT, VPF_ERR_MEMORY */
  void save(detail::path path) const { detail::check(vpf_model_save(get(), path)); }

  /** Draw the initial parameters. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT */
  void init(std::uint64_t seed) { detail::check(vpf_model_init(get(), seed)); }
  /** Choose all biases, given the weights, so that the machine starts from the data, [rows x n_0]. Since 1.0.
   *  @throws vpf::error VPF_ERR_SHAPE, VPF_ERR_OVERFLOW, VPF_ERR_MEMORY */
  void init_biases(const vpf::data &data) { detail::check(vpf_model_init_biases(get(), data.get())); }

  /** Make an independent copy. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_MEMORY */
  model clone() const {
    vpf_model *out = nullptr;
    detail::check(vpf_model_clone(&out, get()));
    return model(out);
  }

  /** Copy layers pair and pair+1 of a pairwise machine as a two-layer machine. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_UNSUPPORTED, VPF_ERR_MEMORY */
  model pair(std::size_t pair) const {
    vpf_model *out = nullptr;
    detail::check(vpf_model_pair(&out, get(), pair));
    return model(out);
  }

  /** Number of layers. Since 1.0. */
  std::size_t layers() const noexcept { return vpf_model_layers(get()); }
  /** Number of units of a layer; 0 if there is no such layer. Since 1.0. */
  std::size_t layer_size(std::size_t layer) const noexcept { return vpf_model_layer_size(get(), layer); }
  /** Number of units of all layers. Since 1.0. */
  std::size_t units() const noexcept { return vpf_model_units(get()); }
  /** Whether the layer has intra-layer weights. Since 1.0. */
  bool has_intra(std::size_t layer) const noexcept { return vpf_model_has_intra(get(), layer) != 0; }
  /** The coupling given at creation. Since 1.0. */
  vpf_coupling coupling() const noexcept { return vpf_model_get_coupling(get()); }
  /** Number of free parameters, which is the length of the flat vector. Since 1.0. */
  std::size_t param_count() const noexcept { return vpf_model_param_count(get()); }

  /** Read W_lower, [n_lower x n_{lower+1}]. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE */
  void weights(std::size_t lower, span<float> out) const {
    const auto array = detail::exactly(weights_size(lower), out, "vpf_model_get_weights: out");
    detail::check(vpf_model_get_weights(get(), lower, array));
  }
  /** W_lower, [n_lower x n_{lower+1}]. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT */
  std::vector<float> weights(std::size_t lower) const {
    auto out = detail::room<float>(weights_size(lower));
    weights(lower, out);
    return out;
  }
  /** Replace W_lower by w, [n_lower x n_{lower+1}], finite. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE */
  void set_weights(std::size_t lower, span<const float> w) {
    const auto array = detail::exactly(weights_size(lower), w, "vpf_model_set_weights: w");
    detail::check(vpf_model_set_weights(get(), lower, array));
  }

  /** Read U_layer, [n_layer x n_layer]. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE */
  void intra(std::size_t layer, span<float> out) const {
    const auto array = detail::exactly(intra_size(layer), out, "vpf_model_get_intra: out");
    detail::check(vpf_model_get_intra(get(), layer, array));
  }
  /** U_layer, [n_layer x n_layer]. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT */
  std::vector<float> intra(std::size_t layer) const {
    auto out = detail::room<float>(intra_size(layer));
    intra(layer, out);
    return out;
  }
  /** Replace U_layer by u, [n_layer x n_layer], finite, exactly symmetric, with zero diagonal. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE */
  void set_intra(std::size_t layer, span<const float> u) {
    const auto array = detail::exactly(intra_size(layer), u, "vpf_model_set_intra: u");
    detail::check(vpf_model_set_intra(get(), layer, array));
  }

  /** Read a bias vector, [n_layer]. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE */
  void bias(std::size_t layer, vpf_bias role, span<float> out) const {
    const auto array = detail::exactly(layer_size(layer), out, "vpf_model_get_bias: out");
    detail::check(vpf_model_get_bias(get(), layer, role, array));
  }
  /** A bias vector, [n_layer]. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT */
  std::vector<float> bias(std::size_t layer, vpf_bias role) const {
    auto out = detail::room<float>(layer_size(layer));
    bias(layer, role, out);
    return out;
  }
  /** Replace a bias vector by b, [n_layer], finite. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE */
  void set_bias(std::size_t layer, vpf_bias role, span<const float> b) {
    const auto array = detail::exactly(layer_size(layer), b, "vpf_model_set_bias: b");
    detail::check(vpf_model_set_bias(get(), layer, role, array));
  }

  /** Read all parameters, [param_count()], in flat order. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE */
  void params(span<float> out) const {
    detail::check(vpf_model_get_params(get(), detail::exactly(param_count(), out, "vpf_model_get_params: out")));
  }
  /** All parameters, [param_count()], in flat order. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT */
  std::vector<float> params() const {
    auto out = detail::room<float>(param_count());
    params(out);
    return out;
  }
  /** Replace all parameters by theta, [param_count()], in flat order, finite. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE */
  void set_params(span<const float> theta) {
    detail::check(vpf_model_set_params(get(), detail::exactly(param_count(), theta, "vpf_model_set_params: theta")));
  }

  /** The energy E(y) of each row of states, [rows]. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_UNSUPPORTED, VPF_ERR_SHAPE, VPF_ERR_MEMORY */
  void energy(const data &states, span<double> out) const {
    const auto array = detail::exactly(states.rows(), out, "vpf_model_energy: out_energy");
    detail::check(vpf_model_energy(get(), states.get(), array));
  }
  /** The energy E(y) of each row of states, [rows]. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_UNSUPPORTED, VPF_ERR_SHAPE, VPF_ERR_MEMORY */
  std::vector<double> energy(const data &states) const {
    auto out = detail::room<double>(states.rows());
    energy(states, out);
    return out;
  }

  /** The free energy F(x) of each row, [rows]. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_UNSUPPORTED, VPF_ERR_SHAPE, VPF_ERR_LIMIT, VPF_ERR_MEMORY */
  void free_energy(const data &visible, span<double> out) const {
    const auto array = detail::exactly(visible.rows(), out, "vpf_model_free_energy: out_free");
    detail::check(vpf_model_free_energy(get(), visible.get(), array));
  }
  /** The free energy F(x) of each row, [rows]. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_UNSUPPORTED, VPF_ERR_SHAPE, VPF_ERR_LIMIT, VPF_ERR_MEMORY */
  std::vector<double> free_energy(const data &visible) const {
    auto out = detail::room<double>(visible.rows());
    free_energy(visible, out);
    return out;
  }

  /** The probability flow K of fully specified states, mean over rows. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_OVERFLOW, VPF_ERR_MEMORY */
  double flow(const data &states) const {
    double out = 0;
    detail::check(vpf_model_flow(get(), states.get(), &out));
    return out;
  }

  /** The probability flow of each row of states, [rows]. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_OVERFLOW, VPF_ERR_MEMORY */
  void flow_rows(const data &states, span<double> out) const {
    const auto array = detail::exactly(states.rows(), out, "vpf_model_flow_rows: out_flow");
    detail::check(vpf_model_flow_rows(get(), states.get(), array));
  }
  /** The probability flow of each row of states, [rows]. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_OVERFLOW, VPF_ERR_MEMORY */
  std::vector<double> flow_rows(const data &states) const {
    auto out = detail::room<double>(states.rows());
    flow_rows(states, out);
    return out;
  }

  /** The gradient dK/dtheta, [param_count()], in flat order. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_OVERFLOW, VPF_ERR_MEMORY */
  void flow_gradient(const data &states, span<float> out) const {
    const auto array = detail::exactly(param_count(), out, "vpf_model_flow_gradient: out_gradient");
    detail::check(vpf_model_flow_gradient(get(), states.get(), array));
  }
  /** The gradient dK/dtheta, [param_count()], in flat order. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_OVERFLOW, VPF_ERR_MEMORY */
  std::vector<float> flow_gradient(const data &states) const {
    auto out = detail::room<float>(param_count());
    flow_gradient(states, out);
    return out;
  }

  /** Infer the hidden units by one bottom-up E-step; returns states, [rows x units()]. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_MEMORY */
  data infer(const data &visible, std::uint64_t seed) const {
    vpf_data *out = nullptr;
    detail::check(vpf_model_infer(get(), visible.get(), seed, &out));
    return data(out);
  }

private:
  static vpf_model *create(span<const std::size_t> sizes, span<const std::uint8_t> intra, vpf_coupling coupling) {
    vpf_model *out = nullptr;
    const auto mask = detail::exactly_or_none(sizes.size(), intra, "vpf_model_create: intra");
    detail::check(vpf_model_create(&out, sizes.data(), sizes.size(), mask, coupling));
    return out;
  }
  std::size_t weights_size(std::size_t lower) const noexcept {
    return detail::area(layer_size(lower), layer_size(lower + 1));
  }
  std::size_t intra_size(std::size_t layer) const noexcept {
    return detail::area(layer_size(layer), layer_size(layer));
  }
};

/** Everything that training remembers, except the parameters: optimizer.h. Since 1.0. */
class optimizer : public detail::handle<vpf_optimizer> {
public:
  using handle::get;
  using handle::handle;

  /** Create an optimizer with the paper preset and seed 1. Since 1.0.
   *  @throws vpf::error VPF_ERR_MEMORY */
  optimizer() : handle(create()) {}

  /** Set an option, such as VPF_OPTION_LEARNING_RATE. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT */
  void set(vpf_option option, double value) { detail::check(vpf_optimizer_set(get(), option, value)); }
  /** Read an option. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT */
  double get(vpf_option option) const {
    double out = 0;
    detail::check(vpf_optimizer_get(get(), option, &out));
    return out;
  }

  /** Choose the seed of all random numbers of training. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT */
  void set_seed(std::uint64_t seed) { detail::check(vpf_optimizer_set_seed(get(), seed)); }
  /** The seed. Since 1.0. */
  std::uint64_t seed() const noexcept { return vpf_optimizer_get_seed(get()); }

  /** What position() returns. Since 1.0. */
  struct place {
    std::size_t epochs; /**< epochs completed */
    std::size_t rows;   /**< data rows done of an unfinished epoch; 0 if there is none */
  };
  /** How far training has come over the optimizer's life. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT */
  place position() const {
    place out = {0, 0};
    detail::check(vpf_optimizer_position(get(), &out.epochs, &out.rows));
    return out;
  }

  /** Why the last train() with this optimizer ended. Since 1.0. */
  vpf_stop last_stop() const noexcept { return vpf_optimizer_last_stop(get()); }

  /** The running average of the parameters. Since 1.0.
   *  @throws vpf::error VPF_ERR_STATE, VPF_ERR_MEMORY */
  model average() const {
    vpf_model *out = nullptr;
    detail::check(vpf_optimizer_average(get(), &out));
    return model(out);
  }

private:
  static vpf_optimizer *create() {
    vpf_optimizer *out = nullptr;
    detail::check(vpf_optimizer_create(&out));
    return out;
  }
};

/** The name of a value of an option, or nullptr. Since 1.0.
 *  @see vpf_option_value_name() */
inline const char *option_value_name(vpf_option option, int value) noexcept { return vpf_option_value_name(option, value); }

/** The name of a recipe, or nullptr. Since 1.0.
 *  @see vpf_recipe_name() */
inline const char *recipe_name(vpf_recipe recipe) noexcept { return vpf_recipe_name(recipe); }
/** What a recipe is for, or nullptr. Since 1.0.
 *  @see vpf_recipe_purpose() */
inline const char *recipe_purpose(vpf_recipe recipe) noexcept { return vpf_recipe_purpose(recipe); }
/** Begin a training of so many epochs by a recipe: parameters of the model, options of a new optimizer. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_STATE, VPF_ERR_MEMORY */
inline void begin_recipe(vpf_recipe recipe, vpf::model &model, const vpf::data &data, vpf::optimizer &optimizer,
                         std::size_t epochs) {
  detail::check(vpf_recipe_begin(recipe, model.get(), data.get(), optimizer.get(), epochs));
}

/** What option_bounds() returns. Since 1.0. */
struct option_interval {
  double low, high; /**< the closed interval of allowed values */
  const char *name; /**< a static string */
};

/** The allowed values and the name of an option. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT */
inline option_interval option_bounds(vpf_option option) {
  option_interval out = {};
  detail::check(vpf_option_bounds(option, &out.low, &out.high, &out.name));
  return out;
}

/** Number of options. Since 1.0. */
inline std::size_t option_count() noexcept { return vpf_option_count(); }

/** Describe one option: index is 0 .. option_count()-1. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT */
inline vpf_option_info option_describe(std::size_t index) {
  auto out = detail::report<vpf_option_info>();
  detail::check(vpf_option_describe(index, &out));
  return out;
}

/** @name Training: train.h
 *  @{ */

/** Train without a progress function. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_STATE, VPF_ERR_UNSUPPORTED, VPF_ERR_MEMORY,
 *                     VPF_ERR_DIVERGED */
inline void train(vpf::model &model, const vpf::data &data, vpf::optimizer &optimizer, std::size_t epochs) {
  detail::check(vpf_train(model.get(), data.get(), optimizer.get(), epochs, nullptr, nullptr));
}

namespace detail {

/* A progress function for C. No exception may pass through the frames of C, so it is kept, and training stopped. */
template <class F> struct progress_call {
  F *function;
  std::exception_ptr thrown;

  static int run(const vpf_progress *progress, void *user) noexcept {
    const auto call = static_cast<progress_call *>(user);
    try {
      if constexpr (std::is_void_v<std::invoke_result_t<F &, const vpf_progress &>>) {
        (*call->function)(*progress);
        return 0;
      } else {
        return (*call->function)(*progress) ? 1 : 0;
      }
    } catch (...) {
      call->thrown = std::current_exception();
      return 1;
    }
  }
};

} // namespace detail

/** Train with a progress function. Since 1.0.
 *  @param model      changed in place
 *  @param data       [rows x n_0]
 *  @param optimizer  bound to the shape of the first model that it trains
 *  @param epochs     how many epochs to finish
 *  @param progress   called with a const vpf_progress & after every epoch, and minibatch if VPF_OPTION_PROGRESS_BATCHES
 *                    says so. It returns nothing, or true (non-zero) to stop, which is not an error. An exception that
 *                    it throws stops training just as cleanly and is then thrown from here: model and optimizer can be
 *                    saved and trained on
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_STATE, VPF_ERR_UNSUPPORTED, VPF_ERR_MEMORY,
 *                     VPF_ERR_DIVERGED; and whatever progress throws */
template <class Progress>
void train(vpf::model &model, const vpf::data &data, vpf::optimizer &optimizer, std::size_t epochs,
           Progress &&progress) {
  detail::progress_call<std::remove_reference_t<Progress>> call = {std::addressof(progress), nullptr};
  const vpf_status status = vpf_train(model.get(), data.get(), optimizer.get(), epochs, call.run, &call);
  if (call.thrown) std::rethrow_exception(std::move(call.thrown));
  detail::check(status);
}

/** Write a model and its optimizer to one file. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_IO, VPF_ERR_LIMIT, VPF_ERR_MEMORY */
inline void checkpoint_save(const vpf::model &model, const vpf::optimizer &optimizer, detail::path path) {
  detail::check(vpf_checkpoint_save(model.get(), optimizer.get(), path));
}

/** What checkpoint_load() returns. Since 1.0. */
struct checkpoint {
  vpf::model model;
  vpf::optimizer optimizer;
};

/** Read a checkpoint: `auto [model, optimizer] = vpf::checkpoint_load(path)`. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_IO, VPF_ERR_FORMAT, VPF_ERR_MEMORY */
inline checkpoint checkpoint_load(detail::path path) {
  vpf_model *model = nullptr;
  vpf_optimizer *optimizer = nullptr;
  detail::check(vpf_checkpoint_load(&model, &optimizer, path));
  return {vpf::model(model), vpf::optimizer(optimizer)};
}

/** @} @name Sampling: sample.h and the chains of model.h
 *  @{ */

namespace detail {

inline std::size_t units(const vpf::model &model) noexcept {
  std::size_t sum = 0;
  for (std::size_t layer = 0; layer < model.layers(); layer++) sum += model.layer_size(layer);
  return sum;
}

inline std::size_t visible_size(const vpf::model &model) noexcept { return model.layer_size(0); }
inline std::size_t top_size(const vpf::model &model) noexcept { return model.layer_size(model.layers() - 1); }

/* How many step counts the functions by pair take. */
inline std::size_t pairs(const vpf::model &model) noexcept {
  return model.layers() > 1 ? model.layers() - 1 : model.layers();
}

} // namespace detail

/** Run Gibbs chains from states, [rows x units]; returns where they end. Since 1.0.
 *  @param model    joint, or at most two layers
 *  @param states   where the chains start, one per row
 *  @param clamped  [units]; a unit that is non-zero here keeps its bit. {}: no unit is clamped
 *  @param sweeps   how often each free unit is drawn anew
 *  @param seed     any number
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_UNSUPPORTED, VPF_ERR_SHAPE, VPF_ERR_MEMORY */
inline data gibbs(const vpf::model &model, const data &states, span<const std::uint8_t> clamped, std::size_t sweeps,
                  std::uint64_t seed) {
  vpf_data *out = nullptr;
  const auto mask = detail::exactly_or_none(detail::units(model), clamped, "vpf_gibbs: clamped");
  detail::check(vpf_gibbs(model.get(), states.get(), mask, sweeps, seed, &out));
  return data(out);
}

/** Run the chains of gibbs() and write their energies to out_energy, [rows x draws]; returns where they end. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_UNSUPPORTED, VPF_ERR_SHAPE, VPF_ERR_LIMIT, VPF_ERR_MEMORY */
inline data gibbs_trace(const vpf::model &model, const data &states, span<const std::uint8_t> clamped,
                        std::size_t draws, std::size_t thin, std::uint64_t seed, span<double> out_energy) {
  vpf_data *out = nullptr;
  const auto mask = detail::exactly_or_none(detail::units(model), clamped, "vpf_gibbs_trace: clamped");
  const auto energy = detail::exactly(detail::area(states.rows(), draws), out_energy, "vpf_gibbs_trace: out_energy");
  detail::check(vpf_gibbs_trace(model.get(), states.get(), mask, draws, thin, seed, energy, &out));
  return data(out);
}

/** What gibbs_trace() returns. Since 1.0. */
struct trace {
  std::vector<double> energy; /**< [rows x draws] */
  data states;                /**< where the chains end */
};

/** Run the chains of gibbs() and record their energies. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_UNSUPPORTED, VPF_ERR_SHAPE, VPF_ERR_LIMIT, VPF_ERR_MEMORY */
inline trace gibbs_trace(const vpf::model &model, const data &states, span<const std::uint8_t> clamped,
                         std::size_t draws, std::size_t thin, std::uint64_t seed) {
  auto energy = detail::room<double>(detail::area(states.rows(), draws));
  auto last = gibbs_trace(model, states, clamped, draws, thin, seed, energy);
  return {std::move(energy), std::move(last)};
}

/** Generate images from the top down: probabilities of the visible units, [count x n_0]. Since 1.0.
 *  @param model  any machine
 *  @param count  number of chains
 *  @param steps  r, at least 1
 *  @param prior  [n_top], probabilities; {}: 0.5 for every unit
 *  @param seed   any number
 *  @param out    [count x n_0]
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_LIMIT, VPF_ERR_MEMORY */
inline void generate(const vpf::model &model, std::size_t count, std::size_t steps, span<const float> prior,
                     std::uint64_t seed, span<float> out) {
  const auto top = detail::exactly_or_none(detail::top_size(model), prior, "vpf_generate: prior");
  const auto size = detail::area(count, detail::visible_size(model));
  detail::check(vpf_generate(model.get(), count, steps, top, seed,
                             detail::exactly(size, out, "vpf_generate: out_probs")));
}
/** generate() into a vector. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_LIMIT, VPF_ERR_MEMORY */
inline std::vector<float> generate(const vpf::model &model, std::size_t count, std::size_t steps,
                                   span<const float> prior, std::uint64_t seed) {
  auto out = detail::room<float>(detail::area(count, detail::visible_size(model)));
  generate(model, count, steps, prior, seed, out);
  return out;
}

/** generate() with a number of steps for each pair of layers. Since 1.0.
 *  @param model  any machine
 *  @param count  number of chains
 *  @param steps  [layers-1]; one layer: [1]
 *  @param prior  [n_top], probabilities; {}: 0.5 for every unit
 *  @param seed   any number
 *  @param out    [count x n_0]
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_LIMIT, VPF_ERR_MEMORY */
inline void generate_by_pair(const vpf::model &model, std::size_t count, span<const std::size_t> steps,
                             span<const float> prior, std::uint64_t seed, span<float> out) {
  const auto each = detail::exactly(detail::pairs(model), steps, "vpf_generate_by_pair: steps");
  const auto top = detail::exactly_or_none(detail::top_size(model), prior, "vpf_generate_by_pair: prior");
  const auto size = detail::area(count, detail::visible_size(model));
  detail::check(vpf_generate_by_pair(model.get(), count, each, top, seed,
                                     detail::exactly(size, out, "vpf_generate_by_pair: out_probs")));
}
/** generate_by_pair() into a vector. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_LIMIT, VPF_ERR_MEMORY */
inline std::vector<float> generate_by_pair(const vpf::model &model, std::size_t count,
                                           span<const std::size_t> steps, span<const float> prior,
                                           std::uint64_t seed) {
  auto out = detail::room<float>(detail::area(count, detail::visible_size(model)));
  generate_by_pair(model, count, steps, prior, seed, out);
  return out;
}

/** Draw what generate() draws; returns the last state of each chain, [count x units]. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_LIMIT, VPF_ERR_MEMORY */
inline data generate_states(const vpf::model &model, std::size_t count, std::size_t steps, span<const float> prior,
                            std::uint64_t seed) {
  vpf_data *out = nullptr;
  const auto top = detail::exactly_or_none(detail::top_size(model), prior, "vpf_generate_states: prior");
  detail::check(vpf_generate_states(model.get(), count, steps, top, seed, &out));
  return data(out);
}

/** Draw what generate_by_pair() draws; returns the last state of each chain, [count x units]. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_LIMIT, VPF_ERR_MEMORY */
inline data generate_states_by_pair(const vpf::model &model, std::size_t count, span<const std::size_t> steps,
                                    span<const float> prior, std::uint64_t seed) {
  vpf_data *out = nullptr;
  const auto each = detail::exactly(detail::pairs(model), steps, "vpf_generate_states_by_pair: steps");
  const auto top = detail::exactly_or_none(detail::top_size(model), prior, "vpf_generate_states_by_pair: prior");
  detail::check(vpf_generate_states_by_pair(model.get(), count, each, top, seed, &out));
  return data(out);
}

/** Compute mean-field features of a layer, [rows x n_layer]. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_MEMORY */
inline void encode(const vpf::model &model, const vpf::data &data, std::size_t layer, span<float> out) {
  const auto size = detail::area(data.rows(), model.layer_size(layer));
  detail::check(vpf_encode(model.get(), data.get(), layer, detail::exactly(size, out, "vpf_encode: out")));
}
/** Compute mean-field features of a layer, [rows x n_layer]. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_MEMORY */
inline std::vector<float> encode(const vpf::model &model, const vpf::data &data, std::size_t layer) {
  auto out = detail::room<float>(detail::area(data.rows(), model.layer_size(layer)));
  encode(model, data, layer, out);
  return out;
}

/** The mean of encode() over the rows, [n_layer]; that of the top layer can be the prior of generate(). Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_MEMORY */
inline void mean_activations(const vpf::model &model, const vpf::data &data, std::size_t layer, span<float> out) {
  const auto array = detail::exactly(model.layer_size(layer), out, "vpf_mean_activations: out");
  detail::check(vpf_mean_activations(model.get(), data.get(), layer, array));
}
/** The mean of encode() over the rows, [n_layer]; that of the top layer can be the prior of generate(). Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_MEMORY */
inline std::vector<float> mean_activations(const vpf::model &model, const vpf::data &data, std::size_t layer) {
  auto out = detail::room<float>(model.layer_size(layer));
  mean_activations(model, data, layer, out);
  return out;
}

/** Fill in or clean up images by sampling, [rows x n_0]. Since 1.0.
 *  @param model         any machine
 *  @param corrupted     [rows x n_0]
 *  @param known         [n_0]; pixels that are non-zero here are held. {}: none is held
 *  @param steps         at least 1
 *  @param average_last  1 .. steps: the result is the mean probability over that many of the last steps
 *  @param seed          any number
 *  @param out           [rows x n_0]
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_MEMORY */
inline void reconstruct(const vpf::model &model, const data &corrupted, span<const std::uint8_t> known,
                        std::size_t steps, std::size_t average_last, std::uint64_t seed, span<float> out) {
  const auto held = detail::exactly_or_none(detail::visible_size(model), known, "vpf_reconstruct: known");
  const auto size = detail::area(corrupted.rows(), detail::visible_size(model));
  detail::check(vpf_reconstruct(model.get(), corrupted.get(), held, steps, average_last, seed,
                                detail::exactly(size, out, "vpf_reconstruct: out_probs")));
}
/** reconstruct() into a vector. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_MEMORY */
inline std::vector<float> reconstruct(const vpf::model &model, const data &corrupted,
                                      span<const std::uint8_t> known, std::size_t steps, std::size_t average_last,
                                      std::uint64_t seed) {
  auto out = detail::room<float>(detail::area(corrupted.rows(), detail::visible_size(model)));
  reconstruct(model, corrupted, known, steps, average_last, seed, out);
  return out;
}

/** Fill in images by mean field, [rows x n_0]. Since 1.0.
 *  @param model      any machine
 *  @param corrupted  [rows x n_0], where to start
 *  @param known      [n_0]; pixels that are non-zero here are held. {}: none is held
 *  @param steps      at least 1
 *  @param out        [rows x n_0]
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_MEMORY */
inline void reconstruct_mean_field(const vpf::model &model, const data &corrupted, span<const std::uint8_t> known,
                                   std::size_t steps, span<float> out) {
  const auto held = detail::exactly_or_none(detail::visible_size(model), known, "vpf_reconstruct_mean_field: known");
  const auto size = detail::area(corrupted.rows(), detail::visible_size(model));
  detail::check(vpf_reconstruct_mean_field(model.get(), corrupted.get(), held, steps,
                                           detail::exactly(size, out, "vpf_reconstruct_mean_field: out_probs")));
}
/** reconstruct_mean_field() into a vector. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_MEMORY */
inline std::vector<float> reconstruct_mean_field(const vpf::model &model, const data &corrupted,
                                                 span<const std::uint8_t> known, std::size_t steps) {
  auto out = detail::room<float>(detail::area(corrupted.rows(), detail::visible_size(model)));
  reconstruct_mean_field(model, corrupted, known, steps, out);
  return out;
}

/** @} @name Evaluation: evaluate.h
 *  @{ */

/** A number and its standard error. Since 1.0. */
struct estimate {
  double value;
  double standard_error;
};

/** Parzen-window log-likelihood of points around centres, both with rows of dim columns. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_LIMIT, VPF_ERR_OVERFLOW, VPF_ERR_MEMORY */
inline estimate parzen(span<const float> centres, span<const float> points, std::size_t dim, double sigma) {
  estimate out = {};
  const auto n_centres = detail::rows_of(dim, centres, "vpf_parzen: centres");
  const auto n_points = detail::rows_of(dim, points, "vpf_parzen: points");
  detail::check(vpf_parzen(centres.data(), n_centres, points.data(), n_points, dim, sigma, &out.value,
                           &out.standard_error));
  return out;
}

/** From a list of sigmas, choose the one with the largest parzen(). Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_LIMIT, VPF_ERR_OVERFLOW, VPF_ERR_MEMORY */
inline double parzen_select_sigma(span<const float> centres, span<const float> points, std::size_t dim,
                                  span<const double> sigmas) {
  double out = 0;
  const auto n_centres = detail::rows_of(dim, centres, "vpf_parzen_select_sigma: centres");
  const auto n_points = detail::rows_of(dim, points, "vpf_parzen_select_sigma: points");
  detail::check(vpf_parzen_select_sigma(centres.data(), n_centres, points.data(), n_points, dim, sigmas.data(),
                                        sigmas.size(), &out));
  return out;
}

/** parzen() of a machine: several times, each time around newly generated centres. Since 1.0.
 *  The rows of points have n_0 columns.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_LIMIT, VPF_ERR_OVERFLOW, VPF_ERR_MEMORY */
inline vpf_parzen_report parzen_generated(const vpf::model &model, std::size_t count, std::size_t steps,
                                          span<const float> prior, std::uint64_t seed, std::size_t draws,
                                          span<const float> points, double sigma) {
  auto out = detail::report<vpf_parzen_report>();
  const auto top = detail::exactly_or_none(detail::top_size(model), prior, "vpf_parzen_generated: prior");
  const auto n_points = detail::rows_of(detail::visible_size(model), points, "vpf_parzen_generated: points");
  detail::check(vpf_parzen_generated(model.get(), count, steps, top, seed, draws, points.data(), n_points, sigma,
                                     &out));
  return out;
}

/** parzen_generated() around the centres of generate_by_pair(). Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_LIMIT, VPF_ERR_OVERFLOW, VPF_ERR_MEMORY */
inline vpf_parzen_report parzen_generated_by_pair(const vpf::model &model, std::size_t count,
                                                  span<const std::size_t> steps, span<const float> prior,
                                                  std::uint64_t seed, std::size_t draws, span<const float> points,
                                                  double sigma) {
  auto out = detail::report<vpf_parzen_report>();
  const auto each = detail::exactly(detail::pairs(model), steps, "vpf_parzen_generated_by_pair: steps");
  const auto top = detail::exactly_or_none(detail::top_size(model), prior, "vpf_parzen_generated_by_pair: prior");
  const auto n_points = detail::rows_of(detail::visible_size(model), points, "vpf_parzen_generated_by_pair: points");
  detail::check(vpf_parzen_generated_by_pair(model.get(), count, each, top, seed, draws, points.data(), n_points,
                                             sigma, &out));
  return out;
}

/** The log partition function log Z by enumeration, nats. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_UNSUPPORTED, VPF_ERR_LIMIT, VPF_ERR_MEMORY */
inline double exact_log_partition(const vpf::model &model) {
  double out = 0;
  detail::check(vpf_exact_log_partition(model.get(), &out));
  return out;
}

/** Draw independent states by enumeration, [count x units]. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_UNSUPPORTED, VPF_ERR_LIMIT, VPF_ERR_MEMORY */
inline data exact_sample(const vpf::model &model, std::size_t count, std::uint64_t seed) {
  vpf_data *out = nullptr;
  detail::check(vpf_exact_sample(model.get(), count, seed, &out));
  return data(out);
}

/** vpf_ais_settings with struct_size set and all else at its default. Since 1.0.
 *
 *  Temperatures and rows are referred to, not copied. */
struct ais_settings : vpf_ais_settings {
  ais_settings() noexcept : vpf_ais_settings{} { struct_size = sizeof(vpf_ais_settings); }
  /** Set `temperatures`, and `betas` to their number. Since 1.0. */
  void set_temperatures(span<const double> ascending) noexcept {
    temperatures = ascending.data();
    betas = ascending.size();
  }
  void set_temperatures(std::initializer_list<double>) = delete; // it would be gone before it is used
  void set_temperatures(std::vector<double> &&) = delete;
};

/** Estimate log Z by annealed importance sampling, nats. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_UNSUPPORTED, VPF_ERR_SHAPE, VPF_ERR_OVERFLOW, VPF_ERR_MEMORY */
inline vpf_ais_result ais(const vpf::model &model, const vpf_ais_settings &settings = ais_settings()) {
  auto out = detail::report<vpf_ais_result>();
  detail::check(vpf_ais(model.get(), &settings, &out));
  return out;
}

/** A doubt about an estimate of log Z in words. Since 1.0.
 *  @see vpf_doubt_text() */
inline const char *doubt_text(vpf_doubt doubt) noexcept { return vpf_doubt_text(doubt); }

/** The short form of ais(), and the less trustworthy one. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_UNSUPPORTED, VPF_ERR_OVERFLOW, VPF_ERR_MEMORY */
inline estimate ais_log_partition(const vpf::model &model, std::size_t chains, std::size_t betas,
                                  std::uint64_t seed) {
  estimate out = {};
  detail::check(vpf_ais_log_partition(model.get(), chains, betas, seed, &out.value, &out.standard_error));
  return out;
}

/** Mean log p(x) over the rows, nats per row, given log Z. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_UNSUPPORTED, VPF_ERR_SHAPE, VPF_ERR_LIMIT, VPF_ERR_MEMORY */
inline double log_likelihood(const vpf::model &model, const vpf::data &data, double log_z) {
  double out = 0;
  detail::check(vpf_log_likelihood(model.get(), data.get(), log_z, &out));
  return out;
}

/** log p(x) of each row, [rows], nats, given log Z. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_UNSUPPORTED, VPF_ERR_SHAPE, VPF_ERR_LIMIT, VPF_ERR_MEMORY */
inline void log_likelihood_rows(const vpf::model &model, const vpf::data &data, double log_z, span<double> out) {
  const auto array = detail::exactly(data.rows(), out, "vpf_log_likelihood_rows: out_log_p");
  detail::check(vpf_log_likelihood_rows(model.get(), data.get(), log_z, array));
}
/** log p(x) of each row, [rows], nats, given log Z. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_UNSUPPORTED, VPF_ERR_SHAPE, VPF_ERR_LIMIT, VPF_ERR_MEMORY */
inline std::vector<double> log_likelihood_rows(const vpf::model &model, const vpf::data &data, double log_z) {
  auto out = detail::room<double>(data.rows());
  log_likelihood_rows(model, data, log_z, out);
  return out;
}

/** A variational lower bound of the mean of log p(x), nats per row, given log Z, for machines of any depth. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_UNSUPPORTED, VPF_ERR_SHAPE, VPF_ERR_MEMORY */
inline double log_likelihood_bound(const vpf::model &model, const vpf::data &data, double log_z) {
  double out = 0;
  detail::check(vpf_log_likelihood_bound(model.get(), data.get(), log_z, &out));
  return out;
}

/** The same bound row by row. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_UNSUPPORTED, VPF_ERR_SHAPE, VPF_ERR_MEMORY */
inline void log_likelihood_bound_rows(const vpf::model &model, const vpf::data &data, double log_z, span<double> out) {
  const auto array = detail::exactly(data.rows(), out, "vpf_log_likelihood_bound_rows: out");
  detail::check(vpf_log_likelihood_bound_rows(model.get(), data.get(), log_z, array));
}
/** The same bound row by row, [rows]. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_UNSUPPORTED, VPF_ERR_SHAPE, VPF_ERR_MEMORY */
inline std::vector<double> log_likelihood_bound_rows(const vpf::model &model, const vpf::data &data, double log_z) {
  auto out = detail::room<double>(data.rows());
  log_likelihood_bound_rows(model, data, log_z, out);
  return out;
}

/** Mean log p(x) over the rows, or a lower bound of it, with log Z enumerated or estimated. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_UNSUPPORTED, VPF_ERR_SHAPE, VPF_ERR_OVERFLOW, VPF_ERR_MEMORY */
inline vpf_likelihood estimate_likelihood(const vpf::model &model, const vpf::data &data,
                                          const vpf_ais_settings &settings = ais_settings()) {
  auto out = detail::report<vpf_likelihood>();
  detail::check(vpf_estimate_likelihood(model.get(), data.get(), &settings, &out));
  return out;
}

/** Pseudo-likelihood: mean over rows of sum_i log p(x_i | the other x), nats per row. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_UNSUPPORTED, VPF_ERR_SHAPE, VPF_ERR_OVERFLOW, VPF_ERR_MEMORY */
inline double pseudo_likelihood(const vpf::model &model, const vpf::data &data) {
  double out = 0;
  detail::check(vpf_pseudo_likelihood(model.get(), data.get(), &out));
  return out;
}

/** The pseudo-likelihood of each row, [rows], nats. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_UNSUPPORTED, VPF_ERR_SHAPE, VPF_ERR_OVERFLOW, VPF_ERR_MEMORY */
inline void pseudo_likelihood_rows(const vpf::model &model, const vpf::data &data, span<double> out) {
  const auto array = detail::exactly(data.rows(), out, "vpf_pseudo_likelihood_rows: out_pseudo");
  detail::check(vpf_pseudo_likelihood_rows(model.get(), data.get(), array));
}
/** The pseudo-likelihood of each row, [rows], nats. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_UNSUPPORTED, VPF_ERR_SHAPE, VPF_ERR_OVERFLOW, VPF_ERR_MEMORY */
inline std::vector<double> pseudo_likelihood_rows(const vpf::model &model, const vpf::data &data) {
  auto out = detail::room<double>(data.rows());
  pseudo_likelihood_rows(model, data, out);
  return out;
}

/** What weight_metrics() returns. Since 1.0. */
struct weight_measures {
  double rho; /**< the fraction of weights that matter */
  double w2;  /**< mean squared weight norm of an upper unit */
};

/** Sparsity and size of W_lower. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT */
inline weight_measures weight_metrics(const vpf::model &model, std::size_t lower) {
  weight_measures out = {};
  detail::check(vpf_weight_metrics(model.get(), lower, &out.rho, &out.w2));
  return out;
}

/** How far images that were filled in are from the truth, in pixels. Since 1.0.
 *  @param truth   [rows x cols]
 *  @param probs   [rows x cols], each in [0, 1]
 *  @param region  [cols]; columns that are non-zero here count. {}: all
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE */
inline estimate reconstruction_error(const data &truth, span<const float> probs, span<const std::uint8_t> region = {}) {
  estimate out = {};
  const auto size = detail::area(truth.rows(), truth.cols());
  const auto answer = detail::exactly(size, probs, "vpf_reconstruction_error: probs");
  const auto mask = detail::exactly_or_none(truth.cols(), region, "vpf_reconstruction_error: region");
  detail::check(vpf_reconstruction_error(truth.get(), answer, mask, &out.value, &out.standard_error));
  return out;
}

/** Histogram of a layer's mean activations, with as many bins as out has elements. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_MEMORY */
inline void activation_histogram(const vpf::model &model, const vpf::data &data, std::size_t layer,
                                 span<std::size_t> out) {
  detail::check(vpf_activation_histogram(model.get(), data.get(), layer, out.size(), out.data()));
}
/** Histogram of a layer's mean activations, [bins]. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_MEMORY */
inline std::vector<std::size_t> activation_histogram(const vpf::model &model, const vpf::data &data,
                                                     std::size_t layer, std::size_t bins) {
  auto out = detail::room<std::size_t>(bins);
  detail::check(vpf_activation_histogram(model.get(), data.get(), layer, bins, out.data()));
  return out;
}

/** How active the units of a layer are, and how selective. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_MEMORY */
inline vpf_activity layer_activity(const vpf::model &model, const vpf::data &data, std::size_t layer) {
  auto out = detail::report<vpf_activity>();
  detail::check(vpf_layer_activity(model.get(), data.get(), layer, &out));
  return out;
}

/** Means of bits, [cols], and pair moments, [cols x cols]; {}: means only. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_MEMORY */
inline void moments(const vpf::data &data, span<double> out_mean, span<double> out_pair = {}) {
  const auto mean = detail::exactly(data.cols(), out_mean, "vpf_moments: out_mean");
  const auto pair = detail::exactly_or_none(detail::area(data.cols(), data.cols()), out_pair, "vpf_moments: out_pair");
  detail::check(vpf_moments(data.get(), mean, pair));
}

/** What moments() returns. Since 1.0. */
struct mean_and_pair {
  std::vector<double> mean; /**< [cols] */
  std::vector<double> pair; /**< [cols x cols], symmetric */
};

/** Means and pair moments of bits. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_MEMORY */
inline mean_and_pair moments(const vpf::data &data) {
  mean_and_pair out = {detail::room<double>(data.cols()), detail::room<double>(detail::area(data.cols(), data.cols()))};
  moments(data, out.mean, out.pair);
  return out;
}

/** How much the moments() of two data sets are alike. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_MEMORY */
inline vpf_moment_comparison compare_moments(const data &a, const data &b) {
  auto out = detail::report<vpf_moment_comparison>();
  detail::check(vpf_compare_moments(a.get(), b.get(), &out));
  return out;
}

/** Are the chains mixing? Diagnose any number that was recorded along them, [chains x draws]. Since 1.0.
 *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_MEMORY */
inline vpf_chain_report chain_diagnostics(span<const double> values, std::size_t chains, std::size_t draws) {
  auto out = detail::report<vpf_chain_report>();
  const auto array = detail::exactly(detail::area(chains, draws), values, "vpf_chain_diagnostics: values");
  detail::check(vpf_chain_diagnostics(array, chains, draws, &out));
  return out;
}

/** @} */

/** The result of one check of a monitor. Since 1.0. */
struct monitor_check {
  std::size_t epoch;
  vpf_likelihood likelihood;
};

/** The likelihood of held-out data during training, and the best model so far: monitor.h. Since 1.0. */
class monitor : public detail::handle<vpf_monitor> {
public:
  using handle::handle;

  /** Create a monitor without any checks. Since 1.0.
   *  @param settings  copied; NULL: 50 chains, 300 temperatures, forward only
   *  @param patience  number of checks in a row without a new best after which check() says stop; 0: never
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_MEMORY */
  monitor(const vpf_ais_settings *settings, std::size_t patience) : handle(create(settings, patience)) {}

  /** Estimate the likelihood of the model as it is now; true says stop, as in a progress function. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_UNSUPPORTED, VPF_ERR_SHAPE, VPF_ERR_OVERFLOW, VPF_ERR_MEMORY */
  bool check(const vpf::model &model, const data &validation, std::size_t epoch) {
    int stop = 0;
    detail::check(vpf_monitor_check(get(), model.get(), validation.get(), epoch, &stop));
    return stop != 0;
  }

  /** Number of checks so far. Since 1.0. */
  std::size_t checks() const noexcept { return vpf_monitor_checks(get()); }

  /** The result of one check (vpf_monitor_get()): index is 0 .. checks()-1. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT */
  monitor_check at(std::size_t index) const {
    monitor_check out = {0, detail::report<vpf_likelihood>()};
    detail::check(vpf_monitor_get(get(), index, &out.epoch, &out.likelihood));
    return out;
  }

  /** The index of the best check (vpf_monitor_best()). Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_STATE */
  std::size_t best_index() const {
    std::size_t out = 0;
    detail::check(vpf_monitor_best(get(), &out, nullptr));
    return out;
  }

  /** A copy of the model as it was at the best check (vpf_monitor_best()). Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_STATE, VPF_ERR_MEMORY */
  vpf::model best_model() const {
    vpf_model *out = nullptr;
    detail::check(vpf_monitor_best(get(), nullptr, &out));
    return vpf::model(out);
  }

private:
  static vpf_monitor *create(const vpf_ais_settings *settings, std::size_t patience) {
    vpf_monitor *out = nullptr;
    detail::check(vpf_monitor_create(&out, settings, patience));
    return out;
  }
};

/** vpf_ladder_settings with struct_size set and all else at its default. Since 1.0. */
struct ladder_settings : vpf_ladder_settings {
  ladder_settings() noexcept : vpf_ladder_settings{} { struct_size = sizeof(vpf_ladder_settings); }
};

/** What ladder::sample() returns. Since 1.0. */
struct ladder_samples {
  data states; /**< [count x units] */
  vpf_ladder_report report;
};

/** Machines that lead from independent units to a trained one: ladder.h. Since 1.0. */
class ladder : public detail::handle<vpf_ladder> {
public:
  using handle::handle;

  /** Build a ladder from independent units to a model. Since 1.0.
   *  @param base      data whose means the independent units have; NULL: units of the model's own
   *  @param settings  NULL: all defaults
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_UNSUPPORTED, VPF_ERR_SHAPE, VPF_ERR_LIMIT, VPF_ERR_OVERFLOW,
   *          VPF_ERR_MEMORY */
  explicit ladder(const vpf::model &model, const data *base = nullptr, const vpf_ladder_settings *settings = nullptr)
      : handle(create(model, base, settings)) {}

  /** Read a ladder from a file. Since 1.0.
   *  @throws vpf::error VPF_ERR_IO, VPF_ERR_FORMAT, VPF_ERR_MEMORY */
  static ladder load(const detail::path &path) {
    vpf_ladder *out = nullptr;
    detail::check(vpf_ladder_load(&out, path));
    return ladder(out);
  }
  /** A copy of the ladder that training by VPF_METHOD_PTT has built (vpf_ladder_of_optimizer()). Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_STATE, VPF_ERR_MEMORY */
  static ladder of(const vpf::optimizer &optimizer) {
    vpf_ladder *out = nullptr;
    detail::check(vpf_ladder_of_optimizer(&out, optimizer.get()));
    return ladder(out);
  }
  /** Write the ladder to a file. Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_IO, VPF_ERR_LIMIT, VPF_ERR_MEMORY */
  void save(const detail::path &path) const { detail::check(vpf_ladder_save(get(), path)); }

  /** Let the ladder go on to another model; returns the number of new rungs. Since 1.0.
   *  @param itself  whether the model then becomes the last rung
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_LIMIT, VPF_ERR_OVERFLOW, VPF_ERR_MEMORY */
  std::size_t append(const vpf::model &model, bool itself = false) {
    std::size_t out = 0;
    detail::check(vpf_ladder_append(get(), model.get(), itself ? 1 : 0, &out));
    return out;
  }

  /** Number of rungs. Since 1.0. */
  std::size_t rungs() const noexcept { return vpf_ladder_rungs(get()); }
  /** log Z of a rung (vpf_ladder_rung()). Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT */
  vpf_ladder_rung_report rung(std::size_t index) const {
    auto out = detail::report<vpf_ladder_rung_report>();
    detail::check(vpf_ladder_rung(get(), index, &out));
    return out;
  }
  /** A copy of the machine of a rung (vpf_ladder_model()). Since 1.0.
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_MEMORY */
  vpf::model model(std::size_t index) const {
    vpf_model *out = nullptr;
    detail::check(vpf_ladder_model(get(), index, &out));
    return vpf::model(out);
  }

  /** Sample by parallel tempering over all rungs (vpf_ladder_sample()). Since 1.0.
   *  @param model  one more rung, at the top; NULL: none
   *  @throws vpf::error VPF_ERR_ARGUMENT, VPF_ERR_SHAPE, VPF_ERR_LIMIT, VPF_ERR_OVERFLOW, VPF_ERR_MEMORY */
  ladder_samples sample(std::size_t count, std::size_t sweeps, std::uint64_t seed,
                        const vpf::model *model = nullptr) const {
    vpf_data *out = nullptr;
    auto report = detail::report<vpf_ladder_report>();
    detail::check(vpf_ladder_sample(get(), model ? model->get() : nullptr, count, sweeps, seed, &out, &report));
    return {data(out), report};
  }

private:
  static vpf_ladder *create(const vpf::model &model, const data *base, const vpf_ladder_settings *settings) {
    vpf_ladder *out = nullptr;
    detail::check(vpf_ladder_create(&out, model.get(), base ? base->get() : nullptr, settings));
    return out;
  }
};

} // namespace vpf

#endif
