/// Where one argument of a command stands in its frame: 8 bytes, so that a long command costs little to describe.
public struct ArgumentRange: Equatable, Sendable {
  /// Distance from the first byte of the frame.
  public var offset: Int32
  /// Length in bytes; zero is an empty argument.
  public var length: Int32

  public init(offset: Int32, length: Int32) {
    self.offset = offset
    self.length = length
  }

  /// The argument's place in its frame: `frame.extracting(argument.range)` are its bytes.
  @inlinable
  public var range: Range<Int> { Int(offset)..<Int(offset) &+ Int(length) }
}
