package gosdk

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	slicer "github.com/slicervm/sdk"
)

// difficult has names that archives write in ways of their own, and many files.
func difficult(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "difficult")
	long := strings.Repeat("l", 200)
	names := []string{
		"é ü 日本語 " + strings.Repeat("ß", 60), "f" + long, "quote'\"$(x)`;&|", "new\nline", "-rf", " ", "back\\slash", "star*?[a]", "100%25+1",
		filepath.Join(long, long, "deeper than a header's prefix"),
	}
	for n := range 500 {
		names = append(names, fmt.Sprintf("many/%03d/file-%d", n%7, n))
	}
	when := time.Unix(1_500_000_000, 0)
	for n, name := range names {
		path := filepath.Join(dir, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(strings.Repeat(name, n%50)), 0o644))
		must(t, os.Chtimes(path, when, when))
	}
	return dir
}

// files lists a tree's files with their content and time, sorted.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	must(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		all = append(all, fmt.Sprintf("%q %d %s", name, info.ModTime().Unix(), hexSum(content)))
		return nil
	}))
	slices.Sort(all)
	return all
}

func TestTreeOfDifficultNamesThereAndBack(t *testing.T) {
	vm := shared(t)
	dir := difficult(t)
	want := files(t, dir)
	eachWay(t, func(t *testing.T, w way) {
		path := "/srv/difficult " + w.name
		must(t, w.client.CpToVM(soon(t), vm, dir, path, 0, 0, "", "tar"))
		back := filepath.Join(t.TempDir(), "back")
		must(t, w.client.CpFromVM(soon(t), vm, path, back, "", "recursive"))
		if got := files(t, back); !slices.Equal(got, want) {
			t.Fatalf("%d files went, %d came back, and not the same", len(want), len(got))
		}
		entries, err := w.client.ReadDir(soon(t), vm, path)
		must(t, err)
		equal(t, "entries", len(entries), 11)
		for _, entry := range entries {
			stat, err := w.client.Stat(soon(t), vm, path+"/"+entry.Name)
			must(t, err)
			equal(t, "name", stat.Name, entry.Name)
		}
		must(t, w.client.Remove(soon(t), vm, path, true))
	})
}

// Many of everything at the same time over one client: nothing is mixed up.
func TestManyAtOnce(t *testing.T) {
	vm := shared(t)
	eachWay(t, func(t *testing.T, w way) {
		var all sync.WaitGroup
		failures := make(chan error, 64)
		for n := range 32 {
			all.Go(func() { failures <- one(t, w, vm, n) })
		}
		all.Wait()
		close(failures)
		for err := range failures {
			if err != nil {
				t.Error(err)
			}
		}
	})
}

func one(t *testing.T, w way, vm string, n int) error {
	path := fmt.Sprintf("/srv/at-once/%s-%d", w.name, n)
	content := strings.Repeat(path+"\n", 2_000)
	if err := w.client.WriteFile(soon(t), vm, path, []byte(content), defaultUser, defaultUser, ""); err != nil {
		return err
	}
	out, err := w.client.Command(soon(t), vm, "cat", path).Output()
	if err != nil || string(out) != content {
		return fmt.Errorf("cat %s: %d bytes, %w", path, len(out), err)
	}
	read, _, err := w.client.ReadFile(soon(t), vm, path)
	if err != nil || string(read) != content {
		return fmt.Errorf("read %s: %d bytes, %w", path, len(read), err)
	}
	result, err := w.client.ExecBuffered(soon(t), vm, slicer.SlicerExecRequest{Command: "wc", Args: []string{"-c", path}})
	if err != nil || !strings.HasPrefix(result.Stdout, fmt.Sprint(len(content))) {
		return fmt.Errorf("wc %s: %q, %w", path, result.Stdout, err)
	}
	return nil
}
