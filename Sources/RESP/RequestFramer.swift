/// What the bytes at the front of a client's stream are.
public enum RequestFrame: Equatable, Sendable {
  /// Not whole yet: come again with the same bytes and more behind them.
  case incomplete
  /// One command as an array of bulk strings, `length` bytes long; `RequestFramer.arguments` says where its arguments stand.
  case command(length: Int)
  /// One command as a plain line, `length` bytes long with its end; `InlineRequest` takes it apart.
  case inline(length: Int)
  /// Nothing to do, as in Redis: an empty line, `*0` or `*-1`.
  case empty(length: Int)
  /// The stream can't be read any further: answer `ProtocolError.reply` and close.
  case failure(ProtocolError)
}

/// Finds the end of one command in a client's stream, copying nothing.
///
/// A value that remembers how far it got: bytes are looked at once, however they are cut into pieces, so the work is
/// linear in the input. The grammar is that of Redis 7.0 (`processMultibulkBuffer`, `processInlineBuffer`), its
/// leniency included: the two bytes behind a bulk string are skipped, not read.
public struct RequestFramer: Sendable {
  /// Where the arguments of the command stand that `next` just reported. Valid until the next call.
  ///
  /// Overwritten in place by the next command, which costs nothing when it has as many arguments.
  public private(set) var arguments: [ArgumentRange] = []
  /// Arguments of the command being read that are known so far.
  private var known = 0

  private let limits: FrameLimits
  /// Offset of the next header line.
  private var position = 0
  /// Bulk strings still to come; -1 before the `*` line has been read.
  private var remaining = -1
  /// Bytes before this offset hold no end of the line that begins at `position`.
  private var scanned = 0
  private var isDone = false

  public init(limits: FrameLimits = FrameLimits()) {
    self.limits = limits
  }

  /// True while a command has begun and not ended.
  public var isInsideFrame: Bool { !isDone && (remaining >= 0 || scanned > 0) }

  /// Looks at `bytes`, which begin at the first byte of a command.
  public mutating func next(_ bytes: Span<UInt8>) -> RequestFrame {
    if isDone { reset() }
    if remaining < 0, scanned == 0 {
      let length = wholeCommand(bytes)
      if length > 0 { return done(.command(length: length)) }
    }
    guard bytes.count > 0 else { return .incomplete }
    if remaining < 0 {
      guard bytes[0] == UInt8(ascii: "*") else { return inlineLine(bytes) }
      if let result = multibulkHeader(bytes) { return result }
    }
    return bulkStrings(bytes)
  }

  /// The length of a command that is here whole, with headers as nearly all have; 0 when it takes a closer look.
  private mutating func wholeCommand(_ bytes: Span<UInt8>) -> Int {
    guard bytes.count > 4, bytes[0] == UInt8(ascii: "*") else { return 0 }
    let (count, first) = Line.shortNumber(in: bytes, from: 1)
    guard first > 0, count > 0, count <= min(limits.arguments, Self.fewArguments) else { return 0 }
    while arguments.count < count { arguments.append(ArgumentRange(offset: 0, length: 0)) }
    if arguments.count > count { arguments.removeLast(arguments.count - count) }
    let limits = limits
    var places = arguments.mutableSpan
    var position = first
    for index in 0..<count {
      guard position < bytes.count, bytes[position] == UInt8(ascii: "$") else { return 0 }
      let (length, next) = Line.shortNumber(in: bytes, from: position &+ 1)
      guard next > 0, length <= limits.bulkBytes else { return 0 }
      places[index] = ArgumentRange(
        offset: Int32(truncatingIfNeeded: next), length: Int32(truncatingIfNeeded: length))
      position = next &+ length &+ 2
    }
    return position <= min(bytes.count, limits.frameBytes) ? position : 0
  }

  private static let fewArguments = 16

  private mutating func reset() {
    // A command with very many arguments must not cost its memory for as long as the client stays.
    if arguments.count > 1024 { arguments = [] }
    known = 0
    position = 0
    remaining = -1
    scanned = 0
    isDone = false
  }

