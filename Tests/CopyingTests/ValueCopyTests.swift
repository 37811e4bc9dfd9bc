import SluiceServers
import Testing

@testable import SluiceCopying

/// The ladder as transcripts: what is asked, what is answered, what is written.
@Suite struct ValueCopyTests {
  private static let redis70 = traits(.redis, 7, 0, stamp: 10)
  private static let redis82 = traits(.redis, 8, 2, stamp: 12)
  private static let redis62 = traits(.redis, 6, 2, stamp: 9)
  private static let valkey91 = traits(.valkey, 9, 1, stamp: 80)

  private static func traits(_ kind: ServerFacts.Kind, _ major: Int, _ minor: Int, stamp: UInt16)
    -> ServerFacts
  {
    var facts = ServerFacts()
    (facts.kind, facts.version, facts.stamp) = (kind, ServerVersion(major, minor), stamp)
    return facts
  }

  private func copy(
    _ source: ServerFacts, _ target: ServerFacts, isReplacing: Bool = true
  ) -> ValueCopy {
    var bounds = CopyBounds()
    (bounds.dumpElements, bounds.pieceElements) = (4, 2)
    return ValueCopy(Array("k".utf8), from: source, to: target, isReplacing: isReplacing, bounds: bounds)
  }

  private func bytes(_ texts: String...) -> [[UInt8]] { texts.map { Array($0.utf8) } }

  private func shown(_ step: ValueCopy.Step) -> [String] {
    func lines(_ commands: [[[UInt8]]]) -> [String] {
      commands.map { $0.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ") }
    }
    switch step {
    case .ask(let questions): return lines(questions)
    case .write(let commands): return ["write"] + lines(commands)
    case .finish(let commands): return ["finish"] + lines(commands)
    case .end(let ending): return ["\(ending)"]
    }
  }

  private static let hidden = "{k}\u{0}sluice-copy"

  /// `type, value, version, checksum` of the string `v`, as a server with that stamp dumps it.
  private func dump(type: UInt8 = 0, stamp: UInt16) -> [UInt8] {
    DumpTable.restamped([type, 1, UInt8(ascii: "v"), 10, 0] + DumpTableTests.checksum(type), to: stamp) ?? []
  }

  @Test func aDumpOfTheSameServerGoesAsItIs() {
    var copy = copy(Self.redis70, Self.redis70)
    #expect(shown(copy.begin()) == ["TYPE k", "OBJECT ENCODING k"])
    #expect(
      shown(copy.sourceSaid(bytes("+string\r\n", "$6\r\nembstr\r\n"), now: 0)) == ["DUMP k", "PEXPIRETIME k"])
    let payload = dump(stamp: 10)
    let step = copy.sourceSaid([bulk(payload), Array(":77\r\n".utf8)], now: 0)
    let restore = bytes("RESTORE", "k", "77") + [payload] + bytes("REPLACE", "ABSTTL")
    #expect(step == .finish([bytes("UNLINK", "k"), restore]))
    #expect(copy.targetSaid(bytes(":1\r\n", "+OK\r\n")) == .end(.copied(.dump)))
  }

