# SPDX-License-Identifier: MIT
# What Doxygen reads of a header. It ends a short description at the first ". ", but not at ".\ ".

# "paper, Eq. 5" does not end a sentence.
s/\(Eq\|e\.g\|et al\)\. /\1.\\ /g

# The text of a field or of a value is one piece: no first sentence here and the rest elsewhere.
\|/\*\*<|{
  :line
  s/\. /.\\ /g
  s/\.$/.\\ /
  \|\*/|!{
    n
    b line
  }
}
