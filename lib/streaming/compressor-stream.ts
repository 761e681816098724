// Compressor as a web TransformStream: pieces of rows go in, one compressed set comes out when they end.
import type { PointsInput } from '../input/points.js'
import { Compressor, type CompressorOptions, type StreamResult, type Support, type WeightedRows } from './compressor.js'

/**
 * `await source.pipeThrough(new CompressorStream(options)).getReader().read()` gives the result of a web ReadableStream of
 * points, or of `{ points, weights }`. Node's streams become such streams by Readable.toWeb(). Waits for the work when
 * pieces come faster than they are compressed. Options and errors as for Compressor; an error ends the stream.
 */
export class CompressorStream<Where extends Support = 'rows'> extends TransformStream<
  PointsInput | WeightedRows,
  StreamResult<Where>
> {
  constructor(options: CompressorOptions<Where>) {
    const compressor = new Compressor(options)
    super({
      transform: (piece) => compressor.consume([piece]),
      flush: async (controller) => controller.enqueue(await compressor.finish()),
    })
  }
}
