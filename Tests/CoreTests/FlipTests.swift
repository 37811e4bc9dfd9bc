import Testing

@testable import SluiceCore

/// How keys change sides (laws 1 and 6).
@Suite struct FlipTests {
  @Test(
    "A flip waits for what the old primary owes and for its effect; what is asked meanwhile stands behind it")
  func rollback() {
    Play(.live)(
      """
      a says SET n v
        new gets SET n v
      stage dualwrite
      b says GET n ; GET k
        legacy gets GET k
      new says +OK
        legacy gets SET n v
        a gets +OK
      legacy says $k ; +OK
        dualwrite is in force
        legacy gets GET n
        new gets GET k
      legacy says $v
        b gets $v ; $k
      """)
  }

  @Test("A stack that does not answer is cut off at the deadline")
  func deadline() {
    Play(.live)(
      """
      a says GET n
        new gets GET n
      stage dualwrite
      b says GET n
      250 ms pass
        new is cut
        dualwrite is in force
        legacy gets GET n
        a gets -STACKDOWN sluice: stack 'new' (new) did not answer within the 250 ms of a fence
      legacy says $v
        b gets $v
      """)
  }

  @Test(
    "A key that the mirror refused is copied before its side changes, and whoever asks for it waits for that")
  func copiedFirst() {
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
      b says GET n
      legacy says +string ; $embstr
        legacy gets DUMP n
        legacy gets PEXPIRETIME n
      legacy says $1 ; :-1
        new gets UNLINK n
        new gets RESTORE n 0 1 REPLACE
      new says :0 ; +OK
        live is in force
        new gets GET n
      new says $v
        legacy gets GET n
        b gets $v
      """)
  }

  @Test("A command over both sides is taken apart where it can be, and refused where it cannot (law 8)")
  func bothSides() {
    Play(.live)(
      """
      a says MGET k n
        legacy gets MGET k
        new gets MGET n
      legacy says [$k]
        new gets MGET k
      new says [$n]
        legacy gets MGET n
        a gets [$k $n]
      a says RENAME k n
        a gets -CROSSSTACK sluice: the keys of RENAME are on both stacks just now and it cannot be split; give them one hash tag, as in {user1}:a {user1}:b, to keep them together
      a says MULTI ; SET k 1 ; SET n 1 ; EXEC
        a gets +OK ; +QUEUED ; +QUEUED ; -EXECABORT sluice: the keys of this transaction are on both stacks just now; give them one hash tag, as in {user1}:a {user1}:b, to keep them together; nothing of it was executed
      """)
  }
}
