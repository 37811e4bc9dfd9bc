<?php
// Refused transactions, scripts and SELECTs among ordinary work, by PHP's redis extension: PORT ROUNDS.
[, $port, $rounds] = $argv;

function same($got, $want, $what)
{
    if ($got !== $want) {
        fwrite(STDERR, "$what: got " . var_export($got, true) . ", want " . var_export($want, true) . "\n");
        exit(1);
    }
}

/** False, or an exception that says why: both are how this extension says no. */
function refused($redis, $work, $what)
{
    $redis->clearLastError();
    try {
        same($work(), false, $what);
        $said = (string) $redis->getLastError();
    } catch (RedisException $error) {
        $said = $error->getMessage();
    }
    same(strpos($said, 'sluice: ') !== false, true, "$what said '$said'");
}

$r = new Redis();
same($r->connect('127.0.0.1', (int) $port, 5.0), true, 'connect');
$one = new Redis();
same($one->connect('127.0.0.1', (int) $port, 5.0), true, 'connect');
for ($i = 0; $i < $rounds; $i++) {
    [$key, $value] = ["php:$i", "value-$i"];
    same($r->set($key, $value), true, 'set');
    // This extension goes on reading behind the error of an EXEC, with a Redis too, until its patience is at an end.
    $r->multi();
    $r->incr('php:n');
    $r->set($key, 'wrong');
    $r->publish('c', 'x');
    $r->setOption(Redis::OPT_READ_TIMEOUT, 0.002);
    try {
        same($r->exec(), false, 'a transaction');
    } catch (RedisException $error) {
    }
    $r->setOption(Redis::OPT_READ_TIMEOUT, 5);
    same($r->get($key), $value, 'get behind a refused transaction');
    // In one piece: it takes the error for no replies at all, with a Redis too.
    $pipe = $r->pipeline();
    $pipe->multi();
    $pipe->incr('php:n');
    $pipe->set($key, 'wrong');
    $pipe->publish('c', 'x');
    $pipe->exec();
    same($pipe->exec(), [[]], 'a transaction in a pipeline');
    same($r->get($key), $value, 'get behind a refused transaction in a pipeline');
    refused($r, fn () => $r->eval("return redis.call('incr', 'php:n')", [], 0), 'a script');
    same($r->get($key), $value, 'get behind a refused script');
    refused($one, fn () => $one->select(3), 'select');
    refused($one, fn () => $one->set($key, 'wrong'), 'set behind a refused select');
    refused($one, fn () => $one->flushDB(), 'flushdb behind a refused select');
    same($one->select(0), true, 'select 0');
    same($one->get($key), $value, 'get behind select 0');
}
same($r->get('php:n'), false, 'what was refused');
echo "php: all refusals are whole\n";
