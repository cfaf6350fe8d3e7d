package server

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain runs the tests and looks for goroutines of nigh that outlive all of them.
func TestMain(m *testing.M) {
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
