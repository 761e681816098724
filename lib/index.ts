// fewpoints: many weighted points replaced by a few of them, with the same polynomial moments.
export {
  type Compressed,
  type CompressOptions,
  type CompressSyncOptions,
  compress,
  compressSync,
} from './compress.js'
export type { CodedError, ErrorCode } from './errors.js'
export {
  type Equality,
  type NnlsOptions,
  type NnlsResult,
  type NnlsSyncOptions,
  nnls,
  nnlsSync,
} from './least-squares.js'
export {
  type MatchedMoments,
  type MatchMomentsOptions,
  type MatchMomentsSyncOptions,
  matchMoments,
  matchMomentsSync,
} from './match-moments.js'
export { type MomentsOptions, type MomentsSyncOptions, moments, momentsSync } from './moments.js'
export { momentCount, multiIndices } from './multi-index.js'
export type { Numbers, Stage } from './native.js'
export type { Progress } from './options.js'
export type { OrderBlock } from './order.js'
export type { NdarrayLike, PointsInput } from './points.js'
export {
  type Recombined,
  type RecombineOptions,
  type RecombineSyncOptions,
  recombine,
  recombineSync,
} from './recombine.js'
export {
  type Verification,
  type VerifyOptions,
  type VerifySyncOptions,
  verify,
  verifySync,
  type WeightedSet,
} from './verify.js'
