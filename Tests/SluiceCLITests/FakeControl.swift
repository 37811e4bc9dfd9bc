import Foundation
import SluiceLocks

/// A control port that answers from a closure: real sockets, one thread, nothing of Sluice in it.
final class FakeControl: Sendable {
  let port: Int
  private let descriptor: Int32
  private let seen = Mutex<[[String]]>([])

  /// Every command that arrived, in order.
  var commands: [[String]] { seen.withLock { $0 } }

  /// - Parameter answer: the bytes of the reply to one command; nil closes the connection instead.
  init(_ answer: @escaping @Sendable ([String]) -> String?) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = self.descriptor
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { socketAddress in
        bind(descriptor, socketAddress, length) == 0 && listen(descriptor, 16) == 0
          && getsockname(descriptor, socketAddress, &length) == 0
      }
    }
    guard bound else { throw POSIXError(.EADDRNOTAVAIL) }
    port = Int(UInt16(bigEndian: address.sin_port))
    Thread.detachNewThread { [self] in
      while true {
        let client = accept(descriptor, nil, nil)
        guard client >= 0 else {
          close(descriptor)
          return
        }
        serve(client, answer)
        close(client)
      }
    }
  }

  /// Wakes the thread, which alone closes the descriptor: closed here, its number could already be that of
  /// another test's socket while the thread still accepts on it.
  func stop() {
    shutdown(descriptor, Int32(SHUT_RDWR))
  }

  private func serve(_ client: Int32, _ answer: ([String]) -> String?) {
    var input: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      while let (command, used) = Self.command(input) {
        input.removeFirst(used)
        seen.withLock { $0.append(command) }
        guard let reply = answer(command) else { return }
        let bytes = Array(reply.utf8)
        guard send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { return }
      }
      let count = recv(client, &chunk, chunk.count, 0)
      guard count > 0 else { return }
      input += chunk[..<count]
    }
  }

  /// The first whole command of `input` and its length in bytes.
  private static func command(_ input: [UInt8]) -> (command: [String], used: Int)? {
    var position = 0
    func line() -> Substring? {
      guard let end = input[position...].firstIndex(of: 13), end + 1 < input.count else { return nil }
      defer { position = end + 2 }
      return Substring(decoding: input[position..<end], as: UTF8.self)
    }
    guard let header = line(), let count = Int(header.dropFirst()) else { return nil }
    var command: [String] = []
    for _ in 0..<count {
      guard let size = line(), let length = Int(size.dropFirst()), position + length + 2 <= input.count else {
        return nil
      }
      command.append(String(decoding: input[position..<(position + length)], as: UTF8.self))
      position += length + 2
    }
    return (command, position)
  }
}

/// A bulk string as RESP has it.
func bulk(_ text: String) -> String { "$\(text.utf8.count)\r\n\(text)\r\n" }
