#!/bin/sh
# Brings a fresh clone to a state in which everything runs. Does next to nothing when all is there.
# Debian, Ubuntu: installs the missing packages (with sudo when not root). Elsewhere: says what is missing.
# setup.sh clang: also installs clang with OpenMP and sanitizers, for test/check.
# setup.sh wasm: also installs emscripten and fast_float, and compiles the WebAssembly module.
# setup.sh prebuild: also installs those and mingw-w64, for native/prebuild.mjs.
# As part of `npm test`, and as root: also installs Redis, Slurm and Munge, which test/redis.test.ts and test/slurm.test.ts
# start on ports of their own, and Chromium for the tests of what runs in browsers; and compiles the WebAssembly module.
set -eu
cd "$(dirname "$0")/.."

say() { echo "setup: $*" >&2; }
fail() {
  say "$@"
  exit 1
}

command -v node >/dev/null || fail 'Node is missing: install Node >= 20.19, https://nodejs.org'
node -e 'const [a, b] = process.versions.node.split("."); process.exit(+a > 20 || (+a === 20 && +b >= 19) ? 0 : 1)' ||
  fail "Node >= 20.19 is needed, this is $(node --version)"

# Two of these at once (two terminals, or a test run and a bench run) would write the same files.
mkdir -p build
if command -v flock >/dev/null; then
  exec 9>build/setup.lock
  flock 9
fi

# ---- compiler, CMake and libraries

missing=''
need() { # need <package> <command that succeeds when it is there>
  package=$1
  shift
  "$@" >/dev/null 2>&1 || missing="$missing $package"
}
either() { command -v "$1" || command -v "$2"; }
links() { echo 'int main() {}' | "${CXX:-c++}" -x c++ -o build/setup.probe - "$1"; }
clang_links() { echo 'int main() {}' | clang++ -x c++ -o build/setup.probe - "$1"; }
# Kernels are taken out of the static library. Where there is none to install, the shared one does.
has_openblas() { links -l:libopenblas.a || { ! command -v apt-get && links -lopenblas; }; }
has_eigen() { test -e build/eigen/Eigen/Core || test -e /usr/include/eigen3/Eigen/Core || pkg-config --exists eigen3; }

# `npm test` wants the WebAssembly module, where its compiler is there or can be installed.
wasm=''
if [ "${1:-}" = wasm ]; then
  wasm=1
elif [ "${npm_lifecycle_event:-}" = pretest ] && { command -v emcmake >/dev/null || [ "$(id -u)" = 0 ]; }; then
  wasm=1
fi

if [ "$(uname -s)" = Linux ]; then
  need g++ command -v "${CXX:-c++}"
  need cmake command -v cmake
  need ninja-build either ninja make
  need libopenblas-dev has_openblas
  need libeigen3-dev has_eigen
  if [ "${1:-}" = clang ]; then
    need clang command -v clang++
    need libomp-dev clang_links -fopenmp
    need libclang-rt-dev clang_links -fsanitize=address,undefined
  fi
  if [ -n "$wasm" ] || [ "${1:-}" = prebuild ]; then
    need emscripten command -v emcmake
    need libfast-float-dev test -e /usr/include/fast_float/fast_float.h
  fi
  if [ "${1:-}" = prebuild ]; then need g++-mingw-w64-x86-64-posix command -v x86_64-w64-mingw32-g++-posix; fi
  rm -f build/setup.probe
fi
if [ -n "$missing" ]; then
  command -v apt-get >/dev/null || fail "please install:$missing (or what they are called here)"
  sudo=''
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "as root, please: apt-get install$missing"
    sudo=sudo
  fi
  say "installing$missing"
  # A variable that is set before sudo does not reach the command after it.
  { $sudo apt-get update -qq && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 $missing; } \
    >build/apt.log 2>&1 || {
    tail -20 build/apt.log >&2
    fail "apt-get failed; the whole output is in build/apt.log"
  }
fi

# ---- servers and a browser for the tests: never worth failing for, the tests say what they miss

if [ "${npm_lifecycle_event:-}" = pretest ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  missing=''
  need redis-server command -v redis-server
  need slurm-wlm command -v slurmctld
  need munge command -v munged
  need chromium command -v chromium
  if [ -n "$missing" ]; then
    say "installing$missing"
    # Installed servers must not start by themselves. Debian asks this file.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
      trap 'rm -f $policy' EXIT
      printf '#!/bin/sh\nexit 101\n' >$policy
      chmod +x $policy
    fi
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 $missing; } \
      >build/apt-servers.log 2>&1 || say "apt-get failed, see build/apt-servers.log; the tests that need$missing cannot run"
  fi
fi

# ---- npm packages: npm writes its own copy of the lock file last, so that copy shows a complete install

if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  say 'installing npm packages'
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
fi

# A file counts as made at the moment when its making began. So an edit while the compiler runs is not missed.
begin() { touch build/setup.begun; }
finish() { touch -r build/setup.begun "$1"; }
outdated() { # outdated <file made> <source>...
  made=$1
  shift
  [ ! -e "$made" ] || [ -n "$(find "$@" -newer "$made" -print | head -n 1)" ]
}

# ---- the addon. CMake would see by itself that nothing changed, but takes a second

addon=build/Release/fewpoints.node
variant="static=${FEWPOINTS_STATIC:-} sanitize=${FEWPOINTS_SANITIZE:-}"
if outdated $addon native/*.* native/kernel native/node || [ "$(cat build/setup.variant 2>/dev/null)" != "$variant" ]; then
  say 'compiling the addon (the first time takes a few minutes)'
  begin
  node native/build.mjs >build/setup.log 2>&1 || {
    tail -40 build/setup.log >&2
    fail 'the whole output is in build/setup.log'
  }
  finish $addon
  echo "$variant" >build/setup.variant
fi

# ---- TypeScript, and the source of the WebAssembly module's worker

if outdated dist/index.js lib tsconfig.json native/wasm-worker.mjs; then
  begin
  node node_modules/typescript/bin/tsc
  node native/wasm-worker.mjs
  finish dist/index.js
fi

# ---- the WebAssembly module

module=dist/wasm/fewpoints.wasm
if [ -n "$wasm" ] && outdated $module native/CMakeLists.txt native/wasm* native/*.cmake native/kernel native/node; then
  say 'compiling the WebAssembly module (the first time takes a few minutes)'
  begin
  node native/wasm.mjs >build/setup-wasm.log 2>&1 || {
    tail -40 build/setup-wasm.log >&2
    fail 'the whole output is in build/setup-wasm.log'
  }
  finish $module
fi
