import Foundation
import SluiceLoadGenerator
import Testing

@testable import SluiceTLS

@Suite struct TLSFilesTests {
  private let folder: ScratchFolder
  private let ca: CertificateAuthority
  private let own: CertificateAuthority.Identity

  init() throws {
    folder = try ScratchFolder()
    ca = try CertificateAuthority(in: folder)
    own = try ca.issue("own")
  }

  private func door(_ certificate: String, _ key: String) -> ServerTLS {
    ServerTLS(.init(certificate: certificate, key: key))
  }

  @Test("a file that cannot be used is named, with the reason and what to do")
  func refused() throws {
    let other = try ca.issue("other")
    let old = try ca.issue("old", days: -1)
    let text = try folder.write("text.pem", "hello\n")
    let locked = try folder.write(
      "locked.key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIH\n-----END ENCRYPTED PRIVATE KEY-----\n")
    for (certificate, key, says) in [
      ("/no/such.pem", own.key, "certificate file \"/no/such.pem\" cannot be opened"),
      (own.certificate, "/no/such.key", "key file \"/no/such.key\" cannot be opened"),
      (folder.path, own.key, "cannot be read; check that it is a file"),
      (text, own.key, "holds no certificate in PEM"),
      (own.certificate, text, "holds no private key in PEM"),
      (own.certificate, own.certificate, "holds no private key in PEM"),
      (own.certificate, locked, "is encrypted; store it without a passphrase"),
      (own.certificate, other.key, "does not belong to the certificate in \"\(own.certificate)\""),
      (old.certificate, old.key, "has expired on "),
    ] {
      let fault = #expect(throws: TLSFault.self, "\(says)") { try ServerTLSContext(door(certificate, key)) }
      #expect(fault?.description.contains(says) == true, "\(fault?.description ?? "") is not: \(says)")
    }
    var tls = ClientTLS()
    tls.ca = text
    #expect(throws: TLSFault.self) { try ClientTLSContext(tls) }
    (tls.ca, tls.certificate, tls.key) = (ca.certificate, own.certificate, other.key)
    #expect(throws: TLSFault.self) { try ClientTLSContext(tls) }
    tls.key = own.key
    #expect(throws: Never.self) { try ClientTLSContext(tls) }
  }

  @Test("the last good files stay in use, and it is told which certificate ends first")
  func reload() throws {
    let short = try ca.issue("short", days: 1)
    var settings = door(own.certificate, own.key)
    settings.add("short.example", .init(certificate: short.certificate, key: short.key))
    let context = try ServerTLSContext(settings)
    #expect(context.firstToEnd.file == short.certificate)
    #expect(try !context.reload())
    try FileManager.default.removeItem(atPath: own.key)
    #expect(throws: TLSFault.self) { try context.reload() }
    #expect(context.firstToEnd.file == short.certificate)
    _ = try ca.issue("own", days: 1)
    #expect(try context.reload())
  }

  @Test("which certificate a name means")
  func names() {
    let names = ["a.example", "*.b.example"]
    for (asked, place) in [
      ("a.example", 0), ("A.Example", 0), ("x.b.example", 1), ("b.example", nil), ("x.y.b.example", nil),
      (".b.example", nil), ("", nil), ("c.example", nil),
    ] as [(String, Int?)] {
      #expect(ServerTLS.place(of: asked, among: names) == place, "\(asked)")
    }
  }
}
