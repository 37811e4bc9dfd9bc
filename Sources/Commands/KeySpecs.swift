import SluiceRESP

/// One key specification, as a server tells where keys stand (https://redis.io/docs/latest/develop/reference/key-specs/).
public struct KeySpec: Sendable, BitwiseCopyable, Equatable {
  /// Where to begin.
  enum Begin: Sendable, BitwiseCopyable, Equatable {
    case index(Int)
    /// Behind this word, looked for from here on; a negative place counts from the end and is looked for backwards.
    case keyword(FoldedName, from: Int)
  }

  /// Which of the words from there are keys.
  enum Find: Sendable, BitwiseCopyable, Equatable {
    /// Every `step`-th up to `last`, which counts from the beginning, or if it is negative from the end. A `limit` of n above 1 takes
    /// the first n-th of what is left: of 2, the first half.
    case range(last: Int, step: Int, limit: Int)
    /// Their number stands `count` words behind the beginning, the first of them `first` words behind it.
    case counted(count: Int, first: Int, step: Int)
  }

  let begin: Begin
  let find: Find
}

/// All key specifications of a command whose keys no simpler layout says.
public struct KeySpecs: Sendable, BitwiseCopyable, Equatable {
  private let specs: Immortal<KeySpec>

  init(_ specs: [KeySpec]) { self.specs = Immortal(specs) }

  public static func == (left: Self, right: Self) -> Bool { left.specs.elementsEqual(right.specs) }

  static let badCountMessage = "ERR invalid numkeys value or out of range"

  /// Appends the places of the keys, each once, in their order. What is not there is left out: the server says what is wrong.
  ///
  /// - Returns: false if a number of keys is no number, or more than there are arguments.
  func append(to indices: inout [Int], in frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) -> Bool {
    for spec in specs {
      guard let begin = place(of: spec.begin, in: frame, arguments), begin > 0, begin < arguments.count else {
        continue
      }
      switch spec.find {
      case .range(let last, let step, let limit):
        var end = last < 0 ? arguments.count &+ last : begin &+ last
        if last == -1, limit > 1 { end = begin &+ (arguments.count &- begin) / limit &- 1 }
        end = min(end, arguments.count &- 1)
        var index = begin
        while index <= end {
          insert(index, &indices)
          index &+= max(1, step)
        }
      case .counted(let count, let first, let step):
        let at = begin &+ count
        guard at > 0, at < arguments.count else { continue }
        guard let number = arguments.integer(at: at, in: frame), number >= 0, number <= arguments.count else {
          return false
        }
        var index = begin &+ first
        for _ in 0..<number {
          guard index > 0, index < arguments.count else { return false }
          insert(index, &indices)
          index &+= max(1, step)
        }
      }
    }
    return true
  }

  private func place(of begin: KeySpec.Begin, in frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) -> Int?
  {
    switch begin {
    case .index(let index): return index
    case .keyword(let word, let from):
      let start = from < 0 ? arguments.count &+ from : from
      var index = max(1, start)
      while index > 0, index < arguments.count {
        if FoldedName(frame.extracting(arguments.place(at: index))) == word { return index &+ 1 }
        index &+= from < 0 ? -1 : 1
      }
      return nil
    }
  }

  private func insert(_ index: Int, _ indices: inout [Int]) {
    if !indices.contains(index) { indices.append(index) }
  }
}

extension KeyLayout {
  /// The simplest layout that says the same.
  init(_ specs: [KeySpec]) {
    guard specs.count == 1, case .index(let first) = specs[0].begin else {
      self = specs.isEmpty ? .none : .specs(KeySpecs(specs))
      return
    }
    switch specs[0].find {
    case .range(let last, let step, let limit) where limit < 2:
      self = .range(first: first, last: last < 0 ? last : first &+ last, step: max(1, step))
    case .counted(let count, let key, 1):
      self = .counted(countAt: first &+ count, firstKey: first &+ key, destination: nil)
    case .range, .counted:
      self = .specs(KeySpecs(specs))
    }
  }
}
