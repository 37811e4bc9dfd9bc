import SluiceRouting

/// What a seed has drawn for its world before anything happens in it.
struct Plan: CustomStringConvertible {
  var lanes: Int
  var clients: Int
  var registers: Int
  var pipeline: Int
  /// How many commands all clients ask.
  var operations: Int
  /// Longest rest of a client between two pipelines, in microseconds.
  var rest: Int
  /// Longest time on the wire, in microseconds; most take a tenth of it or less.
  var latency: Int
  /// In so many of 1,000 cases a write comes in pieces.
  var splits: Int
  /// Most bytes that the two kernels of a connection hold.
  var pipe: Int
  var longestValue: Int
  /// Milliseconds between two flips, and between two faults; 0: there are none.
  var flips: Int
  var faults: Int
  /// Stages in which one stack is left out are visited, too.
  var leavesOut: Bool
  var isJournaled: Bool
  var kinds: [Fault]

  enum Fault: String, CaseIterable {
    case cutStack, cutClient, hang, stall, refuse, restart, restore, evict, crash
  }

  init(_ chance: inout Chance, operations: Int) {
    lanes = chance.happens(400) ? chance.between(2, 3) : 1
    clients = chance.spread(1, 12)
    registers = chance.spread(1, 24)
    pipeline = chance.spread(1, 64)
    self.operations = operations
    rest = chance.spread(20, 4000)
    latency = chance.spread(50, 5000)
    splits = chance.happens(300) ? chance.between(50, 600) : 5
    pipe = chance.spread(300, 1 << 20)
    longestValue = chance.spread(8, 6000)
    flips = chance.happens(850) ? chance.spread(1, 200) : 0
    faults = chance.happens(600) ? chance.spread(5, 400) : 0
    leavesOut = chance.happens(350)
    kinds = faults == 0 ? [] : Fault.allCases.filter { _ in chance.happens(450) }
    if kinds.isEmpty { faults = 0 }
    isJournaled = kinds.contains(.crash) || chance.happens(200)
  }

  var description: String {
    "\(lanes) lanes, \(clients) clients, \(registers) registers, pipeline \(pipeline), flips \(flips) ms, "
      + "faults \(faults) ms [\(kinds.map(\.rawValue).joined(separator: " "))]"
      + (leavesOut ? ", with off and complete" : "") + (isJournaled ? ", journaled" : "")
  }
}
