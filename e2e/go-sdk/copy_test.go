package gosdk

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	slicer "github.com/slicervm/sdk"
)

const defaultUser = slicer.NonRootUser

// tree makes a directory with what is easily lost: a mode, a space, an empty directory.
func tree(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	must(t, os.MkdirAll(filepath.Join(dir, "sub dir", "empty"), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "run.sh"), []byte("#!/bin/sh\n"), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "sub dir", "a+b c.txt"), []byte("text"), 0o640))
	must(t, os.WriteFile(filepath.Join(dir, "left.log"), []byte("not wanted"), 0o644))
	return dir
}

const listing = "find . -mindepth 1 -printf '%P %y %m\\n' | sort"

const treeInGuest = "left.log f 644\nrun.sh f 755\nsub dir d 755\nsub dir/a+b c.txt f 640\nsub dir/empty d 755"

// oneRequest fails when the SDK had to ask again, the older way.
func oneRequest(t *testing.T, what string, copied func(*slicer.SlicerClient) error) {
	t.Helper()
	client, requests := counted()
	if err := copied(client); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	equal(t, what+": requests", requests.requests, 1)
}

func TestCpToVMBinary(t *testing.T) {
	vm := shared(t)
	content := make([]byte, 3<<20)
	_, _ = rand.Read(content)
	file := filepath.Join(t.TempDir(), "a file+name.bin")
	must(t, os.WriteFile(file, content, 0o600))
	put := func(path string, uid uint32, permissions string) {
		t.Helper()
		oneRequest(t, path, func(c *slicer.SlicerClient) error {
			return c.CpToVM(soon(t), vm, file, path, uid, uid, permissions, "binary")
		})
	}
	sh(t, vm, "mkdir -p /srv/go/there")
	put("/srv/go/new name", 0, "0640")
	equal(t, "as told", sh(t, vm, "stat -c '%u:%g %a %s' '/srv/go/new name'"), "0:0 640 3145728")
	put("/srv/go/there", 1000, "")
	equal(t, "into a directory", sh(t, vm, "cd /srv/go/there; stat -c '%u:%g %a' 'a file+name.bin'"), "1000:1000 644")
	put("~/from-go", defaultUser, "")
	equal(t, "home", sh(t, vm, "stat -c '%u:%g' /home/alcove/from-go"), "1000:1000")
	sum := sh(t, vm, "sha256sum < '/srv/go/new name'")
	equal(t, "content", strings.Fields(sum)[0], hexSum(content))
	err := overTCP().client.CpToVM(soon(t), vm, file, "/srv/go/missing/", 0, 0, "", "binary")
	if err == nil {
		t.Fatal("a directory that is not there was made up")
	}
	contains(t, "the refusal", err.Error(), "400")
}

func TestCpToVMTar(t *testing.T) {
	vm := shared(t)
	dir := tree(t, "proj")
	put := func(local, path string, excludes ...string) {
		t.Helper()
		oneRequest(t, path, func(c *slicer.SlicerClient) error {
			return c.CpToVM(soon(t), vm, local, path, 1000, 1000, "", "tar", excludes...)
		})
	}
	sh(t, vm, "mkdir -p /srv/go/tree-there /srv/go/contents")
	put(dir, "/srv/go/tree-new")
	equal(t, "a new directory", sh(t, vm, "cd /srv/go/tree-new; "+listing), treeInGuest)
	equal(t, "owner", sh(t, vm, "stat -c %u:%g '/srv/go/tree-new/sub dir/a+b c.txt'"), "1000:1000")
	put(dir, "/srv/go/tree-there")
	equal(t, "into a directory", sh(t, vm, "cd /srv/go/tree-there/proj; "+listing), treeInGuest)
	put(dir+"/.", "/srv/go/contents")
	equal(t, "contents", sh(t, vm, "cd /srv/go/contents; "+listing), treeInGuest)
	put(dir, "/srv/go/tree-part", "*.log", "sub dir/**")
	contains(t, "exclude", sh(t, vm, "cd /srv/go/tree-part; "+listing), "run.sh f 755")
	equal(t, "excluded", sh(t, vm, "cd /srv/go/tree-part; find . -name '*.log' -o -name '*.txt'"), "")
}

