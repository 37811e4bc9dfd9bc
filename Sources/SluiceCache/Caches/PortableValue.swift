import SluiceCacheLayers
import Synchronization

/// A value as bytes in Redis, for readers in any language.
///
/// Written: `rawj:` and compact JSON; when the JSON is longer than the threshold, that compressed by the
/// ``CompressionCodec`` (`zlib.decompress(stored[9:])` gives it back). Read: both, and bare JSON. `raw:` and
/// `compressed:` are Python pickles, which only Python can read.
struct PortableValue: Sendable {
  private let codec: CompressionCodec
  private let workspace = Workspace()
  static let jsonPrefix = Array("rawj:".utf8)
  private static let picklePrefixes = ["raw:", "compressed:"].map { Array($0.utf8) }

  /// - Parameter threshold: the longest JSON that is not compressed, in bytes; nil compresses nothing, and
  ///   still reads what others compressed.
  init(threshold: Int?, level: Int) {
    // The threshold of the original counts the JSON without the prefix.
    let stored = threshold.map { $0.addingReportingOverflow(Self.jsonPrefix.count) }
    codec = CompressionCodec(
      threshold: stored.map { $0.overflow ? .max : $0.partialValue } ?? .max, level: level)
  }

  /// The bytes to store.
  func encode(_ value: CacheValue) -> [UInt8] {
    let plain = Self.jsonPrefix + value.jsonBytes
    guard plain.count > codec.threshold else { return codec.encode(plain.span) ?? plain }
    let encoded: [UInt8]?? = workspace.deflater.withLockIfAvailable { deflater in
      if deflater == nil { deflater = Deflater(level: codec.level) }
      return codec.encode(plain.span, reusing: deflater)
    }
    return (encoded ?? codec.encode(plain.span)) ?? plain
  }

  /// Made with the first value that is compressed, for one at a time: who comes meanwhile makes its own for the occasion.
  private final class Workspace: Sendable {
    let deflater = Mutex<Deflater?>(nil)
  }

  /// What bytes in Redis mean.
  enum Decoded: Equatable {
    case value(CacheValue)
    /// Written by something that we cannot read, or damaged; a sentence for people.
    case foreign(String)
  }

  /// The value of what is stored.
  func decode(_ stored: [UInt8]) -> Decoded {
    do throws(CompressionError) {
      return Self.decodePlain(try codec.decode(stored.span) ?? stored)
    } catch {
      return .foreign(error.message)
    }
  }

  private static func decodePlain(_ bytes: [UInt8]) -> Decoded {
    if picklePrefixes.contains(where: { bytes.starts(with: $0) }) {
      return .foreign("a Python pickle, which only Python reads; let its writer use JSON values (rawj:)")
    }
    let json = bytes.starts(with: jsonPrefix) ? bytes[jsonPrefix.count...] : bytes[...]
    do throws(CacheError) {
      return .value(try CacheValue(jsonBytes: json))
    } catch {
      return .foreign("neither rawj: nor JSON; see who writes under this key (\(error.message))")
    }
  }
}
