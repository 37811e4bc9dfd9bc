// One user of node-redis, as work.py: node work.js APPLICATION URL SECONDS SEED
const { createClient } = require("redis");
const assert = require("assert");

const [, , , url, seconds, seed] = process.argv;
const name = `w${seed}`;
const below = (count) => Math.floor(Math.random() * count);
const release = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end";

(async () => {
  const client = createClient({ url });
  client.on("error", () => {});
  await client.connect();
  const steps = [
    async () => {
      const key = `${name}:${below(30)}`;
      assert.strictEqual(await client.set(key, "v", { EX: 60 }), "OK");
      assert.strictEqual(await client.get(key), "v");
      assert.deepStrictEqual(await client.mGet([key, `${key}:none`]), ["v", null]);
      assert.strictEqual(await client.del(key), 1);
    },
    async () => {
      const key = `{${name}}:${below(30)}`;
      await client.del([key, `${key}:h`]);
      assert.deepStrictEqual(await client.multi().incr(key).hSet(`${key}:h`, "a", "1").get(key).exec(), [1, 1, "1"]);
      assert.deepStrictEqual({ ...(await client.hGetAll(`${key}:h`)) }, { a: "1" });
    },
    async () => {
      const key = `${name}:lock${below(5)}`;
      assert.strictEqual(await client.set(key, "mine", { NX: true, EX: 10 }), "OK");
      assert.strictEqual(await client.eval(release, { keys: [key], arguments: ["other"] }), 0);
      assert.strictEqual(await client.eval(release, { keys: [key], arguments: ["mine"] }), 1);
    },
  ];
  const end = Date.now() + 1000 * seconds;
  let done = 0;
  const errors = {};
  while (Date.now() < end) {
    try {
      await steps[below(steps.length)]();
    } catch (error) {
      const text = String(error.message).slice(0, 300);
      errors[text] = (errors[text] || 0) + 1;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    done++;
  }
  console.log(JSON.stringify({ done, errors }));
  process.exit(0);
})();
