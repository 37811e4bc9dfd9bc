# Refused transactions, scripts and SELECTs among ordinary work, by Perl's Redis module: PORT ROUNDS.
use strict;
use warnings;
use Redis;

my ($port, $rounds) = @ARGV;
my $r = Redis->new(server => "127.0.0.1:$port", cnx_timeout => 5, read_timeout => 5);

sub same {
  my ($got, $want, $what) = @_;
  my ($g, $w) = map { ref $_ ? join("|", map { $_ // "(nil)" } @$_) : $_ // "(nil)" } $got, $want;
  die "$what: got $g, want $w\n" unless $g eq $w;
}

sub refused {
  my ($what, $work) = @_;
  my $got = eval { $work->() };
  die "$what: got $got, and no error\n" if defined $got;
  die "$what: $@" unless $@ =~ /sluice: /;
}

for my $i (0 .. $rounds - 1) {
  my ($key, $value) = ("pl:$i", "value-$i");
  same($r->set($key, $value), "OK", "set");
  refused("a transaction", sub {
    $r->multi;
    $r->incr("pl:n");
    $r->set($key, "wrong");
    $r->publish("c", "x");
    return $r->exec;
  });
  same($r->get($key), $value, "get behind a refused transaction");
  refused("a watch", sub { $r->watch("pl:n") });
  refused("a script", sub { $r->eval("return redis.call('incr', 'pl:n')", 0) });
  same($r->get($key), $value, "get behind a refused script");
  # This module believes that it is in database 0 after a refused select, and says no SELECT 0: a new connection, as its users would.
  my $one = Redis->new(server => "127.0.0.1:$port", cnx_timeout => 5, read_timeout => 5);
  refused("select", sub { $one->select(3) });
  refused("set behind a refused select", sub { $one->set($key, "wrong") });
  refused("flushdb behind a refused select", sub { $one->flushdb });
  same($one->select(0), "OK", "select 0");
  same($one->get($key), $value, "get behind select 0");
  $one->quit;
}
same($r->get("pl:n"), undef, "what was refused");
print "perl: all refusals are whole\n";
