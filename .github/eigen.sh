#!/bin/sh
# Puts the Eigen that native/eigen.cmake names into build/eigen, from Debian's package, on any system with curl and tar or ar.
# CMake compares the hash of all its files. Results are the same to the last bit with this version only.
set -eu
cd "$(dirname "$0")/.."
version=$(sed -n 's/^set(EIGEN_PINNED \(.*\))$/\1/p' native/eigen.cmake)
mkdir -p build/eigen-package
cd build/eigen-package
curl --fail --silent --show-error --location --retry 3 --output eigen.deb \
  "https://deb.debian.org/debian/pool/main/e/eigen3/libeigen3-dev_${version}_all.deb"
ar x eigen.deb 2>/dev/null || tar -xf eigen.deb # tar of Windows and macOS reads ar
tar -xf data.tar.xz
mkdir -p ../eigen
cp -R usr/include/eigen3/Eigen ../eigen/
