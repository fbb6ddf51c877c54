package gosdk

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	slicer "github.com/slicervm/sdk"
)

func background(t *testing.T, w way, request slicer.ExecBackgroundRequest) *slicer.ExecBackgroundResponse {
	t.Helper()
	started, err := w.client.ExecBackground(soon(t), shared(t), request)
	must(t, err)
	if !regexp.MustCompile(`^ex_.`).MatchString(started.ExecID) || started.PID <= 0 {
		t.Fatalf("started as %+v", started)
	}
	recent(t, "started_at", started.StartedAt)
	return started
}

// reap takes an ended command away, after which it is gone for good.
func reap(t *testing.T, w way, id string) {
	t.Helper()
	reaped, err := w.client.ExecDelete(soon(t), shared(t), id)
	must(t, err)
	equal(t, "reaped", reaped.Reaped, true)
	equal(t, "reaped id", reaped.ExecID, id)
	_, err = w.client.ExecInfo(soon(t), shared(t), id)
	if err == nil {
		t.Fatal("what was reaped is still known")
	}
	contains(t, "info of what was reaped", err.Error(), "410")
	_, err = w.client.ExecDelete(soon(t), shared(t), id)
	if err == nil {
		t.Fatal("it was reaped twice")
	}
	contains(t, "a second reaping", err.Error(), "410")
}

func TestExecBackground(t *testing.T) {
	vm := shared(t)
	eachWay(t, func(t *testing.T, w way) {
		started := background(t, w, slicer.ExecBackgroundRequest{Command: "/bin/sh",
			Args: []string{"-c", "echo out; echo err >&2; sleep 1; exit 42"}, UID: 0, GID: 0, Cwd: "/usr"})
		equal(t, "the ring's default size", started.RingBytes, 1<<20)

		info, err := w.client.ExecInfo(soon(t), vm, started.ExecID)
		must(t, err)
		equal(t, "command", info.Command+" "+strings.Join(info.Args, " "), "/bin/sh -c echo out; echo err >&2; sleep 1; exit 42")
		equal(t, "pid", info.PID, started.PID)
		equal(t, "cwd", info.Cwd, "/usr")
		equal(t, "running", info.Running, true)
		if info.ExitCode != nil || info.EndedAt != nil {
			t.Fatalf("ended before its end: %+v", info)
		}
		_, err = w.client.ExecDelete(soon(t), vm, started.ExecID)
		if err == nil {
			t.Fatal("a running command was reaped")
		}
		contains(t, "reaping a running command", err.Error(), "409")

		ended, err := w.client.ExecWaitExit(soon(t), vm, started.ExecID, 30*time.Second)
		must(t, err)
		if ended.Running || ended.TimedOut || ended.ExitCode == nil || *ended.ExitCode != 42 || ended.EndedAt == nil {
			t.Fatalf("ended as %+v", ended)
		}
		list, err := w.client.ExecList(soon(t), vm)
		must(t, err)
		equal(t, "listed", len(list), 1)
		if one := list[0]; one.ExecID != started.ExecID || one.Running || one.ExitCode == nil || one.BytesWritten != 8 {
			t.Fatalf("listed as %+v", one)
		}
		reap(t, w, started.ExecID)
		_, err = w.client.ExecInfo(soon(t), vm, "ex_never")
		if err == nil {
			t.Fatal("a command that never was is known")
		}
		contains(t, "info of what never was", err.Error(), "404")
	})
}

func TestExecBackgroundUserAndShell(t *testing.T) {
	w := overTCP()
	for script, want := range map[string]string{
		"echo $(id -un):$PWD:$((40 + 2))": "alcove:/home/alcove:42\n",
		"exec sh -c 'echo $A:$0' judge":   "last:judge\n",
	} {
		started := background(t, w, slicer.ExecBackgroundRequest{Command: script, Shell: "/bin/bash",
			Env: []string{"A=first", "A=last"}, UID: defaultUser, GID: defaultUser})
		frames, err := w.client.ExecLogs(soon(t), shared(t), started.ExecID, slicer.LogOptions{Follow: true})
		said := collect(t, frames, err)
		equal(t, script, said.stdout, want)
		reap(t, w, started.ExecID)
	}
	started := background(t, w, slicer.ExecBackgroundRequest{Command: "id", UID: 0, GID: 0}) // no shell, no args
	frames, err := w.client.ExecLogs(soon(t), shared(t), started.ExecID, slicer.LogOptions{Follow: true})
	contains(t, "uid 0", collect(t, frames, err).stdout, "uid=0(root)")
	reap(t, w, started.ExecID)
}

