import SluiceLocks
import SluiceRedisLink

#if TLS
  import SluiceLinkTLS
#endif

/// Who speaks TLS for caches: what the trait `TLS` of the package brings, or what an executable of ours that has it anyway gives.
package enum CacheTLS {
  #if TLS
    private static let given = Mutex<LinkTLSMaker?>(LinkTLSContext.maker)
  #else
    private static let given = Mutex<LinkTLSMaker?>(nil)
  #endif

  static var maker: LinkTLSMaker? { given.withLock { $0 } }

  package static func use(_ maker: @escaping LinkTLSMaker) { given.withLock { $0 = maker } }
}
