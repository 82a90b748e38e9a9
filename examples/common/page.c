/* SPDX-License-Identifier: MIT */
#include "page.h"

#include <stdint.h>

#include "complain.h"

void page_text(FILE *page, const char *text) {
  for (; *text; text++) switch (*text) {
      case '&': fputs("&amp;", page); break;
      case '<': fputs("&lt;", page); break;
      case '>': fputs("&gt;", page); break;
      case '"': fputs("&quot;", page); break;
      default: fputc(*text, page);
    }
}

static const char head[] =
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<link rel=\"icon\" href=\"data:,\">\n"
    "<style>\n"
    "  body { font: 16px/1.5 system-ui, sans-serif; color: #1c2733; background: #f4f6f9; margin: 0 }\n"
    "  main { max-width: 64rem; margin: 0 auto; padding: 1rem }\n"
    "  section { background: #fff; border-radius: .6rem; padding: 1rem; margin: 1rem 0; box-shadow: 0 1px 3px #0002 }\n"
    "  h1 { font-size: 1.6rem; margin: .5rem 0 } h2 { font-size: 1.2rem; margin: 0 0 .5rem }\n"
    "  h3 { font-size: 1rem; margin: 1rem 0 .3rem }\n"
    "  p { margin: .5rem 0; max-width: 48rem; overflow-wrap: anywhere }\n"
    "  .wide { overflow-x: auto }\n"
    "  .question { color: #44566a } .time { color: #66788a; font-size: .85rem }\n"
    "  .note { background: #fff4d6; border-left: .3rem solid #e0a100 }\n"
    "  table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem }\n"
    "  th, td { padding: .2rem .7rem .2rem 0; text-align: right; vertical-align: top; font-weight: normal }\n"
    "  th { color: #44566a; border-bottom: 1px solid #ccd4dd }\n"
    "  th:first-child, td:first-child, td.about { text-align: left } td.about { color: #66788a; min-width: 8rem }\n"
    "  .range { color: #66788a; font-size: .8rem; white-space: nowrap }\n"
    "  .claims td { text-align: left } .yes { color: #1c7c43 } .no { color: #b3261e }\n"
    "  .facts th, .facts td { text-align: left; border: 0; overflow-wrap: anywhere }\n"
    "  .facts th { white-space: nowrap }\n"
    "  .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(17rem, 100%), 1fr)); gap: 1rem }\n"
    "  figure { margin: 1rem 0 } .charts figure { margin: 0 }\n"
    "  figcaption { color: #44566a; font-size: .9rem; max-width: 48rem }\n"
    "  figure > svg { display: block; width: 100%; height: auto; max-width: 46rem; font-family: sans-serif }\n"
    "  figure img { display: block; width: 100%; max-width: 38rem; height: auto; image-rendering: pixelated }\n"
    "  figure.large img { max-width: 52rem; margin: auto }\n"
    "  @media print { body { background: #fff; font-size: 11px } section { box-shadow: none; padding: 0 }\n"
    "    .wide { overflow: visible } figure, tr { break-inside: avoid } }\n"
    "</style>\n";

void page_begin(FILE *page, const char *title) {
  fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<title>", page);
  page_text(page, title);
  fprintf(page, "</title>\n%s</head>\n<body>\n<main>\n<h1>", head);
  page_text(page, title);
  fputs("</h1>\n", page);
}

void page_end(FILE *page) {
  fputs("</main>\n</body>\n</html>\n", page);
}

/* ---- Pictures ---- */

static void base64(FILE *page, const uint8_t *bytes, size_t count) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t k = 0; k < count; k += 3) {
    const size_t n = count - k < 3 ? count - k : 3;
    uint32_t word = 0;
    for (size_t b = 0; b < n; b++) word |= (uint32_t)bytes[k + b] << (16 - 8 * b);
    for (size_t c = 0; c < 4; c++) fputc(c <= n ? digits[word >> (18 - 6 * c) & 63] : '=', page);
  }
}

vpf_status page_picture(FILE *page, const char *path, const char *alt) {
  enum { CHUNK = 3 * 4096 }; /* a multiple of three, so that chunks join */
  uint8_t bytes[CHUNK];
  FILE *file = fopen(path, "rb");
  if (!file) return complain_io("open", path);
  fputs("<img alt=\"", page);
  page_text(page, alt);
  fputs("\" src=\"data:image/png;base64,", page);
  size_t n;
  while ((n = fread(bytes, 1, CHUNK, file)) > 0) base64(page, bytes, n);
  const vpf_status s = ferror(file) ? complain_io("read", path) : VPF_OK;
  fputs("\">\n", page);
  fclose(file);
  return s;
}
