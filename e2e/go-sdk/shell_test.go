package gosdk

import (
	"bytes"
	"context"
	"encoding/binary"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/slicervm/sdk/shell"
)

// The library's own limit, which the SDK's relay keeps: a longer message ends the connection.
const longestMessage = 32768

// A terminal as a browser behind the SDK's relay has it.
type terminal struct {
	t    *testing.T
	ctx  context.Context
	conn *websocket.Conn
	said bytes.Buffer
	// types of the frames that carried no data
	others  []byte
	longest int
}

func relayed(t *testing.T, w way, options shell.Options) *terminal {
	t.Helper()
	options.BaseURL, options.Token, options.VMName = w.url, w.token, shared(t)
	relay := httptest.NewServer(shell.NewProxyHandler(options))
	t.Cleanup(relay.Close)
	ctx := soon(t)
	conn, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(relay.URL, "http"), nil)
	must(t, err)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &terminal{t: t, ctx: ctx, conn: conn}
}

func (x *terminal) send(kind byte, payload []byte) {
	x.t.Helper()
	frame := binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(payload)))
	must(x.t, x.conn.Write(x.ctx, websocket.MessageBinary, append(frame, payload...)))
}

// read takes one frame, and is false when the connection has ended.
func (x *terminal) read() bool {
	x.t.Helper()
	kind, message, err := x.conn.Read(x.ctx)
	if err != nil {
		if x.ctx.Err() != nil {
			x.t.Fatalf("the terminal said only %q", x.said.String())
		}
		return false
	}
	equal(x.t, "kind of message", kind, websocket.MessageBinary)
	x.longest = max(x.longest, len(message))
	equal(x.t, "frame length", int(binary.BigEndian.Uint32(message[1:5])), len(message)-5)
	if message[0] == shell.FrameTypeData {
		x.said.Write(message[5:])
	} else {
		x.others = append(x.others, message[0])
	}
	return true
}

func (x *terminal) until(text string) {
	x.t.Helper()
	for !strings.Contains(x.said.String(), text) {
		if !x.read() {
			x.t.Fatalf("the terminal ended; it said %q", x.said.String())
		}
	}
}

func TestShellThroughTheRelay(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		x := relayed(t, w, shell.Options{})
		x.send(shell.FrameTypeWindowSize, []byte{0, 0, 0, 132, 0, 0, 0, 43})
		x.send(shell.FrameTypeHeartbeat, nil)
		x.send(shell.FrameTypeData, []byte("echo $((40 + 2)):$(id -un):$(stty size)\n"))
		x.until("42:alcove:43 132")
		x.send(shell.FrameTypeData, []byte("head -c 1000000 /dev/zero | tr '\\0' x; echo; echo end-$((1 + 1))\n"))
		x.until("end-2")
		if got := strings.Count(x.said.String(), "x"); got < 1_000_000 {
			t.Fatalf("%d of a million bytes came", got)
		}
		x.send(shell.FrameTypeData, []byte("exit\n"))
		for x.read() {
		}
		if x.longest > longestMessage {
			t.Fatalf("a message of %d bytes", x.longest)
		}
		equal(t, "the last frame", string(x.others), string([]byte{shell.FrameTypeSessionClose}))
	})
}

func TestShellOptionsAndShutdown(t *testing.T) {
	x := relayed(t, overTCP(), shell.Options{UID: 1000, GID: 1000, Shell: "/bin/sh", Cwd: "/usr/bin"})
	x.send(shell.FrameTypeData, []byte("echo [$PWD][$(id -u)][$(readlink /proc/$$/exe)]; sleep 4822\n"))
	x.until("[/usr/bin][1000][/usr/bin/")
	x.send(shell.FrameTypeShutdown, nil)
	for x.read() {
	}
	eventually(t, "what ran is gone", func() bool {
		return sh(t, shared(t), "pgrep -fc '^sleep 4822$' || true") == "0"
	})
}
