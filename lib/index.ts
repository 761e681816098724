// fewpoints: many weighted points replaced by a few of them, with the same polynomial moments.
export {
  type Compressed,
  type CompressOptions,
  type CompressSyncOptions,
  compress,
  compressSync,
} from './compress.js'
export {
  type CompressedNetwork,
  type CompressNetworkOptions,
  type CompressNetworkSyncOptions,
  compressNetwork,
  compressNetworkSync,
} from './compress-network.js'
export {
  type CompressDatasetOptions,
  type CompressDatasetSyncOptions,
  type CompressedDataset,
  compressDataset,
  compressDatasetSync,
} from './dataset.js'
export type { CodedError, ErrorCode } from './errors.js'
export { foldMultiplicity } from './fold-multiplicity.js'
export type { Dataset } from './labelled-rows.js'
export {
  type Equality,
  type NnlsOptions,
  type NnlsResult,
  type NnlsSyncOptions,
  nnls,
  nnlsSync,
} from './least-squares.js'
export type { Matched } from './linear-columns.js'
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
export type { Activation, Network, NetworkInput } from './network.js'
export type { Progress } from './options.js'
export type { OrderBlock } from './order.js'
export type { NdarrayLike, PointsInput } from './points.js'
export { type PredictOptions, type PredictSyncOptions, predict, predictSync } from './predict.js'
export {
  type Recombined,
  type RecombineOptions,
  type RecombineSyncOptions,
  recombine,
  recombineSync,
} from './recombine.js'
export { trainNetwork, trainNetworkSync } from './train-network.js'
export type { EpochReport, TrainOptions, TrainSyncOptions } from './train-options.js'
export type { History } from './training.js'
export { keepNeurons, type NeuronArrays, type TrainingState } from './training-state.js'
export type { Optimizer, RuleOptions } from './update-rules.js'
export {
  type Verification,
  type VerifyOptions,
  type VerifySyncOptions,
  verify,
  verifySync,
  type WeightedSet,
} from './verify.js'
