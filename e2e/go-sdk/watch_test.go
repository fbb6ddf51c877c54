package gosdk

import (
	"context"
	"testing"

	slicer "github.com/slicervm/sdk"
)

func TestWatchFS(t *testing.T) {
	vm := shared(t)
	eachWay(t, func(t *testing.T, w way) {
		dir := "/srv/watched by " + w.name
		sh(t, vm, "mkdir -p '"+dir+"/sub'")
		ctx, cancel := context.WithCancel(soon(t))
		events, errs := w.client.WatchFS(ctx, vm, slicer.SlicerFSWatchRequest{
			Paths: []string{dir}, Patterns: []string{"*.txt"}, Events: []string{"create", "remove"}, Recursive: true, Debounce: "50ms"})
		// The stream says nothing when it begins: what happens until it does is not seen.
		first := untilSeen(t, vm, dir, events, errs)
		equal(t, "type", first.Type, "create")
		equal(t, "path", first.Path, dir+"/sub/begun.txt")
		equal(t, "isDir", first.IsDir, false)
		at, err := slicer.ParseFSWatchTimestamp(first.Timestamp)
		must(t, err)
		recent(t, "timestamp", at)
		sh(t, vm, "cd '"+dir+"'; touch unseen.log; rm sub/begun.txt")
		for event := range events {
			if event.ID <= first.ID {
				t.Fatalf("event %d after %d", event.ID, first.ID)
			}
			if event.Type == "remove" {
				equal(t, "path", event.Path, dir+"/sub/begun.txt")
				break
			}
			equal(t, "type", event.Type, "create")
		}
		cancel()
		for range events { // ends, as its context did
		}
	})
}

// untilSeen makes the same file again and again until the watch tells of it.
func untilSeen(t *testing.T, vm, dir string, events <-chan slicer.SlicerFSWatchEvent, errs <-chan error) slicer.SlicerFSWatchEvent {
	t.Helper()
	var seen slicer.SlicerFSWatchEvent
	eventually(t, "an event", func() bool {
		sh(t, vm, "cd '"+dir+"/sub'; rm -f begun.txt; touch begun.txt; sleep 0.3")
		for {
			select {
			case err := <-errs:
				t.Fatalf("the watch ended: %v", err)
			case event := <-events:
				seen = event
				if event.Type == "create" {
					return true
				}
			default:
				return false
			}
		}
	})
	return seen
}

func TestWatchFSIter(t *testing.T) {
	vm := shared(t)
	client := overTCP().client
	sh(t, vm, "mkdir -p /srv/once; (while :; do date > /srv/once/file; sleep 0.2; done) > /dev/null 2>&1 & echo $! > /run/judge-writer")
	defer sh(t, vm, "kill $(cat /run/judge-writer)")
	count := 0
	request := slicer.SlicerFSWatchRequest{Paths: []string{"/srv/once"}, OneShot: true, Timeout: "30s"}
	for event, err := range client.WatchFSIter(soon(t), vm, request) {
		must(t, err)
		contains(t, "path", event.Path, "/srv/once")
		count++
	}
	equal(t, "events of one shot", count, 1)

	request = slicer.SlicerFSWatchRequest{Paths: []string{"/srv/once"}, MaxEvents: 2, Debounce: "10ms"}
	count = 0
	for _, err := range client.WatchFSIter(soon(t), vm, request) {
		must(t, err)
		count++
	}
	equal(t, "events of at most two", count, 2)

	request = slicer.SlicerFSWatchRequest{Paths: []string{"/srv"}, Patterns: []string{"never"}, Timeout: "300ms"}
	for event, err := range client.WatchFSIter(soon(t), vm, request) {
		t.Fatalf("an event until the timeout: %+v %v", event, err)
	}
	refused := slicer.SlicerFSWatchRequest{Paths: []string{"/srv"}, Events: []string{"explode"}}
	for _, err := range client.WatchFSIter(soon(t), vm, refused) {
		if err == nil {
			t.Fatal("an unknown event is watched for")
		}
		contains(t, "an unknown event", err.Error(), "400")
	}
	for _, err := range client.WatchFSIter(soon(t), nobody, request) {
		if err == nil {
			t.Fatal("a VM that is not there is watched")
		}
		contains(t, "the error", err.Error(), "404")
	}
}
