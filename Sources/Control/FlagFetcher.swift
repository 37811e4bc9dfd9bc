import Foundation
import Logging
import SluiceConfiguration
import SluiceFlags
import SluiceHTTPCaller

/// Brings the flag file from where it is kept for all proxies of a service, as flagd's own HTTP sync does: asks once in a while, with the
/// ETag of what it has, and puts what is new and good into the place of the file. The watcher takes it from there, so that the last good one
/// is kept over everything that the source may do, restarts included.
actor FlagFetcher {
  private let settings: ServeConfiguration.Flags
  private let place: HTTPPlace
  private let file: FlagFile
  private let path: String
  private let logger: Logger
  private let caller = HTTPCaller()
  private var tag: String?
  private var last: [UInt8]?
  private var said: String?
  private(set) var fetched: Date?
  private(set) var error: String?
  private var task: Task<Void, Never>?

  /// Nil where flags are not fetched.
  init?(_ configuration: ServeConfiguration, logger: Logger) {
    guard let place = configuration.flags.source, let path = configuration.flags.path else { return nil }
    settings = configuration.flags
    (self.place, self.path, self.logger) = (place, path, logger)
    file = FlagFile(path: path)
    tag = Self.remembered(beside: path, of: place)
  }

  /// Before the flags are read for the first time: a proxy that begins without them would begin with stage off, and leave it a moment
  /// later, which empties new.
  ///
  /// - Throws: why it must not start.
  func first() async throws(ServeError) {
    // Without a file there is nothing that could be unchanged.
    let isThere = (try? file.load()) != nil
    if !isThere { tag = nil }
    await fetch()
    guard isThere || (try? file.load()) != nil else {
      throw ServeError.cannotFetchFlags("\(place)", error ?? "it has none")
    }
  }

  func run() {
    let pause = settings.interval
    task = Task {
      while !Task.isCancelled {
        try? await ContinuousClock().sleep(for: pause)
        if Task.isCancelled { return }
        await fetch()
      }
    }
  }

  func stop() async {
    task?.cancel()
    await caller.stop()
  }

  func fetch() async {
    var request = HTTPCaller.Request(place)
    request.tls = settings.tls
    request.answerBytes = 1 << 20
    request.patience = .seconds(5)
    request.headers = [("Accept", "application/json")]
    if let authorization = settings.authorization {
      request.headers.append(("Authorization", authorization.revealed))
    }
    if let tag { request.headers.append(("If-None-Match", tag)) }
    do throws(HTTPFault) {
      let answer = try await caller.call(request)
      switch answer.status {
      case 304: heard(nil)
      case 200: take(answer.body, tag: answer["etag"])
      default: heard("it answered \(answer.status)")
      }
    } catch {
      heard("it \(error)")
    }
  }

  private func take(_ body: [UInt8], tag: String?) {
    // A source without tags says the same again and again; what was ordered here since then stays.
    guard body != last else { return heard(nil) }
    do throws(FlagError) {
      _ = try FlagDefinition(bytes: body)
    } catch {
      return heard("what it has is refused: \(error)")
    }
    guard let lock = FlagLock(file) else {
      return heard("the flag file is being changed, and asked again soon")
    }
    defer { withExtendedLifetime(lock) {} }
    do throws(FlagError) {
      try FlagWriter(file: file).put(body)
    } catch {
      return heard("\(error)")
    }
    (last, self.tag) = (body, tag)
    Self.remember(tag, beside: path, of: place)
    heard(nil)
  }

  /// Each trouble once, and its end.
  private func heard(_ trouble: String?) {
    error = trouble
    if trouble == nil { fetched = Date() }
    guard trouble != said else { return }
    if let trouble {
      logger.error("the flags at \(place) are not fetched, the last good ones stay: \(trouble)")
    } else {
      logger.notice("the flags are fetched from \(place) again")
    }
    said = trouble
  }

  // MARK: What a restart knows

  private static func notePath(_ path: String) -> String {
    let url = URL(fileURLWithPath: path)
    return url.deletingLastPathComponent().appendingPathComponent(".\(url.lastPathComponent).fetched").path
  }

  private static func remembered(beside path: String, of place: HTTPPlace) -> String? {
    guard let text = try? String(contentsOfFile: notePath(path), encoding: .utf8) else { return nil }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count >= 2, lines[0] == "\(place)", !lines[1].isEmpty, lines[1].utf8.count < 1000 else {
      return nil
    }
    return String(lines[1])
  }

  private static func remember(_ tag: String?, beside path: String, of place: HTTPPlace) {
    try? "\(place)\n\(tag ?? "")\n".write(toFile: notePath(path), atomically: true, encoding: .utf8)
  }
}
