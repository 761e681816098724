// What the site has, in the order of a reader: documents by category, then the exports of the package by category.

/** Markdown files from the root of the repository, by the category that the navigation shows them in. */
export const DOCUMENTS = {
  Start: ['docs/README.md', 'docs/api.md', 'docs/command-line.md', 'docs/limits.md'],
  Examples: [
    'docs/examples/README.md',
    'docs/examples/regression.md',
    'docs/examples/density-map.md',
    'docs/examples/quadrature.md',
    'docs/examples/survey.md',
    'docs/examples/particles.md',
    'docs/examples/training.md',
    'examples/tensorflow/README.md',
  ],
  Guides: [
    'docs/training.md',
    'docs/multiplicity.md',
    'docs/free-support.md',
    'docs/streaming.md',
    'docs/duckdb-and-parquet.md',
    'docs/many-machines.md',
    'docs/pictures.md',
    'docs/page.md',
    'docs/browser.md',
    'docs/platforms.md',
  ],
  Trust: ['docs/guarantees.md', 'docs/hard-input.md', 'docs/results.md', 'bench/README.md', 'SECURITY.md'],
  Understand: ['docs/how-it-works.md', 'docs/glossary.md'],
  Decisions: [
    'docs/decisions/README.md',
    'docs/decisions/no-halving.md',
    'docs/decisions/double-double.md',
    'docs/decisions/points-do-not-move.md',
    'docs/decisions/streaming.md',
    'docs/decisions/own-kernels.md',
    'docs/decisions/blas.md',
    'docs/decisions/native-binding.md',
    'docs/decisions/one-compute-thread.md',
    'docs/decisions/openmp-regions.md',
    'docs/decisions/platforms.md',
    'docs/decisions/real-data.md',
  ],
  'The project': ['CHANGELOG.md', 'CONTRIBUTING.md', 'docs/releasing.md'],
}

/** Every export of lib/index.ts. */
export const REFERENCE = {
  'API: points': [
    ...['compress', 'compressSync', 'CompressOptions', 'CompressSyncOptions', 'Compressed', 'OrderBlock'],
    ...['CompressedFree', 'WhyRows', 'WithFreeSupport'],
    ...['quadrature', 'quadratureSync', 'QuadratureOptions', 'QuadratureSyncOptions', 'QuadratureRule'],
    ...['verify', 'verifySync', 'VerifyOptions', 'VerifySyncOptions', 'Verification', 'WeightedSet'],
    ...['moments', 'momentsSync', 'MomentsOptions', 'MomentsSyncOptions', 'momentCount', 'multiIndices'],
  ],
  'API: streams and merging': [
    ...['Compressor', 'CompressorOptions', 'CompressorState', 'CompressorWatch', 'CompressorStream', 'WeightedRows'],
    ...['Support', 'StreamResult'],
    ...['merge', 'MergeOptions', 'Merged', 'SetToMerge'],
  ],
  'API: weights and least squares': [
    ...['matchMoments', 'matchMomentsSync', 'MatchMomentsOptions', 'MatchMomentsSyncOptions', 'MatchedMoments'],
    ...['recombine', 'recombineSync', 'RecombineOptions', 'RecombineSyncOptions', 'Recombined'],
    ...['nnls', 'nnlsSync', 'NnlsOptions', 'NnlsSyncOptions', 'NnlsResult', 'Equality'],
  ],
  'API: data sets and networks': [
    ...['compressDataset', 'compressDatasetSync', 'CompressDatasetOptions', 'CompressDatasetSyncOptions'],
    ...['CompressedDataset', 'CompressedFreeDataset', 'Dataset', 'Matched'],
    ...['compressNetwork', 'compressNetworkSync', 'CompressNetworkOptions', 'CompressNetworkSyncOptions'],
    ...['CompressedNetwork', 'CompressedFreeNetwork', 'Network', 'NetworkInput', 'Activation', 'foldMultiplicity'],
    ...['compressHeads', 'compressHeadsSync', 'CompressHeadsOptions', 'CompressHeadsSyncOptions', 'CompressedHeads'],
    ...['Attention', 'AttentionInput', 'HeadBlock', 'HeadPart'],
    ...['compressObjects', 'compressObjectsSync', 'CompressObjectsOptions', 'CompressObjectsSyncOptions'],
  ],
  'API: training': [
    ...['trainNetwork', 'trainNetworkSync', 'TrainOptions', 'TrainSyncOptions', 'EpochReport', 'History'],
    ...['Optimizer', 'RuleOptions', 'TrainingState', 'NeuronArrays', 'selectNeurons'],
    ...['predict', 'predictSync', 'PredictOptions', 'PredictSyncOptions'],
    ...['perCopyGradients', 'clipByGlobalNorm', 'PartGradient', 'TensorGradient', 'TensorOps'],
  ],
  'API: what computes': ['info', 'Info', 'load', 'LoadOptions'],
  'API: shared': ['CodedError', 'ErrorCode', 'NdarrayLike', 'Numbers', 'PointsInput', 'Progress', 'Stage'],
}
