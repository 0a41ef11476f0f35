#!/usr/bin/env bash
# Installs the system packages that Kirchhoff needs and that this Debian or Ubuntu machine lacks.
# Says what it does; does nothing where all are there.
set -euo pipefail

packages=(
  ca-certificates          # to fetch the Swift packages
  git                      # to fetch the Swift packages
  pkg-config               # finds the libraries below
  libopenblas-dev          # matrix products
  libopenblas-pthread-dev  # the build of OpenBLAS that several threads may use
  liblapacke-dev           # decompositions
  zlib1g-dev               # .gz data sets
  libpng-dev               # PNG images
  libturbojpeg0-dev        # JPEG images
  dataset-fashion-mnist    # the images that `make run` trains on
)

if ! command -v swift >/dev/null; then
  echo "error: the command swift is not on the PATH: Kirchhoff needs Swift 6.1 or later" \
    "(https://www.swift.org/install)" >&2
  exit 1
fi

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "This is not Debian or Ubuntu: the equivalents of these packages have to be there:" >&2
  echo "  ${packages[*]}" >&2
  exit 0
fi

installed() {
  [[ "$(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]
}

missing=()
for package in "${packages[@]}"; do
  installed "$package" || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

root=()
if [[ "$(id -u)" -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "error: missing packages, and neither root nor sudo to install them. As root, run:" >&2
    echo "  apt-get install ${missing[*]}" >&2
    exit 1
  fi
  root=(sudo)
fi

echo "Installing with apt-get${root:+ (through sudo)}: ${missing[*]}"
"${root[@]}" apt-get update -qq || echo "warning: the package lists could not be brought up to date" >&2
"${root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install --yes --no-install-recommends "${missing[@]}"
