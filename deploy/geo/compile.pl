#!/usr/bin/perl
# Compiles address ranges into a country database in MaxMind DB format.
#
#   compile.pl [--layout nested|flat] [--epoch SECONDS] [--ip-version 4|6] OUT.mmdb FILE...
#
# A line of a FILE is "first,last,CC" (addresses, or IPv4 addresses as whole numbers, as in the files of tor-geoipdb) or
# "network,CC"; '#' begins a comment and "??" stands for an unknown country, which is left out.
# nested: { country: { iso_code: "DE" } }; flat: { country_code: "DE" }. Needs MaxMind::DB::Writer.
use strict;
use warnings;
use Getopt::Long;
use MaxMind::DB::Writer::Tree;

my ($layout, $epoch, $ip_version) = ('nested', undef, 6);
GetOptions('layout=s' => \$layout, 'epoch=i' => \$epoch, 'ip-version=i' => \$ip_version)
    && @ARGV >= 2 && $layout =~ /\A(?:nested|flat)\z/ && $ip_version =~ /\A[46]\z/
    or die "usage: compile.pl [--layout nested|flat] [--epoch SECONDS] [--ip-version 4|6] OUT.mmdb FILE...\n";
my $out = shift @ARGV;

my %types = (country => 'map', iso_code => 'utf8_string', country_code => 'utf8_string');
my $tree = MaxMind::DB::Writer::Tree->new(
    ip_version => $ip_version,
    record_size => 24,
    database_type => $layout eq 'nested' ? 'bailiwick-country' : 'bailiwick-country-flat',
    languages => ['en'],
    description => { en => 'Countries of networks' },
    map_key_type_callback => sub { $types{ $_[0] } },
    # Private ranges are the gateway's own business; a test may well place them.
    remove_reserved_networks => 0,
    alias_ipv6_to_ipv4 => 0,
    defined $epoch ? (_build_epoch => $epoch) : (),
);

sub address {
    my ($text) = @_;
    return $text if $text !~ /\A[0-9]+\z/;
    die "not an IPv4 number: $text\n" if $text > 4294967295;
    return join '.', unpack 'C4', pack 'N', $text;
}

my $ranges = 0;
for my $name (@ARGV) {
    open my $in, '<', $name or die "$name: $!\n";
    while (my $line = <$in>) {
        $line =~ s/#.*//;
        $line =~ s/\s+//g;
        next if $line eq '';
        my @field = split /,/, $line;
        my $cc = pop @field;
        die "$name:$.: not a country: $cc\n" if $cc !~ /\A(?:[A-Z]{2}|\?\?)\z/;
        next if $cc eq '??';
        my $data = $layout eq 'nested' ? { country => { iso_code => $cc } } : { country_code => $cc };
        if (@field == 1) {
            $tree->insert_network($field[0], $data);
        } elsif (@field == 2) {
            $tree->insert_range(address($field[0]), address($field[1]), $data);
        } else {
            die "$name:$.: write \"first,last,CC\" or \"network,CC\"\n";
        }
        $ranges++;
    }
    close $in;
}
die "no ranges\n" if $ranges == 0;
open my $fh, '>:raw', "$out.new" or die "$out.new: $!\n";
$tree->write_tree($fh);
close $fh or die "$out.new: $!\n";
# The gateway maps the file: it is replaced by a rename, never written in place.
rename "$out.new", $out or die "$out: $!\n";
print "$out: $ranges ranges\n";