func TestCpFromVMBinary(t *testing.T) {
	vm := shared(t)
	sh(t, vm, "mkdir -p /srv/out; printf 'an answer' > '/srv/out/a file+name'; chmod 640 '/srv/out/a file+name'")
	dir := t.TempDir()
	get := func(local, permissions string) {
		t.Helper()
		oneRequest(t, local, func(c *slicer.SlicerClient) error {
			return c.CpFromVM(soon(t), vm, "/srv/out/a file+name", local, permissions, "binary")
		})
	}
	get(filepath.Join(dir, "exact"), "")
	checkFile(t, filepath.Join(dir, "exact"), "an answer", 0o640)
	get(dir, "0600")
	checkFile(t, filepath.Join(dir, "a file+name"), "an answer", 0o600)
	err := overTCP().client.CpFromVM(soon(t), vm, "/srv/out/nothing", dir, "", "binary")
	if err == nil {
		t.Fatal("a file that is not there was copied")
	}
	contains(t, "the refusal", err.Error(), "404")
}

func TestCpFromVMTarAndRecursive(t *testing.T) {
	vm := shared(t)
	sh(t, vm, "rm -rf /srv/tree && mkdir -p '/srv/tree/sub dir/empty' && cd /srv/tree && printf '#!/bin/sh\\n' > run.sh &&"+
		"chmod 755 run.sh && printf text > 'sub dir/a+b c.txt' && chmod 640 'sub dir/a+b c.txt' && echo x > left.log")
	for _, mode := range []string{"tar", "recursive"} {
		dir := t.TempDir()
		get := func(path, local string, excludes ...string) {
			t.Helper()
			oneRequest(t, mode+" "+path, func(c *slicer.SlicerClient) error {
				return c.CpFromVM(soon(t), vm, path, local, "", mode, excludes...)
			})
		}
		get("/srv/tree", filepath.Join(dir, "new"))
		checkFile(t, filepath.Join(dir, "new/run.sh"), "#!/bin/sh\n", 0o755)
		checkFile(t, filepath.Join(dir, "new/sub dir/a+b c.txt"), "text", 0o640)
		if info, err := os.Stat(filepath.Join(dir, "new/sub dir/empty")); err != nil || !info.IsDir() {
			t.Fatalf("%s: the empty directory: %v", mode, err)
		}
		get("/srv/tree", dir)
		checkFile(t, filepath.Join(dir, "tree/run.sh"), "#!/bin/sh\n", 0o755)
		get("/srv/tree/.", dir, "*.log")
		checkFile(t, filepath.Join(dir, "run.sh"), "#!/bin/sh\n", 0o755)
		if _, err := os.Stat(filepath.Join(dir, "left.log")); err == nil {
			t.Fatalf("%s: what was excluded came all the same", mode)
		}
	}
	dir := t.TempDir()
	oneRequest(t, "recursive, of a file", func(c *slicer.SlicerClient) error {
		return c.CpFromVM(soon(t), vm, "/srv/tree/run.sh", filepath.Join(dir, "file"), "", "recursive")
	})
	checkFile(t, filepath.Join(dir, "file"), "#!/bin/sh\n", 0o755)
}

func checkFile(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	got, err := os.ReadFile(path)
	must(t, err)
	equal(t, path, string(got), content)
	info, err := os.Stat(path)
	must(t, err)
	equal(t, path+": mode", info.Mode().Perm(), mode)
}

// The guest's own assembler is not there: the SDK says "unsupported", which is no HTTP error.
func TestChunkedCopy(t *testing.T) {
	vm := shared(t)
	client := overTCP().client
	supported, err := client.SupportsChunkedCopy(soon(t), vm)
	must(t, err)
	content := bytes.Repeat([]byte("chunk"), 100_000)
	file := filepath.Join(t.TempDir(), "big")
	must(t, os.WriteFile(file, content, 0o600))
	err = client.CpToVMChunked(soon(t), vm, file, "/srv/chunked",
		slicer.ChunkedCopyOptions{Mode: "binary", ChunkSize: 128 << 10, Concurrency: 4})
	if !supported {
		equal(t, "unsupported", errors.Is(err, slicer.ErrChunkedCopyUnsupported), true)
		return
	}
	must(t, err)
	sum := sh(t, vm, "sha256sum < /srv/chunked")
	equal(t, "content", strings.Fields(sum)[0], hexSum(content))
}