  /// What may be right and is not journaled goes together with the copy that comes for it; what is known to be missing needs no room made.
  @Test func theOldValueIsFreedInTheBackground() {
    for (met, commands, answers) in [
      (OldValue.nothing, ["RESTORE"], bytes("+OK\r\n")),
      (.doubtful, ["UNLINK", "RESTORE"], bytes("-NOPERM no\r\n", "+OK\r\n")),
      (
        .believed, ["MULTI", "UNLINK", "RESTORE", "EXEC"],
        bytes("+OK\r\n", "+QUEUED\r\n", "+QUEUED\r\n", "*2\r\n:1\r\n+OK\r\n")
      ),
    ] {
      var copy = copy(Self.redis70, Self.redis70)
      _ = copy.begin()
      _ = copy.sourceSaid(bytes("+string\r\n", "$6\r\nembstr\r\n"), now: 0)
      copy.met = met
      let step = copy.sourceSaid([bulk(dump(stamp: 10)), Array(":-1\r\n".utf8)], now: 0)
      #expect(shown(step).dropFirst().map { String($0.prefix { $0 != " " }) } == commands)
      var again = copy
      #expect(copy.targetSaid(answers) == .end(.copied(.dump)))
      let refusal = Array("-OOM no\r\n".utf8)
      if met == .believed {
        #expect(
          again.targetSaid(bytes("+OK\r\n", "+QUEUED\r\n") + [refusal] + bytes("-EXECABORT no\r\n"))
            == .end(.failed("OOM no")))
      } else {
        #expect(again.targetSaid(answers.dropLast() + [refusal]) == .end(.failed("OOM no")))
      }
    }
  }

  /// A dump that is refused as it is carried out has taken the old value with it, and goes by value.
  @Test func aBlockWhoseDumpIsRefusedGoesOnByValue() {
    var copy = copy(Self.redis70, Self.redis70)
    _ = copy.begin()
    _ = copy.sourceSaid(bytes("+string\r\n", "$6\r\nembstr\r\n"), now: 0)
    copy.met = .believed
    _ = copy.sourceSaid([bulk(dump(stamp: 10)), Array(":-1\r\n".utf8)], now: 0)
    let refused = "*2\r\n:1\r\n-ERR DUMP payload version or checksum are wrong\r\n"
    let step = copy.targetSaid(bytes("+OK\r\n", "+QUEUED\r\n", "+QUEUED\r\n", refused))
    #expect(shown(step).last == "PEXPIRETIME k" && shown(step).count > 1)
  }

  @Test func betweenRedis8AndValkey9ItIsRestamped() {
    var copy = copy(Self.redis82, Self.valkey91)
    _ = copy.begin()
    _ = copy.sourceSaid(bytes("+string\r\n", "$6\r\nembstr\r\n"), now: 0)
    let step = copy.sourceSaid([bulk(dump(stamp: 12)), Array(":-1\r\n".utf8)], now: 0)
    let restore = bytes("RESTORE", "k", "0") + [dump(stamp: 80)] + bytes("REPLACE")
    #expect(step == .finish([bytes("UNLINK", "k"), restore]))
    #expect(copy.targetSaid(bytes(":0\r\n", "+OK\r\n")) == .end(.copied(.restamped)))
  }

  /// A small set of Redis 8 has a type byte that 7.0 does not know: it goes by value, unseen until it is whole.
  @Test func whatNoDumpBringsGoesByValue() {
    var copy = copy(Self.redis82, Self.redis70)
    _ = copy.begin()
    _ = copy.sourceSaid(bytes("+set\r\n", "$8\r\nlistpack\r\n"), now: 0)
    let step = copy.sourceSaid([bulk(dump(type: 20, stamp: 12)), Array(":-1\r\n".utf8)], now: 0)
    #expect(shown(step) == ["SSCAN k 0 COUNT 2", "SCARD k", "PEXPIRETIME k"])
    let written = copy.sourceSaid(
      bytes("*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n", ":2\r\n", ":99\r\n"), now: 0)
    #expect(
      shown(written) == [
        "finish", "MULTI", "UNLINK \(Self.hidden)", "SADD \(Self.hidden) a b", "SCARD \(Self.hidden)",
        "PEXPIREAT \(Self.hidden) 99", "UNLINK k", "RENAME \(Self.hidden) k", "EXEC",
      ])
    let queued = Array(repeating: "+QUEUED\r\n", count: 6).map { Array($0.utf8) }
    let said = bytes("+OK\r\n") + queued + bytes("*6\r\n:0\r\n:2\r\n:2\r\n:1\r\n:1\r\n+OK\r\n")
    #expect(copy.targetSaid(said) == .end(.copied(.value)))
  }

  @Test func aCountThatIsNotTheSourcesIsNoCopy() {
    var copy = copy(Self.redis82, Self.redis70)
    _ = copy.begin()
    _ = copy.sourceSaid(bytes("+set\r\n", "$8\r\nlistpack\r\n"), now: 0)
    _ = copy.sourceSaid([bulk(dump(type: 20, stamp: 12)), Array(":-1\r\n".utf8)], now: 0)
    _ = copy.sourceSaid(bytes("*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n", ":2\r\n", ":-1\r\n"), now: 0)
    let queued = Array(repeating: "+QUEUED\r\n", count: 6).map { Array($0.utf8) }
    let said = bytes("+OK\r\n") + queued + bytes("*6\r\n:0\r\n:2\r\n:1\r\n:0\r\n:1\r\n+OK\r\n")
    #expect(copy.targetSaid(said) == .end(.failed("a part of the copy was lost on the way")))
  }

  @Test func aLargeSetGoesInPiecesAndTakesWhatIsWrittenMeanwhile() {
    var copy = copy(Self.redis70, Self.redis70)
    _ = copy.begin()
    let weighed = copy.sourceSaid(bytes("+set\r\n", "$9\r\nhashtable\r\n"), now: 0)
    #expect(shown(weighed) == ["SCARD k", "MEMORY USAGE k SAMPLES 5"])
    #expect(
      shown(copy.sourceSaid(bytes(":5\r\n", ":300\r\n"), now: 0)) == [
        "SSCAN k 0 COUNT 2", "SCARD k", "PEXPIRETIME k",
      ])
    #expect(copy.wasWritten(bytes("SADD", "k", "early")) == .none, "nothing was read yet")
    let first = copy.sourceSaid(
      bytes("*2\r\n$1\r\n7\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n", ":5\r\n", ":-1\r\n"), now: 0)
    #expect(
      shown(first) == [
        "write", "UNLINK \(Self.hidden)", "SADD \(Self.hidden) a b", "PEXPIRE \(Self.hidden) 60000",
      ])
    #expect(
      copy.wasWritten(bytes("SREM", "k", "a")) == .repeated(bytes("SREM", Self.hidden, "a")))
    #expect(shown(copy.targetSaid(bytes(":0\r\n", ":2\r\n", ":1\r\n"))).first == "SSCAN k 7 COUNT 2")
    let last = copy.sourceSaid(
      bytes("*2\r\n$1\r\n0\r\n*3\r\n$1\r\nc\r\n$1\r\nd\r\n$1\r\ne\r\n", ":4\r\n", ":-1\r\n"), now: 0)
    #expect(shown(last).suffix(2) == ["PEXPIRE \(Self.hidden) 60000", "SCARD \(Self.hidden)"])
    #expect(copy.hasHidden)
    let finish = copy.targetSaid(bytes(":3\r\n", ":1\r\n", ":4\r\n"))
    #expect(
      shown(finish).contains("RENAME \(Self.hidden) k") && shown(finish).contains("PERSIST \(Self.hidden)"))
  }

  /// The source's key may have expired and been made anew by the very write that was told: what was read before is not in it.
  @Test func asManyElementsAsTheSourceHasProveAWrittenCopy() {
    for (counted, isWhole) in [(":3\r\n", true), (":4\r\n", false)] {
      var copy = copy(Self.redis70, Self.redis70)
      _ = copy.begin()
      _ = copy.sourceSaid(bytes("+set\r\n", "$9\r\nhashtable\r\n"), now: 0)
      _ = copy.sourceSaid(bytes(":5\r\n", ":300\r\n"), now: 0)
      _ = copy.sourceSaid(
        bytes("*2\r\n$1\r\n7\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n", ":5\r\n", ":-1\r\n"), now: 0)
      _ = copy.wasWritten(bytes("SADD", "k", "x"))
      copy.wasDoubted()
      _ = copy.targetSaid(bytes(":0\r\n", ":2\r\n", ":1\r\n"))
      _ = copy.sourceSaid(bytes("*2\r\n$1\r\n0\r\n*1\r\n$1\r\nx\r\n", ":3\r\n", ":-1\r\n"), now: 0)
      // Behind the last piece: it is in both, and not in what was counted.
      _ = copy.wasWritten(bytes("SADD", "k", "y"))
      let step = copy.targetSaid(bytes(":0\r\n", ":1\r\n") + bytes(counted))
      #expect(shown(step).contains("RENAME \(Self.hidden) k") == isWhole, "\(shown(step))")
      #expect(shown(step).contains("SSCAN k 0 COUNT 2") == !isWhole, "\(shown(step))")
    }
  }

  /// Where fields expire, a count proves nothing.
  @Test func aDoubtedHashWhoseFieldsExpireBeginsAnew() {
    for isDoubted in [false, true] {
      var copy = copy(Self.redis82, Self.redis82)
      _ = copy.begin()
      _ = copy.sourceSaid(bytes("+hash\r\n", "$11\r\nhashtableex\r\n"), now: 0)
      _ = copy.sourceSaid(bytes(":5\r\n", ":300\r\n"), now: 0)
      for cursor in ["7", "0"] {
        _ = copy.sourceSaid(
          bytes("*2\r\n$1\r\n\(cursor)\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n", ":2\r\n", ":-1\r\n"), now: 0)
        _ = copy.sourceSaid(bytes("*1\r\n$1\r\n1\r\n", "*1\r\n:500\r\n", ":2\r\n", ":-1\r\n"), now: 0)
        if cursor == "7" {
          if isDoubted { copy.wasDoubted() }
          _ = copy.targetSaid(bytes(":0\r\n", ":1\r\n", "*1\r\n:1\r\n", ":1\r\n"))
        }
      }
      let step = copy.targetSaid(bytes(":0\r\n", "*1\r\n:1\r\n", ":1\r\n", ":1\r\n"))
      #expect(shown(step).contains("HSCAN k 0 COUNT 2") == isDoubted, "\(shown(step))")
    }
  }

  @Test func aListThatIsWrittenBeginsAnewAndIsTooHotInTheEnd() {
    var copy = copy(Self.redis70, Self.redis70)
    _ = copy.begin()
    _ = copy.sourceSaid(bytes("+list\r\n", "$9\r\nquicklist\r\n"), now: 0)
    var step = copy.sourceSaid(bytes(":5\r\n", ":300\r\n"), now: 0)
    for attempt in 1...3 {
      #expect(shown(step).first == "LRANGE k 0 1", "\(attempt)")
      _ = copy.sourceSaid(bytes("*2\r\n$1\r\na\r\n$1\r\nb\r\n", ":5\r\n", ":-1\r\n"), now: 0)
      #expect(copy.wasWritten(bytes("RPUSH", "k", "x")) == .none)
      step = copy.targetSaid(bytes(":0\r\n", ":2\r\n", ":1\r\n"))
    }
    #expect(step == .end(.uncarried(.hot)))
  }

  @Test func aKeyThatBecameOneOfAnotherTypeIsAskedForAnew() {
    var copy = copy(Self.redis82, Self.redis62)
    var step = copy.begin()
    for attempt in 1...3 {
      #expect(shown(step).first == "TYPE k", "\(attempt)")
      _ = copy.sourceSaid(bytes("+hash\r\n", "$8\r\nlistpack\r\n"), now: 0)
      _ = copy.sourceSaid([bulk(dump(type: 16, stamp: 12)), Array(":-1\r\n".utf8)], now: 0)
      step = copy.sourceSaid(
        bytes("-WRONGTYPE it is a set\r\n", "-WRONGTYPE it is a set\r\n", ":-1\r\n"), now: 0)
    }
    // Once more would be for ever.
    #expect(step == .end(.failed("the key became another one each time")))
  }

  @Test func aGroupThatIsDestroyedMeanwhileIsNoRefusal() {
    var copy = copy(Self.redis82, Self.redis62)
    _ = copy.begin()
    _ = copy.sourceSaid(bytes("+stream\r\n", "$6\r\nstream\r\n"), now: 0)
    _ = copy.sourceSaid(bytes(":1\r\n", ":300\r\n"), now: 0)
    let asked = copy.sourceSaid([bulk(dump(type: 21, stamp: 12)), Array(":-1\r\n".utf8)], now: 0)
    #expect(shown(asked).first == "XINFO GROUPS k")
    let group = "*1\r\n*4\r\n$4\r\nname\r\n$1\r\ng\r\n$17\r\nlast-delivered-id\r\n$3\r\n0-0\r\n"
    let pending = copy.sourceSaid(bytes(group, ":-1\r\n"), now: 0)
    #expect(shown(pending).first == "XPENDING k g - + 10000")
    let anew = copy.sourceSaid(bytes("-NOGROUP No such key 'k' or consumer group 'g'\r\n", ":-1\r\n"), now: 0)
    #expect(shown(anew).first == "XINFO GROUPS k")
    #expect(shown(copy.sourceSaid(bytes("*0\r\n", ":-1\r\n"), now: 0)).first == "XRANGE k - + COUNT 1")
  }

  @Test func fieldTimesThatTheReceiverDoesNotHaveAreNamed() {
    for (target, ending) in [(Self.redis70, true), (Self.valkey91, false)] {
      var copy = copy(Self.redis82, target)
      _ = copy.begin()
      _ = copy.sourceSaid(bytes("+hash\r\n", "$8\r\nlistpack\r\n"), now: 0)
      _ = copy.sourceSaid([bulk(dump(type: 25, stamp: 12)), Array(":-1\r\n".utf8)], now: 0)
      let fields = copy.sourceSaid(
        bytes("*2\r\n$1\r\n0\r\n*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n", ":2\r\n", ":-1\r\n"),
        now: 0)
      #expect(
        shown(fields) == ["HMGET k a b", "HPEXPIRETIME k FIELDS 2 a b", "HLEN k", "PEXPIRETIME k"])
      let step = copy.sourceSaid(
        bytes("*2\r\n$1\r\n1\r\n$1\r\n2\r\n", "*2\r\n:-1\r\n:500\r\n", ":2\r\n", ":-1\r\n"), now: 0)
      if ending {
        #expect(step == .end(.uncarried(.fieldTimes)))
      } else {
        #expect(shown(step).contains("HPEXPIREAT \(Self.hidden) 500 FIELDS 1 b"))
      }
    }
  }

  @Test func theSliceSaysHowMuchGoesAtATime() {
    #expect(CopyBounds(slice: 5_000_000) == CopyBounds())
    let small = CopyBounds(slice: 1_000_000)
    #expect((small.dumpElements, small.dumpBytes) == (1638, 209_715))
    #expect((small.pieceElements, small.pieceBytes) == (200, 104_858))
    #expect(CopyBounds(slice: 1).pieceElements == 8)
    #expect((small.inAHurry.pieceElements, small.inAHurry.pieceBytes) == (1638, 209_715))
  }

  @Test func anOldServerTellsWhatIsLeft() {
    var copy = copy(Self.redis62, Self.redis70)
    _ = copy.begin()
    #expect(
      shown(copy.sourceSaid(bytes("+string\r\n", "$3\r\nraw\r\n"), now: 0)) == [
        "STRLEN k", "MEMORY USAGE k SAMPLES 5",
      ])
    #expect(shown(copy.sourceSaid(bytes(":3\r\n", "-ERR no\r\n"), now: 0)) == ["DUMP k", "PTTL k"])
    guard
      case .finish(let words) = copy.sourceSaid([bulk(dump(stamp: 9)), Array(":5000\r\n".utf8)], now: 1000)
    else {
      Issue.record("it is restored")
      return
    }
    #expect(words.last?[2] == Array("6000".utf8))
  }

  /// A stack that is loading answers every question with an error. That is no key that is gone: what the receiver holds stays.
  @Test(arguments: [0, 1, 2, 3]) func aStackInTroubleHasNotLostTheKey(step: Int) {
    var copy = copy(Self.redis70, Self.redis70)
    let loading = "-LOADING Redis is loading the dataset in memory\r\n"
    let failed = ["failed(\"LOADING Redis is loading the dataset in memory\")"]
    _ = copy.begin()
    if step == 0 { return #expect(shown(copy.sourceSaid(bytes(loading, loading), now: 0)) == failed) }
    _ = copy.sourceSaid(bytes("+hash\r\n", "$9\r\nhashtable\r\n"), now: 0)
    if step == 1 {
      // Whether it is small, nobody knows: it is asked from the beginning, and then it is clear.
      #expect(shown(copy.sourceSaid(bytes(loading, loading), now: 0)) == ["TYPE k", "OBJECT ENCODING k"])
      return #expect(shown(copy.sourceSaid(bytes(loading, loading), now: 0)) == failed)
    }
    _ = copy.sourceSaid(bytes(":2\r\n", ":100\r\n"), now: 0)
    if step == 2 {
      // Its fields might tell what its dump does not.
      _ = copy.sourceSaid(bytes(loading, loading), now: 0)
      return #expect(shown(copy.sourceSaid(bytes(loading, loading), now: 0)) == failed)
    }
    let payload = bulk(dump(stamp: 10))
    #expect(shown(copy.sourceSaid([payload, Array(loading.utf8)], now: 0)) == failed)
  }

  @Test func aFillOverwritesNothing() {
    var copy = copy(Self.redis82, Self.redis70, isReplacing: false)
    _ = copy.begin()
    _ = copy.sourceSaid(bytes("+set\r\n", "$8\r\nlistpack\r\n"), now: 0)
    _ = copy.sourceSaid([bulk(dump(type: 20, stamp: 12)), Array(":-1\r\n".utf8)], now: 0)
    let step = copy.sourceSaid(bytes("*2\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n", ":1\r\n", ":-1\r\n"), now: 0)
    #expect(shown(step).suffix(2) == ["RENAMENX \(Self.hidden) k", "EXEC"])
    let queued = Array(repeating: "+QUEUED\r\n", count: 5).map { Array($0.utf8) }
    #expect(
      copy.targetSaid(bytes("+OK\r\n") + queued + bytes("*5\r\n:0\r\n:1\r\n:1\r\n:0\r\n:0\r\n"))
        == .end(.present))
  }

  private func bulk(_ payload: [UInt8]) -> [UInt8] {
    Array("$\(payload.count)\r\n".utf8) + payload + [13, 10]
  }
}