  private mutating func done(_ frame: RequestFrame) -> RequestFrame {
    isDone = true
    return frame
  }

  private mutating func append(_ range: ArgumentRange) {
    if known < arguments.count { arguments[known] = range } else { arguments.append(range) }
    known &+= 1
  }

  private mutating func multibulkHeader(_ bytes: Span<UInt8>) -> RequestFrame? {
    switch header(bytes, at: 0) {
    case .incomplete:
      return bytes.count > limits.lineBytes
        ? done(.failure(ProtocolError(.tooBigMultibulkCount, at: 0))) : .incomplete
    case .malformed:
      return done(.failure(ProtocolError(.invalidMultibulkLength, at: 1)))
    case .value(let count, let next):
      if count <= 0 { return done(.empty(length: next)) }
      if count > limits.arguments {
        let code: ProtocolError.Code =
          limits.isUnauthenticated && count <= Int(Int32.max)
          ? .unauthenticatedMultibulkLength : .invalidMultibulkLength
        return done(.failure(ProtocolError(code, at: 1)))
      }
      remaining = count
      position = next
      return nil
    }
  }

  private mutating func bulkStrings(_ bytes: Span<UInt8>) -> RequestFrame {
    while remaining > 0 {
      guard position < bytes.count else { return .incomplete }
      guard bytes[position] == UInt8(ascii: "$") else {
        return done(.failure(ProtocolError(.expectedBulk(got: bytes[position]), at: position)))
      }
      switch header(bytes, at: position) {
      case .incomplete:
        guard bytes.count - position > limits.lineBytes else { return .incomplete }
        return done(.failure(ProtocolError(.tooBigBulkCount, at: position)))
      case .malformed:
        return done(.failure(ProtocolError(.invalidBulkLength, at: position + 1)))
      case .value(let length, let next):
        if length < 0 || length > limits.bulkBytes {
          let code: ProtocolError.Code =
            limits.isUnauthenticated && (0...512 << 20).contains(length)
            ? .unauthenticatedBulkLength : .invalidBulkLength
          return done(.failure(ProtocolError(code, at: position + 1)))
        }
        guard next &+ length &+ 2 <= limits.frameBytes else {
          return done(.failure(ProtocolError(.tooBigFrame, at: position)))
        }
        append(
          ArgumentRange(offset: Int32(truncatingIfNeeded: next), length: Int32(truncatingIfNeeded: length)))
        position = next &+ length &+ 2
        remaining &-= 1
      }
    }
    guard position <= bytes.count else { return .incomplete }
    if arguments.count > known { arguments.removeLast(arguments.count - known) }
    return done(.command(length: position))
  }

  /// The number behind the type byte at `start`; remembers what it has seen when the line is not whole.
  private mutating func header(_ bytes: Span<UInt8>, at start: Int) -> Line.Number {
    if scanned > start {
      guard let end = carriageReturn(in: bytes, from: scanned), end + 1 < bytes.count else {
        return .incomplete
      }
    }
    let number = Line.number(in: bytes, from: start &+ 1)
    if case .incomplete = number { _ = carriageReturn(in: bytes, from: start) }
    return number
  }

  private mutating func carriageReturn(in bytes: Span<UInt8>, from start: Int) -> Int? {
    var index = start
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "\r") {
        scanned = index
        return index
      }
      index &+= 1
    }
    scanned = bytes.count
    return nil
  }

  private mutating func inlineLine(_ bytes: Span<UInt8>) -> RequestFrame {
    var index = scanned
    while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { index &+= 1 }
    scanned = index
    guard index < bytes.count else {
      return index > limits.lineBytes
        ? done(.failure(ProtocolError(.tooBigInlineRequest, at: 0))) : .incomplete
    }
    let isEmpty = index == 0 || (index == 1 && bytes[0] == UInt8(ascii: "\r"))
    return done(isEmpty ? .empty(length: index + 1) : .inline(length: index + 1))
  }
}
