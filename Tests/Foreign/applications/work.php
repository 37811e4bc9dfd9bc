<?php
// One user of phpredis and PHP's sessions, as work.py: php work.php APPLICATION URL SECONDS SEED
[, $application, $url, $seconds, $seed] = $argv;
$where = parse_url($url);
$name = "w$seed";
mt_srand((int)$seed);

function same($found, $expected) {
    if ($found !== $expected) {
        throw new Exception('found ' . json_encode($found) . ' where ' . json_encode($expected) . ' was written');
    }
}

function connected($where) {
    $redis = new Redis();
    $redis->connect($where['host'], $where['port']);
    return $redis;
}

$steps = [];
if ($application === 'phpredis') {
    $redis = connected($where);
    $steps[] = function () use ($redis, $name) {
        $key = "$name:" . mt_rand(0, 30);
        same($redis->setex($key, 60, 'v'), true);
        same($redis->get($key), 'v');
        same($redis->set($key, 'w', ['nx', 'ex' => 10]), false);
        same($redis->del($key), 1);
        same($redis->get($key), false);
    };
    $steps[] = function () use ($redis, $name) {
        $key = "{{$name}}:" . mt_rand(0, 30);
        $redis->del($key, "$key:h");
        same($redis->multi()->incr($key)->hSet("$key:h", 'a', '1')->get($key)->exec(), [1, 1, '1']);
        same($redis->pipeline()->incr($key)->hGetAll("$key:h")->exec(), [2, ['a' => '1']]);
    };
    $steps[] = function () use ($redis, $name) {
        $key = "$name:lock" . mt_rand(0, 5);
        same($redis->set($key, 'mine', ['nx', 'ex' => 10]), true);
        $release = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) else return 0 end";
        same($redis->eval($release, [$key, 'other'], 1), 0);
        same($redis->eval($release, [$key, 'mine'], 1), 1);
    };
} else {
    // Sessions are as PHP opens and closes them by itself, with its lock.
    ini_set('session.save_handler', 'redis');
    ini_set('session.save_path', "tcp://{$where['host']}:{$where['port']}?prefix=$name:");
    ini_set('session.use_cookies', '0');
    ini_set('session.cache_limiter', '');
    ini_set('redis.session.locking_enabled', '1');
    $visits = [];
    $steps[] = function () use (&$visits, $name) {
        $id = "$name-" . mt_rand(0, 9);
        session_id($id);
        same(session_start(), true);
        same($_SESSION['n'] ?? 0, $visits[$id] ?? 0);
        $_SESSION['n'] = $visits[$id] = ($visits[$id] ?? 0) + 1;
        same(session_write_close(), true);
    };
}

set_error_handler(function ($level, $text) { throw new Exception($text); });
$end = microtime(true) + (float)$seconds;
$done = 0;
$errors = [];
while (microtime(true) < $end) {
    try {
        $steps[mt_rand(0, count($steps) - 1)]();
    } catch (Throwable $error) {
        $errors[$error->getMessage()] = ($errors[$error->getMessage()] ?? 0) + 1;
        usleep(10000);
    }
    $done++;
}
echo json_encode(['done' => $done, 'errors' => (object)$errors]), "\n";
