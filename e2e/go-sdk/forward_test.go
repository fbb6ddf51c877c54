package gosdk

import (
	"bytes"
	"crypto/rand"
	"io"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/slicervm/sdk/forward"
)

// An echo in the guest, on a TCP port and a Unix socket.
const echoServer = `
use strict; use IO::Socket::INET; use IO::Socket::UNIX; use IO::Select;
my $tcp = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 4823, Listen => 8, ReuseAddr => 1) or die;
my $unix = IO::Socket::UNIX->new(Local => '/run/judge-echo.sock', Listen => 8) or die;
$SIG{CHLD} = 'IGNORE';
my $listening = IO::Select->new($tcp, $unix);
while (my @ready = $listening->can_read) {
  for my $server (@ready) {
    my $client = $server->accept or next;
    next if fork;
    while (sysread $client, my $bytes, 65536) {
      my $at = 0;
      while ($at < length $bytes) { $at += syswrite($client, $bytes, length($bytes) - $at, $at) // exit }
    }
    exit;
  }
}
`

func startEcho(t *testing.T, vm string) {
	t.Helper()
	client := overTCP().client
	must(t, client.WriteFile(soon(t), vm, "/srv/echo.pl", []byte(echoServer), defaultUser, defaultUser, ""))
	sh(t, vm, "test -S /run/judge-echo.sock || setsid perl /srv/echo.pl < /dev/null > /srv/echo.log 2>&1 &")
	eventually(t, "the echo listens", func() bool {
		return sh(t, vm, "test -S /run/judge-echo.sock && echo yes || cat /srv/echo.log") == "yes"
	})
}

func TestForward(t *testing.T) {
	vm := shared(t)
	startEcho(t, vm)
	for _, w := range []way{overTCP(), overSocket()} {
		local := filepath.Join(t.TempDir(), w.name+".sock")
		forwarder, err := forward.Start(t.Context(), forward.Options{
			BaseURL: w.url, Token: w.token, VMName: vm,
			Specs: []string{"127.0.0.1:0:127.0.0.1:4823", "127.0.0.1:0:/run/judge-echo.sock", local + ":/run/judge-echo.sock"},
		})
		must(t, err)
		for _, listener := range forwarder.Listeners() {
			t.Run(w.name+" to "+listener.Remote, func(t *testing.T) {
				network := "tcp"
				if listener.Port == 0 {
					network = "unix"
				}
				echo(t, network, listener.Local)
			})
		}
		must(t, forwarder.Close())
	}
}

// echo sends 1 MiB and reads it back at the same time.
func echo(t *testing.T, network, address string) {
	t.Helper()
	conn, err := net.Dial(network, address)
	must(t, err)
	defer conn.Close()
	must(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	sent := make([]byte, 1<<20)
	_, _ = rand.Read(sent)
	wrote := make(chan error, 1)
	go func() {
		_, err := conn.Write(sent)
		wrote <- err
	}()
	got := make([]byte, len(sent))
	_, err = io.ReadFull(conn, got)
	must(t, err)
	must(t, <-wrote)
	if !bytes.Equal(got, sent) {
		t.Fatal("other bytes came back")
	}
}

// The SDK closes the local connection when nothing in the guest answers; the daemon must say so soon.
func TestForwardToNothing(t *testing.T) {
	forwarder, err := forward.Start(t.Context(), forward.Options{
		BaseURL: baseURL, Token: token, VMName: shared(t), Specs: []string{"127.0.0.1:0:127.0.0.1:4824"},
	})
	must(t, err)
	defer forwarder.Close()
	conn, err := net.Dial("tcp", forwarder.Listeners()[0].Local)
	must(t, err)
	defer conn.Close()
	must(t, conn.SetDeadline(time.Now().Add(30*time.Second)))
	n, err := conn.Read(make([]byte, 1))
	if n != 0 || err == nil {
		t.Fatalf("read %d bytes: %v", n, err)
	}
	if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
		t.Fatal("the connection was left open")
	}
}
