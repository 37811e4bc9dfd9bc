import SluiceLoadGenerator
import SluiceRESP
import Testing

@testable import SluiceCommands

@Suite struct MirroringTests {
  private static let null = "$-1\r\n"
  private static let nulls = "*-1\r\n"
  private static let ok = "+OK\r\n"

  /// The command and the primary's reply; then what goes to the mirror at 1000 ms past the epoch.
  @Test(arguments: [
    // The condition held, or there was none.
    ("SET k v NX", ok, "SET k v"), ("SET k v xx GET", "$1\r\no\r\n", "SET k v"),
    ("SET k v GET", null, "SET k v"),
    ("SET k v GET", "$1\r\no\r\n", "SET k v"), ("SET k v nx get", null, "SET k v"),
    ("SET k v EX 10", ok, "SET k v PXAT 11000"), ("set k v px 10 NX", ok, "SET k v PXAT 1010"),
    ("SET k v EXAT 99 XX", ok, "SET k v PXAT 99000"), ("SET k v GET PXAT 99", null, "SET k v PXAT 99"),
    ("SET k v KEEPTTL XX", ok, "SET k v KEEPTTL"), ("SET KEEPTTL EX px 7", ok, "SET KEEPTTL EX PXAT 1007"),
    ("SET k v EX 9223372036854775", ok, "SET k v PXAT 9223372036854775807"),
    ("SET \"\" \"\" NX", ok, "SET \"\" \"\""),
    ("SETEX k 10 v", ok, "SET k v PXAT 11000"), ("PSETEX k 10 v", ok, "SET k v PXAT 1010"),
    ("SETNX k v", ":1\r\n", "SET k v"), ("MSETNX a 1 b 2", ":1\r\n", "MSET a 1 b 2"),
    ("GETSET k v", null, "SET k v"), ("GETDEL k", "$1\r\no\r\n", "UNLINK k"), ("GETDEL k", null, "UNLINK k"),
    ("GETEX k EX 10", "$1\r\no\r\n", "PEXPIREAT k 11000"),
    ("GETEX k px 10", "$0\r\n\r\n", "PEXPIREAT k 1010"),
    ("GETEX k EXAT 10", "$1\r\no\r\n", "PEXPIREAT k 10000"),
    ("EXPIRE k 10", ":1\r\n", "PEXPIREAT k 11000"), ("PEXPIRE k 10 GT", ":1\r\n", "PEXPIREAT k 1010"),
    ("EXPIRE k 0", ":1\r\n", "UNLINK k"), ("PEXPIRE k -9223372036854775808", ":1\r\n", "UNLINK k"),
    ("EXPIREAT k 10 XX", ":1\r\n", "EXPIREAT k 10"), ("PEXPIREAT k 10 lt", ":1\r\n", "PEXPIREAT k 10"),
    ("RESTORE k 10 d", ok, "RESTORE k 1010 d REPLACE ABSTTL"),
    ("RESTORE k 0 d REPLACE IDLETIME 3", ok, "RESTORE k 0 d REPLACE ABSTTL"),
    ("RESTORE k 10 d abstTL", ok, "RESTORE k 10 d REPLACE ABSTTL"),
    ("COPY a b", ":1\r\n", "COPY a b REPLACE"), ("RENAMENX a b", ":1\r\n", "RENAME a b"),
    ("INCRBYFLOAT k 0.1", "$3\r\n0.3\r\n", "SET k 0.3 KEEPTTL"),
    ("HINCRBYFLOAT k f 5.0e3", "$4\r\n5200\r\n", "HSET k f 5200"),
    ("SPOP k", "$1\r\na\r\n", "SREM k a"), ("SPOP k 2", "*2\r\n$1\r\na\r\n$1\r\nb\r\n", "SREM k a b"),
    ("ZPOPMIN k", "*2\r\n$1\r\na\r\n$1\r\n1\r\n", "ZREM k a"),
    ("ZPOPMAX k 2", "*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n0\r\n", "ZREM k a b"),
    (
      "LMPOP 2 a b left COUNT 9", "*2\r\n$1\r\nb\r\n*2\r\n$1\r\nx\r\n$1\r\ny\r\n", "LPOP b 2"
    ),
    ("LMPOP 1 LEFT RIGHT", "*2\r\n$4\r\nLEFT\r\n*1\r\n$1\r\nx\r\n", "RPOP LEFT 1"),
    (
      "ZMPOP 2 a b MIN COUNT 2",
      "*2\r\n$1\r\na\r\n*2\r\n*2\r\n$1\r\nx\r\n$1\r\n1\r\n*2\r\n$1\r\ny\r\n$1\r\n2\r\n", "ZREM a x y"
    ),
    ("XADD k * f v", "$3\r\n5-1\r\n", "XADD k 5-1 f v"),
    ("XADD k 5-* f *", "$3\r\n5-2\r\n", "XADD k 5-2 f *"),
    ("XADD k NOMKSTREAM MAXLEN = 9 * * *", "$3\r\n5-1\r\n", "XADD k NOMKSTREAM MAXLEN = 9 5-1 * *"),
    ("XADD k minid 3 * f v", "$3\r\n5-1\r\n", "XADD k minid 3 5-1 f v"),
    ("XADD MAXLEN * MAXLEN ~", "$3\r\n5-1\r\n", "XADD MAXLEN 5-1 MAXLEN ~"),
    (
      "XCLAIM k g c 60000 1-1 2-1 JUSTID IDLE 300 RETRYCOUNT 4", "*2\r\n$3\r\n1-1\r\n$3\r\n2-1\r\n",
      "XCLAIM k g c 0 1-1 2-1 TIME 700 JUSTID RETRYCOUNT 4"
    ),
    (
      "XCLAIM k g c 5 1-1 TIME 77 FORCE LASTID 9-9", "*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n",
      "XCLAIM k g c 0 1-1 TIME 77 FORCE LASTID 9-9"
    ),
    (
      "XAUTOCLAIM k g c 5 0 COUNT 7 justid", "*3\r\n$3\r\n0-0\r\n*1\r\n$3\r\n1-1\r\n*0\r\n",
      "XCLAIM k g c 0 1-1 TIME 1000 JUSTID"
    ),
    (
      "XAUTOCLAIM k g c 5 0",
      "*3\r\n$3\r\n2-0\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*0\r\n",
      "XCLAIM k g c 0 1-1 TIME 1000"
    ),
  ])
  func effects(line: String, reply: String, effect: String) {
    expect(line, reply, effect)
  }

