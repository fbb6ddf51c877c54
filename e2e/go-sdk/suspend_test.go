package gosdk

import (
	"testing"
	"time"

	slicer "github.com/slicervm/sdk"
)

func TestSuspendAndRestoreVM(t *testing.T) {
	client := overTCP().client
	vm := persistent(t, client)
	boot := sh(t, vm, "echo in memory > /run/kept; "+bootID)
	before, err := client.DescribeVM(soon(t), vm)
	must(t, err)
	must(t, client.SuspendVM(within(t, bootTimeout), vm))
	equal(t, "suspended", statusOf(t, vm), "Suspended")
	must(t, client.RestoreVMWithOptions(within(t, bootTimeout), vm,
		slicer.SlicerRestoreVMOptions{Wait: slicer.SlicerRestoreVMWaitAgent, Timeout: bootTimeout}))
	equal(t, "restored", statusOf(t, vm), "Running")
	equal(t, "memory", sh(t, vm, "cat /run/kept"), "in memory")
	equal(t, "boot", sh(t, vm, bootID), boot)
	after, err := client.DescribeVM(soon(t), vm)
	must(t, err)
	equal(t, "address", after.IP, before.IP)
	guest, err := time.Parse(time.RFC3339, sh(t, vm, "date -u +%FT%TZ"))
	must(t, err)
	if off := time.Since(guest).Abs(); off > 5*time.Second {
		t.Fatalf("the guest's clock is off by %v", off)
	}

	must(t, client.SuspendVM(within(t, bootTimeout), vm))
	must(t, client.RestoreVM(within(t, bootTimeout), vm)) // without a wait
	ready(t, client, vm)
	if err = client.RestoreVM(soon(t), vm); err == nil {
		t.Fatal("a running VM was restored")
	}
	contains(t, "restore of a running VM", err.Error(), "409")
	if err = client.SuspendVM(soon(t), nobody); err == nil {
		t.Fatal("a VM that is not there was suspended")
	}
	contains(t, "the error", err.Error(), "404")
	must(t, client.SuspendVM(within(t, bootTimeout), vm))
	_, err = client.DeleteVM(soon(t), group, vm) // suspended as it is
	must(t, err)
}
