// SPDX-License-Identifier: MIT
// The same by vpf.hpp: train a tiny machine, save it, load it. Argument: the file to write.
#include <cstdio>
#include <vpf.hpp>

int main(int argc, char **argv) try {
  if (argc != 2) return 2;
  std::vector<std::uint8_t> rows;
  for (int row = 0; row < 8; row++)
    for (int i = 0; i < 6; i++) rows.push_back((i < 3) == (row % 2 == 0));

  const auto data = vpf::data::from_u8(rows, 8, 6, 0);
  vpf::model model({6, 4});
  vpf::optimizer optimizer;
  model.init(1);
  const auto before = model.params();
  int epochs = 0;
  vpf::train(model, data, optimizer, 3, [&](const vpf_progress &) { return ++epochs == 2; });
  model.save(argv[1]);
  if (epochs != 2 || model.params() == before || vpf::model::load(argv[1]).params() != model.params()) return 1;

  // Exceptions come through the borders of the library.
  try {
    vpf::model::load("no/such/file");
  } catch (const vpf::error &e) {
    return e.status() == VPF_ERR_IO ? 0 : 1;
  }
  return 1;
} catch (const vpf::error &e) {
  std::fprintf(stderr, "%s: %s\n", vpf::status_string(e.status()), e.what());
  return 1;
}
