import NIOCore
import SluiceCommands
import SluiceRESP

/// `DUMP` and `RESTORE`, by which keys are repaired: what leaves is the value as a plain endpoint would have it, what
/// comes is stored as this one has it.
extension LayeredClient {
  func dump(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec) {
    let answered = Then.closure { [unowned self] reply in
      guard let text = ReplyReader.string(reply), reply[0] == UInt8(ascii: "$"),
        let stored = try? DumpedString.value(of: reply.extracting(text))
      else { return output.append(reply) }
      switch core.decode(stored.span) {
      case .asStored: output.append(reply)
      case .value(let value):
        output.bulk(LayeredClient.payload(of: value.span, likeIn: reply.extracting(text)))
      case .corrupt: output.null()
      }
    }
    forward(frame, arguments, spec, answered)
  }

  /// A string without an expiry gets the default TTL, as `SET` would have given it. A payload that is no string, or
  /// is damaged, is the endpoint's affair.
  func restore(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec) {
    let payload = frame.extracting(arguments[3].range)
    guard let value = try? DumpedString.value(of: payload) else { return forward(frame, arguments, spec) }
    let stored = core.encode(value.span).map { LayeredClient.payload(of: $0.span, likeIn: payload) }
    let expiry = frame.extracting(arguments[2].range)
    let addsExpiry = expiry.integer == 0 && core.defaultMilliseconds > 0
    // Zero is no expiry whatever ABSTTL says; the default is a time from now.
    var options: [[UInt8]] = []
    for index in 4..<max(4, arguments.count) {
      let word = frame.extracting(arguments[index].range)
      if !addsExpiry || !word.isWord("ABSTTL") { options.append(word.array) }
    }
    send(.pass, mark(frame, arguments)) { output in
      output.beginCommand(4 + options.count)
      output.word("RESTORE")
      output.key(frame.extracting(arguments[1].range), core.prefix.bytes)
      if addsExpiry {
        output.bulk(core.defaultMilliseconds)
      } else {
        output.bulk(expiry)
      }
      if let stored { output.bulk(stored) } else { output.bulk(payload) }
      for option in options { output.bulk(option) }
    }
  }

  /// A payload of the version that `model` has: what its writer and its readers understand.
  private static func payload(of value: Span<UInt8>, likeIn model: Span<UInt8>) -> [UInt8] {
    DumpedString.payload(of: value, version: DumpedString.version(of: model) ?? DumpedString.version)
  }
}