func TestExecLogs(t *testing.T) {
	vm := shared(t)
	eachWay(t, func(t *testing.T, w way) {
		started := background(t, w, slicer.ExecBackgroundRequest{Command: "/bin/sh",
			Args: []string{"-c", `printf '\000\377one'; until test -e /run/judge-go; do sleep 0.1; done; echo two >&2`}})
		following, err := w.client.ExecLogs(soon(t), vm, started.ExecID, slicer.LogOptions{Follow: true})
		must(t, err)
		var firstID uint64
		for frame := range following {
			if frame.Stdout != "" {
				equal(t, "bytes as they were", frame.Stdout, "\x00\xffone")
				firstID = frame.ID
				break
			}
		}
		if firstID == 0 {
			t.Fatal("the output's frame has no id")
		}
		replayed, err := w.client.ExecLogs(soon(t), vm, started.ExecID, slicer.LogOptions{})
		equal(t, "the replay, without following", collect(t, replayed, err).stdout, "\x00\xffone")

		later, err := w.client.ExecLogs(soon(t), vm, started.ExecID, slicer.LogOptions{Follow: true, FromID: firstID + 1})
		must(t, err)
		sh(t, vm, "touch /run/judge-go")
		rest := collect(t, later, nil)
		equal(t, "stdout from that frame on", rest.stdout, "")
		equal(t, "stderr from that frame on", rest.stderr, "two\n")
		equal(t, "the last frame", rest.types[len(rest.types)-1], "exit")
		first := collect(t, following, nil) // the first follower reads on to the end, too
		equal(t, "stderr to the first follower", first.stderr, "two\n")
		sh(t, vm, "rm /run/judge-go")
		reap(t, w, started.ExecID)
	})
}

// A ring that is too small for the output drops the oldest frames, and says how much.
func TestExecLogsGap(t *testing.T) {
	vm := shared(t)
	w := overTCP()
	started := background(t, w, slicer.ExecBackgroundRequest{Command: "seq 1 40000", Shell: "/bin/sh", RingBytes: 64 << 10})
	equal(t, "ring", started.RingBytes, 64<<10)
	_, err := w.client.ExecWaitExit(soon(t), vm, started.ExecID, 30*time.Second)
	must(t, err)
	frames, err := w.client.ExecLogs(soon(t), vm, started.ExecID, slicer.LogOptions{FromID: 1})
	must(t, err)
	var gap slicer.SlicerExecWriteResult
	var stdout strings.Builder
	var last uint64
	for frame := range frames {
		if frame.Type == "gap" {
			gap = frame
			continue
		}
		if frame.ID <= last {
			t.Fatalf("frame %d after %d", frame.ID, last)
		}
		last = frame.ID
		stdout.WriteString(frame.Stdout)
	}
	if gap.DroppedBytes <= 0 || gap.DroppedFrames <= 0 || gap.Message == "" {
		t.Fatalf("the gap: %+v", gap)
	}
	if !strings.HasSuffix(stdout.String(), "\n39999\n40000\n") || stdout.Len() > 64<<10 {
		t.Fatalf("%d bytes are left, and not the newest", stdout.Len())
	}
	info, err := w.client.ExecInfo(soon(t), vm, started.ExecID)
	must(t, err)
	equal(t, "written is what was dropped and what is left", info.BytesWritten, info.BytesDropped+int64(stdout.Len()))
	equal(t, "next_id", info.NextID, last+1)
	reap(t, w, started.ExecID)
}

func TestExecKill(t *testing.T) {
	vm := shared(t)
	eachWay(t, func(t *testing.T, w way) {
		for _, one := range []struct {
			options slicer.KillOptions
			script  string
			sent    string
			signal  string
		}{
			// The SDK sends no body for {}, though it names one.
			{slicer.KillOptions{}, "sleep 4825", "TERM", "TERM"},
			{slicer.KillOptions{Signal: "HUP"}, "sleep 4825", "HUP", "HUP"},
			{slicer.KillOptions{Signal: "SIGKILL"}, "sleep 4825", "KILL", "KILL"},
			{slicer.KillOptions{GraceMs: 300}, "trap '' TERM; while :; do sleep 0.1; done", "TERM", "KILL"},
		} {
			started := background(t, w, slicer.ExecBackgroundRequest{Command: one.script, Shell: "/bin/sh"})
			eventually(t, "it runs", func() bool { return sh(t, vm, "cat /proc/"+strconv.Itoa(started.PID)+"/comm") != "" })
			killed, err := w.client.ExecKill(soon(t), vm, started.ExecID, one.options)
			must(t, err)
			contains(t, "signal_sent", killed.SignalSent, one.sent)
			ended, err := w.client.ExecWaitExit(soon(t), vm, started.ExecID, 30*time.Second)
			must(t, err)
			if ended.Running {
				t.Fatalf("%+v did not end it", one.options)
			}
			contains(t, "how it ended", ended.Signal, one.signal)
			again, err := w.client.ExecKill(soon(t), vm, started.ExecID, slicer.KillOptions{})
			must(t, err)
			equal(t, "killed again: running", again.Running, false)
			reap(t, w, started.ExecID)
		}
		equal(t, "sleepers left", sh(t, vm, "pgrep -fc '^sleep 4825$' || true"), "0")
	})
}

func TestExecWaitExitTimesOut(t *testing.T) {
	vm := shared(t)
	w := overSocket()
	started := background(t, w, slicer.ExecBackgroundRequest{Command: "sleep", Args: []string{"600"}})
	waited, err := w.client.ExecWaitExit(soon(t), vm, started.ExecID, time.Second)
	must(t, err)
	if !waited.Running || !waited.TimedOut || waited.ExitCode != nil {
		t.Fatalf("after a second: %+v", waited)
	}
	_, err = w.client.ExecKill(soon(t), vm, started.ExecID, slicer.KillOptions{Signal: "KILL"})
	must(t, err)
	_, err = w.client.ExecWaitExit(soon(t), vm, started.ExecID, 30*time.Second)
	must(t, err)
	reap(t, w, started.ExecID)
}
