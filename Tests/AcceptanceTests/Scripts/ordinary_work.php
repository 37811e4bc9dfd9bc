<?php
// The ordinary work of a cache client, by PHP's redis extension: PORT all|strings.
[, $port, $scope] = $argv;

function same($got, $want, $what)
{
    if ($got !== $want) {
        fwrite(STDERR, "$what: got " . var_export($got, true) . ", want " . var_export($want, true) . "\n");
        exit(1);
    }
}

$r = new Redis();
same($r->connect('127.0.0.1', (int) $port, 5.0), true, 'connect');
same($r->ping(), true, 'ping');
$r->flushDB();
same($r->dbSize(), 0, 'an empty cache');

same($r->setEx('php:1', 100, 'one'), true, 'setex');
same($r->get('php:1'), 'one', 'get');
same($r->ttl('php:1') > 0 && $r->ttl('php:1') <= 100, true, 'ttl');
same($r->set('php:1', 'two', ['nx']), false, 'set nx on a key that is there');
same($r->set('php:1', 'two', ['xx', 'ex' => 50]), true, 'set xx');
same($r->expire('php:1', 200), true, 'expire');
same($r->persist('php:1'), true, 'persist');
same($r->get('php:nothing'), false, 'a miss');
$binary = str_repeat(implode(array_map('chr', range(0, 255))), 300);
same($r->set('php:binary', $binary), true, 'set of binary bytes');
same($r->get('php:binary'), $binary, 'get of binary bytes');
same($r->append('php:text', 'abc'), 3, 'append');

$many = [];
for ($i = 0; $i < 200; $i++) {
    $many["php:many:$i"] = "v-$i";
}
$keys = array_keys($many);
same($r->mset($many), true, 'mset');
same($r->mget(array_merge($keys, ['php:nothing'])), array_merge(array_values($many), [false]), 'mget');
same($r->exists($keys), 200, 'exists');
$found = [];
$cursor = null;
$r->setOption(Redis::OPT_SCAN, Redis::SCAN_RETRY);
while (($batch = $r->scan($cursor, 'php:many:*', 17)) !== false) {
    $found = array_merge($found, $batch);
}
$found = array_values(array_unique($found));
sort($found);
sort($keys);
same($found, $keys, 'scan');
same($r->del(array_slice($keys, 0, 150)), 150, 'del');
same($r->unlink(array_slice($keys, 150)), 50, 'unlink');

same([$r->incr('php:n'), $r->incr('php:n'), $r->incrBy('php:n', 40)], [1, 2, 42], 'incr');

$pipe = $r->multi(Redis::PIPELINE);
$want = [];
for ($i = 0; $i < 500; $i++) {
    $pipe->set("php:pipe:$i", "$i")->get("php:pipe:$i");
    array_push($want, true, "$i");
}
same($pipe->exec(), $want, 'pipeline');

if ($scope === 'all') {
    same($r->hMSet('php:h', ['a' => '1', 'b' => '2']), true, 'hmset');
    same($r->hGetAll('php:h'), ['a' => '1', 'b' => '2'], 'hgetall');
    same($r->hIncrBy('php:h', 'a', 5), 6, 'hincrby');
    same($r->hDel('php:h', 'a'), 1, 'hdel');
    same($r->rPush('php:l', 'a', 'b', 'c'), 3, 'rpush');
    same($r->lRange('php:l', 0, -1), ['a', 'b', 'c'], 'lrange');
    same($r->lPop('php:l'), 'a', 'lpop');
    same($r->sAdd('php:s', 'a', 'b'), 2, 'sadd');
    $members = $r->sMembers('php:s');
    sort($members);
    same($members, ['a', 'b'], 'smembers');
    same($r->zAdd('php:z', 1, 'a', 2, 'b'), 2, 'zadd');
    same($r->zRange('php:z', 0, -1, true), ['a' => 1.0, 'b' => 2.0], 'zrange');
    same($r->zIncrBy('php:z', 5, 'a'), 6.0, 'zincrby');
    same($r->lPush('php:h', 'x'), false, 'a list command on a hash');
    same(strpos((string) $r->getLastError(), 'WRONGTYPE'), 0, 'the error of a wrong type');
}

same($r->flushDB(), true, 'flushdb');
same($r->dbSize(), 0, 'dbsize after flushdb');
echo "php: all well\n";
