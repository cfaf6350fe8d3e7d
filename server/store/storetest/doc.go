// Package storetest proves a store.Store: each law below is a sentence of its contract, and every implementation passes
// the same laws.
//
// Read first: Run, then laws (the table), then the file of a law's subject. Model is the slow obvious twin: it keeps
// everything in plain maps, and the law "agrees with the model" commits hundreds of random batches, good and bad, to both and
// compares everything that can be asked. It is a store.Store too, so whoever needs a store without a disk may take it.
//
//	Home ── open ──► store ── Commit, read ──┐
//	Model ────────────────── Commit, read ───┴─► same answer
//	Home ── open again ──► store: the same answer still
package storetest
