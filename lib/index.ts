// The public API of fewpoints, which replaces many weighted points by a few of them with the same polynomial moments.

export type { CodedError, ErrorCode } from './errors.js'
export type { Attention, AttentionInput } from './input/attention.js'
export type { Dataset } from './input/labelled-rows.js'
export { momentCount, multiIndices } from './input/multi-index.js'
export type { Activation, Network, NetworkInput } from './input/network.js'
export type { OrderBlock } from './input/order.js'
export type { NdarrayLike, PointsInput } from './input/points.js'
export {
  type CompressDatasetOptions,
  type CompressDatasetSyncOptions,
  type CompressedDataset,
  type CompressedFreeDataset,
  compressDataset,
  compressDatasetSync,
} from './linear/compress-dataset.js'
export {
  type CompressedHeads,
  type CompressHeadsOptions,
  type CompressHeadsSyncOptions,
  compressHeads,
  compressHeadsSync,
} from './linear/compress-heads.js'
export {
  type CompressedNetwork,
  type CompressNetworkOptions,
  type CompressNetworkSyncOptions,
  compressNetwork,
  compressNetworkSync,
} from './linear/compress-network.js'
export {
  type CompressObjectsOptions,
  type CompressObjectsSyncOptions,
  compressObjects,
  compressObjectsSync,
} from './linear/compress-objects.js'
export type { CompressedFreeNetwork } from './linear/free-neurons.js'
export type { HeadBlock, HeadPart } from './linear/heads-order.js'
export type { Matched } from './linear/plan.js'
export { type Info, info } from './native/info.js'
export type { Progress } from './native/job.js'
export { load } from './native/native.js'
export {
  type Compressed,
  type CompressedFree,
  type CompressOptions,
  type CompressSyncOptions,
  compress,
  compressSync,
  type WhyRows,
  type WithFreeSupport,
} from './points/compress.js'
export {
  type MatchedMoments,
  type MatchMomentsOptions,
  type MatchMomentsSyncOptions,
  matchMoments,
  matchMomentsSync,
} from './points/match-moments.js'
export { type MomentsOptions, type MomentsSyncOptions, moments, momentsSync } from './points/moments.js'
export {
  type Equality,
  type NnlsOptions,
  type NnlsResult,
  type NnlsSyncOptions,
  nnls,
  nnlsSync,
} from './points/nnls.js'
export {
  type QuadratureOptions,
  type QuadratureRule,
  type QuadratureSyncOptions,
  quadrature,
  quadratureSync,
} from './points/quadrature.js'
export {
  type Recombined,
  type RecombineOptions,
  type RecombineSyncOptions,
  recombine,
  recombineSync,
} from './points/recombine.js'
export {
  type Verification,
  type VerifyOptions,
  type VerifySyncOptions,
  verify,
  verifySync,
  type WeightedSet,
} from './points/verify.js'
export {
  Compressor,
  type CompressorOptions,
  type CompressorState,
  type CompressorWatch,
  type StreamResult,
  type Support,
  type WeightedRows,
} from './streaming/compressor.js'
export { CompressorStream } from './streaming/compressor-stream.js'
export { type Merged, type MergeOptions, merge, type SetToMerge } from './streaming/merge.js'
export type { LoadOptions, Numbers, Stage } from './surface.js'
export { foldMultiplicity } from './training/fold-multiplicity.js'
export type { EpochReport, TrainOptions, TrainSyncOptions } from './training/options.js'
export {
  clipByGlobalNorm,
  type PartGradient,
  perCopyGradients,
  type TensorGradient,
  type TensorOps,
} from './training/per-copy.js'
export { type PredictOptions, type PredictSyncOptions, predict, predictSync } from './training/predict.js'
export { type NeuronArrays, selectNeurons, type TrainingState } from './training/state.js'
export { trainNetwork, trainNetworkSync } from './training/train-network.js'
export type { History } from './training/training.js'
export type { Optimizer, RuleOptions } from './training/update-rules.js'
