// The platforms that have a package with a native binary. prebuilds/ has the names of prebuildify.
const platform = (os, cpu, libc) => {
  const suffix = { glibc: '-gnu', musl: '-musl' }[libc] ?? ''
  return {
    name: `@fewpoints/${os}-${cpu}${suffix}`,
    os,
    cpu,
    libc,
    binary: `${os}-${cpu}/fewpoints${libc === undefined ? '' : `.${libc}`}.node`,
  }
}

export const PLATFORMS = [
  platform('linux', 'x64', 'glibc'),
  platform('linux', 'x64', 'musl'),
  platform('linux', 'arm64', 'glibc'),
  platform('linux', 'arm64', 'musl'),
  platform('darwin', 'arm64'),
  platform('darwin', 'x64'),
  platform('win32', 'x64'),
]
