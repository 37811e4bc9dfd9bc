import NIOCore
import SluiceRedisLink
import SluiceTLS
import SluiceTLSSettings

/// TLS for links to a Redis, by the same contexts as every other connection of ours.
public struct LinkTLSContext: LinkTLS {
  private let context: ClientTLSContext

  /// What a link is made with: the context for these settings, made anew where a file has changed.
  public static let maker: LinkTLSMaker = { settings throws(TLSFault) in
    LinkTLSContext(context: try ClientTLSContext.shared(settings))
  }

  public func start(in channel: Channel, host: String) throws {
    try context.start(in: channel, host: host)
  }

  public func reason(of error: any Error, in channel: Channel?) -> String? {
    TLSWords.reason(of: error, context.settings, in: channel)
  }

  public func isEnd(_ error: any Error) -> Bool { TLSWords.isEnd(error) }
}
