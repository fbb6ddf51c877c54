package gosdk

import (
	"encoding/base64"
	"errors"
	"slices"
	"testing"

	slicer "github.com/slicervm/sdk"
)

func encoded(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func secretNamed(t *testing.T, w way, name string) *slicer.Secret {
	t.Helper()
	secrets, err := w.client.ListSecrets(soon(t))
	must(t, err)
	index := slices.IndexFunc(secrets, func(one slicer.Secret) bool { return one.Name == name })
	if index < 0 {
		return nil
	}
	return &secrets[index]
}

func TestSecrets(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		name := "judge." + w.name
		create := slicer.CreateSecretRequest{Name: name, Data: encoded("first words")}
		must(t, w.client.CreateSecret(soon(t), create))
		equal(t, "once more", errors.Is(w.client.CreateSecret(soon(t), create), slicer.ErrSecretExists), true)
		made := secretNamed(t, w, name)
		if made == nil || made.ModifiedAt == nil {
			t.Fatalf("listed as %+v", made)
		}
		equal(t, "size", made.Size, 11)
		equal(t, "permissions", made.Permissions, "0600")
		equal(t, "owner", [2]uint32{made.UID, made.GID}, [2]uint32{0, 0})
		recent(t, "modified_at", *made.ModifiedAt)

		// Only the mode and owner: the SDK sends data as "", which keeps the content.
		must(t, w.client.PatchSecret(soon(t), name, slicer.UpdateSecretRequest{Permissions: "0640", UID: 1000, GID: 1000}))
		patched := secretNamed(t, w, name)
		equal(t, "size after a patch of the mode", patched.Size, 11)
		equal(t, "permissions", patched.Permissions, "0640")
		equal(t, "owner", [2]uint32{patched.UID, patched.GID}, [2]uint32{1000, 1000})
		must(t, w.client.PatchSecret(soon(t), name, slicer.UpdateSecretRequest{Data: encoded("other")}))
		equal(t, "size after a patch of the content", secretNamed(t, w, name).Size, 5)
		equal(t, "permissions then", secretNamed(t, w, name).Permissions, "0640")

		must(t, w.client.DeleteSecret(soon(t), name))
		if secretNamed(t, w, name) != nil {
			t.Fatal("a deleted secret is listed")
		}
		for what, err := range map[string]error{
			"404 a second time":     w.client.DeleteSecret(soon(t), name),
			"404 patch":             w.client.PatchSecret(soon(t), name, slicer.UpdateSecretRequest{Data: encoded("x")}),
			"400 what is no base64": w.client.CreateSecret(soon(t), slicer.CreateSecretRequest{Name: name, Data: "no base64!"}),
			"400 what is no name":   w.client.CreateSecret(soon(t), slicer.CreateSecretRequest{Name: "no/name", Data: encoded("x")}),
		} {
			if err == nil {
				t.Fatalf("%s: it was done", what)
			}
			contains(t, what, err.Error(), what[:3])
		}
	})
}

// A VM gets the secrets that its create names, with owner and mode, before its script runs.
func TestSecretsInTheGuest(t *testing.T) {
	client := overTCP().client
	for _, secret := range []slicer.CreateSecretRequest{
		{Name: "judge.wanted", Data: encoded("told to the guest"), Permissions: "0440", UID: 1000, GID: 1000},
		{Name: "judge.other", Data: encoded("not for this guest")},
	} {
		must(t, client.CreateSecret(soon(t), secret))
		t.Cleanup(func() { _ = client.DeleteSecret(t.Context(), secret.Name) })
	}
	request := small()
	request.Secrets = []string{"judge.wanted"}
	request.Userdata = "cp /run/slicer/secrets/judge.wanted /srv/seen-by-userdata"
	made, err := client.CreateVMWithOptions(within(t, bootTimeout), group, request,
		slicer.SlicerCreateNodeOptions{Wait: slicer.SlicerCreateNodeWaitUserdata, Timeout: bootTimeout})
	must(t, err)
	vm := made.Hostname
	equal(t, "in the guest", sh(t, vm, "cd /run/slicer/secrets; stat -c '%n %a %u:%g' *; cat judge.wanted"),
		"judge.wanted 440 1000:1000\ntold to the guest")
	equal(t, "seen by the script", sh(t, vm, "cat /srv/seen-by-userdata"), "told to the guest")
	_, err = client.DeleteVM(soon(t), group, vm)
	must(t, err)

	request.Secrets = []string{"judge.no-such"}
	if _, err = client.CreateVM(soon(t), group, request); err == nil {
		t.Fatal("a secret that is not there was promised")
	}
	contains(t, "an unknown secret", err.Error(), "400")
}
