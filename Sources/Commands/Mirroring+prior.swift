import SluiceRESP

extension Mirroring {
  /// What both stacks have to be asked behind an update, because its reply does not tell whether its key was there before
  /// (`PriorDoubt`); nil if the reply tells. Equal answers: the key was there on both, or on neither.
  ///
  /// - Parameters:
  ///   - isSecond: whether the other question is due; many have one alone.
  ///   - reply: the primary's whole reply; not an error.
  ///   - output: owned by the caller and reused; holds the question afterwards, a whole command.
  /// - Returns: the question's row in the table.
  public static func question(
    behind spec: CommandSpec, isSecond: Bool = false, request: Span<UInt8>, arguments: Span<ArgumentRange>,
    reply: Span<UInt8>, into output: inout [UInt8]
  ) -> Int? {
    let doubt = spec.doubt
    guard !isSecond || doubt.second != 0 else { return nil }
    guard doubt.key < arguments.count, isOpen(doubt, request, arguments, reply) else { return nil }
    let command = Int(isSecond ? doubt.second : doubt.question)
    let name = CommandTable.shared.specs[command].label
    guard doubt.key == 0 else {
      output.beginFrame(2)
      output.appendWord(name)
      output.appendWord(Int(doubt.key), of: request, arguments)
      return command
    }
    var keys: [Int] = []
    _ = spec.keyIndices(in: request, arguments: arguments, into: &keys)
    output.beginFrame(1 + keys.count)
    output.appendWord(name)
    for index in keys { output.appendWord(index, of: request, arguments) }
    return command
  }

  /// What the mirror has to be asked ahead of an update, because nothing behind it would tell whether it had the key: `EXISTS`, which is to
  /// be answered by 1; nil if something else tells.
  ///
  /// - Parameter output: owned by the caller and reused; holds the question afterwards, a whole command.
  /// - Returns: the question's row in the table.
  public static func questionAhead(
    of spec: CommandSpec, request: Span<UInt8>, arguments: Span<ArgumentRange>, reply: Span<UInt8>,
    into output: inout [UInt8]
  ) -> Int? {
    let doubt = spec.doubt
    guard doubt.asksAhead, Int(doubt.key) < arguments.count, isOpen(doubt, request, arguments, reply) else {
      return nil
    }
    output.beginFrame(2)
    output.appendWord("EXISTS")
    output.appendWord(Int(doubt.key), of: request, arguments)
    return exists
  }

  /// How many bits the one key has that was asked for by `EXISTS`: what is left to ask where the mirror lacked it ahead of an update.
  ///
  /// - Parameter output: owned by the caller and reused; holds the question afterwards, a whole command.
  /// - Returns: the question's row in the table; nil if another question was asked, or one about several keys.
  public static func bits(
    of question: Span<UInt8>, askedBy spec: CommandSpec, into output: inout [UInt8]
  ) -> Int? {
    var framer = RequestFramer(limits: .measuredBefore)
    guard spec.id == exists, case .command = framer.next(question), framer.arguments.count == 2 else {
      return nil
    }
    output.beginFrame(2)
    output.appendWord("BITCOUNT")
    output.appendWord(1, of: question, framer.arguments.span)
    return bitCount
  }

  private static let bitCount = CommandTable.shared.lookup(Array("BITCOUNT".utf8).span)
  private static let exists = CommandTable.shared.lookup(Array("EXISTS".utf8).span)

  static func isOpen(
    _ doubt: PriorDoubt, _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ reply: Span<UInt8>
  ) -> Bool {
    switch doubt.replies {
    case .none: return false
    case .all: return true
    case .zero: return ReplyReader.integer(reply) == 0
    case .allButZero: return ReplyReader.integer(reply) != 0
    case .length(let index): return ReplyReader.integer(reply) == arguments.place(at: Int(index)).count
    case .number(let index):
      guard let found = number(reply) else { return true }
      let given = index == 0 ? 1 : number(request, at: arguments.place(at: Int(index)))
      return abs(found) == given.map(abs)
    case .allIfKeepTTL: return keepsTime(request, arguments)
    }
  }

  private static func number(_ reply: Span<UInt8>) -> Double? {
    if let integer = ReplyReader.integer(reply) { return Double(integer) }
    return ReplyReader.decimal(reply).flatMap { number(reply, at: $0) }
  }

  private static func number(_ bytes: Span<UInt8>, at range: Range<Int>) -> Double? {
    guard range.count < 64 else { return nil }
    return Double(bytes.extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) })
  }
}
