package gosdk

import (
	"slices"
	"strings"
	"testing"
	"time"

	slicer "github.com/slicervm/sdk"
)

const nobody = "sbox-987"

func TestDescribeVM(t *testing.T) {
	vm := shared(t)
	eachWay(t, func(t *testing.T, w way) {
		described, err := w.client.DescribeVM(soon(t), vm)
		must(t, err)
		checkNode(t, "describe", []slicer.SlicerNode{described.SlicerNode}, vm)
		if described.Storage == "" || described.Image == "" || described.Network.Mode == "" {
			t.Fatalf("incomplete: %+v", described)
		}
		_, err = w.client.DescribeVM(soon(t), nobody)
		equal(t, "404 for a VM that is not there", slicer.IsAPIStatus(err, 404), true)
	})
}

func TestVMTags(t *testing.T) {
	vm := shared(t)
	eachWay(t, func(t *testing.T, w way) {
		check := func(want ...string) func(*slicer.SlicerVMTags, error) {
			return func(got *slicer.SlicerVMTags, err error) {
				t.Helper()
				must(t, err)
				equal(t, "hostname", got.Hostname, vm)
				if !slices.Equal(got.Tags, want) {
					t.Fatalf("tags %q, not %q", got.Tags, want)
				}
			}
		}
		ctx := soon(t)
		check("judge=shared")(w.client.GetVMTags(ctx, vm))
		check("judge=shared", "a b", "c")(w.client.AddVMTags(ctx, vm, "a b", "c"))
		check("judge=shared", "c")(w.client.RemoveVMTags(ctx, vm, "a b", "never there"))
		check()(w.client.ReplaceVMTags(ctx, vm))
		check("judge=shared")(w.client.ReplaceVMTags(ctx, vm, "judge=shared"))
		check("judge=shared")(w.client.GetVMTags(ctx, vm))
		both := slicer.SlicerVMTagUpdate{Add: []string{"x"}, Replace: &[]string{"y"}}
		_, err := w.client.UpdateVMTags(ctx, vm, both)
		equal(t, "400 for add and replace", slicer.IsAPIStatus(err, 400), true)
		_, err = w.client.GetVMTags(ctx, nobody)
		equal(t, "404 for a VM that is not there", slicer.IsAPIStatus(err, 404), true)
	})
}

func TestGetAgentHealth(t *testing.T) {
	vm := shared(t)
	eachWay(t, func(t *testing.T, w way) {
		brief, err := w.client.GetAgentHealth(soon(t), vm, false) // HEAD
		must(t, err)
		equal(t, "hostname", brief.Hostname, vm)
		health, err := w.client.GetAgentHealth(soon(t), vm, true)
		must(t, err)
		equal(t, "hostname", health.Hostname, vm)
		equal(t, "userdata_ran", health.UserdataRan, true)
		for what, uptime := range map[string]time.Duration{
			"agent": health.AgentUptime, "system": health.SystemUptime,
		} {
			if uptime < 10*time.Millisecond || uptime > time.Hour {
				t.Fatalf("the %s is up for %v", what, uptime)
			}
		}
		if health.AgentVersion == "" || health.IP == "" {
			t.Fatalf("incomplete: %+v", health)
		}
		for _, stats := range []bool{false, true} {
			if _, err = w.client.GetAgentHealth(soon(t), nobody, stats); err == nil {
				t.Fatal("a VM that is not there is healthy")
			}
			contains(t, "the error", err.Error(), "404")
		}
	})
}

// The SDK reads a list for one VM as well, which the daemon's other clients do not.
func TestGetVMStats(t *testing.T) {
	vm := shared(t)
	eachWay(t, func(t *testing.T, w way) {
		for _, hostname := range []string{"", vm} {
			stats, err := w.client.GetVMStats(soon(t), hostname)
			must(t, err)
			index := slices.IndexFunc(stats, func(one slicer.SlicerNodeStat) bool { return one.Hostname == vm })
			if index < 0 {
				t.Fatalf("%s is not in %+v", vm, stats)
			}
			checkStats(t, stats[index])
		}
		_, err := w.client.GetVMStats(soon(t), nobody)
		if err == nil {
			t.Fatal("a VM that is not there has stats")
		}
		contains(t, "the error", err.Error(), "404")
	})
}

func checkStats(t *testing.T, stats slicer.SlicerNodeStat) {
	t.Helper()
	recent(t, "created_at", stats.CreatedAt)
	equal(t, "error", stats.Error, "")
	one := stats.Snapshot
	if one == nil {
		t.Fatal("no snapshot")
	}
	equal(t, "hostname", one.Hostname, stats.Hostname)
	equal(t, "CPUs", one.TotalCPUS, 1)
	equal(t, "arch", one.Arch, "x86_64")
	recent(t, "timestamp", one.Timestamp)
	if uptime, err := time.ParseDuration(one.Uptime); err != nil || uptime <= 0 {
		t.Fatalf("uptime %q: %v", one.Uptime, err)
	}
	if one.TotalMemory == 0 || one.MemoryUsed+one.MemoryAvailable > one.TotalMemory+one.TotalMemory/10 {
		t.Fatalf("memory: %+v", one)
	}
	if one.DiskSpaceTotal == 0 || one.DiskSpaceUsed > one.DiskSpaceTotal || one.DiskReadTotal <= 0 {
		t.Fatalf("disk: %+v", one)
	}
}

// -1 sends no number, so the daemon's own 20 applies; 0 is all.
func TestGetVMLogs(t *testing.T) {
	vm := shared(t)
	sh(t, vm, "for n in $(seq 30); do echo judge-line-$n; done > /dev/console")
	eachWay(t, func(t *testing.T, w way) {
		lines := map[int]int{}
		for _, asked := range []int{-1, 0, 5} {
			logs, err := w.client.GetVMLogs(soon(t), vm, asked)
			must(t, err)
			equal(t, "hostname", logs.Hostname, vm)
			contains(t, "the newest line", logs.Content, "judge-line-30")
			lines[asked] = len(strings.Split(strings.TrimRight(logs.Content, "\n"), "\n"))
			effective := asked
			if asked < 0 {
				effective = 20
			}
			equal(t, "lines", logs.Lines, effective)
		}
		equal(t, "lines for 5", lines[5], 5)
		equal(t, "lines for -1", lines[-1], 20)
		if lines[0] < 30 {
			t.Fatalf("the whole log has %d lines", lines[0])
		}
		_, err := w.client.GetVMLogs(soon(t), nobody, 1)
		if err == nil {
			t.Fatal("a VM that is not there has a log")
		}
		contains(t, "the error", err.Error(), "404")
	})
}
