package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: slim MODULE.wasm\n\nTakes the tables of file and line out of a Go js/wasm module, in place.")
		os.Exit(2)
	}
	if err := slimFile(os.Args[1]); err != nil {
		fmt.Fprintf(os.Stderr, "error: slim %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}

// slimFile replaces a module by its slim form, whole or not at all.
func slimFile(path string) error {
	module, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := Slim(module); err != nil {
		return err
	}
	if err := os.WriteFile(path+".slim", module, 0o644); err != nil {
		return err
	}
	return os.Rename(path+".slim", path)
}

// Slim takes the tables of file and line out of a Go js/wasm module, in place: its length stays, its bytes compress
// better. A module that was slimmed before stays as it is. An error says that it is not a module whose function table
// this package knows; then nothing was changed.
func Slim(module []byte) error {
	im, err := readImage(module)
	if err != nil {
		return err
	}
	table, err := findTable(im.memory)
	if err != nil {
		return err
	}
	if err := table.strip(); err != nil {
		return err
	}
	im.writeTo(module)
	return nil
}
