// SPDX-License-Identifier: MIT
// The same from C++: train a tiny machine, save it, load it. Argument: the file to write.
#include <cstdint>
#include <cstdio>
#include <memory>
#include <vector>
#include <vpf.h>

namespace {

struct destroy {
  void operator()(vpf_data *x) const { vpf_data_destroy(x); }
  void operator()(vpf_model *x) const { vpf_model_destroy(x); }
  void operator()(vpf_optimizer *x) const { vpf_optimizer_destroy(x); }
};
template <class T> using handle = std::unique_ptr<T, destroy>;

struct failed {};
void check(vpf_status s) {
  if (s == VPF_OK) return;
  std::fprintf(stderr, "%s: %s\n", vpf_status_string(s), vpf_error_message());
  throw failed();
}

std::vector<float> params(const vpf_model *model) {
  std::vector<float> theta(vpf_model_param_count(model));
  check(vpf_model_get_params(model, theta.data()));
  return theta;
}

int count_epochs(const vpf_progress *, void *user) {
  ++*static_cast<int *>(user);
  return 0;
}

bool train_save_load(const char *path) {
  std::vector<std::uint8_t> rows;
  for (int row = 0; row < 8; row++)
    for (int i = 0; i < 6; i++) rows.push_back((i < 3) == (row % 2 == 0));
  const std::size_t sizes[] = {6, 4};

  vpf_data *d = nullptr;
  check(vpf_data_from_u8(&d, rows.data(), 8, 6, 0));
  const handle<vpf_data> data(d);
  vpf_model *m = nullptr;
  check(vpf_model_create(&m, sizes, 2, nullptr, VPF_COUPLING_PAIRWISE));
  const handle<vpf_model> model(m);
  check(vpf_model_init(m, 1));
  const std::vector<float> before = params(m);
  vpf_optimizer *o = nullptr;
  check(vpf_optimizer_create(&o));
  const handle<vpf_optimizer> optimizer(o);

  int epochs = 0;
  check(vpf_train(m, d, o, 1, count_epochs, &epochs));
  check(vpf_model_save(m, path));
  vpf_model *l = nullptr;
  check(vpf_model_load(&l, path));
  const handle<vpf_model> loaded(l);
  return epochs == 1 && params(m) != before && params(l) == params(m);
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  if (vpf_version_number() != VPF_VERSION_MAJOR * 10000 + VPF_VERSION_MINOR * 100 + VPF_VERSION_PATCH) return 3;
  try {
    return train_save_load(argv[1]) ? 0 : 1;
  } catch (const failed &) {
    return 1;
  }
}
