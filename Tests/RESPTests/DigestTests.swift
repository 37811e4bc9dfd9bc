import SluiceLoadGenerator
import SluiceRESP
import Testing

@Suite struct DigestTests {
  @Test func everySingleBitMatters() {
    var generator = SplitMix64(seed: 1)
    for length in 0...40 {
      for pattern in 0..<3 {
        let original = (0..<length).map { _ in pattern == 0 ? 0 : UInt8(truncatingIfNeeded: generator.next())
        }
        var seen: Set<UInt64> = [Digest(original.span).value]
        for bit in 0..<length * 8 {
          var changed = original
          changed[bit / 8] ^= 1 << UInt8(bit % 8)
          #expect(seen.insert(Digest(changed.span).value).inserted, "length \(length), bit \(bit)")
        }
      }
    }
  }

  @Test func lengthMatters() {
    for byte in [UInt8(0), 0x20, 0xff] {
      let values = (0...100).map { Digest([UInt8](repeating: byte, count: $0).span).value }
      #expect(Set(values).count == values.count)
    }
  }

  @Test func theSameBytesGiveTheSame() {
    let reply = bytes("xx$5\r\nhello\r\n")
    #expect(Digest(reply.span.extracting(2..<13)) == Digest(bytes("$5\r\nhello\r\n").span))
  }

  @Test func swappedWordsDiffer() {
    let left = bytes("aaaaaaaabbbbbbbbcccccccc")
    let right = bytes("bbbbbbbbaaaaaaaacccccccc")
    #expect(Digest(left.span) != Digest(right.span))
  }
}

@Suite struct WritingTests {
  @Test func writesWhatRedisReads() {
    var reply: [UInt8] = []
    reply.appendArrayHeader(5)
    reply.appendBulk("héllo")
    reply.appendBulk(bytes("").span)
    reply.appendSimple("OK")
    reply.appendInteger(Int.min)
    reply.appendNull()
    #expect(text(reply) == "*5\r\n$6\r\nhéllo\r\n$0\r\n\r\n+OK\r\n:-9223372036854775808\r\n$-1\r\n")
    #expect(ReplyTrace(reply).lengths == [reply.count])
  }

  @Test func anErrorStaysOnItsLine() {
    var reply: [UInt8] = []
    reply.appendError("ERR one\r\n+OK\r\ntwo")
    #expect(text(reply) == "-ERR one  +OK  two\r\n")
  }

  @Test func lineOfARequestBecomesAnArray() {
    let frame = InlineRequest.frame(of: [bytes("SET"), bytes(""), bytes("a b")])
    #expect(text(frame) == "*3\r\n$3\r\nSET\r\n$0\r\n\r\n$3\r\na b\r\n")
  }
}
