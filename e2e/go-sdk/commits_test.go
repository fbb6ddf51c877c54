package gosdk

import (
	"testing"

	slicer "github.com/slicervm/sdk"
)

// The SDK's own example, step by step, and what it does not ask for.
func TestCommitsAndColdForks(t *testing.T) {
	client := overTCP().client
	source := persistent(t, client)
	sh(t, source, "echo committed > /root/kept; sync")
	machineID := sh(t, source, "cat /etc/machine-id")
	if _, err := client.CommitVM(soon(t), source); err == nil {
		t.Fatal("a running VM was committed")
	} else {
		contains(t, "commit of a running VM", err.Error(), "409")
	}
	must(t, client.Shutdown(soon(t), source, &slicer.SlicerShutdownRequest{Action: "shutdown"}))
	eventually(t, "it has stopped", func() bool { return statusOf(t, source) == "Stopped" })

	commit, err := client.CommitVMWithOptions(within(t, bootTimeout), source, slicer.SlicerCommitVMOptions{
		Tags:     []string{"of=go"},
		Labels:   map[string]string{"made": "here"},
		CacheKey: "go-suite",
	})
	must(t, err)
	equal(t, "status", commit.Status, "committed")
	equal(t, "parent", commit.ParentStatus, "stopped")
	equal(t, "mode", commit.Mode, "disk")
	equal(t, "label", commit.Labels["made"], "here")
	again, err := client.CommitVMWithOptions(within(t, bootTimeout), source,
		slicer.SlicerCommitVMOptions{CacheKey: "go-suite"})
	must(t, err)
	equal(t, "the same key", again.CommitID, commit.CommitID)

	commits, err := client.ListCommits(soon(t), slicer.SlicerCommitListOptions{
		Tags: []string{"of=go"}, CacheKey: "go-suite", Source: source, Mode: "disk",
	})
	must(t, err)
	equal(t, "how many", len(commits), 1)
	equal(t, "id", commits[0].CommitID, commit.CommitID)
	equal(t, "group", commits[0].SourceHostGroup, group)
	if commits[0].CreatedAt.IsZero() {
		t.Fatal("no time")
	}

	fork, err := commit.Fork(within(t, bootTimeout), slicer.WithTimeout(bootTimeout),
		slicer.WithTags("example=cold-fork"), slicer.WithVCPU(1), slicer.WithEphemeral(), slicer.WithSecrets())
	must(t, err)
	equal(t, "source", fork.SourceHostname, source)
	equal(t, "status", fork.Status, "forked")
	equal(t, "child", fork.ChildStatus, "running")
	equal(t, "persistent", fork.Persistent, false)
	equal(t, "data", sh(t, fork.Hostname, "cat /root/kept"), "committed")
	equal(t, "name", sh(t, fork.Hostname, "hostname"), fork.Hostname)
	if sh(t, fork.Hostname, "cat /etc/machine-id") == machineID {
		t.Fatal("the child has its parent's machine id")
	}
	description, err := client.DescribeVM(soon(t), fork.Hostname)
	must(t, err)
	equal(t, "parent commit", description.ParentCommitID, commit.CommitID)

	other, err := client.ForkCommittedVM(within(t, bootTimeout), commit.CommitID,
		slicer.WithWait(slicer.SlicerForkWaitNone), slicer.WithFixups())
	must(t, err)
	equal(t, "child without a wait", other.ChildStatus, "starting")
	ready(t, client, other.Hostname)
	equal(t, "machine id without fixups", sh(t, other.Hostname, "cat /etc/machine-id"), machineID)

	for _, vm := range []string{fork.Hostname, other.Hostname, source} {
		if _, err = client.DeleteCommit(soon(t), commit.CommitID); err == nil {
			t.Fatalf("the commit was deleted while %s exists", vm)
		}
		contains(t, "delete of a commit in use", err.Error(), "409")
		_, err = client.DeleteVM(soon(t), group, vm)
		must(t, err)
	}
	deleted, err := client.DeleteCommit(soon(t), commit.CommitID)
	must(t, err)
	equal(t, "deleted", deleted.Status, "deleted")
	if _, err = client.ForkCommittedVM(soon(t), commit.CommitID); err == nil {
		t.Fatal("a commit that is gone was forked")
	}
	contains(t, "fork of nothing", err.Error(), "404")
}
