package gosdk

import (
	"os"
	"path/filepath"
	"testing"

	slicer "github.com/slicervm/sdk"
)

func TestClientFromEnvironment(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	must(t, os.WriteFile(file, []byte(token+"\n"), 0o600))
	t.Setenv("SLICER_TOKEN", "")
	t.Setenv("SLICER_TOKEN_FILE", file)
	client, err := slicer.NewClientFromEnv("", "", nil)
	must(t, err)
	_, err = client.GetInfo(soon(t))
	must(t, err)
}

func TestWrongTokenIsRefused(t *testing.T) {
	for _, wrong := range []string{"", "not-" + token} {
		_, err := slicer.NewSlicerClient(baseURL, wrong, userAgent, nil).GetInfo(soon(t))
		if err == nil {
			t.Fatalf("the token %q was taken", wrong)
		}
		contains(t, "the refusal", err.Error(), "401")
	}
}

func TestSocketTakesATokenThatItDoesNotNeed(t *testing.T) {
	_, err := slicer.NewSlicerClient("unix://"+socket, "any-token", userAgent, nil).GetInfo(soon(t))
	must(t, err)
}

func TestGetInfo(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		info, err := w.client.GetInfo(soon(t))
		must(t, err)
		equal(t, "platform", info.Platform, "linux")
		equal(t, "arch", info.Arch, "amd64")
		if info.Version == "" || info.GitCommit == "" {
			t.Fatalf("no version or commit in %+v", info)
		}
	})
}

func TestGetHostGroups(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		groups, err := w.client.GetHostGroups(soon(t))
		must(t, err)
		for _, one := range groups {
			if one.Name != group {
				continue
			}
			if one.CPUs < 1 || one.RamBytes < slicer.GiB(1) {
				t.Fatalf("a VM of this group cannot have 1 vCPU and 1 GiB: %+v", one)
			}
			equal(t, "declared VMs", one.Count, 1)
			equal(t, "arch", one.Arch, "x86_64")
			equal(t, "gpu_count", one.GPUCount, 0)
			return
		}
		t.Fatalf("no group %q in %+v", group, groups)
	})
}

func TestListVMs(t *testing.T) {
	vm := shared(t)
	eachWay(t, func(t *testing.T, w way) {
		filters := map[string]slicer.ListOptions{
			"no filter":  {},
			"tag":        {Tag: "judge=shared"},
			"tag prefix": {TagPrefix: "judge="},
		}
		for name, filter := range filters {
			nodes, err := w.client.ListVMs(soon(t), filter)
			must(t, err)
			checkNode(t, name, nodes, vm)
		}
		none, err := w.client.ListVMs(soon(t), slicer.ListOptions{Tag: "judge"})
		must(t, err)
		equal(t, "VMs with another tag", len(none), 0)
		if _, err = w.client.ListVMs(soon(t), slicer.ListOptions{Tag: "a", TagPrefix: "b"}); err == nil {
			t.Fatal("a tag and a prefix at once were taken")
		}
		contains(t, "the refusal", err.Error(), "400")
	})
}

// The SDK glues the filter onto the path, as %3F: the daemon understands that as well.
func TestGetHostGroupNodes(t *testing.T) {
	vm := shared(t)
	eachWay(t, func(t *testing.T, w way) {
		all, err := w.client.GetHostGroupNodes(soon(t), group)
		must(t, err)
		checkNode(t, "no filter", all, vm)
		tagged, err := w.client.GetHostGroupNodes(soon(t), group, slicer.ListOptions{Tag: "judge=shared"})
		must(t, err)
		checkNode(t, "tag", tagged, vm)
		prefixed, err := w.client.GetHostGroupNodes(soon(t), group, slicer.ListOptions{TagPrefix: "judge="})
		must(t, err)
		checkNode(t, "tag prefix", prefixed, vm)
		none, err := w.client.GetHostGroupNodes(soon(t), group, slicer.ListOptions{Tag: "a b+c&d=e"})
		must(t, err)
		equal(t, "VMs with another tag", len(none), 0)
		_, err = w.client.GetHostGroupNodes(soon(t), "no-such-group")
		if err == nil {
			t.Fatal("a group that is not there has nodes")
		}
		contains(t, "the refusal", err.Error(), "404")
	})
}

func checkNode(t *testing.T, how string, nodes []slicer.SlicerNode, vm string) {
	t.Helper()
	for _, node := range nodes {
		if node.Hostname != vm {
			continue
		}
		equal(t, how+": group", node.HostGroup, group)
		equal(t, how+": status", node.Status, "Running")
		equal(t, how+": arch", node.Arch, "x86_64")
		equal(t, how+": RAM", node.RamBytes, slicer.MiB(256))
		equal(t, how+": CPUs", node.CPUs, 1)
		equal(t, how+": persistent", node.Persistent, false)
		equal(t, how+": number of tags", len(node.Tags), 1)
		recent(t, how+": created_at", node.CreatedAt)
		return
	}
	t.Fatalf("%s: no %s in %+v", how, vm, nodes)
}
