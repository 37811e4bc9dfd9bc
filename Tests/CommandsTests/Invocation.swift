import SluiceCommands
import SluiceRESP

/// A command as the proxy sees it: a frame and where its arguments stand.
struct Invocation {
  var frame: [UInt8] = []
  var arguments: [ArgumentRange] = []

  init(_ words: [[UInt8]]) {
    for word in words {
      arguments.append(ArgumentRange(offset: Int32(frame.count), length: Int32(word.count)))
      frame += word
    }
  }

  init(_ words: [String]) { self.init(words.map { Array($0.utf8) }) }

  /// Split at spaces; `""` is an empty word.
  init(_ line: String) { self.init(Invocation.words(line)) }

  static func words(_ line: String) -> [String] {
    line.split(separator: " ").map { $0 == "\"\"" ? "" : String($0) }
  }

  var spec: CommandSpec {
    let table = CommandTable.shared
    return table.specs[table.resolve(in: frame.span, arguments: arguments.span)]
  }

  /// The positions of the keys, and whether they were found.
  func keys() -> (KeyExtraction, [Int]) {
    var indices = [99, 98]
    let result = spec.keyIndices(in: frame.span, arguments: arguments.span, into: &indices)
    return (result, indices)
  }

  func refusal() -> Refusal? { spec.refusal(in: frame.span, arguments: arguments.span) }
}