  private static let later: ServerAbilities = [
    .fieldTimes, .fieldSets, .multipleSets, .emptyClaimsMakeConsumers,
  ]

  /// Commands that Redis 7.0 does not have, and old ones where servers do otherwise since.
  @Test(arguments: [
    ("SET k v IFEQ w EX 5", "+OK\r\n", "SET k v PXAT 6000"), ("SET k v IFEQ w GET", "$1\r\nw\r\n", "SET k v"),
    ("DELIFEQ k v", ":1\r\n", "UNLINK k"), ("DELEX k", ":0\r\n", "UNLINK k"),
    ("DELEX k IFNE v", ":1\r\n", "UNLINK k"),
    ("MSETEX 2 a 1 b 2 NX EX 5", ":1\r\n", "MSETEX 2 a 1 b 2 PXAT 6000"),
    ("MSETEX 1 a 1 XX", ":1\r\n", "MSET a 1"),
    ("HEXPIRE k 5 FIELDS 2 a b", "*2\r\n:1\r\n:-2\r\n", "HPEXPIREAT k 6000 FIELDS 1 a"),
    ("HPEXPIREAT k 7 NX FIELDS 2 a b", "*2\r\n:0\r\n:1\r\n", "HPEXPIREAT k 7 FIELDS 1 b"),
    ("HPEXPIRE k 0 FIELDS 1 a", "*1\r\n:2\r\n", "HDEL k a"),
    ("HGETEX k PX 5 FIELDS 2 a b", "*2\r\n$1\r\n1\r\n$-1\r\n", "HPEXPIREAT k 1005 FIELDS 1 a"),
    ("HGETEX k PERSIST FIELDS 1 a", "*1\r\n$1\r\n1\r\n", "HPERSIST k FIELDS 1 a"),
    ("HGETDEL k FIELDS 2 a b", "*2\r\n$-1\r\n$1\r\n1\r\n", "HDEL k b"),
    ("HSETEX k FNX EX 5 FIELDS 1 a 1", ":1\r\n", "HSETEX k PXAT 6000 FIELDS 1 a 1"),
    ("HSETEX k KEEPTTL FIELDS 1 a 1", ":1\r\n", "HSETEX k KEEPTTL FIELDS 1 a 1"),
    ("HSETEX k FIELDS 1 a 1", ":1\r\n", "HSET k a 1"),
    ("HINCRBYFLOAT k f 0.5", "$3\r\n1.5\r\n", "HSETEX k KEEPTTL FIELDS 1 f 1.5"),
    ("ZADD k INCR 0.1 m", "$3\r\n1.1\r\n", "ZADD k 1.1 m"),
    ("XADD k KEEPREF MAXLEN 5 * f v", "$3\r\n5-1\r\n", "XADD k KEEPREF MAXLEN 5 5-1 f v"),
    ("XAUTOCLAIM k g c 0 0", "*3\r\n$3\r\n0-0\r\n*0\r\n*0\r\n", "XGROUP CREATECONSUMER k g c"),
  ])
  func effectsOfLaterServers(line: String, reply: String, effect: String) {
    expect(line, reply, effect, MirroringTests.later)
  }

