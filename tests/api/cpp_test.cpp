// SPDX-License-Identifier: MIT
// What vpf.hpp promises: every function gives the bits of the C function, arrays of another size never
// reach it, failures and what progress functions throw arrive as exceptions, and nothing is lost or copied.
#include <vpf.hpp>

#include <array>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <new>
#if __cplusplus >= 202002L
#include <span>
#endif

// Every allocation of C++ is counted. (gcc takes what it has inlined for a mistake.)
static std::size_t news = 0;

[[gnu::noinline]] void *operator new(std::size_t size) {
  news++;
  if (void *p = std::malloc(size)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void *p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void *p, std::size_t) noexcept { std::free(p); }

namespace {

using std::size_t;
using std::uint64_t;
using std::uint8_t;

// ---- What the compiler can check ----

template <class T> constexpr bool owns_like_a_pointer =
    sizeof(T) == sizeof(void *) && std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T> &&
    !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T>;
static_assert(owns_like_a_pointer<vpf::data>);
static_assert(owns_like_a_pointer<vpf::model>);
static_assert(owns_like_a_pointer<vpf::optimizer>);
static_assert(owns_like_a_pointer<vpf::monitor>);
static_assert(owns_like_a_pointer<vpf::ladder>);
static_assert(std::is_constructible_v<vpf::model, vpf_model *> && !std::is_convertible_v<vpf_model *, vpf::model>);
static_assert(!std::is_constructible_v<vpf::model, std::nullptr_t> && !std::is_constructible_v<vpf::data, vpf_model *>);
static_assert(std::is_nothrow_destructible_v<vpf::error> && std::is_base_of_v<std::runtime_error, vpf::error>);
static_assert(std::is_same_v<decltype(std::declval<const vpf::model &>().get()), const vpf_model *>);

template <class From, class To> constexpr bool converts = std::is_convertible_v<From, vpf::span<To>>;
static_assert(converts<std::vector<float> &, float> && converts<std::vector<float> &, const float>);
static_assert(converts<const std::vector<float> &, const float> && !converts<const std::vector<float> &, float>);
static_assert(converts<std::vector<float>, const float> && !converts<std::vector<float>, float>);
static_assert(converts<std::array<float, 3> &, float> && converts<float (&)[3], float>);
static_assert(converts<const float (&)[3], const float> && !converts<const float (&)[3], float>);
static_assert(converts<vpf::span<float>, const float> && !converts<vpf::span<const float>, float>);
static_assert(converts<std::initializer_list<float>, const float>);
static_assert(!converts<std::vector<double> &, const float> && !converts<std::vector<bool> &, const uint8_t>);
static_assert(!converts<float *, const float> && !converts<float, const float> && !converts<int, const size_t>);
#if __cplusplus >= 202002L
static_assert(converts<std::span<float>, float> && converts<std::span<float, 3>, const float>);
static_assert(!converts<std::span<const float>, float>);
static_assert(std::is_convertible_v<vpf::span<float>, std::span<const float>>);
#endif

constexpr float three[] = {1, 2, 3};
static_assert(vpf::span<const float>(three).size() == 3 && vpf::span<const float>(three)[2] > 2);
static_assert(vpf::span<const float>().empty() && vpf::span<const float>().data() == nullptr);
static_assert(vpf::span<const float>(three, 2).end() == three + 2 && vpf::span<const float>(three).begin() == three);

// ---- A little of what CMocka does ----

int failures = 0;

void failed(const char *what, int line) {
  std::printf("  FAILED, line %d: %s\n", line, what);
  failures++;
}

#define CHECK(condition) ((condition) ? void() : failed(#condition, __LINE__))

// The call throws a vpf::error with this status and part of a message.
#define CHECK_THROWS(status, part, ...) check_throws(status, part, [&] { __VA_ARGS__; }, #__VA_ARGS__, __LINE__)

template <class F> void check_throws(vpf_status status, const char *part, F call, const char *what, int line) {
  try {
    call();
  } catch (const vpf::error &e) {
    if (e.status() == status && std::strstr(e.what(), part)) return;
    std::printf("  %s: %s\n", vpf::status_name(e.status()), e.what());
  } catch (const std::exception &e) {
    std::printf("  %s\n", e.what());
  }
  failed(what, line);
}

// An array of another size is refused with both sizes, before C could say anything.
#define CHECK_SIZE(has, needed, ...) check_size(has, needed, [&] { __VA_ARGS__; }, #__VA_ARGS__, __LINE__)

template <class F> void check_size(size_t has, size_t needed, F call, const char *what, int line) {
  vpf_optimizer_set(nullptr, VPF_OPTION_RULE, 0);
  const std::string message = vpf_error_message();
  const std::string sizes = "has " + std::to_string(has) + " elements; " + std::to_string(needed) + " are needed";
  check_throws(VPF_ERR_SHAPE, sizes.c_str(), call, what, line);
  if (message != vpf_error_message()) failed(what, line);
}

template <class T> bool same(vpf::span<const T> a, vpf::span<const T> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}
template <class T> bool same(const std::vector<T> &a, const std::vector<T> &b) {
  return same<T>(vpf::span<const T>(a), vpf::span<const T>(b));
}
bool same(double a, double b) { return std::memcmp(&a, &b, sizeof a) == 0; }
// Reports have no padding that could differ: both are cleared first.
template <class T> bool same_report(const T &a, const T &b) { return std::memcmp(&a, &b, sizeof a) == 0; }
template <class T> T c_report() {
  T report;
  std::memset(&report, 0, sizeof report);
  report.struct_size = sizeof report;
  return report;
}
bool same_rows(const vpf::data &a, vpf_data *b) {
  const vpf::data owner(b);
  return a.rows() == owner.rows() && a.cols() == owner.cols() && same(a.to_u8(), owner.to_u8());
}
void ok(vpf_status status) {
  if (status != VPF_OK) failed(vpf_error_message(), __LINE__);
}

// ---- Small machines and data ----

constexpr size_t ROWS = 12, VISIBLE = 6, HIDDEN = 4, UNITS = VISIBLE + HIDDEN;

std::vector<uint8_t> bits(size_t rows, size_t cols) {
  std::vector<uint8_t> out;
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < cols; c++) out.push_back((r * r + 3 * c + r * c / 2) % 5 < 2);
  return out;
}

vpf::data images() { return vpf::data::from_u8(bits(ROWS, VISIBLE), ROWS, VISIBLE, 0); }

vpf::model rbm() {
  vpf::model model({VISIBLE, HIDDEN});
  model.init(7);
  return model;
}

// Weights that are large enough for each argument to matter.
vpf::model deep() {
  vpf::model model({VISIBLE, HIDDEN, 3}, {0, 1, 0});
  model.init(8);
  auto theta = model.params();
  for (float &x : theta) x *= 10;
  model.set_params(theta);
  return model;
}

const uint8_t HALF[VISIBLE] = {1, 1, 1, 0, 0, 0};

// ---- The tests ----

void version_and_status() {
  CHECK(std::strcmp(vpf::version_string(), vpf_version_string()) == 0);
  CHECK(vpf::version_number() == vpf_version_number());
  vpf::set_threads(1);
  CHECK(vpf::threads() == 1);
  vpf::set_threads(0);
  CHECK(vpf::threads() == vpf_threads());
  CHECK(std::strcmp(vpf::status_string(VPF_ERR_SHAPE), vpf_status_string(VPF_ERR_SHAPE)) == 0);
  CHECK(std::strcmp(vpf::status_name(VPF_ERR_SHAPE), "VPF_ERR_SHAPE") == 0);
}

void errors_have_status_and_message() {
  try {
    vpf::model::load("no/such/file");
    failed("nothing was thrown", __LINE__);
  } catch (const std::runtime_error &e) {
    CHECK(std::strcmp(e.what(), vpf_error_message()) == 0);
    const auto *error = dynamic_cast<const vpf::error *>(&e);
    CHECK(error && error->status() == VPF_ERR_IO);
  }
  const vpf::error copy = vpf::error(VPF_ERR_STATE, "text");
  CHECK(copy.status() == VPF_ERR_STATE && std::strcmp(copy.what(), "text") == 0);
}

template <class T> void moves(T a, T b) {
  const auto *first = a.get();
  T moved = std::move(a);
  CHECK(moved.get() == first && !a && moved);
  b = std::move(moved);
  CHECK(b.get() == first && !moved);
  T &itself = b;
  b = std::move(itself);
  CHECK(b.get() == first);
  auto *raw = b.release();
  CHECK(raw == first && !b && b.get() == nullptr);
  a = T(raw);
  CHECK(a.get() == first);
}

void owners_move() {
  moves(images(), images());
  moves(rbm(), deep());
  moves(vpf::optimizer(), vpf::optimizer());
  moves(vpf::monitor(nullptr, 0), vpf::monitor(nullptr, 1));
}

template <class T> void move_away(T) {}

void what_is_empty_refuses_and_does_not_crash() {
  vpf::data data = images();
  vpf::model model = rbm();
  vpf::optimizer optimizer;
  vpf::monitor monitor(nullptr, 0);
  move_away(std::move(data));
  move_away(std::move(model));
  move_away(std::move(optimizer));
  move_away(std::move(monitor));
  CHECK(data.rows() == 0 && data.cols() == 0 && model.layers() == 0 && model.layer_size(0) == 0);
  CHECK(model.param_count() == 0 && optimizer.seed() == 0 && monitor.checks() == 0);
  CHECK_THROWS(VPF_ERR_ARGUMENT, "data", data.to_u8());
  CHECK_THROWS(VPF_ERR_ARGUMENT, "data", data.to_f32());
  CHECK_THROWS(VPF_ERR_ARGUMENT, "data", data.corrupt({}, VPF_NOISE_OR, 1));
  CHECK_THROWS(VPF_ERR_ARGUMENT, "model", model.init(1));
  CHECK_THROWS(VPF_ERR_ARGUMENT, "model", model.params());
  CHECK_THROWS(VPF_ERR_ARGUMENT, "model", model.weights(0));
  CHECK_THROWS(VPF_ERR_ARGUMENT, "model", model.energy(data));
  CHECK_THROWS(VPF_ERR_ARGUMENT, "model", vpf::generate(model, 2, 1, {}, 1));
  CHECK_THROWS(VPF_ERR_ARGUMENT, "model", vpf::generate_by_pair(model, 2, {1}, {}, 1));
  CHECK_THROWS(VPF_ERR_ARGUMENT, "model", vpf::parzen_generated(model, 2, 1, {}, 1, 1, {1, 2}, 0.2));
  CHECK_THROWS(VPF_ERR_ARGUMENT, "model", vpf::encode(model, images(), 0));
  CHECK_THROWS(VPF_ERR_ARGUMENT, "data", vpf::encode(rbm(), data, 0));
  CHECK_THROWS(VPF_ERR_ARGUMENT, "data", vpf::moments(data));
  CHECK_THROWS(VPF_ERR_ARGUMENT, "optimizer", optimizer.get(VPF_OPTION_RULE));
  CHECK_THROWS(VPF_ERR_ARGUMENT, "monitor", monitor.at(0));
}

void data_is_that_of_c() {
  const auto values = bits(ROWS, VISIBLE);
  const vpf::data data = images();
  CHECK(data.rows() == ROWS && data.cols() == VISIBLE && data.to_u8() == values);

  const float levels[] = {0, 0.25f, 0.5f, 0.75f, 1, 0.6f};
  const vpf::data grey = vpf::data::from_f32(levels, 2, 3, 0.5f);
  vpf_data *out = nullptr;
  ok(vpf_data_from_f32(&out, levels, 2, 3, 0.5f));
  std::vector<float> expected(6);
  ok(vpf_data_to_f32(out, expected.data()));
  CHECK(same(grey.to_f32(), expected));
  CHECK(same_rows(grey, out));
  const vpf::data plain = grey.bits_only();
  CHECK(same(plain.to_f32(), std::vector<float>{0, 0, 0, 1, 1, 1}));

  ok(vpf_data_slice(&out, data.get(), 3, 4));
  CHECK(same_rows(data.slice(3, 4), out));
  ok(vpf_data_columns(&out, data.get(), 2, 3));
  CHECK(same_rows(data.columns(2, 3), out));
  ok(vpf_data_corrupt(&out, data.get(), HALF, VPF_NOISE_REPLACE, 5));
  CHECK(same_rows(data.corrupt(HALF, VPF_NOISE_REPLACE, 5), out));

  const std::string idx = std::string(VPF_TESTS) + "/data/images.idx";
  ok(vpf_data_load_idx(&out, idx.c_str(), 127));
  CHECK(same_rows(vpf::data::load_idx(idx, 127), out));
  CHECK(vpf::data::load_idx(std::filesystem::path(idx), 127).rows() == vpf::data::load_idx(idx.c_str(), 127).rows());
  CHECK_THROWS(VPF_ERR_IO, "missing.idx", vpf::data::load_idx("missing.idx", 0));
  CHECK_THROWS(VPF_ERR_ARGUMENT, "vpf_data_slice", data.slice(ROWS, 1));

  std::array<uint8_t, 7> seven{};
  CHECK_SIZE(7, 8, vpf::data::from_u8(seven, 2, 4, 0));
  CHECK_SIZE(6, 8, vpf::data::from_f32(levels, 2, 4, 0));
  CHECK_SIZE(5, VISIBLE, data.corrupt({HALF, 5}, VPF_NOISE_OR, 1));
  CHECK_SIZE(0, VISIBLE, data.corrupt({}, VPF_NOISE_OR, 1));
  CHECK_SIZE(7, ROWS * VISIBLE, data.to_u8(seven));
  std::vector<float> few(ROWS * VISIBLE + 1);
  CHECK_SIZE(ROWS * VISIBLE + 1, ROWS * VISIBLE, data.to_f32(few));
  // A product that does not fit is the size of no array.
  CHECK_SIZE(7, SIZE_MAX, vpf::data::from_u8(seven, SIZE_MAX / 2, 4, 0));
  CHECK_THROWS(VPF_ERR_ARGUMENT, "0 rows", vpf::data::from_u8(seven, 0, 4, 0));
}

void models_are_those_of_c() {
  const size_t sizes[] = {VISIBLE, HIDDEN, 3};
  const uint8_t intra[] = {0, 1, 0};
  vpf_model *c = nullptr;
  ok(vpf_model_create(&c, sizes, 3, intra, VPF_COUPLING_JOINT));
  ok(vpf_model_init(c, 8));
  const vpf::model from_c(c);
  vpf::model model(sizes, intra, VPF_COUPLING_JOINT);
  model.init(8);
  CHECK(model.layers() == 3 && model.layer_size(1) == HIDDEN && model.layer_size(3) == 0 &&
        model.units() == vpf_model_units(model.get()) && model.units() > HIDDEN);
  CHECK(!model.has_intra(0) && model.has_intra(1) && model.coupling() == VPF_COUPLING_JOINT);
  CHECK(model.param_count() == vpf_model_param_count(c));
  CHECK(same(model.params(), from_c.params()));
  CHECK(rbm().coupling() == VPF_COUPLING_PAIRWISE);
  CHECK(vpf::model(std::vector<size_t>{5}).layers() == 1);
  CHECK_SIZE(2, 3, vpf::model(sizes, {0, 1}));
  CHECK_THROWS(VPF_ERR_ARGUMENT, "", vpf::model({}));
  CHECK_THROWS(VPF_ERR_ARGUMENT, "", vpf::model({0}));

  std::vector<float> expected(VISIBLE * HIDDEN);
  ok(vpf_model_get_weights(c, 0, expected.data()));
  CHECK(same(model.weights(0), expected));
  expected.resize(HIDDEN * HIDDEN);
  ok(vpf_model_get_intra(c, 1, expected.data()));
  CHECK(same(model.intra(1), expected));

  auto w = model.weights(1), u = model.intra(1), b = model.bias(1, VPF_BIAS_UP);
  w[3] = 5;
  u[1] = u[HIDDEN] = -2;
  b[2] = 0.5f;
  model.set_weights(1, w);
  model.set_intra(1, u);
  model.set_bias(1, VPF_BIAS_UP, b);
  CHECK(same(model.weights(1), w) && same(model.intra(1), u) && same(model.bias(1, VPF_BIAS_DOWN), b));
  auto theta = model.params();
  vpf::model copy = model.clone();
  theta[0] = 9;
  model.set_params(theta);
  CHECK(same(model.params(), theta) && !same(copy.params(), theta));

  const vpf::model pairwise = deep();
  CHECK(pairwise.pair(1).layers() == 2 && same(pairwise.pair(1).weights(0), pairwise.weights(1)));

  CHECK_SIZE(w.size(), VISIBLE * HIDDEN, model.weights(0, w));
  CHECK_SIZE(w.size(), VISIBLE * HIDDEN, model.set_weights(0, w));
  CHECK_SIZE(w.size(), HIDDEN * HIDDEN, model.intra(1, w));
  CHECK_SIZE(w.size(), HIDDEN * HIDDEN, model.set_intra(1, w));
  CHECK_SIZE(w.size(), 3, model.bias(2, VPF_BIAS_UP, w));
  CHECK_SIZE(w.size(), 3, model.set_bias(2, VPF_BIAS_UP, w));
  CHECK_SIZE(w.size(), model.param_count(), model.params(w));
  CHECK_SIZE(w.size(), model.param_count(), model.set_params(w));
  CHECK(same(model.params(), theta));

  // What does not exist is for C to explain, whatever array comes with it.
  CHECK_THROWS(VPF_ERR_ARGUMENT, "no weights above layer 2", model.weights(2));
  CHECK_THROWS(VPF_ERR_ARGUMENT, "no weights above layer 2", model.weights(2, w));
  CHECK_THROWS(VPF_ERR_ARGUMENT, "no weights above", model.weights(SIZE_MAX));
  CHECK_THROWS(VPF_ERR_ARGUMENT, "layer 7", model.bias(7, VPF_BIAS_UP));
  CHECK_THROWS(VPF_ERR_ARGUMENT, "has no intra-layer weights", model.intra(0));
  CHECK_THROWS(VPF_ERR_UNSUPPORTED, "joint", model.pair(0));
}

void files_come_back() {
  const vpf::model model = deep();
  model.save(std::string("model.safetensors"));
  CHECK(same(vpf::model::load(std::filesystem::path("model.safetensors")).params(), model.params()));
  CHECK_THROWS(VPF_ERR_IO, "", model.save("no/such/folder/model"));
}

void the_mathematics_is_that_of_c() {
  const vpf::model model = rbm();
  const vpf::data visible = images(), states = model.infer(visible, 3);
  vpf_data *inferred = nullptr;
  ok(vpf_model_infer(model.get(), visible.get(), 3, &inferred));
  CHECK(same_rows(states, inferred));

  std::vector<double> rows(ROWS);
  ok(vpf_model_energy(model.get(), states.get(), rows.data()));
  CHECK(same(model.energy(states), rows));
  ok(vpf_model_free_energy(model.get(), visible.get(), rows.data()));
  CHECK(same(model.free_energy(visible), rows));
  double flow = 0;
  ok(vpf_model_flow(model.get(), states.get(), &flow));
  CHECK(same(model.flow(states), flow));
  ok(vpf_model_flow_rows(model.get(), states.get(), rows.data()));
  CHECK(same(model.flow_rows(states), rows));
  std::vector<float> gradient(model.param_count());
  ok(vpf_model_flow_gradient(model.get(), states.get(), gradient.data()));
  CHECK(same(model.flow_gradient(states), gradient));

  rows.pop_back();
  gradient.push_back(0);
  CHECK_SIZE(ROWS - 1, ROWS, model.energy(states, rows));
  CHECK_SIZE(ROWS - 1, ROWS, model.free_energy(visible, rows));
  CHECK_SIZE(ROWS - 1, ROWS, model.flow_rows(states, rows));
  CHECK_SIZE(model.param_count() + 1, model.param_count(), model.flow_gradient(states, gradient));
  CHECK_THROWS(VPF_ERR_SHAPE, "columns are needed", model.flow(visible));
}

void options_are_those_of_c() {
  vpf::optimizer optimizer;
  optimizer.set(VPF_OPTION_LEARNING_RATE, 0.5);
  CHECK(same(optimizer.get(VPF_OPTION_LEARNING_RATE), 0.5));
  optimizer.set(VPF_OPTION_METHOD, VPF_METHOD_PCD);
  CHECK(same(optimizer.get(VPF_OPTION_METHOD), VPF_METHOD_PCD));
  CHECK_THROWS(VPF_ERR_ARGUMENT, "learning_rate", optimizer.set(VPF_OPTION_LEARNING_RATE, -1));
  optimizer.set_seed(77);
  CHECK(optimizer.position().epochs == 0 && optimizer.position().rows == 0);
  CHECK(optimizer.seed() == 77 && optimizer.last_stop() == VPF_STOP_NONE);
  const auto bounds = vpf::option_bounds(VPF_OPTION_BATCH_SIZE);
  CHECK(same(bounds.low, 1) && same(bounds.high, 1048576) && std::strcmp(bounds.name, "batch_size") == 0);
  CHECK(vpf::option_count() == vpf_option_count());
  const vpf_option_info info = vpf::option_describe(2);
  CHECK(info.option == VPF_OPTION_LEARNING_RATE && same(info.initial, 1e-3) && info.integer == 0);
  CHECK_THROWS(VPF_ERR_ARGUMENT, "index", vpf::option_describe(vpf::option_count()));
}

void training_is_that_of_c() {
  const vpf::data data = images();
  vpf::model a = rbm(), b = rbm(), c = rbm();
  vpf::optimizer oa, ob, oc;
  for (vpf::optimizer *o : {&oa, &ob, &oc}) o->set(VPF_OPTION_BATCH_SIZE, 5);
  vpf::train(a, data, oa, 3);
  ok(vpf_train(b.get(), data.get(), ob.get(), 3, nullptr, nullptr));
  size_t calls = 0;
  vpf::train(c, data, oc, 3, [&](const vpf_progress &p) {
    CHECK(p.epoch == ++calls && p.layers == 2 && vpf::span(p.activity, p.layers)[1] >= 0);
  });
  CHECK(same(a.params(), b.params()) && same(a.params(), c.params()) && !same(a.params(), rbm().params()));
  CHECK(calls == 3 && oa.last_stop() == VPF_STOP_EPOCHS && oc.last_stop() == VPF_STOP_EPOCHS);
  CHECK_THROWS(VPF_ERR_SHAPE, "columns", vpf::train(a, data.columns(0, 2), oa, 1));
  CHECK_THROWS(VPF_ERR_SHAPE, "columns", vpf::train(a, data.columns(0, 2), oa, 1, [](const vpf_progress &) {}));
}

int stop_at_two(const vpf_progress &p) { return p.epoch == 2 ? -5 : 0; }

void progress_may_be_anything_that_can_be_called() {
  const vpf::data data = images();
  const auto epochs_until_stop = [&](auto &&progress) {
    vpf::model model = rbm();
    vpf::optimizer optimizer;
    vpf::train(model, data, optimizer, 4, progress);
    size_t left = 0; // an optimizer counts its epochs over its life
    vpf::train(model, data, optimizer, 1, [&](const vpf_progress &p) { left = p.epoch; });
    return left - 1;
  };
  CHECK(epochs_until_stop([](const vpf_progress &p) { return p.epoch == 2; }) == 2);
  CHECK(epochs_until_stop([](const vpf_progress &) { return false; }) == 4);
  CHECK(epochs_until_stop([](vpf_progress) {}) == 4);
  CHECK(epochs_until_stop(stop_at_two) == 2);
  CHECK(epochs_until_stop(&stop_at_two) == 2);
  CHECK(epochs_until_stop(std::function<bool(const vpf_progress &)>(stop_at_two)) == 2);
  const auto constant = [](const vpf_progress &p) { return p.epoch == 3; };
  CHECK(epochs_until_stop(constant) == 3);
  struct counter {
    size_t calls = 0;
    counter() = default;
    counter(const counter &) = delete;
    bool operator()(const vpf_progress &) { return ++calls == 2; }
  } only_by_reference;
  CHECK(epochs_until_stop(only_by_reference) == 2 && only_by_reference.calls == 2);
}

struct interruption {
  int number;
};

void what_progress_throws_is_thrown_by_train() {
  const vpf::data data = images();
  vpf::model whole = rbm(), parts = rbm();
  vpf::optimizer ow, op;
  for (vpf::optimizer *o : {&ow, &op}) {
    o->set(VPF_OPTION_BATCH_SIZE, 5);
    o->set(VPF_OPTION_PROGRESS_BATCHES, 1);
  }
  vpf::train(whole, data, ow, 6);

  vpf::train(parts, data, op, 1);
  int caught = 0;
  size_t calls = 0;
  try { // inside the second epoch, and no exception of the standard library
    vpf::train(parts, data, op, 5, [&](const vpf_progress &p) {
      calls++;
      if (p.batch == 2) throw interruption{42};
    });
  } catch (const interruption &e) {
    caught = e.number;
  }
  CHECK(caught == 42 && calls == 2 && op.last_stop() == VPF_STOP_CALLBACK);
  CHECK_THROWS(VPF_ERR_STATE, "own text", vpf::train(parts, data, op, 5, [](const vpf_progress &p) -> bool {
    if (p.batch == 3) throw vpf::error(VPF_ERR_STATE, "own text");
    return false;
  }));
  // A failure of the library inside the function arrives too, and training inside itself is one.
  CHECK_THROWS(VPF_ERR_STATE, "vpf_train", vpf::train(parts, data, op, 1, [&](const vpf_progress &) {
    vpf::train(parts, data, op, 1);
  }));
  vpf::checkpoint_save(parts, op, "thrown.safetensors");
  size_t last = 0;
  while (last < 6) vpf::train(parts, data, op, 1, [&](const vpf_progress &p) { last = p.epoch; });
  CHECK(same(whole.params(), parts.params()));
}

void stopping_and_resuming_changes_no_bit() {
  const vpf::data data = images();
  vpf::model whole = rbm(), parts = rbm();
  vpf::optimizer ow, op;
  for (vpf::optimizer *o : {&ow, &op}) {
    o->set(VPF_OPTION_BATCH_SIZE, 4);
    o->set(VPF_OPTION_PROGRESS_BATCHES, 1);
  }
  vpf::train(whole, data, ow, 5);
  vpf::train(parts, data, op, 5, [](const vpf_progress &p) { return p.epoch == 3 && p.batch == 2; });
  CHECK(op.last_stop() == VPF_STOP_CALLBACK && !same(whole.params(), parts.params()));
  vpf::checkpoint_save(parts, op, "parts.safetensors");
  auto [model, optimizer] = vpf::checkpoint_load("parts.safetensors");
  vpf::train(model, data, optimizer, 3);
  CHECK(same(whole.params(), model.params()) && optimizer.last_stop() == VPF_STOP_EPOCHS);
  CHECK_THROWS(VPF_ERR_IO, "", vpf::checkpoint_load("missing"));
}

void chains_are_those_of_c() {
  const vpf::model model = rbm();
  const vpf::data states = model.infer(images(), 1);
  const uint8_t clamped[UNITS] = {1, 1, 0, 0, 0, 0, 0, 0, 0, 1};
  vpf_data *out = nullptr;
  ok(vpf_gibbs(model.get(), states.get(), clamped, 3, 9, &out));
  CHECK(same_rows(vpf::gibbs(model, states, clamped, 3, 9), out));
  ok(vpf_gibbs(model.get(), states.get(), nullptr, 3, 9, &out));
  CHECK(same_rows(vpf::gibbs(model, states, {}, 3, 9), out));

  std::vector<double> energy(ROWS * 5);
  ok(vpf_gibbs_trace(model.get(), states.get(), clamped, 5, 2, 9, energy.data(), &out));
  const vpf::trace trace = vpf::gibbs_trace(model, states, clamped, 5, 2, 9);
  CHECK(same(trace.energy, energy));
  CHECK(same_rows(trace.states, out));

  CHECK_SIZE(VISIBLE, UNITS, vpf::gibbs(model, states, HALF, 1, 1));
  CHECK_SIZE(VISIBLE, UNITS, vpf::gibbs_trace(model, states, HALF, 1, 1, 1));
  CHECK_SIZE(ROWS * 5, ROWS * 4, vpf::gibbs_trace(model, states, {}, 4, 1, 1, energy));
  CHECK_THROWS(VPF_ERR_ARGUMENT, "draws", vpf::gibbs_trace(model, states, {}, 0, 1, 1));
}

void samples_are_those_of_c() {
  const vpf::model model = deep();
  const std::vector<float> prior = {0.1f, 0.5f, 1};
  const size_t steps[] = {2, 1}, count = 30; // few: more would make chains forget the prior
  std::vector<float> probs(count * VISIBLE);
  ok(vpf_generate(model.get(), count, 1, prior.data(), 4, probs.data()));
  CHECK(same(vpf::generate(model, count, 1, prior, 4), probs));
  ok(vpf_generate(model.get(), count, 1, nullptr, 4, probs.data()));
  CHECK(same(vpf::generate(model, count, 1, {}, 4), probs));
  CHECK(!same(vpf::generate(model, count, 1, prior, 4), probs));
  ok(vpf_generate_by_pair(model.get(), count, steps, prior.data(), 4, probs.data()));
  CHECK(same(vpf::generate_by_pair(model, count, steps, prior, 4), probs));
  CHECK(same(vpf::generate_by_pair(model, count, {2, 1}, {0.1f, 0.5f, 1}, 4), probs));
  vpf_data *out = nullptr;
  ok(vpf_generate_states(model.get(), count, 1, prior.data(), 4, &out));
  CHECK(same_rows(vpf::generate_states(model, count, 1, prior, 4), out));
  ok(vpf_generate_states_by_pair(model.get(), count, steps, prior.data(), 4, &out));
  CHECK(same_rows(vpf::generate_states_by_pair(model, count, steps, prior, 4), out));
  CHECK(vpf::generate_by_pair(vpf::model({4}), 2, {1}, {}, 1).size() == 8); // one layer: one number of steps

  CHECK_SIZE(2, 3, vpf::generate(model, count, 1, {0.1f, 0.5f}, 4));
  CHECK_SIZE(count * VISIBLE, 4 * VISIBLE, vpf::generate(model, 4, 2, {}, 4, probs));
  CHECK_SIZE(1, 2, vpf::generate_by_pair(model, count, {1}, {}, 4));
  CHECK_SIZE(4, 3, vpf::generate_by_pair(model, count, steps, {0, 0, 0, 0}, 4));
  CHECK_SIZE(count * VISIBLE, 4 * VISIBLE, vpf::generate_by_pair(model, 4, steps, {}, 4, probs));
  CHECK_SIZE(4, 3, vpf::generate_states(model, count, 1, {0, 0, 0, 0}, 4));
  CHECK_SIZE(3, 2, vpf::generate_states_by_pair(model, count, {1, 1, 1}, {}, 4));
  CHECK_SIZE(4, 3, vpf::generate_states_by_pair(model, count, steps, {0, 0, 0, 0}, 4));
  CHECK_THROWS(VPF_ERR_LIMIT, "too large", vpf::generate(model, SIZE_MAX / 2, 1, {}, 1));
  CHECK_THROWS(VPF_ERR_ARGUMENT, "", vpf::generate(model, 0, 1, {}, 1));
}

void features_are_those_of_c() {
  const vpf::model model = deep();
  const vpf::data data = images();
  std::vector<float> features(ROWS * HIDDEN), means(HIDDEN);
  ok(vpf_encode(model.get(), data.get(), 1, features.data()));
  CHECK(same(vpf::encode(model, data, 1), features));
  ok(vpf_mean_activations(model.get(), data.get(), 1, means.data()));
  CHECK(same(vpf::mean_activations(model, data, 1), means));
  std::vector<size_t> counts(20);
  ok(vpf_activation_histogram(model.get(), data.get(), 1, 20, counts.data()));
  CHECK(vpf::activation_histogram(model, data, 1, 20) == counts);
  std::vector<size_t> ours(20, 99);
  vpf::activation_histogram(model, data, 1, ours);
  CHECK(ours == counts);
  auto activity = c_report<vpf_activity>();
  ok(vpf_layer_activity(model.get(), data.get(), 1, &activity));
  CHECK(same_report(vpf::layer_activity(model, data, 1), activity));
  double rho = 0, w2 = 0;
  ok(vpf_weight_metrics(model.get(), 1, &rho, &w2));
  const auto metrics = vpf::weight_metrics(model, 1);
  CHECK(same(metrics.rho, rho) && same(metrics.w2, w2));

  CHECK_SIZE(ROWS * HIDDEN, ROWS * 3, vpf::encode(model, data, 2, features));
  CHECK_SIZE(HIDDEN, 3, vpf::mean_activations(model, data, 2, means));
  CHECK_THROWS(VPF_ERR_ARGUMENT, "layer 3", vpf::encode(model, data, 3));
  CHECK_THROWS(VPF_ERR_ARGUMENT, "bins", vpf::activation_histogram(model, data, 1, 0));
}

void filling_in_is_that_of_c() {
  const vpf::model model = rbm();
  const vpf::data data = images();
  std::vector<float> probs(ROWS * VISIBLE);
  ok(vpf_reconstruct(model.get(), data.get(), HALF, 4, 2, 6, probs.data()));
  CHECK(same(vpf::reconstruct(model, data, HALF, 4, 2, 6), probs));
  ok(vpf_reconstruct(model.get(), data.get(), nullptr, 4, 2, 6, probs.data()));
  CHECK(same(vpf::reconstruct(model, data, {}, 4, 2, 6), probs));
  ok(vpf_reconstruct_mean_field(model.get(), data.get(), HALF, 4, probs.data()));
  CHECK(same(vpf::reconstruct_mean_field(model, data, HALF, 4), probs));
  double mean = 0, error = 0;
  ok(vpf_reconstruction_error(data.get(), probs.data(), HALF, &mean, &error));
  auto found = vpf::reconstruction_error(data, probs, HALF);
  CHECK(same(found.value, mean) && same(found.standard_error, error));
  ok(vpf_reconstruction_error(data.get(), probs.data(), nullptr, &mean, &error));
  found = vpf::reconstruction_error(data, probs);
  CHECK(same(found.value, mean) && same(found.standard_error, error));

  CHECK_SIZE(5, VISIBLE, vpf::reconstruct(model, data, {HALF, 5}, 4, 2, 6));
  CHECK_SIZE(5, VISIBLE, vpf::reconstruct_mean_field(model, data, {HALF, 5}, 4));
  CHECK_SIZE(5, VISIBLE, vpf::reconstruction_error(data, probs, {HALF, 5}));
  probs.pop_back();
  CHECK_SIZE(ROWS * VISIBLE - 1, ROWS * VISIBLE, vpf::reconstruct(model, data, HALF, 4, 2, 6, probs));
  CHECK_SIZE(ROWS * VISIBLE - 1, ROWS * VISIBLE, vpf::reconstruct_mean_field(model, data, HALF, 4, probs));
  CHECK_SIZE(ROWS * VISIBLE - 1, ROWS * VISIBLE, vpf::reconstruction_error(data, probs));
}

void parzen_windows_are_those_of_c() {
  const vpf::model model = deep();
  const std::vector<float> centres = {0, 0, 1, 0, 1, 1}, points = {0, 1, 1, 1};
  const double sigmas[] = {0.1, 0.3, 0.9};
  double mean = 0, error = 0;
  ok(vpf_parzen(centres.data(), 3, points.data(), 2, 2, 0.3, &mean, &error));
  const auto found = vpf::parzen(centres, points, 2, 0.3);
  CHECK(same(found.value, mean) && same(found.standard_error, error));
  ok(vpf_parzen_select_sigma(centres.data(), 3, points.data(), 2, 2, sigmas, 3, &mean));
  CHECK(same(vpf::parzen_select_sigma(centres, points, 2, sigmas), mean));
  CHECK(same(vpf::parzen_select_sigma(centres, points, 2, {0.1, 0.3, 0.9}), mean));

  const std::vector<float> images(2 * VISIBLE, 0.5f);
  const size_t steps[] = {2, 1};
  const float prior[] = {0.1f, 0.5f, 1};
  auto report = c_report<vpf_parzen_report>();
  ok(vpf_parzen_generated(model.get(), 30, 1, prior, 1, 3, images.data(), 2, 0.3, &report));
  CHECK(same_report(vpf::parzen_generated(model, 30, 1, prior, 1, 3, images, 0.3), report));
  ok(vpf_parzen_generated_by_pair(model.get(), 30, steps, prior, 1, 3, images.data(), 2, 0.3, &report));
  CHECK(same_report(vpf::parzen_generated_by_pair(model, 30, steps, prior, 1, 3, images, 0.3), report));

  CHECK_THROWS(VPF_ERR_SHAPE, "centres has 5 elements; a multiple of 2", vpf::parzen({1, 2, 3, 4, 5}, points, 2, 0.3));
  CHECK_THROWS(VPF_ERR_SHAPE, "points has 4 elements; a multiple of 3", vpf::parzen(centres, points, 3, 0.3));
  CHECK_THROWS(VPF_ERR_SHAPE, "a multiple of 4", vpf::parzen_select_sigma(centres, points, 4, sigmas));
  CHECK_THROWS(VPF_ERR_SHAPE, "a multiple of 6", vpf::parzen_generated(model, 9, 2, {}, 1, 3, points, 0.3));
  CHECK_THROWS(VPF_ERR_SHAPE, "a multiple of 6", vpf::parzen_generated_by_pair(model, 9, steps, {}, 1, 3, points, 0.3));
  CHECK_SIZE(2, 3, vpf::parzen_generated(model, 9, 2, {0, 1}, 1, 3, images, 0.3));
  CHECK_SIZE(1, 2, vpf::parzen_generated_by_pair(model, 9, {1}, {}, 1, 3, images, 0.3));
  CHECK_SIZE(2, 3, vpf::parzen_generated_by_pair(model, 9, steps, {0, 1}, 1, 3, images, 0.3));
  CHECK_THROWS(VPF_ERR_ARGUMENT, "dimension 0", vpf::parzen(centres, points, 0, 0.3));
}

void likelihoods_are_those_of_c() {
  const vpf::model model = rbm();
  const vpf::data data = images();
  double expected = 0, error = 0;
  ok(vpf_exact_log_partition(model.get(), &expected));
  const double log_z = vpf::exact_log_partition(model);
  CHECK(same(log_z, expected));
  ok(vpf_log_likelihood(model.get(), data.get(), log_z, &expected));
  CHECK(same(vpf::log_likelihood(model, data, log_z), expected));
  vpf::model layers({VISIBLE, HIDDEN, 3}, {}, VPF_COUPLING_JOINT);
  layers.init(5);
  std::vector<double> rows(ROWS);
  ok(vpf_log_likelihood_bound(layers.get(), data.get(), 2, &expected));
  CHECK(same(vpf::log_likelihood_bound(layers, data, 2), expected));
  ok(vpf_log_likelihood_bound_rows(layers.get(), data.get(), 2, rows.data()));
  CHECK(same(vpf::log_likelihood_bound_rows(layers, data, 2), rows));
  rows.pop_back();
  CHECK_SIZE(ROWS - 1, ROWS, vpf::log_likelihood_bound_rows(layers, data, 2, rows));
  CHECK_THROWS(VPF_ERR_UNSUPPORTED, "no density", vpf::log_likelihood_bound(deep(), data, 0));
  ok(vpf_pseudo_likelihood(model.get(), data.get(), &expected));
  CHECK(same(vpf::pseudo_likelihood(model, data), expected));
  rows.resize(ROWS);
  ok(vpf_log_likelihood_rows(model.get(), data.get(), log_z, rows.data()));
  CHECK(same(vpf::log_likelihood_rows(model, data, log_z), rows));
  ok(vpf_pseudo_likelihood_rows(model.get(), data.get(), rows.data()));
  CHECK(same(vpf::pseudo_likelihood_rows(model, data), rows));
  rows.push_back(0);
  CHECK_SIZE(ROWS + 1, ROWS, vpf::log_likelihood_rows(model, data, log_z, rows));
  CHECK_SIZE(ROWS + 1, ROWS, vpf::pseudo_likelihood_rows(model, data, rows));
  vpf_data *out = nullptr;
  ok(vpf_exact_sample(model.get(), 6, 2, &out));
  CHECK(same_rows(vpf::exact_sample(model, 6, 2), out));
  ok(vpf_ais_log_partition(model.get(), 8, 20, 3, &expected, &error));
  const auto found = vpf::ais_log_partition(model, 8, 20, 3);
  CHECK(same(found.value, expected) && same(found.standard_error, error));

  auto by_default = c_report<vpf_ais_result>(), with_settings = by_default;
  ok(vpf_ais(model.get(), nullptr, &by_default));
  CHECK(same_report(vpf::ais(model), by_default));
  const double temperatures[] = {0, 0.2, 0.5, 1};
  vpf_ais_settings plain = {};
  plain.struct_size = sizeof plain;
  plain.chains = 10;
  plain.betas = 4;
  plain.temperatures = temperatures;
  plain.base = data.get();
  plain.reverse = 1;
  ok(vpf_ais(model.get(), &plain, &with_settings));
  vpf::ais_settings settings;
  settings.chains = 10;
  settings.set_temperatures(temperatures);
  settings.base = data.get();
  settings.reverse = 1;
  CHECK(settings.betas == 4);
  CHECK(same_report(vpf::ais(model, settings), with_settings));
  CHECK(same_report(vpf::ais(model, plain), with_settings) && !same_report(by_default, with_settings));
  auto likelihood = c_report<vpf_likelihood>();
  ok(vpf_estimate_likelihood(model.get(), data.get(), nullptr, &likelihood));
  CHECK(same_report(vpf::estimate_likelihood(model, data), likelihood));
  ok(vpf_estimate_likelihood(model.get(), data.get(), &plain, &likelihood));
  CHECK(same_report(vpf::estimate_likelihood(model, data, settings), likelihood));
  CHECK_THROWS(VPF_ERR_UNSUPPORTED, "", vpf::exact_log_partition(deep()));
}

void moments_and_diagnostics_are_those_of_c() {
  const vpf::data a = images(), b = a.slice(0, 5);
  std::vector<double> mean(VISIBLE), pair(VISIBLE * VISIBLE);
  ok(vpf_moments(a.get(), mean.data(), pair.data()));
  const auto both = vpf::moments(a);
  CHECK(same(both.mean, mean) && same(both.pair, pair));
  std::vector<double> alone(VISIBLE);
  vpf::moments(a, alone);
  CHECK(same(alone, mean));
  auto comparison = c_report<vpf_moment_comparison>();
  ok(vpf_compare_moments(a.get(), b.get(), &comparison));
  CHECK(same_report(vpf::compare_moments(a, b), comparison));

  const std::vector<double> values = {1, 2, 3, 4, 2, 3, 1, 5, 4, 4};
  auto report = c_report<vpf_chain_report>();
  ok(vpf_chain_diagnostics(values.data(), 2, 5, &report));
  CHECK(same_report(vpf::chain_diagnostics(values, 2, 5), report));

  CHECK_SIZE(VISIBLE * VISIBLE, VISIBLE, vpf::moments(a, pair));
  CHECK_SIZE(VISIBLE, VISIBLE * VISIBLE, vpf::moments(a, mean, alone));
  CHECK_SIZE(10, 12, vpf::chain_diagnostics(values, 3, 4));
}

void a_monitor_is_that_of_c() {
  const vpf::data data = images();
  vpf::model model = rbm();
  vpf::optimizer optimizer;
  vpf::monitor monitor(nullptr, 1);
  CHECK_THROWS(VPF_ERR_STATE, "", monitor.best_index());
  CHECK_THROWS(VPF_ERR_STATE, "", monitor.best_model());
  const vpf::model always_the_same = model.clone();
  vpf::train(model, data, optimizer, 50,
             [&](const vpf_progress &p) { return monitor.check(always_the_same, data, p.epoch * 10); });
  CHECK(monitor.checks() == 2 && monitor.best_index() == 0 && optimizer.last_stop() == VPF_STOP_CALLBACK);
  const auto found = monitor.at(1);
  CHECK(found.epoch == 20 && found.likelihood.exact == 1);
  CHECK(same(found.likelihood.mean, vpf::estimate_likelihood(always_the_same, data).mean));
  CHECK(!monitor.check(model, data, 30) && monitor.best_index() == 2); // it has learned something
  CHECK(same(monitor.best_model().params(), model.params()));
  CHECK_THROWS(VPF_ERR_ARGUMENT, "", monitor.at(monitor.checks()));

  vpf::ais_settings settings;
  settings.chains = 1;
  CHECK_THROWS(VPF_ERR_ARGUMENT, "chains", vpf::monitor(&settings, 3));
  settings.chains = 5;
  CHECK(!vpf::monitor(&settings, 3).check(model, data, 1));
}

void a_ladder_is_that_of_c() {
  const vpf::data data = images();
  const vpf::model model = rbm();
  vpf::ladder_settings settings;
  settings.chains = 10;
  vpf::ladder ladder(model, &data, &settings);
  const std::size_t last = ladder.rungs() - 1;
  CHECK(same(ladder.model(last).params(), model.params()) && ladder.append(model) == 0);
  CHECK(ladder.rung(0).acceptance > 0.999 && ladder.rung(last).log_z_stderr > 0);
  const auto found = ladder.sample(7, 10, 1);
  CHECK(found.states.rows() == 7 && found.states.cols() == model.units() && found.report.rungs == last + 1);
  ladder.save("ladder.safetensors");
  const auto read = vpf::ladder::load(std::string("ladder.safetensors")).sample(7, 10, 1, &model);
  CHECK(read.report.rungs == last + 2);
  std::remove("ladder.safetensors");
  CHECK_THROWS(VPF_ERR_ARGUMENT, "rung", ladder.rung(1000));
  vpf::optimizer optimizer;
  CHECK_THROWS(VPF_ERR_STATE, "tempering", vpf::ladder::of(optimizer));
  optimizer.set(VPF_OPTION_METHOD, VPF_METHOD_PTT);
  vpf::model trained = rbm();
  vpf::train(trained, data, optimizer, 1);
  CHECK(vpf::ladder::of(optimizer).rungs() > 0);
  settings.chains = 1;
  CHECK_THROWS(VPF_ERR_ARGUMENT, "chains", vpf::ladder(model, nullptr, &settings));
}

void only_vectors_allocate() {
  const vpf::data data = images();
  vpf::model model = rbm();
  vpf::optimizer optimizer;
  const vpf::data states = model.infer(data, 1);
  const std::string name = "a name of a file that is too long to be kept without an allocation";
  std::vector<float> theta(model.param_count()), probs(3 * VISIBLE);
  std::vector<double> energy(ROWS);
  size_t calls = 0;

  const size_t before = news;
  vpf::model copy = model.clone();
  copy = std::move(model);
  copy.params(theta);
  copy.set_params(theta);
  copy.energy(states, energy);
  copy.save(name);
  optimizer.set(VPF_OPTION_BATCH_SIZE, 4);
  vpf::train(copy, data, optimizer, 2, [&](const vpf_progress &) { calls++; });
  vpf::generate(copy, 3, 1, {0.5f, 0.5f, 0.5f, 0.5f}, 1, probs);
  const double flow = copy.flow(states) + vpf::ais(copy).log_z;
  CHECK(news == before);
  CHECK(calls == 2 && std::isfinite(flow));
  copy.params();
  CHECK(news == before + 1);
}

// The library's own memory, counted through its allocator, which many threads use.
std::atomic<size_t> held = 0, allocated = 0;

void *allocate(size_t size, void *user) {
  if (user != &held) return nullptr;
  void *p = std::malloc(size);
  if (p) held++, allocated++;
  return p;
}

void release(void *p, void *) {
  held--;
  std::free(p);
}

#define RUN(test) (std::printf("%s\n", #test), test())

void all() {
  RUN(version_and_status);
  RUN(errors_have_status_and_message);
  RUN(owners_move);
  RUN(what_is_empty_refuses_and_does_not_crash);
  RUN(data_is_that_of_c);
  RUN(models_are_those_of_c);
  RUN(files_come_back);
  RUN(the_mathematics_is_that_of_c);
  RUN(options_are_those_of_c);
  RUN(training_is_that_of_c);
  RUN(progress_may_be_anything_that_can_be_called);
  RUN(what_progress_throws_is_thrown_by_train);
  RUN(stopping_and_resuming_changes_no_bit);
  RUN(chains_are_those_of_c);
  RUN(samples_are_those_of_c);
  RUN(features_are_those_of_c);
  RUN(filling_in_is_that_of_c);
  RUN(parzen_windows_are_those_of_c);
  RUN(likelihoods_are_those_of_c);
  RUN(moments_and_diagnostics_are_those_of_c);
  RUN(a_monitor_is_that_of_c);
  RUN(a_ladder_is_that_of_c);
  RUN(only_vectors_allocate);
}

} // namespace

int main() {
  CHECK_THROWS(VPF_ERR_ARGUMENT, "", vpf::set_allocator(allocate, nullptr));
  vpf::set_allocator(allocate, release, &held);
  CHECK_THROWS(VPF_ERR_STATE, "", vpf::set_allocator(allocate, release, &held));
  all();
  CHECK(allocated > 0 && held == 0); // everything was given back
  if (failures > 0) std::printf("%d checks failed\n", failures);
  return failures > 0 ? 1 : 0;
}
