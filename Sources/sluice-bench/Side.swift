import SluiceLoadGenerator
import SluiceRedisClient

/// One of those that are compared: what stands between the load and the legacy Redis.
struct Side {
  /// The column in the table.
  let name: String
  /// What the load talks to.
  let target: RedisEndpoint
  /// Whose processor time is counted; `nil` for the side without a proxy.
  let proxy: ChildProcess?
  /// Asked after each run: how many reads were compared so far. `nil` for sides that compare nothing.
  let compared: (() throws -> Int?)?
  /// Whether values are brought to the servers through it, so that its layers have their say; else past it.
  var fillsThrough = false
  /// The side of an older build that does the same; nil where there is none.
  var base: String?
}

/// The servers of a comparison; they end when this object is released.
final class Sides {
  let legacy: LocalServer
  let new: LocalServer
  let all: [Side]
  /// The name of the side by whose processor time the others' is divided.
  let baseline: String
  /// Kept for their lifetime.
  private let servers: [LocalServer]

  /// Starts everything: each proxy in front of the same legacy Redis.
  ///
  /// - Parameters:
  ///   - sluice: the path of the executable; nil leaves it out.
  ///   - base: the path of an older one, which does the same in each stage.
  init(in folder: ScratchFolder, sluice: String?, base: String?) throws {
    let legacy = try LocalServer.redis(in: folder, name: "legacy")
    let new = try LocalServer.redis(in: folder, name: "new")
    let haproxy = try LocalServer.haproxy(before: legacy, in: folder)
    let twemproxy = try Self.twemproxy(before: legacy, in: folder)
    var servers = [haproxy, twemproxy]
    var sides = [
      Side(name: "direct", target: legacy.endpoint, proxy: nil, compared: nil),
      Side(name: "haproxy", target: haproxy.endpoint, proxy: haproxy.process, compared: nil),
      Side(name: "twemproxy", target: twemproxy.endpoint, proxy: twemproxy.process, compared: nil),
    ]
    let builds = [(base, "base"), (sluice, "sluice")].compactMap { path, name in path.map { ($0, name) } }
    for stage in ["off", "shadow"] {
      for (executable, name) in builds {
        let proxy = try SluiceProcess.start(
          executable, legacy: legacy.endpoint, new: new.endpoint, in: folder, name: "\(name)-\(stage)",
          comparing: true)
        try proxy.order("STAGE", stage)
        servers.append(proxy.server)
        let compared: (() throws -> Int?)? =
          stage == "shadow" ? { try proxy.count("compare", "matched") } : nil
        sides.append(
          Side(
            name: "\(name) \(stage)", target: proxy.server.endpoint, proxy: proxy.server.process,
            compared: compared, base: name == "sluice" && base != nil ? "base \(stage)" : nil))
      }
    }
    self.legacy = legacy
    self.new = new
    self.servers = servers
    baseline = "twemproxy"
    all = sides
  }

  /// Starts one Sluice with a plain legacy stack, and one for each layer over the same Redis.
  init(layeredIn folder: ScratchFolder, sluice: String, keys: Int) throws {
    legacy = try LocalServer.redis(in: folder, name: "legacy")
    new = try LocalServer.redis(in: folder, name: "new")
    let layers = [
      ("plain", ""), ("L1 that holds all", "l1: { entries: \(keys) }"),
      ("L1 that holds none", "l1: { entries: 1 }"),
      ("compression", "compression: { threshold: 2000, level: 6 }"),
    ]
    var servers: [LocalServer] = []
    var sides = [Side(name: "direct", target: legacy.endpoint, proxy: nil, compared: nil)]
    for (number, (name, layer)) in layers.enumerated() {
      let stack = "url: \(legacy.endpoint)" + (layer.isEmpty ? "" : ", \(layer)")
      let configuration = try folder.write("layers-\(number).yaml", "stacks:\n  legacy: { \(stack) }\n")
      let proxy = try SluiceProcess.start(
        sluice, legacy: nil, new: new.endpoint, in: folder, name: "layers-\(number)", comparing: false,
        configuration: configuration)
      servers.append(proxy.server)
      sides.append(
        Side(
          name: name, target: proxy.server.endpoint, proxy: proxy.server.process, compared: nil,
          fillsThrough: true))
    }
    self.servers = servers
    baseline = "plain"
    all = sides
  }

  private static func twemproxy(before redis: LocalServer, in folder: ScratchFolder) throws -> LocalServer {
    try LocalServer.start("nutcracker", in: folder, name: "twemproxy") { port throws(ProcessError) in
      let file = try folder.write(
        "nutcracker.yml",
        """
        legacy:
          listen: 127.0.0.1:\(port)
          redis: true
          auto_eject_hosts: false
          servers:
           - 127.0.0.1:\(redis.port):1

        """)
      return [
        "-c", file, "-v", "4", "-o", "\(folder.path)/nutcracker.log", "-a", "127.0.0.1", "-s",
        "\(try Ports.free())",
        "-p", "\(folder.path)/nutcracker.pid",
      ]
    }
  }
}
