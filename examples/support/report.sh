#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes one self-contained page of what train_mnist left in a folder.
# Usage: sh examples/support/report.sh DIR [NOTE]      (needs gnuplot; writes DIR/report.html)
set -eu
export LC_ALL=C

dir=$1
note=${2:-}
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

escape() { sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g'; }

# log.jsonl as columns: epoch K visible hidden rho w2 seconds. Of the arrays the first number: the
# first pair of layers.
awk '
  function field(key, text) {
    text = $0
    if (!sub(".*\"" key "\": \\[?", "", text)) return "-"
    sub("[],}].*", "", text)
    return text
  }
  { print field("epoch"), field("K"), field("K_lower"), field("K_upper"), field("rho"), field("w2"), field("seconds") }
' "$dir/log.jsonl" >"$work/columns"

curves() {
  # the file name goes by environment: a quote in it would end gnuplot's string
  COLUMNS_FILE="$work/columns" gnuplot <<'GNUPLOT' | sed '/^<?xml/d'
set terminal svg size 960,300 dynamic font "sans-serif,13"
file = system("printf %s \"$COLUMNS_FILE\"")
set multiplot layout 1,3
set border 3 lc rgb "#667788"
set tics nomirror
set grid ytics lc rgb "#e4e8ee" lt 1
set xlabel "epoch"
set yrange [0:*]
set key top right samplen 1.5
set title "Probability flow K"
plot file using 1:2 with lines lw 2.5 lc rgb "#1f4e8c" title "K", \
     file using 1:3 with lines lw 1.5 lc rgb "#e07b39" title "visible part", \
     file using 1:4 with lines lw 1.5 lc rgb "#3a9d6e" title "hidden part"
unset key
set title "Share of weights that matter, rho"
plot file using 1:5 with lines lw 2.5 lc rgb "#1f4e8c"
set title "Squared weight of a unit, w^2" noenhanced
plot file using 1:6 with lines lw 2.5 lc rgb "#1f4e8c"
GNUPLOT
}

# The lines of summary.txt down to the files; then where and when.
facts() {
  awk '/^files / { exit } { print }' "$dir/summary.txt"
  printf 'computer    %s, %s cores\n' "$(uname -sm)" "$(getconf _NPROCESSORS_ONLN)"
  printf 'date        %s\n' "$(date -u '+%Y-%m-%d %H:%M UTC')"
}

page() {
  cat <<'HTML'
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>libvpf: a training run</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; color: #1c2733; background: #f4f6f9; margin: 0 }
  main { max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
  section { background: #fff; border-radius: .6rem; padding: 1rem 1.5rem; margin: 1rem 0; box-shadow: 0 1px 3px #0002; overflow-x: auto }
  h1 { font-size: 1.6rem; margin: 0 }
  h2 { font-size: 1.1rem; margin: 0 0 .6rem }
  p { margin: .4rem 0 }
  .note { background: #fff4d6; border-left: .3rem solid #e0a100 }
  table { border-collapse: collapse; font-variant-numeric: tabular-nums }
  th, td { padding: .15rem .9rem .15rem 0; text-align: left; vertical-align: top; font-weight: normal }
  .facts th { color: #5a6b7d; white-space: nowrap }
  .epochs th { color: #5a6b7d; border-bottom: 1px solid #ccd4dd }
  .epochs th, .epochs td { text-align: right }
  svg, img { display: block; width: 100%; height: auto }
  img { image-rendering: pixelated; max-width: 52rem; margin: auto }
</style>
</head>
<body>
<main>
<h1>A Boltzmann machine, trained by variational probability flow</h1>
HTML
  if [ -n "$note" ]; then printf '<section class="note">%s</section>\n' "$(printf '%s' "$note" | escape)"; fi

  echo '<section><h2>The run</h2><table class="facts">'
  facts | escape | awk '{ split($0, part, /  +/); print "<tr><th>" part[1] "</th><td>" substr($0, length(part[1]) + 1) "</td></tr>" }'
  echo '</table></section>'

  if [ -s "$work/columns" ]; then
    echo '<section><h2>Learning curves</h2>'
    curves
    echo '</section>'
  fi
  if [ -f "$dir/filters.png" ]; then
    echo '<section><h2>What the hidden units look for</h2>'
    echo '<p>Each tile is the weights of one unit, white for pixels that excite it, black for pixels that silence it.</p>'
    printf '<img alt="weights of the hidden units as pictures" src="data:image/png;base64,%s">\n' \
      "$(base64 <"$dir/filters.png" | tr -d '\n')"
    echo '</section>'
  fi
  if [ -f "$dir/images.png" ]; then
    echo '<section><h2>What the machine imagines</h2>'
    echo '<p>Drawn from the top down, as probabilities.</p>'
    printf '<img alt="generated images" src="data:image/png;base64,%s">\n' "$(base64 <"$dir/images.png" | tr -d '\n')"
    echo '</section>'
  fi
  echo '<section><h2>Epoch by epoch</h2>'
  echo '<p>K: probability flow, mean over the images, and its parts from the visible and the hidden units; it falls while a
    machine learns, which does not mean that its likelihood rises. rho: share of the weights that matter. w&sup2;: mean squared
    weight norm of a hidden unit.</p><table class="epochs">'
  echo '<tr><th>epoch</th><th>K</th><th>visible</th><th>hidden</th><th>rho</th><th>w&sup2;</th><th>seconds</th></tr>'
  awk '{ printf "<tr><td>%d</td><td>%.2f</td><td>%.2f</td><td>%.2f</td><td>%.3f</td><td>%.2f</td><td>%.2f</td></tr>\n",
                $1, $2, $3, $4, $5, $6, $7 }' "$work/columns"
  echo '</table></section>'
  echo '</main></body></html>'
}

page >"$dir/.report.html.$$.tmp"
mv -f -- "$dir/.report.html.$$.tmp" "$dir/report.html"
