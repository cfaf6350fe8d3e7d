// Command probe needs what slim keeps: stacks that grow and are scanned, defers, panics through inlined calls,
// goroutines, and the names of functions.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
)

type tree struct {
	left, right *tree
	label       string
}

func grow(depth int) *tree {
	if depth == 0 {
		return nil
	}
	// What only the stack holds while it grows and is scanned. Not in an array: see wasm/doc.go.
	held := &tree{label: strings.Repeat("x", depth)}
	var pad [512]byte
	pad[depth%512] = 1
	t := &tree{left: grow(depth - 1), label: held.label[:depth-1+int(pad[depth%512])]}
	if depth%50 == 0 {
		runtime.GC()
	}
	t.right = held
	return t
}

func (t *tree) sum() int {
	if t == nil {
		return 0
	}
	return len(t.label) + t.left.sum() + t.right.sum()
}

// fall panics and nobody catches it.
//
//go:noinline
func (t *tree) fall(list []int) int { return list[7] }

// pointed keeps what it made where only a variable of the stack points to it, whose address is known to others.
func pointed(depth int) (sum int) {
	held := &tree{label: strings.Repeat("y", depth)}
	at := &held
	defer func() { sum += len((*at).label) }()
	if depth%2 == 0 {
		defer func() {
			runtime.GC()
			if recover() != nil {
				sum += 1000
			}
		}()
	}
	if depth > 0 {
		sum = pointed(depth - 1)
	}
	if depth%4 == 0 {
		panic(errors.New("on the way"))
	}
	return sum
}

func inlined(list []int, i int) int { return list[i] + 1 }

func caught(f func()) (text string) {
	defer func() {
		text = fmt.Sprint(recover())
		pc, _, _, _ := runtime.Caller(0)
		text += " in " + runtime.FuncForPC(pc).Name()
	}()
	f()
	return "no panic"
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "fall" {
		fmt.Println(new(tree).fall(nil))
	}
	fmt.Println(grow(2000).sum())
	fmt.Println(caught(func() { fmt.Println(inlined([]int{1, 2}, len(os.Args)+5)) }))
	fmt.Println(caught(func() { var t *tree; fmt.Println(t.label) }))
	fmt.Println(caught(func() { panic(errors.New("thrown")) }))
	fmt.Println(pointed(100))
	c := make(chan int)
	for i := range 100 {
		go func() { c <- grow(i + 1).sum() }()
	}
	total := 0
	for range 100 {
		total += <-c
	}
	fmt.Println(total)
}