  @Test(arguments: [
    ("SET k v IFEQ w EX 5", "$-1\r\n"), ("SET k v IFEQ w GET", "$1\r\nx\r\n"),
    ("SET k v IFEQ w GET", "$-1\r\n"),
    ("DELIFEQ k v", ":0\r\n"), ("MSETEX 1 a 1 NX", ":0\r\n"), ("HGETEX k FIELDS 1 a", "*1\r\n$1\r\n1\r\n"),
    ("HGETEX k EX 5 FIELDS 1 a", "*1\r\n$-1\r\n"), ("HSETEX k FXX FIELDS 1 a 1", ":0\r\n"),
    ("HEXPIRE k 5 XX FIELDS 1 a", "*1\r\n:0\r\n"), ("HGETDEL k FIELDS 1 a", "*1\r\n$-1\r\n"),
    ("ZADD k NX INCR 0.1 m", "$-1\r\n"),
  ])
  func whatDidNothing(line: String, reply: String) {
    #expect(Mirrored(line, reply, mirror: MirroringTests.later).action == .nothing)
  }

  /// What an option does that nobody here knows is not guessed at, nor what the mirror cannot be told.
  @Test(arguments: [
    ("SET k v IFSO w", "+OK\r\n"), ("SET k v EX", "+OK\r\n"), ("SET k v IFDEQ d GET", "$1\r\nx\r\n"),
    ("XADD k IDMP p 1 * f v", "$3\r\n5-1\r\n"), ("XCLAIM k g c 0 1-1 SOMEHOW", "*1\r\n$3\r\n1-1\r\n"),
    ("XREADGROUP GROUP g c CLAIM 5 STREAMS k >", "*1\r\n*2\r\n$1\r\nk\r\n*0\r\n"),
    ("MSETEX 1 a 1 KEEPTTL", ":1\r\n"), ("MSETEX 1 a 1 SOMEHOW", ":1\r\n"), ("MSETEX x a 1", ":1\r\n"),
    ("HEXPIRE k 5 FIELDS 2 a b", "*2\r\n:1\r\n:2\r\n"), ("HEXPIRE k 5 FIELDS 2 a b", "*1\r\n:1\r\n"),
    ("HGETEX k SOMEHOW FIELDS 1 a", "*1\r\n$1\r\n1\r\n"), ("HSETEX k SOMEHOW FIELDS 1 a 1", ":1\r\n"),
    ("HSETEX k EX 5 FIELDS 9 a 1", ":1\r\n"), ("HGETDEL k FIELDS 9223372036854775807 a", "*0\r\n"),
  ])
  func whatIsNotGuessedAt(line: String, reply: String) {
    #expect(Mirrored(line, reply, mirror: MirroringTests.later).action == .copy)
    #expect(Mirrored(line, reply, mirror: []).action == .copy)
  }

