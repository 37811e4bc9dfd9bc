# The ordinary work of a cache client, by Ruby's redis gem: PORT all|strings.
require "redis"

port, scope = ARGV
r = Redis.new(host: "127.0.0.1", port: port.to_i, timeout: 5)

def same(got, want, what)
  abort "#{what}: got #{got.inspect}, want #{want.inspect}" unless got == want
end

same(r.ping, "PONG", "ping")
r.flushdb
same(r.dbsize, 0, "an empty cache")

same(r.set("rb:1", "one", ex: 100), "OK", "set ex")
same(r.get("rb:1"), "one", "get")
same(r.ttl("rb:1").between?(1, 100), true, "ttl")
same(r.set("rb:1", "two", nx: true), false, "set nx on a key that is there")
same(r.set("rb:1", "two", xx: true, keepttl: true), true, "set xx")
same(r.expire("rb:1", 200), true, "expire")
same(r.persist("rb:1"), true, "persist")
same(r.get("rb:nothing"), nil, "a miss")
binary = ((0..255).to_a * 300).pack("C*")
same(r.set("rb:binary", binary), "OK", "set of binary bytes")
same(r.get("rb:binary").b, binary, "get of binary bytes")
same(r.append("rb:text", "abc"), 3, "append")

keys = (0...200).map { |i| "rb:many:#{i}" }
same(r.mapped_mset(keys.to_h { |key| [key, "v-#{key}"] }), "OK", "mset")
same(r.mget(*keys, "rb:nothing"), keys.map { |key| "v-#{key}" } + [nil], "mget")
same(r.exists(*keys), 200, "exists")
same(r.scan_each(match: "rb:many:*", count: 17).to_a.uniq.sort, keys.sort, "scan")
same(r.del(*keys.first(150)), 150, "del")
same(r.unlink(*keys.drop(150)), 50, "unlink")

same(3.times.map { r.incr("rb:n") }, [1, 2, 3], "incr")
same(r.incrby("rb:n", 39), 42, "incrby")

replies = r.pipelined do |pipe|
  500.times do |i|
    pipe.set("rb:pipe:#{i}", i)
    pipe.get("rb:pipe:#{i}")
  end
end
same(replies, (0...500).flat_map { |i| ["OK", i.to_s] }, "pipeline")

if scope == "all"
  same(r.hset("rb:h", "a", 1, "b", 2), 2, "hset")
  same(r.hgetall("rb:h"), { "a" => "1", "b" => "2" }, "hgetall")
  same(r.hincrby("rb:h", "a", 5), 6, "hincrby")
  same(r.hdel("rb:h", "a"), 1, "hdel")
  same(r.rpush("rb:l", %w[a b c]), 3, "rpush")
  same(r.lrange("rb:l", 0, -1), %w[a b c], "lrange")
  same(r.lpop("rb:l"), "a", "lpop")
  same(r.sadd("rb:s", %w[a b]), 2, "sadd")
  same(r.smembers("rb:s").sort, %w[a b], "smembers")
  same(r.zadd("rb:z", [[1, "a"], [2, "b"]]), 2, "zadd")
  same(r.zrange("rb:z", 0, -1, with_scores: true), [["a", 1.0], ["b", 2.0]], "zrange")
  same(r.zincrby("rb:z", 5, "a"), 6.0, "zincrby")
  begin
    r.lpush("rb:h", "x")
    abort "a list command on a hash went through"
  rescue Redis::CommandError => error
    same(error.message.start_with?("WRONGTYPE"), true, "the error of a wrong type")
  end
end

same(r.flushdb, "OK", "flushdb")
same(r.dbsize, 0, "dbsize after flushdb")
puts "ruby: all well"
