/// In which bytes a cache writes its values to Redis. Whatever it writes, it reads all of them: a service may change over while
/// values of before are there.
public enum ValueFormat: Sendable, Hashable, CustomStringConvertible {
  /// `rawj:` and compact JSON, compressed from the threshold on in a frame of Sluice's own. The default.
  case native
  /// `rawj:` and compact JSON whatever its length: read by the original's JSON era, and in any language by dropping five bytes.
  /// Nothing is compressed.
  case portable
  /// As one of the guide's originals writes and reads it. Nothing is compressed: those compress pickles alone.
  case original(Original)

  /// An original of the guide, by what it reads.
  public enum Original: String, Sendable, Hashable, CaseIterable {
    /// `rawj:` and JSON (the guide's last days).
    case json
    /// JSON that holds that as a text: `{"_serialized_data": "rawj:…"}` (the newest, without encryption).
    case newest
  }

  /// As settings and environment write it: `native`, `portable`, `original-json`, `original-newest`.
  public var description: String {
    switch self {
    case .native: "native"
    case .portable: "portable"
    case .original(let original): "original-\(original.rawValue)"
    }
  }

  /// Every format that there is.
  public static let all: [ValueFormat] = [.native, .portable] + Original.allCases.map { .original($0) }

  /// What ``description`` says; nil for anything else.
  public init?(_ text: String) {
    guard let format = Self.all.first(where: { $0.description == text }) else { return nil }
    self = format
  }
}