  @Test(arguments: [
    ("HEXPIRE k 5 FIELDS 1 a", "*1\r\n:1\r\n"), ("HSETEX k EX 5 FIELDS 1 a 1", ":1\r\n"),
    ("MSETEX 1 a 1 EX 5", ":1\r\n"), ("HGETEX k PERSIST FIELDS 1 a", "*1\r\n$1\r\n1\r\n"),
    ("XAUTOCLAIM k g c 0 0", "*3\r\n$3\r\n0-0\r\n*0\r\n*0\r\n"),
  ])
  func whatTheMirrorCannotBeToldIsCopied(line: String, reply: String) {
    #expect(Mirrored(line, reply, mirror: []).action == .copy)
  }

  /// Between servers of which one makes a consumer that has read nothing, and the other does not.
  @Test func consumersThatHaveReadNothing() {
    let (makes, none) = (ServerAbilities.emptyClaimsMakeConsumers, ServerAbilities.emptyClaimsMakeNone)
    let one = "XREADGROUP GROUP g c COUNT 1 STREAMS k >"
    let two = "XREADGROUP GROUP g c STREAMS k l > >"
    #expect(Mirrored(one, "*-1\r\n", primary: none, mirror: makes).action == .nothing)
    expect(one, "*-1\r\n", "XGROUP CREATECONSUMER k g c", none, primary: makes)
    #expect(Mirrored(two, "*-1\r\n", primary: makes, mirror: none).action == .copy)
    #expect(Mirrored(two, "*-1\r\n", primary: makes, mirror: makes).action == .asSent)
    let read = "*1\r\n*2\r\n$1\r\nk\r\n*0\r\n"
    #expect(Mirrored(one, read, primary: makes, mirror: none).action == .asSent)
    #expect(Mirrored(two, read, primary: none, mirror: makes).action == .copy)
  }

  /// How much `~` removes is asked for: what is added goes without it, and the mirror trims to what is left.
  @Test func trimsByAbout() {
    expect("XADD k MAXLEN ~ 5 * f v", "$3\r\n5-1\r\n", "XADD k 5-1 f v", .replacedAndTrimmed)
    expect(
      "XADD k NOMKSTREAM MINID ~ 5 LIMIT 9 5-1 f v", "$3\r\n5-1\r\n", "XADD k NOMKSTREAM 5-1 f v",
      .replacedAndTrimmed)
    #expect(Mirrored("XTRIM k MINID ~ 5", ":3\r\n").action == .trimmed)
    #expect(Mirrored("XTRIM k MINID ~ 5 LIMIT 9", ":3\r\n").action == .trimmed)
    // What becomes of references to what goes is another matter.
    #expect(Mirrored("XADD k ACKED MAXLEN ~ 5 * f v", "$3\r\n5-1\r\n").action == .copy)
    #expect(Mirrored("XTRIM k MINID ~ 5 DELREF", ":3\r\n").action == .copy)
  }

  /// The same number, however a server spells it.
  @Test func scoresAreTold() {
    #expect(Mirrored("ZINCRBY k 5 m", "$2\r\n17\r\n").action == .asSent)
    expect(
      "ZINCRBY k 1.1 m", "$18\r\n3.2000000000000002\r\n", "ZADD k 3.2000000000000002 m",
      .replacedAddingNothing)
    // It may be a new member: both are asked how many there are.
    expect("ZINCRBY k 1.1 m", "$18\r\n1.1000000000000001\r\n", "ZADD k 1.1000000000000001 m", .replaced)
  }

  private func expect(
    _ line: String, _ reply: String, _ effect: String, _ action: MirrorAction
  ) {
    expect(line, reply, effect, action: action)
  }

  private func expect(
    _ line: String, _ reply: String, _ effect: String, _ mirror: ServerAbilities = .redis70,
    primary: ServerAbilities? = nil, action: MirrorAction = .replaced
  ) {
    let mirrored = Mirrored(line, reply, primary: primary ?? mirror, mirror: mirror)
    #expect(mirrored.action == action)
    var expected: [UInt8] = []
    let words = Invocation.words(effect)
    expected.appendArrayHeader(words.count)
    for word in words { expected.appendBulk(word) }
    #expect(String(decoding: mirrored.output, as: UTF8.self) == String(decoding: expected, as: UTF8.self))
  }

