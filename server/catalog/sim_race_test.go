//go:build race

package catalog

// raceEnabled: the race detector makes everything ten times slower.
const raceEnabled = true
