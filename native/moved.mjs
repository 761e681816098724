// A folder of the repository that was moved or copied has a CMake cache of its old place, which CMake refuses.
import { readFileSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Removes the build folder when CMake made it for other sources than those in `source`, or its cache cannot be read as one.
 * Returns the folder that it was made for, if it was removed.
 */
export function removeForeignBuild(build, source) {
  let cache
  try {
    cache = readFileSync(join(build, 'CMakeCache.txt'), 'utf8')
  } catch {
    return undefined
  }
  const made = /^CMAKE_HOME_DIRECTORY:INTERNAL=(.*?)\r?$/m.exec(cache)?.[1]
  const cached = /^CMAKE_CACHEFILE_DIR:INTERNAL=(.*?)\r?$/m.exec(cache)?.[1]
  if (isSame(made, source) && isSame(cached, build)) return undefined
  rmSync(build, { recursive: true })
  return made ?? 'another folder'
}

function isSame(one, other) {
  try {
    return realpathSync(one) === realpathSync(other)
  } catch {
    return false
  }
}
