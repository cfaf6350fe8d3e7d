package main

import _ "unsafe" // for go:linkname

// setGCPercent is runtime/debug's SetGCPercent, which returns what it was. That package itself brings fmt, os and time.
//
//go:linkname setGCPercent runtime/debug.setGCPercent
func setGCPercent(percent int32) int32
