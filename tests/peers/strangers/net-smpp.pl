#!/usr/bin/perl
# An SMSC on Debian's Net::SMPP (libnet-smpp-perl), for tests: a stack that we did not write. It answers binds, submit_sm,
# enquire_link and unbind; what comes is told as a line of JSON on standard output, and a line of JSON on standard input is a PDU
# to send. Octets are hexadecimal in both. Ends with its standard input.
#
#   {"event":"listening","port":N}
#   {"event":"open","link":1}  {"event":"closed","link":1}
#   {"event":"pdu","link":1,"command":"submit_sm","seq":5,"status":0,"fields":{...},"short_message":"..."}
#   {"event":"sent","tag":7,"link":1,"seq":3}             what {"do":"deliver_sm","tag":7,"link":1,"fields":{...}} became
use strict;
use warnings;
use IO::Select;
use JSON::PP;
use Net::SMPP;

my %refuse = map { $_ => 1 } @ARGV;    # binds that get ESME_RINVCMDID
my $ids    = 0;
my $links  = 0;
my %number;                            # of a link, by its socket
my %socket;                            # and back

# Version 3.4's numbers; Net::SMPP has no names of its own for them.
my %command = (
    0x80000000 => 'generic_nack',
    1          => 'bind_receiver',
    2          => 'bind_transmitter',
    4          => 'submit_sm',
    5          => 'deliver_sm',
    6          => 'unbind',
    9          => 'bind_transceiver',
    0x15       => 'enquire_link',
    0x103      => 'data_sm',
);

sub name_of {
    my $cmd = shift;
    return $command{$cmd} if $command{$cmd};
    my $request = $command{ $cmd & 0x7fffffff };
    return $request ? "${request}_resp" : sprintf '0x%08x', $cmd;
}

$| = 1;
my $json = JSON::PP->new->canonical;

sub tell_test {
    print $json->encode( {@_} ), "\n";
    return;
}

my $listener = Net::SMPP->new_listen( '127.0.0.1', port => 0, system_id => 'net-smpp', smpp_version => 0x34 )
  or die "cannot listen: $!";
my $select = IO::Select->new( $listener, \*STDIN );
tell_test( event => 'listening', port => $listener->sockport );

sub accept_link {
    my $link = $listener->accept or return;
    $number{$link} = ++$links;
    $socket{$links} = $link;
    $select->add($link);
    tell_test( event => 'open', link => $links );
    return;
}

sub close_link {
    my $link = shift;
    $select->remove($link);
    tell_test( event => 'closed', link => $number{$link} );
    delete $socket{ delete $number{$link} };
    close $link;
    return;
}

sub answer {
    my ( $link, $pdu, $name ) = @_;
    if ( $name =~ /^bind_/ ) {
        my $method = "${name}_resp";
        $link->$method(
            seq       => $pdu->{seq},
            status    => $refuse{$name} ? 3 : 0,
            system_id => 'net-smpp',
            sc_interface_version => pack( 'C', 0x34 )
        );
    }
    elsif ( $name eq 'submit_sm' ) {
        $link->submit_sm_resp( seq => $pdu->{seq}, message_id => $pdu->{given_id} );
    }
    elsif ( $name eq 'data_sm' ) {
        $link->data_sm_resp( seq => $pdu->{seq}, message_id => $pdu->{given_id} );
    }
    elsif ( $name eq 'enquire_link' ) {
        $link->enquire_link_resp( seq => $pdu->{seq} );
    }
    elsif ( $name eq 'unbind' ) {
        $link->unbind_resp( seq => $pdu->{seq} );
    }
    return;
}

sub read_link {
    my $link = shift;
    local $SIG{__WARN__} = sub { };    # "premature eof": an end is an end
    my $pdu = $link->read_pdu;
    return close_link($link) if !$pdu;
    my $name = name_of( $pdu->{cmd} );
    $pdu->{given_id} = sprintf 'NS%06d', ++$ids if $name eq 'submit_sm' || $name eq 'data_sm';
    my %fields = map { $_ => $pdu->{$_} }
      grep { defined $pdu->{$_} && !/^(?:data|reserved|known_pdu|cmd|seq|status|short_message|message_payload|[0-9]+)$/ } keys %$pdu;
    tell_test(
        event           => 'pdu',
        link            => $number{$link},
        command         => $name,
        seq             => $pdu->{seq},
        status          => $pdu->{status},
        fields          => \%fields,
        short_message   => unpack( 'H*', $pdu->{short_message} // '' ),
        message_payload => unpack( 'H*', $pdu->{message_payload} // '' ),
    );
    answer( $link, $pdu, $name );
    return;
}

sub obey {
    my $order  = $json->decode(shift);
    my $link   = $socket{ $order->{link} } or return;
    my $method = $order->{do};
    my %fields = %{ $order->{fields} // {} };
    $fields{$_} = pack 'H*', $fields{$_} for grep { defined $fields{$_} } qw(short_message message_payload);
    my $seq = $link->$method( %fields, async => 1 );
    tell_test( event => 'sent', tag => $order->{tag}, link => $order->{link}, seq => $seq );
    return;
}

my $input = '';

sub read_orders {
    sysread( STDIN, $input, 65536, length $input ) or exit 0;
    while ( $input =~ s/^([^\n]*)\n// ) { obey($1) }
    return;
}

while (1) {
    for my $ready ( $select->can_read ) {
        if    ( $ready == $listener ) { accept_link() }
        elsif ( $ready == \*STDIN )   { read_orders() }
        else                          { read_link($ready) }
    }
}
