import CSluiceHiredis

/// One command as a flat run of bytes: reused from command to command, it stops allocating once it has grown.
public struct CommandArguments: Sendable {
  private var bytes: [UInt8] = []
  private var lengths: [Int] = []

  /// An empty command, to be filled by ``append(_:)``.
  public init() {}

  /// A command from its arguments, its name first.
  public init(_ arguments: some Sequence<some Sequence<UInt8>>) {
    for argument in arguments { append(argument) }
  }

  /// The number of arguments, the command's name included.
  public var count: Int { lengths.count }

  /// Adds one argument; any bytes, also none.
  public mutating func append(_ argument: some Sequence<UInt8>) {
    let before = bytes.count
    bytes.append(contentsOf: argument)
    lengths.append(bytes.count - before)
  }

  /// Adds one argument in UTF-8.
  public mutating func append(_ argument: String) {
    append(argument.utf8)
  }

  /// Forgets the arguments and keeps the memory.
  public mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    lengths.removeAll(keepingCapacity: true)
  }

  /// Puts the command behind what the connection has yet to send.
  ///
  /// hiredis copies the bytes before it returns, so no pointer outlives this call. The pointer arithmetic stays
  /// inside `bytes`, because `lengths` sums up to its count.
  func append(to context: UnsafeMutablePointer<redisContext>) -> Bool {
    bytes.withUnsafeBytes { all in
      withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: lengths.count) { pointers in
        let base = all.baseAddress?.assumingMemoryBound(to: CChar.self)
        var offset = 0
        for index in lengths.indices {
          pointers.initializeElement(at: index, to: base.map { $0 + offset })
          offset += lengths[index]
        }
        return redisAppendCommandArgv(context, Int32(lengths.count), pointers.baseAddress, lengths)
          == REDIS_OK
      }
    }
  }
}
