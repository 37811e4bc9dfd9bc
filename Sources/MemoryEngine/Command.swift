/// One command of a collection: a row of the table.
struct Command: Sendable {
  typealias Run = @Sendable (inout MemoryEngine, Request, inout [UInt8]) throws -> Void

  let name: StaticString
  /// Redis' arity: the number of words with the name; negative means at least that many.
  let arity: Int
  let run: Run

  init(_ name: StaticString, _ arity: Int, _ run: @escaping Run) {
    self.name = name
    self.arity = arity
    self.run = run
  }

  static let all: [[Command]] = [
    lists, hashes, sets, sortedSets, sortedRanges, sortedCombinations, bits,
    counts, geo, streams, sorting,
  ]
}
