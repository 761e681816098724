// What other people wrote and is inside of what we ship: the libraries of the binaries and of the WebAssembly build, with
// their licences. npm dependencies are not here: they are installed with their own.
import { readFileSync } from 'node:fs'

const NATIVE = ['linux', 'darwin', 'win32']
/** The systems whose binaries zig compiles. mingw-w64, which is GCC, compiles the others. */
const BY_ZIG = ['linux', 'darwin']

/**
 * Per library: `inside` the kinds of build that have it (an os of platforms.mjs, or an os and a processor; 'wasm'; or
 * 'source': as GCC builds it on Linux), `text` the file in licenses/, and `mark`, a text that is in every binary that has
 * the library, where there is one.
 */
export const LIBRARIES = [
  {
    name: 'Eigen',
    licence: 'MPL-2.0',
    text: 'eigen.txt',
    inside: [...NATIVE, 'wasm'],
    about:
      'Dense linear algebra. Its sources, unchanged: https://gitlab.com/libeigen/eigen, in the version that native/eigen.cmake names.',
  },
  {
    name: 'OpenBLAS',
    licence: 'BSD-3-Clause',
    text: 'openblas.txt',
    inside: ['linux-x64', 'source'],
    mark: 'OpenBLAS',
    about: 'Kernels of matrix products.',
  },
  {
    name: 'LAPACK',
    licence: 'BSD-3-Clause',
    text: 'lapack.txt',
    inside: ['linux-x64', 'source'],
    mark: 'OpenBLAS', // whose archive has it
    about: 'A factorisation of matrices.',
  },
  {
    name: 'node-addon-api',
    licence: 'MIT',
    text: 'node-addon-api.txt',
    inside: [...NATIVE, 'wasm'],
    about: 'C++ headers of Node-API.',
  },
  {
    name: 'fast_float',
    licence: 'MIT',
    text: 'fast_float.txt',
    inside: [...BY_ZIG, 'wasm'],
    about: 'Reads numbers, where the standard library does not.',
  },
  {
    name: 'libc++, libc++abi, libunwind',
    licence: 'Apache-2.0 WITH LLVM-exception',
    text: 'llvm.txt',
    inside: [...BY_ZIG, 'wasm'],
    mark: 'NSt3__', // the names of libc++'s types
    about: 'The C++ standard library of LLVM. In WebAssembly also compiler-rt.',
  },
  {
    name: 'libstdc++, libgcc',
    licence: 'GPL-3.0-or-later WITH GCC-exception-3.1',
    text: 'gcc.txt',
    inside: ['win32', 'source'],
    mark: '_M_create', // of its strings
    about: 'The C++ standard library of GCC; in a build from source also its threads, libgomp.',
  },
  {
    name: 'compiler_rt of Zig',
    licence: 'MIT',
    text: 'zig.txt',
    inside: BY_ZIG,
    about: 'What the compiler calls for arithmetic that processors lack.',
  },
  {
    name: 'mingw-w64',
    licence: 'ZPL-2.1',
    text: 'mingw-w64.txt',
    inside: ['win32'],
    about: 'The start of a library under Windows, and a part of its C library.',
  },
  {
    name: 'winpthreads',
    licence: 'MIT AND BSD-3-Clause',
    text: 'winpthreads.txt',
    inside: ['win32'],
    about: 'The threads of POSIX for Windows, by mingw-w64.',
  },
  {
    name: 'musl',
    licence: 'MIT',
    text: 'musl.txt',
    inside: ['linux', 'wasm'],
    about: 'The C library: of emscripten in WebAssembly; under Linux the code that starts a library.',
  },
  {
    name: 'Emscripten',
    licence: 'MIT',
    text: 'emscripten.txt',
    inside: ['wasm'],
    about: 'The system library of WebAssembly, with dlmalloc.',
  },
  {
    name: 'emnapi',
    licence: 'MIT',
    text: 'emnapi.txt',
    inside: ['wasm'],
    about: 'Node-API for WebAssembly.',
  },
]

/** The libraries inside of a build that is of these kinds. */
export function librariesInside(...kinds) {
  return LIBRARIES.filter(({ inside }) => kinds.some((kind) => inside.includes(kind)))
}

export function licenceText({ text }) {
  return readFileSync(new URL(`licenses/${text}`, import.meta.url), 'utf8')
}

/** THIRD-PARTY-NOTICES.md of a package that holds a build of these kinds. */
export function notices(...kinds) {
  const libraries = librariesInside(...kinds)
  const what = kinds.includes('wasm') ? 'dist/wasm/fewpoints.wasm' : 'The native binary'
  return [
    '# Third-party notices',
    '',
    `${what} contains the following libraries. fewpoints itself is under the licence in LICENSE.`,
    '',
    ...libraries.map(({ name, licence, about }) => `- ${name} (${licence}): ${about}`),
    ...libraries.flatMap((library) => [
      ...['', `## ${library.name}`, '', '```text', licenceText(library).trimEnd(), '```'],
    ]),
    '',
  ].join('\n')
}
