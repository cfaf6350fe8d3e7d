//go:build !js

package main

import "os"

// main keeps `go vet ./...` and `go build ./...` whole; main_js.go is the real one.
func main() {
	println("this command runs in a browser: GOOS=js GOARCH=wasm go build ./wasm")
	os.Exit(2)
}
