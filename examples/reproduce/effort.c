/* SPDX-License-Identifier: MIT */
#include "effort.h"

effort usual_effort(bool quick) {
  if (quick)
    return (effort){.centres = 200, .choosing = 100, .test = 200, .draws = 1, .neighbours = 50, .chains = 20,
                    .temperatures = 100, .spikes = 1000000, .k_means_rounds = 1};
  return (effort){.centres = 10000, .choosing = 2000, .test = 10000, .draws = 3, .neighbours = 2000, .chains = 100,
                  .temperatures = 3000, .spikes = 4000000, .k_means_rounds = 5};
}
