package gosdk

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	slicer "github.com/slicervm/sdk"
)

// collected is what a stream of frames said until it was closed.
type collected struct {
	stdout, stderr string
	pid, exitCode  int
	errors         []string
	types          []string
}

func collect(t *testing.T, frames <-chan slicer.SlicerExecWriteResult, err error) collected {
	t.Helper()
	must(t, err)
	var all collected
	for frame := range frames {
		recent(t, "timestamp", frame.Timestamp)
		all.types = append(all.types, frame.Type)
		all.stdout += frame.Stdout
		all.stderr += frame.Stderr
		all.pid = max(all.pid, frame.Pid)
		all.exitCode = frame.ExitCode
		if frame.Error != "" {
			all.errors = append(all.errors, frame.Error)
		}
	}
	return all
}

func TestExec(t *testing.T) {
	vm := shared(t)
	eachWay(t, func(t *testing.T, w way) {
		exec := func(request slicer.SlicerExecRequest) collected {
			t.Helper()
			frames, err := w.client.Exec(soon(t), vm, request)
			return collect(t, frames, err)
		}
		both := exec(slicer.SlicerExecRequest{Command: "/bin/sh", Args: []string{"-c", "echo out; echo err >&2"}})
		equal(t, "stdout", both.stdout, "out\n")
		equal(t, "stderr", both.stderr, "err\n")
		equal(t, "first frame", both.types[0], "started")
		equal(t, "last frame", both.types[len(both.types)-1], "exit")
		if both.pid <= 0 || len(both.errors) > 0 {
			t.Fatalf("pid %d, errors %q", both.pid, both.errors)
		}
		failed := exec(slicer.SlicerExecRequest{Command: "echo last words; exit 42", Shell: "/bin/sh"})
		equal(t, "stdout of what failed", failed.stdout, "last words\n")
		equal(t, "the SDK's word for it", strings.Join(failed.errors, "|"), "failed to execute command: 42")
		missing := exec(slicer.SlicerExecRequest{Command: "/no/such/program", Args: []string{"x"}})
		equal(t, "errors of what is missing", len(missing.errors), 1)
		user := exec(slicer.SlicerExecRequest{Command: "id", Args: []string{"-u"}, UID: 1000, GID: 1000})
		equal(t, "uid 1000", user.stdout, "1000\n")
		// What the sentinel leaves away is root for a command in the foreground.
		left := exec(slicer.SlicerExecRequest{Command: "id", Args: []string{"-u"},
			UID: slicer.NonRootUser, GID: slicer.NonRootUser})
		equal(t, "no uid", left.stdout, "0\n")
		text := exec(slicer.SlicerExecRequest{Command: "printf", Args: []string{`\303\244`}, Stdio: "text"})
		equal(t, "text", text.stdout, "ä")
	})
}

// Exec itself reads os.Stdin.
func TestExecWithStdin(t *testing.T) {
	vm := shared(t)
	read, write, err := os.Pipe()
	must(t, err)
	own := os.Stdin
	os.Stdin = read
	t.Cleanup(func() { os.Stdin = own })
	go func() {
		_, _ = io.WriteString(write, "from the pipe")
		_ = write.Close()
	}()
	frames, err := overSocket().client.Exec(soon(t), vm, slicer.SlicerExecRequest{Command: "cat", Stdin: true})
	equal(t, "the echo", collect(t, frames, err).stdout, "from the pipe")
}

func TestExecWithReader(t *testing.T) {
	vm := shared(t)
	eachWay(t, func(t *testing.T, w way) {
		input := strings.Repeat("a line of input\n", 70_000) // about 1.1 MB, in chunks
		request := slicer.SlicerExecRequest{Command: "cat", Stdin: true}
		frames, err := w.client.ExecWithReader(soon(t), vm, request, strings.NewReader(input))
		echoed := collect(t, frames, err)
		if echoed.stdout != input {
			t.Fatalf("%d bytes went in, %d came out", len(input), len(echoed.stdout))
		}
		// Here the sentinel is sent literally: the guest's default user.
		request = slicer.SlicerExecRequest{Command: "id", Args: []string{"-un"},
			UID: slicer.NonRootUser, GID: slicer.NonRootUser}
		frames, err = w.client.ExecWithReader(soon(t), vm, request, nil)
		equal(t, "the sentinel", collect(t, frames, err).stdout, "alcove\n")
		request = slicer.SlicerExecRequest{Command: "head", Args: []string{"-c", "3"}, Stdin: true}
		frames, err = w.client.ExecWithReader(soon(t), vm, request, strings.NewReader(input))
		early := collect(t, frames, err)
		equal(t, "what ends before its input", early.stdout, "a l")
		equal(t, "its exit code", early.exitCode, 0)
	})
}

