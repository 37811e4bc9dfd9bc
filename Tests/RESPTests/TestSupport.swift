import SluiceLoadGenerator
import SluiceRESP
import Testing

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

func text(_ bytes: some Sequence<UInt8>) -> String { String(decoding: Array(bytes), as: UTF8.self) }

/// A command as clients send it.
func command(_ words: String...) -> [UInt8] { InlineRequest.frame(of: words.map(bytes)) }

/// What a stream of requests came out as: every frame with its place, and how far the reading got.
struct RequestTrace: Equatable {
  struct Item: Equatable {
    var start: Int
    var frame: RequestFrame
    var arguments: [ArgumentRange] = []
  }

  var items: [Item] = []
  /// Bytes that belong to whole frames.
  var consumed = 0

  /// Reads `stream` as it arrives: up to each of `cuts` in turn, then to its end.
  init(_ stream: [UInt8], cuts: some Sequence<Int> = [], limits: FrameLimits = FrameLimits()) {
    var framer = RequestFramer(limits: limits)
    for cut in cuts {
      guard read(stream, to: cut, &framer) else { return }
    }
    _ = read(stream, to: stream.count, &framer)
  }

  /// False when the stream cannot be read any further.
  private mutating func read(_ stream: [UInt8], to end: Int, _ framer: inout RequestFramer) -> Bool {
    while consumed < end {
      let frame = framer.next(stream.span.extracting(consumed..<end))
      var item = Item(start: consumed, frame: frame)
      switch frame {
      case .incomplete: return true
      case .command(let length):
        item.arguments = framer.arguments
        consumed += length
      case .inline(let length), .empty(let length): consumed += length
      case .failure:
        items.append(item)
        return false
      }
      items.append(item)
      // A frame of nothing would never end; one beyond the input would be a lie.
      guard consumed > item.start, consumed <= end else { return false }
    }
    return true
  }

  var failure: ProtocolError? {
    if case .failure(let error) = items.last?.frame { error } else { nil }
  }
}

/// The same for a stack's stream of replies.
struct ReplyTrace: Equatable {
  var lengths: [Int] = []
  var consumed = 0
  var failure: ProtocolError?

  init(_ stream: [UInt8], cuts: some Sequence<Int> = [], limits: FrameLimits = FrameLimits()) {
    var framer = ReplyFramer(limits: limits)
    for cut in cuts {
      guard read(stream, to: cut, &framer) else { return }
    }
    _ = read(stream, to: stream.count, &framer)
  }

  private mutating func read(_ stream: [UInt8], to end: Int, _ framer: inout ReplyFramer) -> Bool {
    while consumed < end {
      switch framer.next(stream.span.extracting(consumed..<end)) {
      case .incomplete: return true
      case .reply(let length):
        lengths.append(length)
        consumed += length
        guard length > 0, consumed <= end else { return false }
      case .failure(let error):
        failure = error
        return false
      }
    }
    return true
  }
}

extension SplitMix64 {
  /// 0 up to `bound`, not included; cheap, and even enough.
  mutating func below(_ bound: Int) -> Int { Int(truncatingIfNeeded: next() >> 33) % max(1, bound) }
}
