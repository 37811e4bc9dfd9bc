import Foundation
import NIOSSL

/// Reads certificates and keys, and says in a sentence what is wrong with a file.
enum TLSFiles {
  struct Identity {
    var chain: [NIOSSLCertificate]
    var key: NIOSSLPrivateKey
    /// When the certificate ends.
    var end: Date

    var sources: [NIOSSLCertificateSource] { chain.map { .certificate($0) } }
  }

  /// A certificate that is valid now, and its key.
  static func identity(_ certificate: String, _ key: String, now: Date) throws(TLSFault) -> Identity {
    let chain = try certificates(certificate, "certificate")
    guard let leaf = chain.first else { throw TLSFault("the file \"\(certificate)\" holds no certificate") }
    let begin = Date(timeIntervalSince1970: Double(leaf.notValidBefore))
    let end = Date(timeIntervalSince1970: Double(leaf.notValidAfter))
    guard end > now else {
      throw TLSFault("the certificate in \"\(certificate)\" has expired on \(day(end)); renew it")
    }
    guard begin <= now else {
      throw TLSFault(
        "the certificate in \"\(certificate)\" is not valid before \(day(begin)); set the clock right or wait"
      )
    }
    let text = try bytes(key, "key")
    guard !isEncrypted(text) else {
      throw TLSFault("the key in \"\(key)\" is encrypted; store it without a passphrase (openssl pkey)")
    }
    let found: NIOSSLPrivateKey
    do { found = try NIOSSLPrivateKey(bytes: text, format: .pem) } catch {
      throw TLSFault("the file \"\(key)\" holds no private key in PEM; name one")
    }
    let identity = Identity(chain: chain, key: found, end: end)
    do {
      _ = try NIOSSLContext(
        configuration: .makeServerConfiguration(
          certificateChain: identity.sources, privateKey: .privateKey(found)))
    } catch NIOSSLError.failedToLoadPrivateKey {
      throw TLSFault(
        "the key in \"\(key)\" does not belong to the certificate in \"\(certificate)\"; name the two that do"
      )
    } catch {
      throw TLSFault(
        "the certificate in \"\(certificate)\" cannot be used (\(TLSWords.plain(error))); name another one")
    }
    return identity
  }

  /// - Parameter what: what the file holds, for people.
  static func certificates(_ path: String, _ what: String) throws(TLSFault) -> [NIOSSLCertificate] {
    let text = try bytes(path, what)
    let found: [NIOSSLCertificate]
    do { found = try NIOSSLCertificate.fromPEMBytes(text) } catch {
      throw TLSFault("the file \"\(path)\" holds no certificate in PEM; name one")
    }
    guard !found.isEmpty else { throw TLSFault("the file \"\(path)\" holds no certificate in PEM; name one") }
    return found
  }

  private static func bytes(_ path: String, _ what: String) throws(TLSFault) -> [UInt8] {
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw TLSFault("the \(what) file \"\(path)\" cannot be opened; check the path and its permissions")
    }
    defer { try? handle.close() }
    let data: Data
    do { data = try handle.read(upToCount: most + 1) ?? Data() } catch {
      throw TLSFault(
        "the \(what) file \"\(path)\" cannot be read; check that it is a file and its permissions")
    }
    guard data.count <= most else {
      throw TLSFault("the \(what) file \"\(path)\" is larger than 4mb; name a PEM file")
    }
    return Array(data)
  }

  /// Bundles of all CAs that there are have a quarter of a megabyte.
  private static let most = 4 << 20

  private static func isEncrypted(_ text: [UInt8]) -> Bool {
    ["BEGIN ENCRYPTED PRIVATE KEY", "Proc-Type: 4,ENCRYPTED"].contains {
      text.firstRange(of: Array($0.utf8)) != nil
    }
  }

  /// A day as everybody reads it.
  static func day(_ date: Date) -> String { String(date.formatted(.iso8601).prefix(10)) }
}
