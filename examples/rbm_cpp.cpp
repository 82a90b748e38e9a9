// SPDX-License-Identifier: MIT
// An RBM in C++: train it on an IDX file of images, save it, look at what it has learned.
//
//   rbm_cpp [FILE [EPOCHS [MODEL]]]
//
// FILE: train-images-idx3-ubyte of MNIST or the like, plain or gzipped; without one, images of bars.
// MODEL: where to save the machine; without one it is not saved.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vpf.hpp>

namespace {

// Every image has some rows or some columns on, never both (bars and stripes, MacKay 2003, chapter 43).
vpf::data bars(std::size_t count, std::size_t side) {
  std::vector<std::uint8_t> images(count * side * side);
  std::mt19937 random(1);
  for (std::size_t image = 0; image < count; image++) {
    const bool rows = random() % 2 == 0;
    const unsigned on = static_cast<unsigned>(random());
    for (std::size_t y = 0; y < side; y++)
      for (std::size_t x = 0; x < side; x++)
        images[(image * side + y) * side + x] = static_cast<std::uint8_t>(on >> (rows ? y : x) & 1U);
  }
  return vpf::data::from_u8(images, count, side * side, 0);
}

std::size_t side_of(std::size_t pixels) {
  std::size_t side = 1;
  while (side * side < pixels) side++;
  return side;
}

// Some images side by side, a character for each pixel; pixels [images x pixels] are in [0, 1].
void show(vpf::span<const float> pixels, std::size_t images) {
  const char shades[] = " .:-=+*#%@";
  const std::size_t size = pixels.size() / images, side = side_of(size);
  for (std::size_t y = 0; y < side; y++) {
    std::string line;
    for (std::size_t image = 0; image < images; image++) {
      for (std::size_t x = 0; x < side && y * side + x < size; x++)
        line += shades[static_cast<std::size_t>(pixels[image * size + y * side + x] * 9.0F + 0.5F)];
      line += "  ";
    }
    std::puts(line.c_str());
  }
}

void run(const char *file, std::size_t epochs, const char *saved) {
  const vpf::data data = file ? vpf::data::load_idx(file, 127) : bars(2000, 6);
  const std::size_t hidden = std::min<std::size_t>(data.cols(), 196), images = file ? 4 : 8;
  std::printf("%zu images of %zu pixels, %zu hidden units\n", data.rows(), data.cols(), hidden);
  show(data.slice(0, images).to_f32(), images);

  vpf::model model({data.cols(), hidden});
  vpf::optimizer optimizer;
  if (!file) optimizer.set(VPF_OPTION_LEARNING_RATE, 0.01); // few updates, few pixels
  model.init(1);
  vpf::train(model, data, optimizer, epochs, [](const vpf_progress &p) {
    std::printf("epoch %zu of %zu: flow %.2f, %.0f images/s\n", p.epoch, p.epochs, p.flow, p.images_per_second);
  });
  std::printf("log p of an image: about %.1f nats\n", vpf::estimate_likelihood(model, data).mean_low);
  if (saved) model.save(saved);

  // Hidden units start as active as they are for the data, then one half step down, one up, and so on.
  const std::vector<float> prior = vpf::mean_activations(model, data, 1);
  std::printf("generated:\n");
  show(vpf::generate(model, images, 5, prior, 1), images);
}

} // namespace

int main(int argc, char **argv) try {
  if (argc == 2 && std::strcmp(argv[1], "--version") == 0)
    return std::printf("rbm_cpp %s\n", vpf_version_string()) < 0 || std::fflush(stdout) != 0;
  if (argc > 4 || (argc > 1 && argv[1][0] == '-')) {
    std::fprintf(stderr, "usage: rbm_cpp [IMAGES [EPOCHS [MODEL]]]\n");
    return 2;
  }
  const char *file = argc > 1 ? argv[1] : nullptr;
  const unsigned long epochs = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 20;
  run(file, epochs, argc > 3 ? argv[3] : nullptr);
  if (std::fflush(stdout) != 0 || std::ferror(stdout)) return std::perror("rbm_cpp: stdout"), 1;
  return 0;
} catch (const vpf::error &e) { // with the value and the limit
  std::fprintf(stderr, "%s: %s\n", vpf::status_string(e.status()), e.what());
  return 1;
} catch (const std::exception &e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
