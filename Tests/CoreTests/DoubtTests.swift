import Testing

@testable import SluiceCore

/// Keys on which a stack may be wrong, and how they are put right (laws 2, 3, 7 and 11).
@Suite struct DoubtTests {
  @Test("What the mirror refused is copied in the background; a write meanwhile goes behind the copy")
  func repaired() {
    Play(.dualwrite)(
      """
      a says SET n v
        legacy gets SET n v
      legacy says +OK
        new gets SET n v
        a gets +OK
      new says -OOM
      tick
        legacy gets TYPE n
        legacy gets OBJECT ENCODING n
      legacy says +string ; $embstr
        legacy gets DUMP n
        legacy gets PEXPIRETIME n
      legacy says $1 ; :-1
        new gets UNLINK n
        new gets RESTORE n 0 1 REPLACE
      a says SET n w
        legacy gets SET n w
      new says :0 ; +OK
      legacy says +OK
        new gets SET n w
        a gets +OK
      new says +OK
      stage live
        live is in force
      b says GET n
        new gets GET n
      new says $w
        legacy gets GET n
        b gets $w
      """)
  }

  @Test("Of what was on its way to a mirror that is lost nobody knows: it is copied when the mirror is back")
  func lostMirror() {
    Play(.dualwrite)(
      """
      a says SET n v
        legacy gets SET n v
      legacy says +OK
        new gets SET n v
        a gets +OK
      new closes
      a says SET n w
        legacy gets SET n w
      legacy says +OK
        a gets +OK
      100 ms pass
      tick
        legacy gets TYPE n
        legacy gets OBJECT ENCODING n
      """)
  }

  @Test("A stack that comes back empty is cold, not suspect: nothing is asked again")
  func cold() {
    Play(.dualwrite)(
      """
      new goes away
      a says SET n v
        legacy gets SET n v
      legacy says +OK
        a gets +OK
      new comes back empty
      tick
      """)
  }

  @Test("Only the primary's loss is told to clients, in the order of their commands")
  func lostPrimary() {
    Play(.live)(
      """
      a says SET n 1 ; GET k ; SET n 2
        legacy gets GET k
        new gets SET n 1
        new gets SET n 2
      new closes
        a gets -STACKDOWN sluice: stack 'new' (new) closed the connection; the write may or may not have happened
      legacy says $k
        a gets $k ; -STACKDOWN sluice: stack 'new' (new) closed the connection; the write may or may not have happened
      """)
  }

  @Test("An effect is repeated, and behind an update both sides prove what they hold (law 3)")
  func effects() {
    Play(.dualwrite)(
      """
      a says SPOP n
        legacy gets SPOP n
      legacy says $m
        new gets SREM n m
        a gets $m
      a says INCRBYFLOAT f 0.1
        legacy gets INCRBYFLOAT f 0.1
      legacy says $1.1
        legacy gets PTTL f
        new gets SET f 1.1 KEEPTTL
        a gets $1.1
      legacy says :-1
        new gets PTTL f
      a says EXPIRE n 10
        legacy gets EXPIRE n 10
      legacy says :1
        new gets PEXPIREAT n 1700001010000
        a gets :1
      """)
  }

  @Test(
    "Two answers that differ are asked for once more, with the key's time; only then they are a divergence")
  func askedAgain() {
    Play(.shadow)(
      """
      a says GET k
        legacy gets GET k
      legacy says $1
        new gets GET k
        a gets $1
      b says SET k 2
        legacy gets SET k 2
      new says $2
        legacy gets PTTL k
        legacy gets GET k
      legacy says +OK
        new gets SET k 2
        b gets +OK
      legacy says :-1 ; $2
        new gets PTTL k
        new gets GET k
      new says +OK
      new says :-1 ; $2
      """)
  }

  @Test("Whoever asks for a key that is on its way home waits for it, whether somebody waited already or not")
  func onItsWayHome() {
    Play(.dualwrite)(
      """
      a says SET n v
        legacy gets SET n v
      legacy says +OK
        new gets SET n v
        a gets +OK
      new says -OOM
      stage live
        legacy gets TYPE n
        legacy gets OBJECT ENCODING n
      250 ms pass
        live is in force
      b says GET n
        new gets UNLINK n
        new gets EXISTS n
      new says :1 ; :0
        legacy gets TYPE n
        legacy gets OBJECT ENCODING n
      legacy says +string ; $embstr
      c says GET n
      legacy says +string ; $embstr
        legacy gets DUMP n
        legacy gets PEXPIRETIME n
      legacy says $1 ; :-1
        new gets RESTORE n 0 1
        new gets GET n
        new gets GET n
      new says +OK
      new says $v ; $v
        legacy gets GET n
        legacy gets GET n
        b gets $v
        c gets $v
      """)
  }

  @Test("A flip that gives the key back answers whoever waits for it from where it was right all the time")
  func givenBack() {
    Play(.dualwrite)(
      """
      a says SET n v
        legacy gets SET n v
      legacy says +OK
        new gets SET n v
        a gets +OK
      new says -OOM
      stage live
        legacy gets TYPE n
        legacy gets OBJECT ENCODING n
      250 ms pass
        live is in force
      b says GET n
        new gets UNLINK n
        new gets EXISTS n
      new says :1 ; :0
        legacy gets TYPE n
        legacy gets OBJECT ENCODING n
      stage dualwrite
        dualwrite is in force
        legacy gets GET n
      c says GET n
        legacy gets GET n
      """)
  }

  @Test("An order that moves nothing ends no question")
  func nothingMoves() {
    Play(.dualwrite)(
      """
      a says SET n v
        legacy gets SET n v
      legacy says +OK
        new gets SET n v
        a gets +OK
      new says -OOM
      stage live
        legacy gets TYPE n
        legacy gets OBJECT ENCODING n
      250 ms pass
        live is in force
      b says GET n
        new gets UNLINK n
        new gets EXISTS n
      stage live
        live is in force
      new says :1 ; :0
        legacy gets TYPE n
        legacy gets OBJECT ENCODING n
      """)
  }

  @Test("What a mirror has missed for want of room does not come home, whatever is written behind it")
  func missedByTheMirror() {
    Play(.dualwrite) { $0.mirrorCommands = 1 }(
      """
      a says ZADD n 1 x
        legacy gets ZADD n 1 x
      legacy says :1
        legacy gets ZCARD n
        new gets ZADD n 1 x
        a gets :1
      legacy says :1
      new says -OOM
      stage live
        legacy gets TYPE n
        legacy gets OBJECT ENCODING n
      250 ms pass
        live is in force
      a says ZREM n x
        new gets UNLINK n
        new gets ZREM n x
      new says :0 ; :0
        a gets :0
      a says ZREM n y
        new gets ZREM n y
      new says :0
        a gets :0
      """)
  }
}
