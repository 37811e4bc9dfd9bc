import SluiceRedisClient
import SluiceTLS
import Testing

@Suite struct RedisEndpointTests {
  @Test(arguments: [
    ("redis://127.0.0.1:6379", RedisEndpoint(.tcp(host: "127.0.0.1", port: 6379))),
    ("redis://cache.example", RedisEndpoint(.tcp(host: "cache.example", port: 6379))),
    ("redis://cache.example/", RedisEndpoint(.tcp(host: "cache.example", port: 6379))),
    ("redis://h:65535/15", RedisEndpoint(.tcp(host: "h", port: 65535), database: 15)),
    ("redis://[::1]:7000", RedisEndpoint(.tcp(host: "::1", port: 7000))),
    ("redis://[::1]/2", RedisEndpoint(.tcp(host: "::1", port: 6379), database: 2)),
    ("redis://ann:s3cret@h:1", RedisEndpoint(.tcp(host: "h", port: 1), user: "ann", password: "s3cret")),
    ("redis://:s3cret@h:1", RedisEndpoint(.tcp(host: "h", port: 1), password: "s3cret")),
    ("redis://s3cret@h:1", RedisEndpoint(.tcp(host: "h", port: 1), password: "s3cret")),
    ("redis://ann:a%40b%3A%25@h", RedisEndpoint(.tcp(host: "h", port: 6379), user: "ann", password: "a@b:%")),
    ("redis://ann:a@b@h", RedisEndpoint(.tcp(host: "h", port: 6379), user: "ann", password: "a@b")),
    ("rediss://h/2", RedisEndpoint(.tcp(host: "h", port: 6379), database: 2, tls: ClientTLS())),
    ("unix:///run/redis.sock", RedisEndpoint(.unix(path: "/run/redis.sock"))),
  ])
  func reads(_ url: String, _ expected: RedisEndpoint) throws {
    #expect(try RedisEndpoint(url) == expected)
  }

  @Test("rediss:// says how TLS is spoken, and is shown as it is read")
  func speaksTLS() throws {
    let endpoint = try RedisEndpoint("rediss://ann:p?1@h:1?ca=%2Fa%40b.pem&cert=/c&key=/k&name=n&check=chain")
    var tls = ClientTLS()
    (tls.ca, tls.certificate, tls.key, tls.name, tls.check) = ("/a@b.pem", "/c", "/k", "n", .chain)
    #expect(endpoint == RedisEndpoint(.tcp(host: "h", port: 1), user: "ann", password: "p?1", tls: tls))
    #expect("\(endpoint)" == "rediss://ann:***@h:1?ca=/a%40b.pem&cert=/c&key=/k&name=n&check=chain")
    #expect(try RedisEndpoint("rediss://h:1\(tls.query)").tls == tls)
  }

  @Test(arguments: [
    ("", "starts with"), ("localhost:6379", "starts with"), ("http://h", "starts with"),
    ("rediss://h?ca=", "names nothing by ca"),
    ("rediss://h?cafile=/ca.pem", "and not cafile"),
    ("rediss://h?cert=/c.pem", "not its key"),
    ("rediss://h?check=maybe", "check=full"),
    ("rediss://h?ca=%zz", "bad % escape"),
    ("redis://", "host is missing"), ("redis://:6379", "host is missing"), ("redis://h:", "port"),
    ("redis://h:0", "port"), ("redis://h:65536", "port"), ("redis://h:-1", "port"), ("redis://h:6x", "port"),
    ("redis://h:1/x", "database"), ("redis://h:1/-1", "database"), ("redis://h:1/1/2", "database"),
    ("redis://h/99999999999999999999", "database"), ("redis://::1:6379", "brackets"),
    ("redis://[::1", "bracket"),
    ("redis://[::1]6379", "bracket"), ("redis://@h", "password"), ("redis://ann:@h", "password"),
    ("redis://a:%4@h", "hex"), ("redis://a:%zz@h", "hex"), ("redis://a:%ff@h", "UTF-8"),
    ("redis://h\0x", "host is missing"),
    ("unix://run/redis.sock", "absolute"), ("unix://", "absolute"), ("unix:///a\0b", "zero byte"),
    ("unix:///" + String(repeating: "x", count: 107), "107"),
  ])
  func refuses(_ url: String, _ word: String) {
    let error = #expect(throws: RedisError.self) { try RedisEndpoint(url) }
    #expect(error?.code == .invalidEndpoint)
    #expect(error?.message.contains(word) == true, "\(error?.message ?? "none")")
  }

  @Test(arguments: [
    ("redis://ann:s3cret@h:1/3", "redis://ann:***@h:1/3"), ("redis://:s3cret@h:1", "redis://:***@h:1"),
    ("redis://h", "redis://h:6379"), ("redis://[::1]", "redis://[::1]:6379"), ("unix:///a", "unix:///a"),
  ])
  func describesItselfWithoutThePassword(_ url: String, _ shown: String) throws {
    #expect(try "\(RedisEndpoint(url))" == shown)
  }

  @Test func namesNoPasswordInAnError() {
    let error = #expect(throws: RedisError.self) { try RedisEndpoint("redis://ann:s3cret%@h:1") }
    #expect(error?.message.contains("s3cret") == false)
  }
}
