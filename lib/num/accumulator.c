/* SPDX-License-Identifier: MIT */
#include "num/accumulator.h"

#include <math.h>

#include "num/elementary.h"

/* 24 bits, shifted by up to 31, lie in two digits. */
void vpfi_accumulator_add(vpfi_accumulator *sum, float x, bool minus) {
  const uint32_t word = vpfi_float_bits(x), exponent = word >> 23 & 255;
  const uint32_t shift = exponent > 0 ? exponent - 1 : 0; /* of a denormal as of the smallest normal number */
  const uint64_t mantissa = (word & 0x7fffffu) | (exponent > 0 ? 0x800000u : 0);
  const uint64_t bits = mantissa << shift % 32;
  const int64_t low = (int64_t)(bits & 0xffffffffu), high = (int64_t)(bits >> 32);
  const bool negative = (word >> 31 != 0) != minus;
  sum->digit[shift / 32] += negative ? -low : low;
  sum->digit[shift / 32 + 1] += negative ? -high : high;
}

void vpfi_accumulator_add_sum(vpfi_accumulator *sum, const vpfi_accumulator *more, bool minus) {
  for (int k = 0; k < VPFI_DIGITS; k++) sum->digit[k] += minus ? -more->digit[k] : more->digit[k];
}

void vpfi_accumulator_carry(vpfi_accumulator *sum) {
  for (int k = 0; k + 1 < VPFI_DIGITS; k++) {
    const int64_t digit = (int64_t)((uint64_t)sum->digit[k] & 0xffffffffu);
    sum->digit[k + 1] += (sum->digit[k] - digit) / ((int64_t)1 << 32);
    sum->digit[k] = digit;
  }
}

bool vpfi_accumulator_is_negative(const vpfi_accumulator *sum) {
  return sum->digit[VPFI_DIGITS - 1] < 0;
}

/* 2048 is digit 5. */
bool vpfi_accumulator_is_small(const vpfi_accumulator *sum) {
  const bool negative = vpfi_accumulator_is_negative(sum);
  int64_t others = sum->digit[VPFI_DIGITS - 1] ^ (negative ? -1 : 0);
  for (int k = 5; k + 1 < VPFI_DIGITS; k++) others |= sum->digit[k] ^ (negative ? 0xffffffff : 0);
  return others == 0;
}

double vpfi_accumulator_value(const vpfi_accumulator *sum) {
  vpfi_accumulator magnitude = *sum;
  vpfi_accumulator_carry(&magnitude);
  const bool negative = vpfi_accumulator_is_negative(&magnitude);
  for (int k = 0; negative && k < VPFI_DIGITS; k++) magnitude.digit[k] = -magnitude.digit[k];
  if (negative) vpfi_accumulator_carry(&magnitude);
  int top = VPFI_DIGITS - 1;
  while (top > 0 && magnitude.digit[top] == 0) top--;
  double value = 0;
  for (int k = top; k >= 0 && k > top - 3; k--) value = value * 0x1p32 + (double)magnitude.digit[k];
  const int last = top >= 2 ? top - 2 : 0;
  value = ldexp(value, 32 * last - 149);
  return negative ? -value : value;
}
