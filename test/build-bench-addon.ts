// Before all tests: the addon of native/bench, which the benchmarks `dense` and `fig7` call. Two tests would build it at the
// same time.
import { buildBenchAddon } from '../bench/native.mjs'

export default buildBenchAddon
