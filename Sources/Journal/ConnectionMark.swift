import SluiceRouting
import Synchronization

/// A lane's connection to a stack, as the server calls it: by its number, and by the run of the server in which it has that number.
public struct StackClient: Sendable, Equatable {
  public let number: Int
  public let run: [UInt8]

  public init(number: Int, run: [UInt8]) {
    self.number = number
    self.run = run
  }
}

/// Where a lane's journal keeps the two connections that it has: a server that hangs when the process is killed may still have commands
/// of theirs in its buffers, and the next process has to tell it to forget them.
struct ConnectionMark {
  /// Behind the magic, a cache line or two for each stack: number, length of the run, run.
  private static let offset = 64
  private static let bytes = 128
  private static let longestRun = bytes - 16

  private let base: UnsafeMutableRawPointer

  init(_ stack: StackID, in preface: UnsafeMutableRawPointer) { base = preface + Self.start(stack) }

  private static func start(_ stack: StackID) -> Int { offset + Int(stack.rawValue) * bytes }

  /// Nothing is there until all of it is: 0 is nobody's number.
  func store(_ client: StackClient) {
    base.storeBytes(of: 0, as: UInt64.self)
    guard client.run.count <= Self.longestRun else { return }
    atomicMemoryFence(ordering: .releasing)
    base.storeBytes(of: UInt64(client.run.count), toByteOffset: 8, as: UInt64.self)
    for (index, byte) in client.run.enumerated() {
      base.storeBytes(of: byte, toByteOffset: 16 + index, as: UInt8.self)
    }
    atomicMemoryFence(ordering: .releasing)
    base.storeBytes(of: UInt64(bitPattern: Int64(client.number)), as: UInt64.self)
  }

  /// What a process that is no more has left.
  static func read(_ stack: StackID, in file: Span<UInt8>) -> StackClient? {
    let start = start(stack)
    guard file.count >= start + bytes else { return nil }
    let number = file.bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self)
    let length = file.bytes.unsafeLoadUnaligned(fromByteOffset: start + 8, as: UInt64.self)
    guard number > 0, number <= UInt64(Int64.max), length <= UInt64(longestRun) else { return nil }
    return StackClient(
      number: Int(number), run: (0..<Int(length)).map { file[start + 16 + $0] })
  }
}
