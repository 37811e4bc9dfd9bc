# Refused transactions, scripts and SELECTs among ordinary work, by Ruby's redis gem: PORT ROUNDS.
require "redis"

port, rounds = ARGV
r = Redis.new(host: "127.0.0.1", port: port.to_i, timeout: 5)
one = Redis.new(host: "127.0.0.1", port: port.to_i, timeout: 5)

def same(got, want, what)
  abort "#{what}: got #{got.inspect}, want #{want.inspect}" unless got == want
end

def refused(what)
  got = yield
  abort "#{what}: got #{got.inspect}, and no error"
rescue Redis::CommandError => error
  same(error.message.include?("sluice: "), true, "#{what}: #{error.message}")
end

# This gem connects with the database of its last SELECT, refused or not: the connection is there before.
same(one.ping, "PONG", "ping")
rounds.to_i.times do |i|
  key, value = "rb:#{i}", "value-#{i}"
  same(r.set(key, value), "OK", "set")
  refused("a transaction") do
    r.multi do |transaction|
      transaction.incr("rb:n")
      transaction.set(key, "wrong")
      transaction.publish("c", "x")
    end
  end
  same(r.get(key), value, "get behind a refused transaction")
  refused("a watch") { r.watch("rb:n") { r.multi { |transaction| transaction.incr("rb:n") } } }
  same(r.get(key), value, "get behind a refused watch")
  refused("a script") { r.eval("return redis.call('incr', 'rb:n')") }
  same(r.get(key), value, "get behind a refused script")
  refused("select") { one.select(3) }
  refused("set behind a refused select") { one.set(key, "wrong") }
  refused("flushdb behind a refused select") { one.flushdb }
  same(one.select(0), "OK", "select 0")
  same(one.get(key), value, "get behind select 0")
end
same(r.get("rb:n"), nil, "what was refused")
puts "ruby: all refusals are whole"
