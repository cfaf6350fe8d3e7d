package core_test

import "testing"

// In the browser the pages are what was committed; golden_notjs_test.go is the other half of this page.

func records(testing.TB) []byte { return demoRecords }

func page(_ testing.TB, _, committed string, _ func(*demo) string) string { return committed }