func TestExecBuffered(t *testing.T) {
	vm := shared(t)
	eachWay(t, func(t *testing.T, w way) {
		for _, stdio := range []string{"", slicer.ExecStdioText} {
			result, err := w.client.ExecBuffered(soon(t), vm, slicer.SlicerExecRequest{
				Command: "echo out; echo err >&2; exit 42", Shell: "/bin/sh", Stdio: stdio})
			must(t, err)
			equal(t, "stdout", result.Stdout, "out\n")
			equal(t, "stderr", result.Stderr, "err\n")
			equal(t, "exit code", result.ExitCode, 42)
		}
		missing, err := w.client.ExecBuffered(soon(t), vm, slicer.SlicerExecRequest{
			Command: "/usr/local/bin/nothing", Args: []string{"x"}})
		must(t, err)
		equal(t, "what is missing", missing.ExitCode, 127)
		_, err = w.client.ExecBuffered(soon(t), nobody, slicer.SlicerExecRequest{Command: "id"})
		if err == nil {
			t.Fatal("a VM that is not there runs commands")
		}
		contains(t, "the error", err.Error(), "404")
	})
}

func TestCommandOutput(t *testing.T) {
	vm := shared(t)
	eachWay(t, func(t *testing.T, w way) {
		command := w.client.Command(soon(t), vm, "/bin/sh", "-c", "echo out; echo err >&2; exit 42")
		out, err := command.Output()
		var exit *slicer.ExitError
		if !errors.As(err, &exit) {
			t.Fatalf("no ExitError: %v", err)
		}
		equal(t, "exit code", exit.ExitCode(), 42)
		equal(t, "stdout", string(out), "out\n")
		equal(t, "stderr", string(exit.Stderr), "err\n")
		if command.ProcessState.Pid() <= 0 || !command.ProcessState.Exited() {
			t.Fatalf("process state: %+v", command.ProcessState)
		}
		combined, err := w.client.CommandContext(soon(t), vm, "/bin/sh", "-c", "echo one; echo two >&2").CombinedOutput()
		must(t, err)
		contains(t, "combined", string(combined), "one\n")
		contains(t, "combined", string(combined), "two\n")
		must(t, w.client.Command(soon(t), vm, "true").Run())
		err = w.client.Command(soon(t), vm, "no-such-program", "x").Run()
		if !errors.As(err, &exit) || exit.ExitCode() == 0 {
			t.Fatalf("a missing program: %v", err)
		}
	})
}

func TestCommandUserDirectoryAndEnvironment(t *testing.T) {
	vm := shared(t)
	for what, one := range map[string]struct {
		uid         uint32
		dir, expect string
	}{
		"nothing said is root": {0, "", "root /root\n"},
		"the default user":     {slicer.NonRootUser, "", "alcove /home/alcove\n"},
		"by number":            {1000, "/usr/bin", "alcove /usr/bin\n"},
		"home":                 {1000, "~", "alcove /home/alcove\n"},
	} {
		command := overTCP().client.Command(soon(t), vm, "/bin/sh", "-c", `echo "$(id -un) $PWD"`)
		command.UID, command.GID, command.Dir = one.uid, one.uid, one.dir
		out, err := command.Output()
		must(t, err)
		equal(t, what, string(out), one.expect)
	}
	command := overTCP().client.Command(soon(t), vm, "/bin/sh", "-c", `echo "$A|$B|$PATH"`)
	command.Env = []string{"A=first", "B=a b=c+d&e%20", "A=last"}
	out, err := command.Output()
	must(t, err)
	contains(t, "environment: the last wins, nothing is decoded twice", string(out), "last|a b=c+d&e%20|/")
}

func TestCommandOutputIsBytes(t *testing.T) {
	vm := shared(t)
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	want := bytes.Repeat(all, 4096) // 1 MiB
	eachWay(t, func(t *testing.T, w way) {
		out, err := w.client.Command(soon(t), vm, "perl", "-e", "print pack(q(C*), 0..255) x 4096").Output()
		must(t, err)
		if !bytes.Equal(out, want) {
			t.Fatalf("%d bytes came, and not those that were written", len(out))
		}
	})
}

// The answer begins before the request has ended: each line comes back before the next is written.
func TestCommandPipesAreFullDuplex(t *testing.T) {
	vm := shared(t)
	eachWay(t, func(t *testing.T, w way) {
		command := w.client.Command(soon(t), vm, "cat")
		stdin, err := command.StdinPipe()
		must(t, err)
		stdout, err := command.StdoutPipe()
		must(t, err)
		must(t, command.Start())
		for _, line := range []string{"one", "two", "three"} {
			_, err = io.WriteString(stdin, line)
			must(t, err)
			echo := make([]byte, len(line))
			_, err = io.ReadFull(stdout, echo)
			must(t, err)
			equal(t, "echo", string(echo), line)
		}
		must(t, stdin.Close())
		rest, err := io.ReadAll(stdout)
		must(t, err)
		equal(t, "rest", len(rest), 0)
		must(t, command.Wait())
	})
}

func TestCancelledCommandIsKilled(t *testing.T) {
	vm := shared(t)
	ctx, cancel := context.WithCancel(t.Context())
	command := overTCP().client.Command(ctx, vm, "/bin/sh", "-c", "sleep 4821 & sleep 4821")
	must(t, command.Start())
	running := func() string { return sh(t, vm, "pgrep -fc '^sleep 4821$' || true") }
	eventually(t, "both sleep", func() bool { return running() == "2" })
	cancel()
	eventually(t, "both are gone", func() bool { return running() == "0" })
	if err := command.Wait(); err == nil {
		t.Fatal("a cancelled command ended well")
	}
}
