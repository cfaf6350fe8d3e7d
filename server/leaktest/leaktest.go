// Package leaktest finds goroutines that a package's tests leave behind.
//
//	func TestMain(m *testing.M) { leaktest.Main(m) }
package leaktest

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Main runs the tests of a package and ends the process: with 1 if they failed, or if a goroutine of nigh outlives them all.
func Main(m *testing.M) {
	code := m.Run()
	if left := leaked(); code == 0 && left != "" {
		fmt.Println("goroutines that nobody ended:\n" + left)
		code = 1
	}
	os.Exit(code)
}

// leaked returns the stacks of nigh's goroutines that do not end by themselves soon.
func leaked() (left string) {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); runtime.Gosched() {
		buf := make([]byte, 4<<20)
		left = ""
		for i, stack := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
			if i > 0 && strings.Contains(stack, "nigh/") { // 0 is this one
				left += stack + "\n\n"
			}
		}
		if left == "" {
			return ""
		}
	}
	return left
}
