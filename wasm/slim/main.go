package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: slim MODULE.wasm\n\nTakes out of a Go js/wasm module what only traces need, in place.")
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
	slim, err := Slim(module)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".slim", slim, 0o644); err != nil {
		return err
	}
	return os.Rename(path+".slim", path)
}

// Slim returns a Go js/wasm module that does the same and compresses better: its function table holds what running needs
// and the functions' names, packed. The slim form of a slim module is that module. The module given is not changed. An
// error says that it is not one whose function table this package knows.
func Slim(module []byte) ([]byte, error) {
	im, err := readImage(module)
	if err != nil {
		return nil, err
	}
	table, err := findTable(im.memory)
	if err != nil {
		return nil, err
	}
	functions, err := table.read()
	if err != nil {
		return nil, err
	}
	if err := table.write(functions); err != nil {
		return nil, err
	}
	return im.module(), nil
}
