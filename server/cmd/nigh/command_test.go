package main

import (
	"os"
	"testing"
)

// asCommand makes the test's binary the command itself.
const asCommand = "NIGH_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}
