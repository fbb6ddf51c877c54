//go:build isolated

// These need a daemon whose group is isolated, which only root can make: e2e/go-sdk-isolated.e2e.ts.

package gosdk

import (
	"slices"
	"testing"

	slicer "github.com/slicervm/sdk"
)

// what the group of the configuration drops
const dropped = "203.0.113.0/24"

func same(t *testing.T, what string, got slicer.SlicerVMNetworkPolicy, allow, drop []string) {
	t.Helper()
	if !slices.Equal(got.Allow, allow) || !slices.Equal(got.Drop, drop) {
		t.Fatalf("%s: %+v, not allow %q and drop %q", what, got, allow, drop)
	}
}

func TestIsolatedPolicyOfTheGroup(t *testing.T) {
	client := overTCP().client
	vm := shared(t)
	described, err := client.DescribeVM(soon(t), vm)
	must(t, err)
	network := described.Network
	equal(t, "mode", network.Mode, "isolated")
	equal(t, "source", network.Source, "host_group")
	same(t, "group", network.HostGroup, nil, []string{dropped})
	same(t, "effective", network.Effective, nil, []string{dropped})
	if network.Override != nil {
		t.Fatalf("an override that nobody asked for: %+v", network.Override)
	}
	health, err := client.GetAgentHealth(soon(t), vm, true)
	must(t, err)
	equal(t, "the guest's address", health.IP, described.IP)
}

// A list that is nil inherits, one that is empty clears: the SDK sends the difference.
func TestIsolatedPolicyOfOneVM(t *testing.T) {
	client := overSocket().client
	for what, one := range map[string]struct {
		policy      slicer.SlicerCreateNodeNetworkPolicy
		allow, drop []string
	}{
		"both":    {slicer.SlicerCreateNodeNetworkPolicy{Allow: []string{"198.51.100.7"}, Drop: []string{}}, []string{"198.51.100.7"}, nil},
		"allow":   {slicer.SlicerCreateNodeNetworkPolicy{Allow: []string{"198.51.100.7:443"}}, []string{"198.51.100.7:443"}, []string{dropped}},
		"nothing": {slicer.SlicerCreateNodeNetworkPolicy{Drop: []string{}}, nil, nil},
	} {
		request := small("judge=isolated")
		request.Network = &one.policy
		made, err := client.CreateVM(soon(t), group, request)
		must(t, err)
		described, err := client.DescribeVM(soon(t), made.Hostname)
		must(t, err)
		equal(t, what+": source", described.Network.Source, "vm")
		same(t, what+": group", described.Network.HostGroup, nil, []string{dropped})
		same(t, what+": effective", described.Network.Effective, one.allow, one.drop)
		if described.Network.Override == nil {
			t.Fatalf("%s: no override in %+v", what, described.Network)
		}
		if !slices.Equal(described.Network.Override.Allow, one.policy.Allow) {
			t.Fatalf("%s: override %+v", what, described.Network.Override)
		}
		_, err = client.DeleteVM(soon(t), group, made.Hostname)
		must(t, err)
	}
}

func TestIsolatedPolicyThatIsNone(t *testing.T) {
	for _, entry := range []string{"nonsense", "1.2.3", "10.0.0.0/33", "1.2.3.4:0", "1.2.3.4; drop"} {
		request := small("judge=refused")
		request.Network = &slicer.SlicerCreateNodeNetworkPolicy{Allow: []string{entry}}
		_, err := overTCP().client.CreateVM(soon(t), group, request)
		if err == nil {
			t.Fatalf("%q was taken", entry)
		}
		contains(t, entry, err.Error(), "400")
	}
}
