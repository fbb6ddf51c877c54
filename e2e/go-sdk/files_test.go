package gosdk

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"testing"

	slicer "github.com/slicervm/sdk"
)

func hexSum(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func TestReadAndWriteFile(t *testing.T) {
	vm := shared(t)
	eachWay(t, func(t *testing.T, w way) {
		_, _, err := w.client.ReadFile(soon(t), vm, "/srv/no such file")
		equal(t, "a missing file is os.ErrNotExist", errors.Is(err, os.ErrNotExist), true)
		path := "/srv/written by " + w.name + "/a+b"
		must(t, w.client.WriteFile(soon(t), vm, path, []byte("content"), 1000, 1000, "0604"))
		content, mode, err := w.client.ReadFile(soon(t), vm, path)
		must(t, err)
		equal(t, "content", string(content), "content")
		equal(t, "mode", mode, "0604")
		equal(t, "owner", sh(t, vm, "stat -c %u:%g '"+path+"'"), "1000:1000")
		must(t, w.client.WriteFile(soon(t), vm, "~/mine", []byte{}, defaultUser, defaultUser, ""))
		equal(t, "home", sh(t, vm, "stat -c '%u:%g %a %s' /home/alcove/mine"), "1000:1000 644 0")
		_, _, err = w.client.ReadFile(soon(t), vm, "/srv")
		if err == nil {
			t.Fatal("a directory was read as a file")
		}
		contains(t, "a directory", err.Error(), "must specify a file not a directory")
	})
}

func TestFileSystem(t *testing.T) {
	vm := shared(t)
	eachWay(t, func(t *testing.T, w way) {
		ctx := soon(t)
		base := "/srv/fs " + w.name
		must(t, w.client.Mkdir(ctx, vm, slicer.SlicerFSMkdirRequest{Path: base + "/deep/er", Recursive: true, Mode: "0750"}))
		err := w.client.Mkdir(ctx, vm, slicer.SlicerFSMkdirRequest{Path: base + "/no/parent"})
		if err == nil {
			t.Fatal("a directory was made without its parent")
		}
		must(t, w.client.WriteFile(ctx, vm, base+"/file", []byte("12345"), 0, 0, "0640"))
		sh(t, vm, "ln -s file '"+base+"/link'")
		entries, err := w.client.ReadDir(ctx, vm, base)
		must(t, err)
		kinds := map[string]slicer.SlicerFSInfo{}
		for _, entry := range entries {
			recent(t, entry.Name, entry.Mtime)
			kinds[entry.Name] = entry
		}
		equal(t, "entries", len(entries), 3)
		equal(t, "a directory", kinds["deep"].Type, "directory")
		equal(t, "a link", kinds["link"].Type, "symlink")
		equal(t, "a file", kinds["file"].Type+" "+kinds["file"].Mode, "file 0640")
		equal(t, "its size", kinds["file"].Size, int64(5))

		stat, err := w.client.Stat(ctx, vm, base+"/deep/er")
		must(t, err)
		equal(t, "stat", stat.Name+" "+stat.Type+" "+stat.Mode, "er directory 0750")
		_, err = w.client.Stat(ctx, vm, base+"/nothing")
		equal(t, "a missing path is os.ErrNotExist", errors.Is(err, os.ErrNotExist), true)

		if err = w.client.Remove(ctx, vm, base, false); err == nil {
			t.Fatal("a full directory was removed")
		}
		must(t, w.client.Remove(ctx, vm, base, true))
		there, err := w.client.Exists(ctx, vm, base)
		must(t, err)
		equal(t, "after removal", there, false)
		there, err = w.client.Exists(ctx, vm, "/srv")
		must(t, err)
		equal(t, "/srv", there, true)
	})
}
