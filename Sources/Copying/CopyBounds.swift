/// How much a server is asked for at a time, so that nobody waits long behind it.
///
/// The slice is 5 ms: `DUMP` and `RESTORE` of some ten thousand elements, or of a megabyte that is compressed on the way, take about that long; a
/// dump of a set of three million takes over a second. Told by type and length before anything is read.
public struct CopyBounds: Sendable, Equatable {
  /// Most elements, and most bytes, of a value that is carried by one dump.
  public var dumpElements = 8192
  public var dumpBytes = 1 << 20
  /// Elements of one piece, and about so many bytes.
  public var pieceElements = 1000
  public var pieceBytes = 512 << 10
  /// How often a value may be begun anew because it was written meanwhile.
  public var tries = 3
  /// How long an unfinished copy stays if nobody goes on with it, in milliseconds.
  public var patience = 60_000

  public init() {}

  /// - Parameter slice: how long a server may be held, in nanoseconds; what is above follows from it.
  public init(slice: Int64) {
    func share(_ whole: Int, atLeast least: Int) -> Int {
      max(least, Int((Double(whole) * Double(slice) / 5_000_000).rounded()))
    }
    dumpElements = share(dumpElements, atLeast: 16)
    dumpBytes = share(dumpBytes, atLeast: 4 << 10)
    pieceElements = share(pieceElements, atLeast: 8)
    pieceBytes = share(pieceBytes, atLeast: 4 << 10)
  }

  /// For a value that clients wait for: pieces of a whole slice, for each costs a way to both servers and back.
  public var inAHurry: CopyBounds {
    var bounds = self
    (bounds.pieceElements, bounds.pieceBytes) = (dumpElements, dumpBytes)
    return bounds
  }

  /// Elements of a piece, if so many of them have so many bytes.
  func piece(elements: Int, bytes: Int?) -> Int {
    guard let bytes, elements > 0 else { return pieceElements }
    return max(1, min(pieceElements, pieceBytes / max(1, bytes / elements)))
  }
}
