// Kinds of file that cannot be read, recognised by their first bytes, and the way to a file that can.

interface Mark {
  /** Any of these, in latin1. */
  bytes: readonly string[]
  at?: number
  /** The message after the name of the file: "is ...". */
  text: string
}

const UNPACK = 'unpack it first'
const EXPORT = 'save the table as CSV'

const MARKS: readonly Mark[] = [
  { bytes: ['\x1f\x8b'], text: `is packed with gzip; ${UNPACK} (gunzip)` },
  { bytes: ['\x28\xb5\x2f\xfd'], text: `is packed with zstd; ${UNPACK} (unzstd)` },
  { bytes: ['BZh91AY&SY'], text: `is packed with bzip2; ${UNPACK} (bunzip2)` },
  { bytes: ['\xfd7zXZ\0'], text: `is packed with xz; ${UNPACK} (unxz)` },
  { bytes: ['\x04\x22\x4d\x18'], text: `is packed with LZ4; ${UNPACK} (unlz4)` },
  { bytes: ['7z\xbc\xaf\x27\x1c'], text: `is a 7z archive; ${UNPACK}` },
  { bytes: ['Rar!\x1a\x07'], text: `is a RAR archive; ${UNPACK}` },
  { bytes: ['ustar\0', 'ustar  '], at: 257, text: `is a tar archive; ${UNPACK}` },
  { bytes: ['ASTM-E57'], text: 'is an E57 point cloud; convert it to PCD or CSV (CloudCompare, pdal translate)' },
  { bytes: ['\x89HDF\r\n\x1a\n'], text: 'is an HDF5 file; save the data set as NPY or Parquet (h5py, pandas)' },
  { bytes: ['CDF\x01', 'CDF\x02'], text: 'is a netCDF file; save the variables as NPY or Parquet (xarray)' },
  {
    bytes: ['SQLite format 3\0'],
    text: 'is an SQLite database; save a table as CSV (sqlite3 -header -csv FILE "select ...")',
  },
  { bytes: ['\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'], text: `is an old Excel or another Office file; ${EXPORT}` },
  { bytes: ['MATLAB 5.0 MAT-file'], text: 'is a MATLAB file; save the matrix with writematrix, or as NPY (scipy.io)' },
  { bytes: ['SIMPLE  ='], text: 'is a FITS file; save the table as CSV or NPY (astropy)' },
  { bytes: ['FEA1\0'], text: 'is a Feather file of version 1; save it as Parquet or Arrow (pyarrow)' },
  { bytes: ['Obj\x01'], text: 'is an Avro file; save it as Parquet' },
  { bytes: ['RDX2\n', 'RDX3\n'], text: 'is a file of R; save the table with write.csv' },
  { bytes: ['<stata_dta>'], text: `is a Stata file; ${EXPORT}` },
  { bytes: ['$FL2'], text: `is an SPSS file; ${EXPORT}` },
  { bytes: ['\x80\x03', '\x80\x04', '\x80\x05'], text: 'is a Python pickle; save the array with numpy.save' },
  { bytes: ['\0\0\x27\x0a'], text: 'is a shapefile; save it as GeoJSON or CSV (ogr2ogr)' },
  { bytes: ['%PDF-'], text: `is a PDF; ${EXPORT}` },
  { bytes: ['\x89PNG\r\n'], text: 'is a PNG picture' },
  { bytes: ['\xff\xd8\xff'], text: 'is a JPEG picture' },
  { bytes: ['II*\0', 'MM\0*'], text: 'is a TIFF picture' },
  { bytes: ['\x7fELF'], text: 'is a program' },
  { bytes: ['\xff\xfe', '\xfe\xff'], text: 'is a text in UTF-16; save it as UTF-8 (iconv -f UTF-16 -t UTF-8)' },
]

/** The message for a file that cannot be read; undefined for all others. `start`: its first 512 bytes. */
export function unreadable(start: Buffer): string | undefined {
  const text = start.toString('latin1')
  // These begin with letters, as a name in a text table may.
  if (text.startsWith('ORC') && start[3] < 32) return 'is an ORC file; save it as Parquet (pyarrow)'
  if (/^ply\r?\n(format|comment|obj_info) /.test(text)) {
    return 'is a PLY point cloud; convert it to PCD or CSV (CloudCompare, Open3D, pdal translate)'
  }
  if (text.startsWith('LASF') && start.includes(0)) {
    // Packed files have the highest bit of the point format set.
    const kind = start.length > 104 && start[104] >= 128 ? 'LAZ (packed LAS)' : 'LAS'
    return `is a ${kind} point cloud; convert it to CSV or PCD (pdal translate IN OUT, las2txt)`
  }
  if (text.startsWith('PK\x03\x04')) return unreadableArchive(text)
  const mark = MARKS.find(({ bytes, at = 0 }) => bytes.some((mark) => text.startsWith(mark, at)))
  if (mark !== undefined) return mark.text
  if (/^(\xef\xbb\xbf)?\s*<(!doctype html|html|head)/i.test(text)) {
    return 'is a web page; a download that failed looks so'
  }
  if (/^(\xef\xbb\xbf)?\s*<\?xml/i.test(text)) return `is XML; ${EXPORT}`
  return undefined
}

/** Whether it is UTF-16 without a mark: there Latin letters and digits have a zero byte beside them. */
export function isUtf16(start: Buffer): boolean {
  const sample = start.subarray(0, 64)
  const zeros = (odd: number) => sample.filter((byte, i) => i % 2 === odd && byte === 0).length
  const half = Math.floor(sample.length / 2)
  return half > 1 && (zeros(1) === half || zeros(0) === half) && zeros(0) !== zeros(1)
}

/** Recognised by the name of the first entry. */
function unreadableArchive(text: string): string | undefined {
  const length = text.charCodeAt(26) + 256 * text.charCodeAt(27)
  const name = text.slice(30, 30 + length)
  if (/^(\[Content_Types\]\.xml|_rels\/|xl\/|docProps\/)/.test(name)) return `is an Excel file; ${EXPORT}`
  if (name === 'mimetype' && text.includes('opendocument')) return `is an OpenDocument file; ${EXPORT}`
  if (/\.(csv|tsv|txt|json|geojson|parquet)$/i.test(name)) return `is a ZIP archive with ${name} in it; ${UNPACK}`
  return undefined
}
