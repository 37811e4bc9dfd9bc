import SluiceRESP
import Testing

@Suite struct RequestFramerTests {
  static let valid: [[UInt8]] = [
    command("PING"),
    command("SET", "key", "value") + command("GET", "key"),
    command("SET", "", "") + command("MGET", "a", "bb", "ccc", "dddd"),
    bytes("PING\r\n"), bytes("PING\n"), bytes("\r\nPING\r\n\nPING\r\n"),
    bytes("SET key \"a \\x41 b\"\r\n") + command("GET", "key") + bytes("ECHO 'x y'\r\n"),
    bytes("*0\r\n*-1\r\n*-10\r\n") + command("PING"),
    bytes("*2\r\n$4\r\nECHO\r\n$12\r\n*1\r\n$4\r\nPING\r\nPING\r\n"),
    bytes("*2\r\n$4\r\nECHOxx$2\r\nabyy") + command("PING"),
    [0x2a, 0x31, 0x0d, 0x0a, 0x24, 0x34, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0xff, 0x0d, 0x0a],
    bytes("*12\r\n") + (0..<12).flatMap { bytes("$\($0)\r\n" + String(repeating: "x", count: $0) + "\r\n") },
  ]

  @Test(arguments: valid) func everySplitGivesTheSame(_ stream: [UInt8]) {
    let whole = RequestTrace(stream)
    #expect(whole.consumed == stream.count && whole.failure == nil)
    for cut in 0...stream.count {
      #expect(RequestTrace(stream, cuts: [cut]) == whole, "cut at \(cut)")
    }
    #expect(RequestTrace(stream, cuts: 0..<stream.count) == whole, "byte by byte")
    for first in 0..<stream.count {
      let second = first + (stream.count - first) / 2
      #expect(RequestTrace(stream, cuts: [first, second]) == whole, "cut at \(first) and \(second)")
    }
  }

  @Test func argumentsAreWhereTheyStand() {
    let stream = command("SET", "key", "") + command("GET", "a\r\nb")
    let trace = RequestTrace(stream)
    let words = trace.items.map { item in
      item.arguments.map { text(stream[item.start...].dropFirst(Int($0.offset)).prefix(Int($0.length))) }
    }
    #expect(words == [["SET", "key", ""], ["GET", "a\r\nb"]])
  }

  @Test func knowsWhetherItIsInsideACommand() {
    var framer = RequestFramer()
    #expect(!framer.isInsideFrame)
    for stream in ["*", "*2\r", "*2\r\n", "*2\r\n$4\r\nEC", "PI"] {
      framer = RequestFramer()
      #expect(framer.next(bytes(stream).span) == .incomplete)
      #expect(framer.isInsideFrame, "\(stream.debugDescription)")
    }
    framer = RequestFramer()
    _ = framer.next(command("PING").span)
    #expect(!framer.isInsideFrame)
  }

  // MARK: Linear work. What is quadratic here does not end within the limit by far: 10^9 steps and more.

  @Test(.timeLimit(.minutes(1))) func largeBulkInSmallPieces() {
    let size = 64 << 20
    var stream = bytes("*2\r\n$4\r\nECHO\r\n$\(size)\r\n")
    stream += [UInt8](repeating: 0x78, count: size)
    stream += bytes("\r\n")
    let trace = RequestTrace(stream, cuts: stride(from: 0, to: stream.count, by: 1024))
    #expect(trace.items.map(\.frame) == [.command(length: stream.count)])
    #expect(trace.items.first?.arguments.last?.length == Int32(size))
  }

  @Test(.timeLimit(.minutes(1))) func manyArgumentsInTinyPieces() {
    let count = 100_000
    var stream = bytes("*\(count)\r\n")
    for _ in 0..<count { stream += bytes("$1\r\nk\r\n") }
    let trace = RequestTrace(stream, cuts: stride(from: 0, to: stream.count, by: 7))
    #expect(trace.items.map(\.frame) == [.command(length: stream.count)])
    #expect(trace.items.first?.arguments.count == count)
  }

  @Test(.timeLimit(.minutes(1)), arguments: ["", "*", "*1\r\n$"])
  func longLineByteByByte(_ beginning: String) {
    let line = bytes(beginning) + [UInt8](repeating: 0x31, count: 60_000)
    #expect(RequestTrace(line, cuts: 0..<line.count).items.isEmpty)
  }

  @Test func manyArgumentsLeaveNoMemoryBehind() {
    var framer = RequestFramer()
    let long = InlineRequest.frame(of: Array(repeating: bytes("k"), count: 5000))
    #expect(framer.next(long.span) == .command(length: long.count))
    #expect(framer.next(command("PING").span) == .command(length: 14))
    #expect(framer.arguments.count == 1 && framer.arguments.capacity < 1024)
  }
}
