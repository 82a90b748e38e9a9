# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# To be sourced: install_packages <Debian package>... installs those that are missing, through
# apt-get, as root or with sudo. Without a missing one it needs neither the network nor rights.

install_packages() {
  missing_packages=
  if ! command -v dpkg >/dev/null; then
    echo "This is not Debian; these packages, or what they are called here, are needed: $*"
    return 0
  fi
  for package in "$@"; do
    dpkg -s "$package" 2>/dev/null | grep -q '^Status: install ok installed' || missing_packages="$missing_packages $package"
  done
  [ -n "$missing_packages" ] || return 0

  if [ "$(id -u)" -eq 0 ]; then
    as_root=
  elif command -v sudo >/dev/null; then
    as_root=sudo
  else
    echo "Missing, and neither root nor sudo to install them:$missing_packages" >&2
    return 1
  fi
  echo "Installing:$missing_packages"
  # The lists of a fresh or old system may not know the packages: then fetch them and try again.
  # shellcheck disable=SC2086  # words
  set -- $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y
  # shellcheck disable=SC2086
  "$@" install --no-install-recommends $missing_packages ||
    { "$@" update && "$@" install --no-install-recommends $missing_packages; }
}
