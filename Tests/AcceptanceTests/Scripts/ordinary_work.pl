# The ordinary work of a cache client, by Perl's Redis module: PORT all|strings.
use strict;
use warnings;
use Redis;

my ($port, $scope) = @ARGV;
my $r = Redis->new(server => "127.0.0.1:$port", cnx_timeout => 5, read_timeout => 5);

sub same {
  my ($got, $want, $what) = @_;
  my ($g, $w) = map { ref $_ ? join("|", map { $_ // "(nil)" } @$_) : $_ // "(nil)" } $got, $want;
  die "$what: got $g, want $w\n" unless $g eq $w;
}

same($r->ping, "PONG", "ping");
$r->flushdb;
same($r->dbsize, 0, "an empty cache");

same($r->set("pl:1", "one", "EX", 100), "OK", "set ex");
same($r->get("pl:1"), "one", "get");
my $ttl = $r->ttl("pl:1");
same($ttl > 0 && $ttl <= 100, 1, "ttl");
same($r->setnx("pl:1", "two"), 0, "setnx on a key that is there");
same($r->expire("pl:1", 200), 1, "expire");
same($r->persist("pl:1"), 1, "persist");
same($r->get("pl:nothing"), undef, "a miss");
my $binary = join("", map { chr } 0 .. 255) x 300;
same($r->set("pl:binary", $binary), "OK", "set of binary bytes");
same($r->get("pl:binary"), $binary, "get of binary bytes");
same($r->append("pl:text", "abc"), 3, "append");

my @keys = sort map { "pl:many:$_" } 0 .. 199;
same($r->mset(map { ($_, "v-$_") } @keys), "OK", "mset");
same([$r->mget(@keys, "pl:nothing")], [(map { "v-$_" } @keys), undef], "mget");
same($r->exists(@keys), 200, "exists");
my ($cursor, %found) = (0);
do {
  ($cursor, my $batch) = $r->scan($cursor, "MATCH", "pl:many:*", "COUNT", 17);
  $found{$_} = 1 for @$batch;
} while ($cursor);
same([sort keys %found], \@keys, "scan");
same($r->del(@keys[0 .. 149]), 150, "del");
same($r->unlink(@keys[150 .. 199]), 50, "unlink");

same([map { $r->incr("pl:n") } 1 .. 3], [1, 2, 3], "incr");
same($r->incrby("pl:n", 39), 42, "incrby");

my @replies;
for my $i (0 .. 499) {
  $r->set("pl:pipe:$i", $i, sub { push @replies, $_[0] });
  $r->get("pl:pipe:$i", sub { push @replies, $_[0] });
}
$r->wait_all_responses;
same(\@replies, [map { ("OK", $_) } 0 .. 499], "pipeline");

if ($scope eq "all") {
  same($r->hmset("pl:h", a => 1, b => 2), "OK", "hmset");
  my %hash = $r->hgetall("pl:h");
  same([map { "$_=$hash{$_}" } sort keys %hash], ["a=1", "b=2"], "hgetall");
  same($r->hincrby("pl:h", "a", 5), 6, "hincrby");
  same($r->hdel("pl:h", "a"), 1, "hdel");
  same($r->rpush("pl:l", "a", "b", "c"), 3, "rpush");
  same([$r->lrange("pl:l", 0, -1)], ["a", "b", "c"], "lrange");
  same($r->lpop("pl:l"), "a", "lpop");
  same($r->sadd("pl:s", "a", "b"), 2, "sadd");
  same([sort $r->smembers("pl:s")], ["a", "b"], "smembers");
  same($r->zadd("pl:z", 1, "a", 2, "b"), 2, "zadd");
  same([$r->zrange("pl:z", 0, -1, "WITHSCORES")], ["a", 1, "b", 2], "zrange");
  eval { $r->lpush("pl:h", "x") };
  same($@ =~ /WRONGTYPE/ ? 1 : 0, 1, "the error of a wrong type");
}

same($r->flushdb, "OK", "flushdb");
same($r->dbsize, 0, "dbsize after flushdb");
print "perl: all well\n";
