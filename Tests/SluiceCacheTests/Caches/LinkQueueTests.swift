import SluiceRedis
import Testing

@testable import SluiceRedisLink

/// The queue of a link, as transcripts: what comes in, who is answered.
@Suite struct LinkQueueTests {
  private let order = LinkOrder()
  private let timeout = RedisError(.timeout, "late")
  private let closed = RedisError(.closed, "gone")

  private func call(_ word: String, isRead: Bool = true, late: (@Sendable () -> Void)? = nil) -> LinkCall {
    var command = LinkCommand(isRead: isRead, [Array(word.utf8)])
    command.late = late
    return LinkCall(command)
  }

  /// `#expect` takes nothing that changes a value.
  private func holds(_ claim: Bool, at location: SourceLocation = #_sourceLocation) {
    #expect(claim, sourceLocation: location)
  }

  @Test("answers come in the order of the questions, and are numbered")
  func inOrder() async {
    var queue = LinkQueue()
    let calls = ["a", "b", "c"].map { call($0) }
    for call in calls { holds(queue.add(call, deadline: 100)) }
    while queue.next(at: 1) != nil {}
    for number in 0..<3 { holds(queue.answered(.integer(Int64(number)), order)) }
    for (number, call) in calls.enumerated() {
      let answer = try? await call.answer(isCancellable: false).get()
      #expect(answer == LinkReplies(first: .integer(Int64(number)), order: UInt64(number + 1)))
    }
    holds(!queue.answered(.null, order))
    #expect(queue.isEmpty)
    #expect(queue.nextDeadline == nil)
  }

  @Test("several commands of one call are answered together")
  func several() async throws {
    var queue = LinkQueue()
    var command = LinkCommand(isRead: true, [[0x61]])
    command.begin(1)
    command.append("b")
    let (both, next) = (LinkCall(command), call("c"))
    _ = (queue.add(both, deadline: 9), queue.add(next, deadline: 9))
    while queue.next(at: 1) != nil {}
    _ = queue.answered(.integer(1), order)
    #expect(!both.isOver)
    _ = queue.answered(.integer(2), order)
    _ = queue.answered(.integer(3), order)
    #expect(try await both.answer(isCancellable: false).get().rest == [.integer(2)])
    #expect(try await next.answer(isCancellable: false).get().first == .integer(3))
  }

  @Test("a window bounds what is out, and room bounds what waits")
  func bounds() {
    var queue = LinkQueue(window: 2, room: 2)
    holds(queue.add(call("a"), deadline: 9) && queue.add(call("b"), deadline: 9))
    holds(!queue.add(call("c"), deadline: 9))
    while queue.next(at: 1) != nil {}
    holds(queue.add(call("c"), deadline: 9))
    holds(queue.next(at: 1) == nil)
    _ = queue.answered(.null, order)
    holds(queue.next(at: 1) != nil)
  }

  @Test("a deadline ends its own call; its late reply is nobody else's, and tells the writer")
  func deadlines() async throws {
    let told = Tally()
    var queue = LinkQueue()
    let first = call("a", isRead: false) { told.add() }
    let second = call("b")
    _ = (queue.add(first, deadline: 10), queue.add(second, deadline: 20))
    while queue.next(at: 1) != nil {}
    queue.heard(at: 2)
    holds(!queue.expire(at: 9, timeout))
    #expect(!first.isOver)
    // Something has come since it left: the server is slow, and not silent.
    holds(!queue.expire(at: 10, timeout))
    #expect(first.isOver && !second.isOver)
    #expect(queue.nextDeadline == 20)
    _ = queue.answered(.status("OK"), order)
    #expect(told.value == 1)
    _ = queue.answered(.integer(2), order)
    #expect(try await second.answer(isCancellable: false).get().first == .integer(2))
  }

  @Test("nothing at all until a deadline is silence; a call that was cancelled at once is no sign of it")
  func silence() {
    var queue = LinkQueue()
    let first = call("a")
    _ = queue.add(first, deadline: 10)
    _ = queue.next(at: 3)
    first.finish(LinkCall.cancelled)
    holds(!queue.expire(at: 5, timeout))
    holds(queue.expire(at: 10, timeout))
  }

  @Test("a lost connection: reads wait again, once, in front; writes are answered")
  func lost() {
    var queue = LinkQueue()
    let (read, write, behind) = (call("r"), call("w", isRead: false), call("b"))
    _ = (queue.add(read, deadline: 50), queue.add(write, deadline: 50))
    while queue.next(at: 1) != nil {}
    _ = queue.add(behind, deadline: 60)
    queue.lost(closed)
    #expect(!read.isOver && write.isOver && !behind.isOver)
    holds(queue.next(at: 2) === read)
    holds(queue.next(at: 2) === behind)
    queue.lost(closed)
    #expect(read.isOver && !behind.isOver)
    #expect(queue.nextDeadline == 60)
    queue.failed(timeout)
    #expect(behind.isOver && queue.isEmpty)
  }

  @Test("who waited for a connection has as long as the others from then on")
  func connected() {
    var queue = LinkQueue()
    let (patient, hasty) = (call("a"), call("b"))
    _ = (queue.add(patient, deadline: 1000), queue.add(hasty, deadline: 40))
    #expect(queue.nextDeadline == 40)
    queue.connected(deadline: 100)
    holds(!queue.expire(at: 99, timeout))
    #expect(hasty.isOver && !patient.isOver)
    _ = queue.expire(at: 100, timeout)
    #expect(patient.isOver)
  }
}
