// What Slicer's own Go SDK makes of the daemon: see e2e/go-sdk.e2e.ts, which runs these tests.
module alcove/e2e/go-sdk

go 1.25.0

require (
	github.com/coder/websocket v1.8.14
	github.com/slicervm/sdk v0.0.67
)
