// Package gosdk drives the daemon with Slicer's own Go SDK: the strictest reader of its answers.
//
// e2e/go-sdk.e2e.ts starts a daemon, runs these tests against it and counts each of them. They need
// SLICER_URL and SLICER_TOKEN for the way over TCP, ALCOVE_TEST_SOCKET for the way over the Unix
// socket (where no token is sent), and a host group "sbox" with one declared VM.
//
// The egress proxy (B10) is not part of the daemon yet, so the SDK's Proxy functions are not called here.
package gosdk

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	slicer "github.com/slicervm/sdk"
)

const (
	group     = "sbox"
	userAgent = "alcove-go-judge/1.0"
	// generous: a busy machine boots a guest by emulation
	bootTimeout = 2 * time.Minute
)

var (
	baseURL = os.Getenv("SLICER_URL")
	token   = os.Getenv("SLICER_TOKEN")
	socket  = os.Getenv("ALCOVE_TEST_SOCKET")
)

func TestMain(m *testing.M) {
	if baseURL == "" || token == "" || socket == "" {
		fmt.Fprintln(os.Stderr, "These tests need a daemon: run node_modules/.bin/node --test e2e/go-sdk.e2e.ts")
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// A way to the daemon, with what the SDK's other packages need for it.
type way struct {
	name   string
	url    string
	token  string
	client *slicer.SlicerClient
}

func overTCP() way {
	return way{"tcp", baseURL, token, slicer.NewSlicerClient(baseURL, token, userAgent, nil)}
}

// Over the Unix socket no token is needed; exec sends a bare "Authorization: Bearer" then.
func overSocket() way {
	return way{"unix", socket, "", slicer.NewSlicerClient(socket, "", userAgent, nil)}
}

// eachWay runs the same test over TCP with a token and over the Unix socket with an empty one.
func eachWay(t *testing.T, test func(t *testing.T, w way)) {
	t.Helper()
	for _, w := range []way{overTCP(), overSocket()} {
		t.Run(w.name, func(t *testing.T) { test(t, w) })
	}
}

// counted is a client over TCP that counts its requests, to see whether it had to ask again.
func counted() (*slicer.SlicerClient, *counter) {
	c := &counter{}
	return slicer.NewSlicerClient(baseURL, token, userAgent, &http.Client{Transport: c}), c
}

type counter struct {
	mu       sync.Mutex
	requests int
}

func (c *counter) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.requests++
	c.mu.Unlock()
	return http.DefaultTransport.RoundTrip(r)
}

// sharedVM is one VM for all tests that leave it as they found it. It is never deleted here: the
// daemon's end does that.
var sharedVM = sync.OnceValues(func() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), bootTimeout)
	defer cancel()
	made, err := overTCP().client.CreateVMWithOptions(ctx, group, small("judge=shared"),
		slicer.SlicerCreateNodeOptions{Wait: slicer.SlicerCreateNodeWaitAgent, Timeout: bootTimeout})
	if err != nil {
		return "", err
	}
	return made.Hostname, nil
})

func shared(t *testing.T) string {
	t.Helper()
	vm, err := sharedVM()
	if err != nil {
		t.Fatalf("the shared VM: %v", err)
	}
	return vm
}

func small(tags ...string) slicer.SlicerCreateNodeRequest {
	return slicer.SlicerCreateNodeRequest{CPUs: 1, RamBytes: slicer.MiB(256), Tags: tags}
}

// within is the test's context with a deadline: nothing here may hang.
func within(t *testing.T, limit time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

// soon is for what needs no boot.
func soon(t *testing.T) context.Context {
	t.Helper()
	return within(t, time.Minute)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: %v, not %v", what, got, want)
	}
}

func contains(t *testing.T, what, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Fatalf("%s: no %q in %q", what, part, text)
	}
}

// recent fails for a time that was not set, or not by a clock of today.
func recent(t *testing.T, what string, at time.Time) {
	t.Helper()
	if age := time.Since(at); age < -time.Minute || age > time.Hour {
		t.Fatalf("%s: %v is no recent time", what, at)
	}
}

func eventually(t *testing.T, what string, look func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !look() {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s", what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// sh runs a line of shell as root and gives its standard output without the last newline.
func sh(t *testing.T, vm, script string) string {
	t.Helper()
	result, err := overTCP().client.ExecBuffered(soon(t), vm,
		slicer.SlicerExecRequest{Command: script, Shell: "/bin/sh"})
	must(t, err)
	if result.ExitCode != 0 {
		t.Fatalf("%s\nended with %d: %s%s", script, result.ExitCode, result.Stderr, result.Error)
	}
	return strings.TrimSuffix(result.Stdout, "\n")
}

func statusOf(t *testing.T, vm string) string {
	t.Helper()
	nodes, err := overTCP().client.ListVMs(soon(t))
	must(t, err)
	for _, node := range nodes {
		if node.Hostname == vm {
			return node.Status
		}
	}
	return "not listed"
}
