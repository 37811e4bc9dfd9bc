import Testing

@testable import SluiceCore

/// The way of one command, there and back, and in which order bytes leave.
@Suite struct WayTests {
  @Test("In off only legacy hears of a command")
  func off() {
    Play(.off)(
      """
      a says SET k v ; GET k
        legacy gets SET k v
        legacy gets GET k
      legacy says +OK ; $v
        a gets +OK ; $v
      """)
  }

  @Test("An acknowledged write has left for the mirror before its client hears of it (law 5)")
  func order() {
    Play(.dualwrite)(
      """
      a says SET k v
        legacy gets SET k v
      legacy says +OK
        new gets SET k v
        a gets +OK
      new says +OK
      """)
  }

  @Test("What the primary refuses is not repeated (law 2)")
  func refused() {
    Play(.dualwrite)(
      """
      a says SET k v
        legacy gets SET k v
      legacy says -OOM
        a gets -OOM
      """)
  }

  @Test("In shadow a read is answered from legacy and compared behind the answer")
  func compared() {
    Play(.shadow)(
      """
      a says GET k
        legacy gets GET k
      legacy says $v
        new gets GET k
        a gets $v
      new says $v
      """)
  }

  @Test("Replies come in the order of their commands, whichever stack is faster")
  func pipeline() {
    Play(.live)(
      """
      a says GET a ; GET n
        legacy gets GET a
        new gets GET n
      new says $new
        legacy gets GET n
      legacy says $old
        new gets GET a
        a gets $old ; $new
      """)
  }

  @Test("A reply that two clients wait for is told apart")
  func twoClients() {
    Play(.off)(
      """
      a says GET k
        legacy gets GET k
      b says GET j
        legacy gets GET j
      legacy says $1 ; $2
        a gets $1
        b gets $2
      """)
  }

  @Test("A stack that cannot be used is said so at once; the other one goes on")
  func down() {
    Play(.live)(
      """
      new closes
      a says GET n ; GET k
        legacy gets GET k
        a gets -STACKDOWN sluice: stack 'new' (new) cannot be used: closed the connection
      legacy says $k
        a gets $k
      50 ms pass
      a says GET n
        new gets GET n
      """)
  }

  @Test("A command that is for all keys waits for what is ahead of it, and nothing overtakes it")
  func wholeKeyspace() {
    Play(.off)(
      """
      a says GET k ; DBSIZE ; GET j
        legacy gets GET k
        legacy gets DBSIZE
        legacy gets GET j
      legacy says $1 ; :2 ; $3
        a gets $1 ; :2 ; $3
      """)
  }

  @Test("A transaction leaves as one block, whatever others say meanwhile")
  func transaction() {
    Play(.off)(
      """
      a says MULTI ; SET k 1
        a gets +OK ; +QUEUED
      b says SET k 2
        legacy gets SET k 2
      a says EXEC
        legacy gets MULTI
        legacy gets SET k 1
        legacy gets EXEC
      legacy says +OK
        b gets +OK
      legacy says +OK ; +QUEUED ; [+OK]
        a gets [+OK]
      """)
  }

  @Test("A client that leaves costs nobody else a reply")
  func leaves() {
    Play(.off)(
      """
      a says GET k
        legacy gets GET k
      b says GET j
        legacy gets GET j
      a leaves
      legacy says $1 ; $2
        b gets $2
      """)
  }
}