  @Test(arguments: [
    ("SET k v NX", null), ("SET k v XX EX 5", null), ("SET k v NX GET", "$1\r\no\r\n"),
    ("SET k v XX GET", null),
    ("SET k v NX GET", "$0\r\n\r\n"), ("SET k v XX", "_\r\n"), ("SETNX k v", ":0\r\n"),
    ("MSETNX a 1 b 2", ":0\r\n"), ("GETEX k EX 5", null), ("GETEX k", "$1\r\no\r\n"),
    ("GETEX k PERSIST", null), ("PERSIST k", ":0\r\n"),
    ("EXPIRE k 5", ":0\r\n"), ("PEXPIRE k -1", ":0\r\n"), ("EXPIREAT k 5", ":0\r\n"),
    ("COPY a b", ":0\r\n"),
    ("RENAMENX a b", ":0\r\n"), ("SPOP k", null), ("SPOP k 5", "*0\r\n"), ("ZPOPMIN k", "*0\r\n"),
    ("LMPOP 1 k LEFT", nulls), ("ZMPOP 1 k MAX", nulls), ("LMOVE a b LEFT LEFT", null),
    ("RPOPLPUSH a b", null),
    ("SMOVE a b m", ":0\r\n"), ("SORT k", "*0\r\n"), ("SORT k BY STORE", "*0\r\n"),
    ("GEORADIUS k 1 2 3 m", "*0\r\n"), ("XADD k NOMKSTREAM * f v", null), ("XTRIM k MAXLEN ~ 5", ":0\r\n"),
    ("XAUTOCLAIM k g c 5 0", "*3\r\n$3\r\n0-0\r\n*0\r\n*0\r\n"),
  ])
  func nothing(line: String, reply: String) {
    #expect(Mirrored(line, reply).action == .nothing)
  }

  /// The output is left alone: nobody is to look at it.
  @Test(arguments: [
    ("SET k v", ok), ("SET k v PXAT 5", ok), ("SET k v EXAT 5", ok), ("SET k v KEEPTTL", ok),
    ("SET k NX", ok), ("GETEX k PERSIST", "$1\r\no\r\n"), ("PERSIST k", ":1\r\n"),
    ("INCR k", ":1\r\n"), ("EXPIREAT k 5", ":1\r\n"), ("LMOVE a b LEFT LEFT", "$1\r\nx\r\n"),
    ("SMOVE a b m", ":1\r\n"), ("SORT k STORE d", ":0\r\n"), ("GEORADIUS k 1 2 3 m STORE d", ":0\r\n"),
    ("XADD k 5-1 f *", "$3\r\n5-1\r\n"), ("XADD k MAXLEN 5 7 f v", "$3\r\n7-0\r\n"),
    ("XTRIM k MAXLEN = 5", ":1\r\n"), ("LPOP k", null),
  ])
  func asSent(line: String, reply: String) {
    let mirrored = Mirrored(line, reply)
    #expect(mirrored.action == .asSent && mirrored.output == Array("left over".utf8))
  }

  /// Where the reply does not tell the effect, and where it is none that Redis 7.0 gives.
  @Test(arguments: [
    ("XCLAIM k g c 5 1-1 2-1", "*1\r\n$3\r\n1-1\r\n"),
    ("XAUTOCLAIM k g c 5 0", "*3\r\n$3\r\n0-0\r\n*0\r\n*1\r\n$3\r\n1-1\r\n"),
    ("XAUTOCLAIM k g c 5 0", "*4\r\n$3\r\n0-0\r\n*0\r\n*0\r\n*0\r\n"),
    ("SETNX k v", ok), ("EXPIRE k 5", ":2\r\n"), ("EXPIRE k x", ":1\r\n"),
    ("EXPIRE k 9223372036854775807", ":1\r\n"), ("SETEX k x v", ok),
    ("SET k v EX", ok), ("SET k v WHAT", ok), ("INCRBYFLOAT k 1", ":3\r\n"), ("SPOP k 1", ok),
    ("SPOP k 1", "*1\r\n:1\r\n"), ("ZPOPMIN k", "*1\r\n$1\r\na\r\n"),
    ("ZPOPMIN k 1", "*2\r\n*0\r\n$1\r\na\r\n"),
    ("ZMPOP 1 k MIN", "*2\r\n$1\r\nk\r\n*1\r\n$1\r\na\r\n"),
    ("LMPOP 1 k UP", "*2\r\n$1\r\nk\r\n*1\r\n$1\r\na\r\n"),
    ("LMPOP 1 k LEFT", "*2\r\n$1\r\nk\r\n*0\r\n"), ("XADD k *", ":1\r\n"), ("RESTORE k x d", ok),
  ])
  func copied(line: String, reply: String) {
    #expect(Mirrored(line, reply).action == .copy)
  }

