package gosdk

import (
	"testing"

	slicer "github.com/slicervm/sdk"
)

func ready(t *testing.T, client *slicer.SlicerClient, vm string) {
	t.Helper()
	eventually(t, vm+"'s agent answers", func() bool {
		_, err := client.GetAgentHealth(soon(t), vm, false)
		return err == nil
	})
}

func persistent(t *testing.T, client *slicer.SlicerClient) string {
	t.Helper()
	request := small("judge=power")
	request.Persistent = true
	made, err := client.CreateVMWithOptions(within(t, bootTimeout), group, request,
		slicer.SlicerCreateNodeOptions{Wait: slicer.SlicerCreateNodeWaitAgent, Timeout: bootTimeout})
	must(t, err)
	return made.Hostname
}

const bootID = "cat /proc/sys/kernel/random/boot_id"

func TestPauseAndResumeVM(t *testing.T) {
	vm := shared(t)
	eachWay(t, func(t *testing.T, w way) {
		boot := sh(t, vm, bootID)
		must(t, w.client.PauseVM(soon(t), vm))
		must(t, w.client.PauseVM(soon(t), vm)) // once more changes nothing
		equal(t, "paused", statusOf(t, vm), "Paused")
		_, err := w.client.ExecBuffered(soon(t), vm, slicer.SlicerExecRequest{Command: "true"})
		if err == nil {
			t.Fatal("a paused VM runs commands")
		}
		contains(t, "exec", err.Error(), "409")
		_, _, err = w.client.ReadFile(soon(t), vm, "/etc/hostname")
		if err == nil {
			t.Fatal("a paused VM gives files")
		}
		contains(t, "cp", err.Error(), "409")
		stats, err := w.client.GetVMStats(soon(t), vm)
		must(t, err)
		if stats[0].Snapshot != nil || stats[0].Error == "" {
			t.Fatalf("a paused VM is metered: %+v", stats[0])
		}
		must(t, w.client.ResumeVM(soon(t), vm))
		must(t, w.client.ResumeVM(soon(t), vm))
		equal(t, "resumed", statusOf(t, vm), "Running")
		ready(t, w.client, vm)
		equal(t, "boot", sh(t, vm, bootID), boot)
		err = w.client.PauseVM(soon(t), nobody)
		if err == nil {
			t.Fatal("a VM that is not there was paused")
		}
		contains(t, "the error", err.Error(), "404")
	})
}

// Shutdown(nil) asks for a reboot, and means that the VM ends: so it does, as the configuration names
// no hypervisor and Slicer's own default ends VMs that reboot.
func TestShutdownRelaunchAndDelete(t *testing.T) {
	client := overTCP().client
	vm := persistent(t, client)
	sh(t, vm, "echo kept > /srv/kept; sync")
	before, err := client.DescribeVM(soon(t), vm)
	must(t, err)
	if _, err = client.RelaunchVM(soon(t), vm); err == nil {
		t.Fatal("a running VM was relaunched")
	}
	contains(t, "relaunch of a running VM", err.Error(), "409")

	for _, request := range []*slicer.SlicerShutdownRequest{nil, {Action: "shutdown"}} {
		boot := sh(t, vm, bootID)
		must(t, client.Shutdown(soon(t), vm, request))
		eventually(t, "it is stopped", func() bool { return statusOf(t, vm) == "Stopped" })
		again, err := client.RelaunchVM(within(t, bootTimeout), vm)
		must(t, err)
		equal(t, "hostname", again.Hostname, vm)
		equal(t, "address", again.IP, before.IP)
		recent(t, "created_at", again.CreatedAt)
		ready(t, client, vm)
		equal(t, "the disk", sh(t, vm, "cat /srv/kept"), "kept")
		if sh(t, vm, bootID) == boot {
			t.Fatal("it has not booted again")
		}
	}

	must(t, client.PauseVM(soon(t), vm))
	must(t, client.Shutdown(soon(t), vm, &slicer.SlicerShutdownRequest{Action: "shutdown"})) // paused as it is
	eventually(t, "it is stopped", func() bool { return statusOf(t, vm) == "Stopped" })
	must(t, client.Shutdown(soon(t), vm, &slicer.SlicerShutdownRequest{Action: "shutdown"})) // once more
	if err = client.Shutdown(soon(t), vm, &slicer.SlicerShutdownRequest{Action: "explode"}); err == nil {
		t.Fatal("an unknown action was taken")
	}
	contains(t, "an unknown action", err.Error(), "400")

	deleted, err := client.DeleteVM(soon(t), group, vm)
	must(t, err)
	equal(t, "disk_removed", deleted.DiskRemoved, "true")
	if deleted.Message == "" {
		t.Fatal("no message")
	}
	for range 2 {
		if _, err = client.DeleteVM(soon(t), group, vm); err == nil {
			t.Fatal("it was deleted twice")
		}
		contains(t, "a second deletion", err.Error(), "404")
	}
	if err = client.DeleteNode(group, vm); err == nil {
		t.Fatal("it was deleted twice")
	}
	contains(t, "a second deletion", err.Error(), "404")
}

func TestShutdownOfASandboxRemovesIt(t *testing.T) {
	client := overSocket().client
	made, err := client.CreateVMWithOptions(within(t, bootTimeout), "", small("judge=sandbox"),
		slicer.SlicerCreateNodeOptions{Wait: slicer.SlicerCreateNodeWaitAgent, Timeout: bootTimeout})
	must(t, err)
	must(t, client.Shutdown(soon(t), made.Hostname, nil))
	eventually(t, "it is gone", func() bool { return statusOf(t, made.Hostname) == "not listed" })
}

// The configuration declares the group's first VM: it is not the API's to delete.
func TestDeclaredVMIsProtected(t *testing.T) {
	declared := group + "-1"
	eachWay(t, func(t *testing.T, w way) {
		described, err := w.client.DescribeVM(soon(t), declared)
		must(t, err)
		equal(t, "persistent", described.Persistent, true)
		if _, err = w.client.DeleteVM(soon(t), group, declared); err == nil {
			t.Fatal("a declared VM was deleted")
		}
		contains(t, "DeleteVM", err.Error(), "403")
		if err = w.client.DeleteNode(group, declared); err == nil {
			t.Fatal("a declared VM was deleted")
		}
		contains(t, "DeleteNode", err.Error(), "403")
		equal(t, "it is there", statusOf(t, declared), "Running")
	})
}
