/// Which version of the protocol a reply is in (https://redis.io/docs/latest/develop/reference/protocol-spec/).
public enum Wire: UInt8, Sendable, BitwiseCopyable {
  /// Of a question: its reply is understood in both. Of a link: nobody knows.
  case any = 0
  case resp2 = 2
  case resp3 = 3
}