  /// Keys, values and members are bytes: line breaks, zeros and what is no UTF-8 come through.
  @Test func bytesComeThrough() {
    let key: [UInt8] = [0x0d, 0x0a, 0x00]
    let value: [UInt8] = [0xff, 0x24]
    let set = Mirrored([Array("SET".utf8), key, value, Array("Nx".utf8)], Array("+OK\r\n".utf8))
    #expect(
      set.output == [
        0x2a, 0x33, 0x0d, 0x0a, 0x24, 0x33, 0x0d, 0x0a, 0x53, 0x45, 0x54, 0x0d, 0x0a,
        0x24, 0x33, 0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x24, 0x32, 0x0d, 0x0a, 0xff, 0x24, 0x0d, 0x0a,
      ])
    let pop = Mirrored(
      [Array("spop".utf8), key],
      [0x24, 0x34, 0x0d, 0x0a, 0x0d, 0x0a, 0xff, 0x00, 0x0d, 0x0a])
    #expect(
      pop.output == Array("*3\r\n$4\r\nSREM\r\n$3\r\n".utf8) + key + Array("\r\n$4\r\n".utf8)
        + [0x0d, 0x0a, 0xff, 0x00, 0x0d, 0x0a])
  }

  /// Any command with any arguments and any reply: never a trap, and what replaces it is one whole command.
  @Test func oddRepliesNeverTrap() {
    let seed = UInt64.random(in: .min ... .max)
    var random = SplitMix64(seed: seed)
    print("oddRepliesNeverTrap: seed \(seed)")
    let words = [
      "", "0", "1", "2", "-1", "k", "*", "5-*", "1-1", "~", "=", "NX", "XX", "GET", "EX", "PXAT", "KEEPTTL",
      "PERSIST", "ABSTTL", "MAXLEN", "NOMKSTREAM", "LEFT", "RIGHT", "STORE", "IDLE", "TIME", "JUSTID",
      "9223372036854775807", "-9223372036854775808", "RETRYCOUNT",
    ].map { Array($0.utf8) }
    let replies = [
      "+\r\n", "+OK\r\n", ":0\r\n", ":1\r\n", ":-1\r\n", "$-1\r\n", "$0\r\n\r\n", "$1\r\nx\r\n", "*-1\r\n",
      "*0\r\n", "*1\r\n$-1\r\n", "*2\r\n$1\r\nk\r\n*0\r\n", "*2\r\n$1\r\nk\r\n*1\r\n$1\r\nx\r\n",
      "*2\r\n$1\r\nk\r\n*1\r\n*2\r\n$1\r\nx\r\n$1\r\n1\r\n", "*3\r\n$3\r\n0-0\r\n*0\r\n*0\r\n",
      "*3\r\n$3\r\n0-0\r\n*1\r\n$3\r\n1-1\r\n*0\r\n", "*3\r\n:1\r\n*1\r\n*0\r\n*0\r\n",
      "*2\r\n$1\r\na\r\n$1\r\n1\r\n", "_\r\n", ",1.5\r\n", "~1\r\n$1\r\nx\r\n", "%1\r\n+a\r\n+b\r\n",
    ].map { Array($0.utf8) }
    let specs = CommandTable.shared.specs.filter { $0.mirror != .none }
    var replaced = 0
    for round in 0..<100_000 {
      let spec = specs[round % specs.count]
      var line = spec.name.split(separator: "|").map { Array($0.utf8) }
      for _ in 0..<Int.random(in: 0...8, using: &random) {
        line.append(words.randomElement(using: &random) ?? [])
      }
      let reply = replies.randomElement(using: &random) ?? []
      let mirrored = Mirrored(line, reply, now: .random(in: .min ... .max, using: &random))
      guard mirrored.action == .replaced else { continue }
      replaced += 1
      var framer = RequestFramer()
      #expect(
        framer.next(mirrored.output.span) == .command(length: mirrored.output.count),
        "seed \(seed), round \(round)")
    }
    #expect(replaced > 1000)
  }
}
