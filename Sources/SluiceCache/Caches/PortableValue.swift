import SluiceCacheLayers
import SluiceLocks

/// A value as bytes in Redis, for readers in any language.
///
/// Written is what ``ValueFormat`` says. Read is all of it, whatever is written, so that a service can change over: `rawj:`
/// and JSON, that compressed by the ``CompressionCodec`` (`zlib.decompress(stored[9:])` gives it back), bare JSON,
/// and the wrapper of the newest original. `raw:`, `compressed:`, `pick:` and `zlib:` are Python pickles, which
/// only Python can read.
struct PortableValue: Sendable {
  private let format: ValueFormat
  private let codec: CompressionCodec
  private let workspace = Workspace()
  static let jsonPrefix = Array("rawj:".utf8)
  private static let picklePrefixes = ["raw:", "compressed:", "pick:", "zlib:"].map { Array($0.utf8) }
  private static let wrapper = "_serialized_data"
  /// What every token of Fernet begins with: a version of 0x80 and a time before the year 2106, in base64.
  private static let fernet = Array("gAAAAA".utf8)

  /// - Parameter threshold: the longest JSON that is not compressed, in bytes; nil compresses nothing, and
  ///   still reads what others compressed.
  init(threshold: Int?, level: Int, format: ValueFormat = .native) {
    self.format = format
    let threshold = format == .native ? threshold : nil
    // The threshold of the original counts the JSON without the prefix.
    let stored = threshold.map { $0.addingReportingOverflow(Self.jsonPrefix.count) }
    codec = CompressionCodec(
      threshold: stored.map { $0.overflow ? .max : $0.partialValue } ?? .max, level: level)
  }

  /// The bytes to store.
  func encode(_ value: CacheValue) -> [UInt8] {
    let plain = Self.jsonPrefix + value.jsonBytes
    if format == .original(.newest) {
      return Array("{\"\(Self.wrapper)\": ".utf8)
        + CacheValue.string(String(decoding: plain, as: UTF8.self)).jsonBytes + [UInt8(ascii: "}")]
    }
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
    let isPrefixed = bytes.starts(with: jsonPrefix)
    if !isPrefixed, let foreign = foreign(bytes) { return foreign }
    let value: CacheValue
    do throws(CacheError) {
      value = try CacheValue(jsonBytes: isPrefixed ? bytes[jsonPrefix.count...] : bytes[...])
    } catch {
      return .foreign("neither rawj: nor JSON; see who writes under this key (\(error.message))")
    }
    guard !isPrefixed, case .object(let members) = value, members.count == 1,
      case .string(let inner) = members[wrapper]
    else { return .value(value) }
    // Never the wrapper itself: whoever asked would take it for the answer.
    guard inner.utf8.starts(with: jsonPrefix) else {
      return foreign(Array(inner.utf8)) ?? .foreign("the original's wrapper around what is no JSON (rawj:)")
    }
    do throws(CacheError) {
      return .value(try CacheValue(jsonBytes: inner.utf8.dropFirst(jsonPrefix.count)))
    } catch {
      return .foreign("the original's wrapper around JSON that is damaged (\(error.message))")
    }
  }

  private static func foreign(_ bytes: [UInt8]) -> Decoded? {
    if picklePrefixes.contains(where: { bytes.starts(with: $0) }) {
      return .foreign("a Python pickle, which only Python reads; let its writer use JSON values (rawj:)")
    }
    if bytes.starts(with: fernet) {
      return .foreign(
        "enciphered by the original (Fernet), for those with its key; let its writer leave that out")
    }
    return nil
  }
}
