# One user of redis-rb, as work.py: ruby work.rb APPLICATION URL SECONDS SEED
require "json"
require "redis"

_application, url, seconds, seed = ARGV
name = "w#{seed}"
random = Random.new(seed.to_i)
redis = Redis.new(url: url)

def same(found, expected)
  raise "found #{found.inspect} where #{expected.inspect} was written" unless found == expected
end

release = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end"
sha = redis.script(:load, release)

steps = [
  lambda do
    key = "#{name}:#{random.rand(30)}"
    same(redis.set(key, "v", ex: 60), "OK")
    same(redis.get(key), "v")
    same(redis.mapped_mget(key, "#{key}:none"), { key => "v", "#{key}:none" => nil })
    same(redis.del(key), 1)
  end,
  lambda do
    key = "{#{name}}:#{random.rand(30)}"
    redis.del(key, "#{key}:h")
    same(redis.multi { |m| m.incr(key); m.hset("#{key}:h", "a", "1"); m.get(key) }, [1, 1, "1"])
    same(redis.pipelined { |p| p.incr(key); p.hgetall("#{key}:h") }, [2, { "a" => "1" }])
  end,
  lambda do
    key = "#{name}:lock#{random.rand(5)}"
    same(redis.set(key, "mine", nx: true, ex: 10), true)
    same(redis.evalsha(sha, [key], ["other"]), 0)
    same(redis.evalsha(sha, [key], ["mine"]), 1)
  end,
]

finish = Process.clock_gettime(Process::CLOCK_MONOTONIC) + seconds.to_f
done = 0
errors = Hash.new(0)
while Process.clock_gettime(Process::CLOCK_MONOTONIC) < finish
  begin
    steps[random.rand(steps.size)].call
  rescue StandardError => e
    errors["#{e.class}: #{e.message}"] += 1
    sleep 0.01
  end
  done += 1
end
puts JSON.generate({ done: done, errors: errors })
