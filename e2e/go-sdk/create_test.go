package gosdk

import (
	"testing"
	"time"

	slicer "github.com/slicervm/sdk"
)

// Without a wait the VM is recorded, listed and has its address, though nothing answers yet.
func TestCreateVM(t *testing.T) {
	client := overSocket().client
	made, err := client.CreateVM(soon(t), group, small("judge=no-wait"))
	must(t, err)
	listed, err := client.ListVMs(soon(t), slicer.ListOptions{Tag: "judge=no-wait"})
	must(t, err)
	equal(t, "listed VMs", len(listed), 1)
	equal(t, "hostname", made.Hostname, listed[0].Hostname)
	equal(t, "group", made.HostGroup, group)
	equal(t, "arch", made.Arch, "amd64")
	equal(t, "IP", made.IPAddress().String(), listed[0].IP)
	recent(t, "created_at", made.CreatedAt)
	_, err = client.DeleteVM(soon(t), group, made.Hostname) // while it still boots
	must(t, err)
	equal(t, "after deletion", statusOf(t, made.Hostname), "not listed")
}

// An empty group name is the only group, found by the SDK itself. The script's end is waited for.
func TestCreateVMWithUserdata(t *testing.T) {
	client := overTCP().client
	groups, err := client.GetHostGroups(soon(t))
	must(t, err)
	name := group
	if len(groups) == 1 {
		name = ""
	}
	request := small()
	request.Userdata = "echo for $TARGET_USER > /srv/userdata-said\necho seen on the console\nsleep 1\nexit 3\n"
	request.SSHKeys = []string{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIG1rZXlrZXlrZXlrZXlrZXlrZXlrZXlrZXlrZXlrZXlr judge"}
	made, err := client.CreateVMWithOptions(within(t, bootTimeout), name, request,
		slicer.SlicerCreateNodeOptions{Wait: slicer.SlicerCreateNodeWaitUserdata, Timeout: bootTimeout})
	must(t, err)
	vm := made.Hostname
	said, mode, err := client.ReadFile(soon(t), vm, "/srv/userdata-said")
	must(t, err)
	equal(t, "what the script wrote", string(said), "for alcove\n")
	equal(t, "mode", mode, "0644")
	equal(t, "keys", sh(t, vm, "cat /home/alcove/.ssh/authorized_keys"), request.SSHKeys[0])
	health, err := client.GetAgentHealth(soon(t), vm, true)
	must(t, err)
	equal(t, "userdata_ran", health.UserdataRan, true)
	if health.UserdataExitCode == nil || *health.UserdataExitCode != 3 {
		t.Fatalf("the script's exit code: %v", health.UserdataExitCode)
	}
	logs, err := client.GetVMLogs(soon(t), vm, 0)
	must(t, err)
	contains(t, "the script's output", logs.Content, "seen on the console")
	must(t, client.PauseVM(soon(t), vm))
	must(t, client.DeleteNode(group, vm)) // paused as it is
	equal(t, "after deletion", statusOf(t, vm), "not listed")
}

// The documented way to end a task: its script reboots, and the VM is gone.
func TestTaskThatEndsItself(t *testing.T) {
	client := overSocket().client
	request := small("judge=task")
	request.Userdata = "sleep 1\nreboot\n"
	made, err := client.CreateVM(soon(t), group, request)
	must(t, err)
	eventually(t, "it is gone", func() bool { return statusOf(t, made.Hostname) == "not listed" })
}

func TestCreateThatTimesOutLeavesNoVM(t *testing.T) {
	client := overTCP().client
	_, err := client.CreateVMWithOptions(soon(t), group, small("judge=late"),
		slicer.SlicerCreateNodeOptions{Wait: slicer.SlicerCreateNodeWaitAgent, Timeout: 10 * time.Millisecond})
	if err == nil {
		t.Fatal("a guest was ready within 10 ms")
	}
	contains(t, "the error", err.Error(), "408")
	left, err := client.ListVMs(soon(t), slicer.ListOptions{Tag: "judge=late"})
	must(t, err)
	equal(t, "VMs left", len(left), 0)
}

func TestCreateThatCannotBeIsRefused(t *testing.T) {
	client := overTCP().client
	tooBig := small("judge=refused")
	tooBig.RamBytes = slicer.GiB(4096)
	tooMany := small("judge=refused")
	tooMany.CPUs = 4096
	image := small("judge=refused")
	image.DiskImage = "no-such-image"
	policy := small("judge=refused") // for isolated networks, which this group has not
	policy.Network = &slicer.SlicerCreateNodeNetworkPolicy{Allow: []string{"192.0.2.1"}, Drop: []string{}}
	address := small("judge=refused")
	address.IP = "192.0.2.1"
	gpu := small("judge=refused")
	gpu.GPUCount = 1
	for what, request := range map[string]slicer.SlicerCreateNodeRequest{
		"RAM": tooBig, "CPUs": tooMany, "image": image, "policy": policy, "address": address, "GPU": gpu,
	} {
		_, err := client.CreateVM(soon(t), group, request)
		if err == nil {
			t.Fatalf("%s: it was made", what)
		}
		contains(t, what, err.Error(), "400")
	}
	_, err := client.CreateVM(soon(t), "no-such-group", small())
	if err == nil {
		t.Fatal("a group that is not there made a VM")
	}
	contains(t, "group", err.Error(), "404")
	left, err := client.ListVMs(soon(t), slicer.ListOptions{Tag: "judge=refused"})
	must(t, err)
	equal(t, "VMs left", len(left), 0)
}
